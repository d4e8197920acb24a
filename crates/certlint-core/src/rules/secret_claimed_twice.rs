//! `secret-claimed-twice`: two Certificates that overwrite each other.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "secret-claimed-twice",
    summary: "two cert-manager Certificates write one Secret",
    docs: include_str!("docs/secret-claimed-twice.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::SecretClaimedTwice { at, first, secret } = diagnosis else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("two Certificates write Secret `{secret}`, each over the other's work"),
        at.clone(),
        "written here too",
    );
    finding
        .related
        .push(Label::new(first.clone(), "the first Certificate"));
    finding.help =
        Some("give one of them another `secretName`, or put the names of both into one".to_owned());
    Some(finding)
}
