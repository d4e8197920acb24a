//! `template-skipped`: a text that must be rendered before nginx can read it.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::{Problem, SnippetKind};

pub(super) static RULE: Rule = Rule {
    id: "template-skipped",
    summary: "a template was not checked: render it first",
    docs: include_str!("docs/template-skipped.md"),
    level: Level::Info,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::Template { at, kind } = problem else {
            continue;
        };
        let (what, help) = match kind {
            SnippetKind::Envsubst => (
                "a template for envsubst",
                "render it and check the result: `envsubst < site.conf.template | certlint -`",
            ),
            SnippetKind::Template => (
                "a template",
                "render it (helm template, ansible, …) and check the result",
            ),
        };
        let mut finding = RULE.finding(
            format!("this is {what}, not a configuration: it was not checked"),
            at.clone(),
            "filled in later",
        );
        finding.help = Some(help.to_owned());
        findings.push(finding);
    }
}
