//! `suppression-unused`: a suppression that suppresses nothing, or no longer.
//!
//! Only `suppress::apply` knows what was suppressed, so it asks for these findings.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::source::Spanned;

pub(super) static RULE: Rule = Rule {
    id: "suppression-unused",
    summary: "a suppression has nothing to suppress, or has ended",
    docs: include_str!("docs/suppression-unused.md"),
    level: Level::Warning,
    check,
};

fn check(_: &Subject<'_>, _: &mut Vec<Finding>) {}

/// The finding for a rule in a suppression that nothing needs.
pub(crate) fn unused(rule: &Spanned<String>) -> Finding {
    let mut finding = RULE.finding(
        format!("nothing here needs `ignore[{}]`", rule.value),
        rule.at.clone(),
        "suppresses nothing",
    );
    finding.help = Some(
        "remove it; a suppression speaks for its own line, or for the line below it".to_owned(),
    );
    finding
}

/// The finding for a rule in a suppression whose last day, `day`, is over.
pub(crate) fn ended(rule: &Spanned<String>, day: &str, needed: bool) -> Finding {
    let mut finding = RULE.finding(
        format!("`ignore[{}]` ended with {day}", rule.value),
        rule.at.clone(),
        "no longer in effect",
    );
    finding.help = Some(if needed {
        "cure the finding, or give the suppression a later day".to_owned()
    } else {
        "remove it: nothing here needs it any more".to_owned()
    });
    finding
}
