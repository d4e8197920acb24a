//! `tls-host-without-rule`: a certificate that is configured for a host that nobody serves.

use super::{Rule, Subject, help};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "tls-host-without-rule",
    summary: "a tls entry lists a host that no rule of the Ingress serves",
    docs: include_str!("docs/tls-host-without-rule.md"),
    level: Level::Warning,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::TlsHostWithoutRule { at, host } = problem else {
            continue;
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
        findings.push(finding);
    }
}
