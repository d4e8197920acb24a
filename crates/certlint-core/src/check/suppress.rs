//! Drops the findings that suppressions cover, and reports the suppressions that cover nothing.
//!
//! A comment on a line of its own speaks for the line below it (further comment lines in between
//! do not matter); a comment at the end of a line speaks for its own line; an annotation speaks for
//! its whole object. Sources without suppressions cost nothing.

use std::collections::BTreeMap;

use super::Settings;
use crate::finding::Finding;
use crate::model::Model;
use crate::model::suppression::Suppression;
use crate::rules;
use crate::source::{Location, Source, SourceId};

/// Drops the findings that a suppression covers and reports the suppressions that cover nothing.
///
/// Findings about suppressions themselves cannot be suppressed.
pub(super) fn apply(findings: &mut Vec<Finding>, model: &Model, settings: &Settings, now: i64) {
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
        let about_them = [&rules::SUPPRESSION_UNKNOWN, &rules::SUPPRESSION_UNUSED];
        if about_them.iter().any(|rule| rule.id == finding.rule) {
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

/// How many comment lines may be between a suppression and the line it means. Bounded so that
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
