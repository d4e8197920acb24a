//! `template-skipped`: a text that must be rendered before nginx can read it.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Cause, Finding, Level};
use crate::model::{Diagnosis, SnippetKind};

pub(super) static RULE: Rule = Rule {
    id: "template-skipped",
    summary: "a template was not checked: render it first",
    docs: include_str!("docs/template-skipped.md"),
    level: Level::Info,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::Template { at, kind } = diagnosis else {
        return None;
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
    // A repository of charts has thousands.
    finding.cause = Some(Cause {
        key: what.to_owned(),
        what: "templates",
        help: None,
    });
    Some(finding)
}
