//! `nginx-syntax`: what nginx's parser or start-up refuses.

use super::{Rule, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "nginx-syntax",
    summary: "nginx refuses this configuration",
    docs: include_str!("docs/nginx-syntax.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::Syntax {
            at,
            message,
            help,
            related,
        } = problem
        else {
            continue;
        };
        let mut finding = RULE.finding(message.as_str(), at.clone(), "nginx stops here");
        finding.help.clone_from(help);
        finding.related = related
            .iter()
            .map(|(at, text)| Label::new(at.clone(), text.as_str()))
            .collect();
        findings.push(finding);
    }
}
