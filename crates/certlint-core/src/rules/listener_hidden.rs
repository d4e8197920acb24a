//! `listener-hidden`: servers that a connection never reaches because of its local address.

use super::words::list;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Cause, Finding, Label, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "listener-hidden",
    summary: "a name is not answered on every address that clients reach",
    docs: include_str!("docs/listener-hidden.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    match diagnosis {
        Diagnosis::ListenerHidden {
            specific,
            listener,
            hidden,
            names,
        } => {
            let mut finding = RULE.finding(
                format!(
                    "connections to `{listener}` never reach the server of {}",
                    list(names, 3)
                ),
                specific.clone(),
                "takes all connections to this address",
            );
            finding
                .related
                .push(Label::new(hidden.clone(), "only on the wildcard address"));
            finding.help = Some(format!(
                "add `listen {listener} ssl;` to that server, or let this one listen on the wildcard address too"
            ));
            finding.facts.names.clone_from(names);
            Some(finding)
        }
        Diagnosis::FamilyMissing {
            at,
            name,
            present,
            missing,
            other,
        } => {
            let mut finding = RULE.finding(
                    format!("`{name}` is answered by its own server on `{present}`, but by another one on `{missing}`"),
                    at.clone(),
                    "not on both families",
                );
            finding
                .related
                .push(Label::new(other.clone(), format!("answers on `{missing}`")));
            finding.help = Some(format!(
                "add `listen {missing} ssl;` to the server of `{name}`"
            ));
            finding.facts.names.push(name.clone());
            finding.cause = Some(Cause {
                key: format!("{present} {missing}"),
                what: "names",
                help: Some(format!(
                    "add `listen {missing} ssl;` to each of these servers"
                )),
            });
            Some(finding)
        }
        _ => None,
    }
}
