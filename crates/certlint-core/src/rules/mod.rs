//! The rules, each in a file of its own; [`RULES`] is the whole registry.
//!
//! A rule reads the [`Model`] and pushes findings. It never knows which front-end filled the model
//! nor which program asks.

use crate::finding::{Facts, Finding, Label, Level};
use crate::model::Model;
use crate::source::Location;

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[];

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

/// What a rule looks at.
pub struct Subject<'m> {
    /// Everything that is known.
    pub model: &'m Model,
    /// The moment to judge for, in unix seconds.
    pub now: i64,
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
