//! `listener-refused`: a listener of a Gateway that its implementation does not use.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "listener-refused",
    summary: "the implementation of a Gateway refuses a listener, or ignores its certificates",
    docs: include_str!("docs/listener-refused.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::ListenerRefused {
        at,
        message,
        help,
        level,
    } = diagnosis
    else {
        return None;
    };
    let mut finding = RULE.finding(message.clone(), at.clone(), "not used as it is meant");
    finding.level = *level;
    finding.help = Some((*help).to_owned());
    Some(finding)
}
