//! `secret-claimed-twice`: two Certificates that overwrite each other.

use super::{Rule, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "secret-claimed-twice",
    summary: "two cert-manager Certificates write one Secret",
    docs: include_str!("docs/secret-claimed-twice.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::SecretClaimedTwice { at, first, secret } = problem else {
            continue;
        };
        let mut finding = RULE.finding(
            format!("two Certificates write Secret `{secret}`, each over the other's work"),
            at.clone(),
            "written here too",
        );
        finding
            .related
            .push(Label::new(first.clone(), "the first Certificate"));
        finding.help = Some(
            "give one of them another `secretName`, or put the names of both into one".to_owned(),
        );
        findings.push(finding);
    }
}
