//! `host-impossible`: a host that the API accepts and TLS cannot serve.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "host-impossible",
    summary: "a host that DNS or certificates cannot carry",
    docs: include_str!("docs/host-impossible.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::HostImpossible { at, host, reason } = diagnosis else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("`{host}` cannot be served over TLS: {reason}"),
        at.clone(),
        "cannot work",
    );
    finding.help = Some("correct the host; the API server does not refuse it".to_owned());
    finding.facts.names.push(host.clone());
    Some(finding)
}
