//! `verification-disabled`: a client that takes any certificate.
//!
//! Whoever answers is believed, so that a certificate without the name is never noticed.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "verification-disabled",
    summary: "a client in a container is told not to verify servers",
    docs: include_str!("docs/verification-disabled.md"),
    level: Level::Warning,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::VerificationDisabled {
            at,
            switch,
            client,
            cure,
        } = problem
        else {
            continue;
        };
        let mut finding = RULE.finding(
            format!("`{switch}` makes {client} accept any certificate, whatever name is in it"),
            at.clone(),
            "switches verification off",
        );
        finding.help = Some(format!(
            "remove it, and name the certificate authority of the server with {cure}"
        ));
        findings.push(finding);
    }
}
