//! `verification-disabled`: a client that takes any certificate.
//!
//! Any server that answers is believed, so that a certificate without the name is never noticed.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "verification-disabled",
    summary: "a client in a container is told not to verify servers",
    docs: include_str!("docs/verification-disabled.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::VerificationDisabled {
        at,
        switch,
        client,
        cure,
    } = diagnosis
    else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("`{switch}` makes {client} accept any certificate, whatever name is in it"),
        at.clone(),
        "switches verification off",
    );
    finding.help = Some(format!(
        "remove it, and name the certificate authority of the server with {cure}"
    ));
    Some(finding)
}
