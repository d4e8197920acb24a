//! `listener-hidden`: servers that a connection never reaches because of its local address.

use super::words::list;
use super::{Rule, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "listener-hidden",
    summary: "a name is not answered on every address that clients reach",
    docs: include_str!("docs/listener-hidden.md"),
    level: Level::Warning,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        match problem {
            Problem::ListenerHidden {
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
                findings.push(finding);
            }
            Problem::FamilyMissing {
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
                findings.push(finding);
            }
            _ => {}
        }
    }
}
