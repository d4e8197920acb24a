//! `include-cycle`: a file that includes itself.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "include-cycle",
    summary: "a file includes itself, directly or through others",
    docs: include_str!("docs/include-cycle.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::IncludeCycle { at, path } = diagnosis else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("`{path}` includes itself"),
        at.clone(),
        "comes back to a file that is being read",
    );
    finding.help = Some("remove this include, or narrow its pattern: nginx follows it until it runs out of stack or file descriptors".to_owned());
    Some(finding)
}
