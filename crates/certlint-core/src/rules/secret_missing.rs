//! `secret-missing`: a Secret that the input lacks although it is to be complete.

use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

/// `secret-missing`.
pub static RULE: Rule = Rule {
    id: "secret-missing",
    summary: "a Secret is not in the input, and nothing there will supply it",
    docs: include_str!("docs/secret-missing.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(subject: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::SecretMissing {
        at,
        secret,
        host,
        supplier,
    } = diagnosis
    else {
        return None;
    };
    if let Some(supplier) = supplier {
        let mut finding = RULE.finding(
            format!("`{host}` needs Secret `{secret}`, which is still to come from {supplier}"),
            at.clone(),
            "not there yet",
        );
        finding.level = Level::Warning;
        finding.facts.names.push(host.clone());
        return Some(finding);
    }
    let mut finding = RULE.finding(
        format!("`{host}` needs Secret `{secret}`, which is missing, and nothing will make it"),
        at.clone(),
        "no such Secret",
    );
    finding.help = Some(match subject.namesake(secret) {
        Some(other) => help::other_namespace(secret, other),
        None => format!(
            "add a cert-manager Certificate that writes it, or make it: {}",
            help::kubectl_create(secret)
        ),
    });
    finding.facts.names.push(host.clone());
    Some(finding)
}
