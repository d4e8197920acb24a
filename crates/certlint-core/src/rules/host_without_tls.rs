//! `host-without-tls`: an Ingress with TLS that forgets one of its hosts.
//!
//! The API reference of Ingress asks for each host in a `tls` entry explicitly.

use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "host-without-tls",
    summary: "an Ingress serves a host that none of its tls entries lists",
    docs: include_str!("docs/host-without-tls.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::HostWithoutTls { at, host } = diagnosis else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("`{host}` has no certificate: no `tls` entry of this Ingress lists it"),
        at.clone(),
        "in no `tls` entry",
    );
    finding.help = Some(format!(
        "add `- {}` to the `hosts` of the `tls` entry whose Secret covers it",
        help::yaml(host)
    ));
    finding.facts.names.push(host.clone());
    Some(finding)
}
