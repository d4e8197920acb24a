//! `listener-refused`: a listener of a Gateway that its implementation does not use.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "listener-refused",
    summary: "the implementation of a Gateway refuses a listener, or ignores its certificates",
    docs: include_str!("docs/listener-refused.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::ListenerRefused {
            at,
            message,
            help,
            level,
        } = problem
        else {
            continue;
        };
        let mut finding = RULE.finding(message.clone(), at.clone(), "not used as it is meant");
        finding.level = *level;
        finding.help = Some((*help).to_owned());
        findings.push(finding);
    }
}
