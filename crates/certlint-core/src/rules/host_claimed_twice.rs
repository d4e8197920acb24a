//! `host-claimed-twice`: two objects that want to serve one host with different Secrets.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "host-claimed-twice",
    summary: "two Ingresses or listeners claim one host with different Secrets",
    docs: include_str!("docs/host-claimed-twice.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::HostClaimedTwice {
        host,
        loser,
        winner,
        secrets: (lost, served),
        decided,
        level,
    } = diagnosis
    else {
        return None;
    };
    let (message, label, other) = if *decided {
        (
            format!("`{host}` is served with Secret `{served}`: `{lost}` is never used for it"),
            "comes too late",
            "this claim wins",
        )
    } else {
        (
            format!(
                "`{host}` is claimed with Secrets `{lost}` and `{served}`: which one clients get is not defined"
            ),
            "claimed here too",
            "the other claim",
        )
    };
    let mut finding = RULE.finding(message, loser.clone(), label);
    finding.level = *level;
    finding.related.push(Label::new(winner.clone(), other));
    finding.help = Some(format!(
        "name one Secret for `{host}` in both places, or remove the host from one of them"
    ));
    finding.facts.names.push(host.clone());
    Some(finding)
}
