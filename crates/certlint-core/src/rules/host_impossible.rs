//! `host-impossible`: a host that the API accepts and TLS cannot serve.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "host-impossible",
    summary: "a host that DNS or certificates cannot carry",
    docs: include_str!("docs/host-impossible.md"),
    level: Level::Warning,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::HostImpossible { at, host, reason } = problem else {
            continue;
        };
        let mut finding = RULE.finding(
            format!("`{host}` cannot be served over TLS: {reason}"),
            at.clone(),
            "cannot work",
        );
        finding.help = Some("correct the host; the API server does not refuse it".to_owned());
        finding.facts.names.push(host.clone());
        findings.push(finding);
    }
}
