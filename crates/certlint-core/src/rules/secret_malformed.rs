//! `secret-malformed`: a Secret from which no controller gets a certificate and a key.

use super::{Rule, Subject, help};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "secret-malformed",
    summary: "a Secret does not hold a certificate and a key in the form that is read",
    docs: include_str!("docs/secret-malformed.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::SecretMalformed {
            at,
            secret,
            message,
            help,
            pending,
        } = problem
        else {
            continue;
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
        findings.push(finding);
    }
}
