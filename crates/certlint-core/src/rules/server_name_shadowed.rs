//! `server-name-shadowed`: a wildcard form that nginx drops because of another form of its name.

use super::words::list;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "server-name-shadowed",
    summary: "nginx drops a wildcard form because another form of the name came first",
    docs: include_str!("docs/server-name-shadowed.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::NameShadowed {
        name,
        at,
        by,
        lost,
        listeners,
    } = diagnosis
    else {
        return None;
    };
    let mut finding = RULE.finding(
        format!(
            "nginx ignores `{name}` here, so this server never answers `{lost}` on {}",
            list(listeners, 2)
        ),
        at.clone(),
        "dropped by nginx",
    );
    finding
        .related
        .push(Label::new(by.clone(), "takes its place"));
    let base = name.trim_start_matches("*.").trim_start_matches('.');
    finding.help = Some(format!(
        "write the two forms out, each once: `{base} *.{base}`; nginx reads `.{base}` as both at once"
    ));
    finding.facts.names.push(name.clone());
    Some(finding)
}
