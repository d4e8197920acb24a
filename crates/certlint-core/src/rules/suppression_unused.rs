//! `suppression-unused`: a suppression that suppresses nothing, or no longer.
//!
//! Only `check::suppress` and `config::Exemptions` know what was suppressed, so they ask for these
//! findings.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::suppression::{ANNOTATION, Suppression};
use crate::source::{Location, Spanned};

/// `suppression-unused`.
pub static RULE: Rule = Rule {
    id: "suppression-unused",
    summary: "a suppression has nothing to suppress, or has ended",
    docs: include_str!("docs/suppression-unused.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(_: &Subject<'_>, _: &mut Vec<Finding>) {}

/// The finding for a rule in a suppression that nothing needs.
pub(crate) fn unused(suppression: &Suppression, rule: &Spanned<String>) -> Finding {
    let mut finding = RULE.finding(
        format!("nothing here needs `{}`", form(suppression, rule)),
        rule.at.clone(),
        "suppresses nothing",
    );
    finding.help = Some(if suppression.object.is_some() {
        "remove it; an annotation speaks for what is reported inside of its own object".to_owned()
    } else {
        "remove it; a suppression speaks for its own line, or for the line below it".to_owned()
    });
    finding
}

/// A suppression of one rule, as it is written.
fn form(suppression: &Suppression, rule: &Spanned<String>) -> String {
    match suppression.object {
        Some(_) => format!("{ANNOTATION}{}", rule.value),
        None => format!("ignore[{}]", rule.value),
    }
}

/// The finding for a rule in a suppression whose last day, `day`, is over.
pub(crate) fn ended(
    suppression: &Suppression,
    rule: &Spanned<String>,
    day: &str,
    needed: bool,
) -> Finding {
    let mut finding = RULE.finding(
        format!("`{}` ended with {day}", form(suppression, rule)),
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

/// The finding for an exemption of `certlint.yaml` that nothing needs; `at` is its name.
pub(crate) fn exemption_unused(at: Location, name: &str, rule: &str) -> Finding {
    let mut finding = RULE.finding(
        format!("nothing needs the exemption of `{name}` from `{rule}`"),
        at,
        "exempts nothing",
    );
    finding.help = Some("remove it".to_owned());
    finding
}

/// The finding for an exemption of `certlint.yaml` whose last day, `day`, is over.
pub(crate) fn exemption_ended(
    at: Location,
    name: &str,
    rule: &str,
    day: &str,
    needed: bool,
) -> Finding {
    let mut finding = RULE.finding(
        format!("the exemption of `{name}` from `{rule}` ended with {day}"),
        at,
        "no longer in effect",
    );
    finding.help = Some(if needed {
        "cure what is reported again, or give the exemption a later day".to_owned()
    } else {
        "remove it: nothing needs it any more".to_owned()
    });
    finding
}
