//! `yaml-syntax`: a document that is no YAML.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "yaml-syntax",
    summary: "a manifest is no valid YAML, so that kubectl refuses it",
    docs: include_str!("docs/yaml-syntax.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::YamlSyntax { at, message, help } = problem else {
            continue;
        };
        let label = "this document is not read";
        let mut finding = RULE.finding(message.as_str(), at.clone(), label);
        finding.help = help.map(str::to_owned);
        findings.push(finding);
    }
}
