//! Suppressions as they are written: `# certlint: ignore[rule-a, rule-b] reason`, and annotations
//! `certlint.io/ignore.RULE: reason` on objects.
//!
//! The reason is mandatory, there is no form without rules, and `until=YYYY-MM-DD` in front of the
//! reason ends it. Which findings they cover is up to `check::suppress`.

use crate::source::{Location, SourceId, Span, Spanned};

/// The start of every suppression, after `#` and blanks.
const MARK: &[u8] = b"certlint:";

/// The start of the key of every annotation that suppresses a rule; the rule follows.
pub const ANNOTATION: &str = "certlint.io/ignore.";

/// A suppression as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The comment, or the annotation.
    pub at: Location,
    /// For an annotation, the whole object: all findings whose primary label begins inside of it
    /// are meant. `None` for a comment, which speaks for a line.
    pub object: Option<Location>,
    /// The rules that it names, each with its place.
    pub rules: Vec<Spanned<String>>,
    /// Why; empty where the author gave no reason, which is a finding.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Until>,
    /// The fault of its form; it has no effect then.
    pub mistake: Option<Mistake>,
}

/// The last day on which a suppression holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Until {
    /// The day as written.
    pub day: String,
    /// The midnight (UTC) that ends it, in unix seconds.
    pub end: i64,
}

/// A fault of a suppression's form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The text after `until=` is not a day of the calendar. The author's fault.
    #[error("`{0}` is not a day like `2027-01-31`")]
    Day(String),
    /// Something else than `ignore[…]` follows `certlint:`. The author's fault.
    #[error("a suppression reads `ignore[rule] reason`")]
    Form,
    /// `ignore` without any rule: there is no blanket form. The author's fault.
    #[error("the suppression names no rule")]
    NoRule,
    /// Nothing after the bracket. The author's fault.
    #[error("the suppression gives no reason")]
    NoReason,
}

/// Reads the suppressions among the comments of one text.
#[must_use]
pub fn scan(source: SourceId, text: &[u8], comments: &[Span]) -> Vec<Suppression> {
    comments
        .iter()
        .filter_map(|&comment| {
            let bytes = text.get(comment.start as usize..comment.end as usize)?;
            let start = bytes
                .iter()
                .position(|byte| !matches!(byte, b'#' | b' ' | b'\t'))?;
            let body = bytes[start..].strip_prefix(MARK)?;
            let offset = comment.start as usize + start + MARK.len();
            Some(parse(source, comment, body, offset))
        })
        .collect()
}

/// Reads an annotation `certlint.io/ignore.RULE: reason` at `at` of an object.
#[must_use]
pub fn annotation(
    at: Location,
    object: Location,
    rule: Spanned<String>,
    value: &str,
) -> Suppression {
    let mut suppression = Suppression {
        at,
        object: Some(object),
        rules: vec![rule],
        reason: String::new(),
        until: None,
        mistake: None,
    };
    suppression.mistake = read_reason(&mut suppression, value).err();
    suppression
}

/// Reads the text after `certlint:`, at `offset` of the source.
fn parse(source: SourceId, comment: Span, body: &[u8], offset: usize) -> Suppression {
    let mut suppression = Suppression {
        at: Location::new(source, comment),
        object: None,
        rules: Vec::new(),
        reason: String::new(),
        until: None,
        mistake: None,
    };
    let body = String::from_utf8_lossy(body.trim_ascii_end());
    let mistake = (|| {
        let word = body
            .trim_start()
            .strip_prefix("ignore")
            .ok_or(Mistake::Form)?;
        let list = word.trim_start().strip_prefix('[').ok_or(Mistake::NoRule)?;
        let (list, rest) = list.split_once(']').ok_or(Mistake::Form)?;
        let list_at = offset + body.len() - rest.len() - 1 - list.len();
        suppression.rules = rule_list(&suppression.at, list, list_at);
        if suppression.rules.is_empty() {
            return Err(Mistake::NoRule);
        }
        read_reason(&mut suppression, rest)
    })();
    suppression.mistake = mistake.err();
    suppression
}

/// Reads `until=DAY reason`.
fn read_reason(suppression: &mut Suppression, text: &str) -> Result<(), Mistake> {
    let mut reason = text.trim();
    if let Some(dated) = reason.strip_prefix("until=") {
        let (day, behind) = dated.split_once(char::is_whitespace).unwrap_or((dated, ""));
        let end = end_of_day(day).ok_or_else(|| Mistake::Day(day.to_owned()))?;
        suppression.until = Some(Until {
            day: day.to_owned(),
            end,
        });
        reason = behind.trim();
    }
    suppression.reason = reason.to_owned();
    if reason.is_empty() {
        return Err(Mistake::NoReason);
    }
    Ok(())
}

/// The rule ids between the brackets, each with its place.
fn rule_list(comment: &Location, list: &str, list_at: usize) -> Vec<Spanned<String>> {
    let mut rules = Vec::new();
    let mut at = list_at;
    for piece in list.split(',') {
        let id = piece.trim();
        if !id.is_empty() {
            let start = at + (piece.len() - piece.trim_start().len());
            // Bytes that are no text may have grown when they were made readable.
            let last = comment.span.map_or(0, |span| span.end as usize);
            let span = Span::new(start.min(last), (start + id.len()).min(last));
            let at = Location::new(comment.source, span);
            rules.push(Spanned::new(id.to_owned(), at));
        }
        at += piece.len() + 1;
    }
    rules
}

/// The midnight (UTC) after a day such as `2027-01-31`, in unix seconds.
pub(crate) fn end_of_day(day: &str) -> Option<i64> {
    // jiff reads more forms (`20270131`, week dates) than the one that is documented.
    let plain = day.len() == 10 && day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-';
    let date: jiff::civil::Date = plain.then(|| day.parse().ok())??;
    let midnight = date
        .tomorrow()
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?;
    Some(midnight.timestamp().as_second())
}

#[cfg(test)]
mod tests;
