//! `server-name-conflict`: the same name in two servers of one listener.

use super::words::list;
use super::{Rule, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "server-name-conflict",
    summary: "the same name in two servers of one listener: the second never answers",
    docs: include_str!("docs/server-name-conflict.md"),
    level: Level::Warning,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::NameConflict {
            name,
            loser,
            winner,
            listeners,
            certificates_differ,
            same_server,
            guessed,
        } = problem
        else {
            continue;
        };
        let listeners = list(listeners, 2);
        let other = if *certificates_differ {
            ", with another certificate"
        } else {
            ""
        };
        let message = if *same_server {
            format!("`{name}` stands twice in this server")
        } else if name.is_empty() {
            format!("an earlier server without a name answers on {listeners}{other}")
        } else {
            format!("`{name}` is answered by an earlier server on {listeners}{other}")
        };
        let mut finding = RULE.finding(message, loser.clone(), "ignored by nginx");
        if *certificates_differ && !*guessed {
            finding.level = Level::Error;
        }
        finding
            .related
            .push(Label::new(winner.clone(), "this one wins"));
        finding.help = Some(if *same_server {
            "remove one of the two".to_owned()
        } else if name.is_empty() {
            "give one of the two servers a `server_name`, or mark one as `default_server` and remove the other".to_owned()
        } else {
            format!("remove `{name}` from one of the two servers, or merge them")
        });
        finding.facts.names.push(name.clone());
        findings.push(finding);
    }
}
