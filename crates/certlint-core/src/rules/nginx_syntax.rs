//! `nginx-syntax`: what nginx's parser or start-up refuses.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "nginx-syntax",
    summary: "nginx refuses this configuration",
    docs: include_str!("docs/nginx-syntax.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::Syntax {
        at,
        message,
        help,
        related,
    } = diagnosis
    else {
        return None;
    };
    let mut finding = RULE.finding(message.as_str(), at.clone(), "nginx stops here");
    finding.help.clone_from(help);
    finding.related = related
        .iter()
        .map(|(at, text)| Label::new(at.clone(), text.as_str()))
        .collect();
    Some(finding)
}
