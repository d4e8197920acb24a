//! `include-cycle`: a file that includes itself.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "include-cycle",
    summary: "a file includes itself, directly or through others",
    docs: include_str!("docs/include-cycle.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::IncludeCycle { at, path } = problem else {
            continue;
        };
        let mut finding = RULE.finding(
            format!("`{path}` includes itself"),
            at.clone(),
            "comes back to a file that is being read",
        );
        finding.help = Some("remove this include, or narrow its pattern: nginx follows it until it runs out of stack or file descriptors".to_owned());
        findings.push(finding);
    }
}
