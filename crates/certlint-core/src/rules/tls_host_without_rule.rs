//! `tls-host-without-rule`: a certificate that is configured for a host that nobody serves.

use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "tls-host-without-rule",
    summary: "a tls entry lists a host that no rule of the Ingress serves",
    docs: include_str!("docs/tls-host-without-rule.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::TlsHostWithoutRule { at, host } = diagnosis else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("`{host}` is listed in `tls`, but no rule of this Ingress serves it"),
        at.clone(),
        "in no rule",
    );
    finding.help = Some(format!(
        "add a rule with `host: {}`, or remove it from the `tls` entry",
        help::yaml(host)
    ));
    finding.facts.names.push(host.clone());
    Some(finding)
}
