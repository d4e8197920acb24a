//! `certificate-request-misses-host`: a Certificate that will never have a host that uses its Secret.
//!
//! Also a Secret that covers the host today loses it with the next renewal.

use std::collections::BTreeMap;

use super::help::Names;
use super::words::list;
use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Label, Level};
use crate::model::Diagnosis;
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "certificate-request-misses-host",
    summary: "a cert-manager Certificate does not ask for a host that uses its Secret",
    docs: include_str!("docs/certificate-request-misses-host.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Ledger(check),
};

/// More names than this do not fit a line that anybody reads.
const NAMES_MAX: usize = 20;

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut missed: BTreeMap<&Location, Names> = BTreeMap::new();
    for diagnosis in subject.diagnoses() {
        if let Diagnosis::RequestMissesHost { request, host, .. } = diagnosis {
            missed.entry(request).or_default().add(host);
        }
    }
    findings.extend(subject.diagnoses().filter_map(|it| finding(it, &missed)));
}

/// The cure is the same for all hosts that one Certificate does not ask for: following one
/// after the other does not lose what came before.
fn finding(diagnosis: &Diagnosis, missed: &BTreeMap<&Location, Names>) -> Option<Finding> {
    let Diagnosis::RequestMissesHost {
        at,
        host,
        request,
        kind,
        name,
        dns_names,
        has_time,
    } = diagnosis
    else {
        return None;
    };
    let is_shim = *kind == "Ingress";
    let message = match is_shim {
        true => format!(
            "cert-manager writes this Secret for Ingress `{name}`, which does not ask for `{host}`"
        ),
        false => format!("{kind} `{name}` does not ask for `{host}`, which uses its Secret"),
    };
    let mut finding = RULE.finding(message, at.clone(), "not among its names");
    if *has_time {
        finding.level = Level::Warning;
    }
    let asks = if dns_names.is_empty() {
        "asks for no name".to_owned()
    } else {
        format!("asks for {}", list(dns_names, 5))
    };
    finding.related.push(Label::new(request.clone(), asks));
    let missed = missed.get(request).map_or(&[][..], Names::as_slice);
    let all = [dns_names.as_slice(), missed].concat();
    finding.help = Some(if is_shim {
        format!(
            "add `- {}` to that `tls` entry of Ingress `{name}`, or name a Secret of its own here",
            help::yaml(host)
        )
    } else if all.len() > NAMES_MAX {
        format!(
            "add {} to the `dnsNames` of Certificate `{name}`",
            list(missed, NAMES_MAX)
        )
    } else {
        format!("write {} into Certificate `{name}`", help::dns_names(&all))
    });
    finding.facts.names.push(host.clone());
    Some(finding)
}
