//! `certificate-never-issued`: an annotation for cert-manager that has no effect.
//!
//! ingress-shim and gateway-shim pass over entries that lack what they need, and say so in an event
//! only (cert-manager manual, "Annotated Ingress resource").

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "certificate-never-issued",
    summary: "a certificate is asked for in a way that never yields one",
    docs: include_str!("docs/certificate-never-issued.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::NeverIssued { at, message, help } = diagnosis else {
        return None;
    };
    let mut finding = RULE.finding(message.as_str(), at.clone(), "no certificate comes of this");
    finding.help = Some(help.clone());
    Some(finding)
}
