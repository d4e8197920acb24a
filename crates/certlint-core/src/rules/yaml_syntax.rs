//! `yaml-syntax`: a document that is no YAML.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

/// `yaml-syntax`.
pub static RULE: Rule = Rule {
    id: "yaml-syntax",
    summary: "a manifest is no valid YAML, so that kubectl refuses it",
    docs: include_str!("docs/yaml-syntax.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::YamlSyntax { at, message, help } = diagnosis else {
        return None;
    };
    let label = "this document is not read";
    let mut finding = RULE.finding(message.as_str(), at.clone(), label);
    finding.help = help.map(str::to_owned);
    Some(finding)
}
