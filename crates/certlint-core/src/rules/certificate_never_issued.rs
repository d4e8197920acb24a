//! `certificate-never-issued`: an annotation for cert-manager that has no effect.
//!
//! ingress-shim and gateway-shim pass over entries that lack what they need, and say so in an event
//! only (cert-manager manual, "Annotated Ingress resource").

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "certificate-never-issued",
    summary: "a certificate is asked for in a way that never yields one",
    docs: include_str!("docs/certificate-never-issued.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::NeverIssued { at, message, help } = problem else {
            continue;
        };
        let mut finding =
            RULE.finding(message.as_str(), at.clone(), "no certificate comes of this");
        finding.help = Some(help.clone());
        findings.push(finding);
    }
}
