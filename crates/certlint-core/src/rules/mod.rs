//! The rules, each in a file of its own; [`RULES`] is the whole registry.
//!
//! A rule reads the [`Model`](crate::model::Model) and pushes findings. It never knows which
//! front-end filled the model nor which program asks.

mod certificate_missing;
mod certificate_unused;
mod default_server_implicit;
mod include_cycle;
mod include_missing;
mod key_missing;
mod listener_hidden;
mod listener_tls_mixed;
mod nginx_syntax;
mod server_name_conflict;
mod server_name_invalid;
mod server_name_shadowed;
mod subject;
mod suppression_unknown;
mod suppression_unused;
mod template_skipped;
mod unverifiable;
mod words;

pub use subject::Subject;
pub(crate) use suppression_unused::{ended as suppression_ended, unused as suppression_unused};

use crate::finding::{Facts, Finding, Label, Level};
use crate::source::Location;

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[
    &certificate_missing::RULE,
    &certificate_unused::RULE,
    &default_server_implicit::RULE,
    &include_cycle::RULE,
    &include_missing::RULE,
    &key_missing::RULE,
    &listener_hidden::RULE,
    &listener_tls_mixed::RULE,
    &nginx_syntax::RULE,
    &server_name_conflict::RULE,
    &server_name_invalid::RULE,
    &server_name_shadowed::RULE,
    &suppression_unknown::RULE,
    &suppression_unused::RULE,
    &template_skipped::RULE,
    &unverifiable::RULE,
];

/// A rule: what it is called, what it says, and how it looks.
pub struct Rule {
    /// Kebab-case, reads well after "ignore"; once published it stays.
    pub id: &'static str,
    /// What it finds, in one sentence without a full stop.
    pub summary: &'static str,
    /// Its page in Markdown.
    pub docs: &'static str,
    /// The level of its findings unless a finding or the user says otherwise.
    pub level: Level,
    /// Looks at the whole model.
    pub check: fn(&Subject<'_>, &mut Vec<Finding>),
}

impl Rule {
    /// A finding of this rule at its default level; the rest is filled in by the caller.
    #[must_use]
    pub fn finding(
        &self,
        message: impl Into<String>,
        at: Location,
        label: impl Into<String>,
    ) -> Finding {
        Finding {
            rule: self.id,
            level: self.level,
            message: message.into(),
            primary: Label::new(at, label),
            related: Vec::new(),
            help: None,
            facts: Facts::default(),
        }
    }
}

/// The rule with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES
        .binary_search_by(|rule| rule.id.cmp(id))
        .ok()
        .map(|index| RULES[index])
}

/// The rule whose id is nearest to a mistyped one, for "did you mean".
#[must_use]
pub fn nearest(id: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .map(|rule| (strsim::damerau_levenshtein(rule.id, id), *rule))
        .min_by_key(|(distance, _)| *distance)
        // A third of the word may be wrong; more is another word.
        .filter(|(distance, rule)| *distance * 3 <= rule.id.len())
        .map(|(_, rule)| rule)
}
