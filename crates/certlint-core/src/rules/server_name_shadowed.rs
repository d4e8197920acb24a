//! `server-name-shadowed`: a wildcard form that nginx drops because of another form of its name.

use super::words::list;
use super::{Rule, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "server-name-shadowed",
    summary: "nginx drops a wildcard form because another form of the name came first",
    docs: include_str!("docs/server-name-shadowed.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::NameShadowed {
            name,
            at,
            by,
            lost,
            listeners,
        } = problem
        else {
            continue;
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
        findings.push(finding);
    }
}
