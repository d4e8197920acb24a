//! `secret-missing`: a Secret that the input lacks although it is to be complete.

use super::{Rule, Subject, help};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "secret-missing",
    summary: "a Secret is not in the input, and nothing there will supply it",
    docs: include_str!("docs/secret-missing.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::SecretMissing {
            at,
            secret,
            host,
            supplier,
        } = problem
        else {
            continue;
        };
        if let Some(supplier) = supplier {
            let mut finding = RULE.finding(
                format!("`{host}` needs Secret `{secret}`, which is still to come from {supplier}"),
                at.clone(),
                "not there yet",
            );
            finding.level = Level::Warning;
            finding.facts.names.push(host.clone());
            findings.push(finding);
            continue;
        }
        let mut finding = RULE.finding(
            format!("`{host}` needs Secret `{secret}`, which is missing, and nothing will make it"),
            at.clone(),
            "no such Secret",
        );
        finding.help = Some(format!(
            "add a cert-manager Certificate that writes it, or make it: {}",
            help::kubectl_create(secret)
        ));
        finding.facts.names.push(host.clone());
        findings.push(finding);
    }
}
