//! `secret-malformed`: a Secret from which no controller gets a certificate and a key.

use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

/// `secret-malformed`.
pub static RULE: Rule = Rule {
    id: "secret-malformed",
    summary: "a Secret does not hold a certificate and a key in the form that is read",
    docs: include_str!("docs/secret-malformed.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::SecretMalformed {
        at,
        secret,
        message,
        help,
        pending,
    } = diagnosis
    else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("Secret `{secret}` cannot be used: {message}"),
        at.clone(),
        "not usable",
    );
    if *pending {
        finding.level = Level::Warning;
        "not usable until it is rewritten".clone_into(&mut finding.primary.text);
    }
    finding.help = help.clone().or_else(|| {
        Some(format!(
            "write the Secret anew: {}",
            help::kubectl_replace(secret)
        ))
    });
    Some(finding)
}
