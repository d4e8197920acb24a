//! Suppression comments: `# certlint: ignore[rule-a, rule-b] reason`.

use crate::finding::Finding;
use crate::model::Model;
use crate::source::{Location, SourceId, Span, Spanned};

/// A suppression as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The comment.
    pub at: Location,
    /// The rules that it names, each with its place.
    pub rules: Vec<Spanned<String>>,
    /// Why; empty where the author gave no reason, which is a finding.
    pub reason: String,
    /// The last day on which it holds, as unix seconds of the following midnight UTC.
    pub until: Option<i64>,
}

/// Reads the suppressions among the comments of one text.
#[must_use]
pub fn scan(_source: SourceId, _text: &[u8], _comments: &[Span]) -> Vec<Suppression> {
    Vec::new()
}

/// Drops the findings that a suppression covers and reports the suppressions that are wrong.
pub fn apply(_findings: &mut Vec<Finding>, _model: &Model, _now: i64) {}
