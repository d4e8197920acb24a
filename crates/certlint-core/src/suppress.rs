//! Suppression comments: `# certlint: ignore[rule-a, rule-b] reason`, and annotations
//! `certlint.io/ignore.RULE: reason` on objects.
//!
//! A comment on a line of its own speaks for the line below it (further comment lines in between
//! do not matter); a comment behind a directive speaks for its own line. The reason is mandatory,
//! there is no form without rules, and `until=YYYY-MM-DD` in front of the reason ends it. An
//! annotation speaks for its whole object.
//!
//! [`scan`] runs while a text is read, [`apply`] once over all findings: sources without
//! suppressions cost nothing.

use std::collections::BTreeMap;

use crate::check::Settings;
use crate::finding::Finding;
use crate::model::Model;
use crate::rules;
use crate::source::{Location, Source, SourceId, Span, Spanned};

/// What every suppression starts with, behind `#` and blanks.
const MARK: &[u8] = b"certlint:";

/// What the key of every annotation starts with that suppresses a rule; the rule follows.
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
    /// What is wrong with its form; it has no effect then.
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

/// What is wrong with the form of a suppression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The text behind `until=` is not a day of the calendar. The author's fault.
    #[error("`{0}` is not a day like `2027-01-31`")]
    Day(String),
    /// Something else than `ignore[…]` stands behind `certlint:`. The author's fault.
    #[error("a suppression reads `ignore[rule] reason`")]
    Form,
    /// `ignore` without any rule: there is no blanket form. The author's fault.
    #[error("the suppression names no rule")]
    NoRule,
    /// Nothing behind the bracket. The author's fault.
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

/// Reads what stands behind `certlint:`, at `offset` of the source.
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

/// Drops the findings that a suppression covers and reports the suppressions that cover nothing.
///
/// Findings about suppressions themselves cannot be suppressed.
pub fn apply(findings: &mut Vec<Finding>, model: &Model, settings: &Settings, now: i64) {
    let mut lines = Lines::new(model, now);
    if lines.suppressions.is_empty() {
        return;
    }
    findings.retain(|finding| !lines.suppress(finding, model));
    lines.report_unused(findings, settings);
}

/// The suppressions of a model by the line for which they speak.
struct Lines<'m> {
    suppressions: Vec<Entry<'m>>,
    /// (source, line) → indices into `suppressions`.
    by_line: BTreeMap<(SourceId, u32), Vec<usize>>,
    /// (source, first byte of an object) → its end and indices into `suppressions`.
    by_object: BTreeMap<(SourceId, u32), (u32, Vec<usize>)>,
}

/// A suppression that is well formed.
struct Entry<'m> {
    suppression: &'m Suppression,
    ended: bool,
    /// In a whole configuration, where "unused" can be known.
    complete: bool,
    /// One for each of the rules: something was suppressed.
    used: Vec<bool>,
}

impl<'m> Lines<'m> {
    fn new(model: &'m Model, now: i64) -> Self {
        let mut lines = Self {
            suppressions: Vec::new(),
            by_line: BTreeMap::new(),
            by_object: BTreeMap::new(),
        };
        // A file that is included twice brings its comments twice.
        let mut seen: BTreeMap<&Location, usize> = BTreeMap::new();
        for fragment in &model.fragments {
            for suppression in &fragment.suppressions {
                if suppression.mistake.is_some() {
                    continue;
                }
                if let Some(&index) = seen.get(&suppression.at) {
                    lines.suppressions[index].complete |= fragment.complete;
                    continue;
                }
                let index = lines.suppressions.len();
                seen.insert(&suppression.at, index);
                lines.index(suppression, index, model);
                lines.suppressions.push(Entry {
                    suppression,
                    ended: suppression
                        .until
                        .as_ref()
                        .is_some_and(|until| now >= until.end),
                    complete: fragment.complete,
                    used: vec![false; suppression.rules.len()],
                });
            }
        }
        lines
    }

    /// Notes what a suppression speaks for.
    fn index(&mut self, suppression: &Suppression, index: usize, model: &Model) {
        let source = suppression.at.source;
        match suppression.object.as_ref().map(|object| object.span) {
            None => {
                let line = line_meant(model.sources.get(source), &suppression.at);
                self.by_line.entry((source, line)).or_default().push(index);
            }
            Some(span) => {
                // An object without a place is the whole text.
                let (start, end) = span.map_or((0, u32::MAX), |span| (span.start, span.end));
                let object = self.by_object.entry((source, start)).or_default();
                object.0 = object.0.max(end);
                object.1.push(index);
            }
        }
    }

    /// Whether a suppression covers the finding; remembers that it was of use.
    fn suppress(&mut self, finding: &Finding, model: &Model) -> bool {
        let at = &finding.primary.at;
        let Some(span) = at.span else { return false };
        if finding.rule.starts_with("suppression-") {
            return false;
        }
        let mut covered = false;
        for index in [
            self.of_line(at.source, span.start, model),
            self.of_object(at.source, span.start),
        ]
        .concat()
        {
            let entry = &mut self.suppressions[index];
            for (rule, used) in entry.suppression.rules.iter().zip(&mut entry.used) {
                if rule.value == finding.rule {
                    *used = true;
                    covered |= !entry.ended;
                }
            }
        }
        covered
    }

    /// The comments that speak for the line of a byte.
    fn of_line(&self, source: SourceId, offset: u32, model: &Model) -> &[usize] {
        // Most sources have none: do not count lines for them.
        let first = self.by_line.range((source, 0)..).next();
        if first.is_none_or(|(&(other, _), _)| other != source) {
            return &[];
        }
        let line = line_of(model.sources.get(source), offset);
        self.by_line.get(&(source, line)).map_or(&[], Vec::as_slice)
    }

    /// The annotations of the object that a byte belongs to.
    fn of_object(&self, source: SourceId, offset: u32) -> &[usize] {
        let before = self.by_object.range((source, 0)..=(source, offset));
        match before.last() {
            Some((_, (end, indices))) if offset < *end => indices,
            _ => &[],
        }
    }

    fn report_unused(&self, findings: &mut Vec<Finding>, settings: &Settings) {
        for entry in &self.suppressions {
            for (rule, &used) in entry.suppression.rules.iter().zip(&entry.used) {
                // An unknown rule has a finding of its own, and a rule that is off cannot tell.
                let known = rules::by_id(&rule.value);
                let off = settings.levels.get(rule.value.as_str()) == Some(&None);
                if known.is_none() || off {
                    continue;
                }
                let until = entry.suppression.until.as_ref().filter(|_| entry.ended);
                if let Some(until) = until {
                    findings.push(rules::suppression_ended(
                        entry.suppression,
                        rule,
                        &until.day,
                        used,
                    ));
                } else if !used && entry.complete {
                    findings.push(rules::suppression_unused(entry.suppression, rule));
                }
            }
        }
    }
}

/// How many comment lines may stand between a suppression and the line it means. Bounded so that
/// a file of nothing but suppressions is read in linear time.
const COMMENT_LINES: u32 = 32;

/// The line for which a comment speaks: its own, or the next one that is not a mere comment.
fn line_meant(source: &Source, comment: &Location) -> u32 {
    let own = line_of(source, comment.start());
    let is_comment =
        |number: u32| line_text(source, number).is_some_and(|text| text.starts_with(b"#"));
    if !is_comment(own) {
        return own;
    }
    (own + 1..=own + COMMENT_LINES)
        .find(|&next| !is_comment(next))
        .unwrap_or(own + 1)
}

/// The text of a line (counted from 1) without the blanks in front.
fn line_text(source: &Source, number: u32) -> Option<&[u8]> {
    let starts = source.line_starts();
    let start = *starts.get(number as usize - 1)? as usize;
    let text = source.text()?;
    let end = starts
        .get(number as usize)
        .map_or(text.len(), |&end| end as usize);
    text.get(start..end).map(<[u8]>::trim_ascii_start)
}

/// The line (counted from 1) of a byte; unlike `position` it does not count columns.
fn line_of(source: &Source, offset: u32) -> u32 {
    let lines = source
        .line_starts()
        .partition_point(|&start| start <= offset);
    u32::try_from(lines).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
