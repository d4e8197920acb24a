//! `listener-tls-mixed`: `ssl` of one server decides for a whole address.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "listener-tls-mixed",
    summary: "one server's `ssl` turns TLS on for others at the same address, or stands on port 80",
    docs: include_str!("docs/listener-tls-mixed.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    match diagnosis {
        Diagnosis::ListenerTlsMixed {
            plain,
            tls,
            listener,
        } => {
            let mut finding = RULE.finding(
                format!("this server speaks TLS too: another one has `ssl` on `{listener}`"),
                plain.clone(),
                "listens without `ssl`",
            );
            finding
                .related
                .push(Label::new(tls.clone(), "turns TLS on for all"));
            finding.help = Some(format!(
                "write `ssl` here as well, or move one of the two away from `{listener}`"
            ));
            Some(finding)
        }
        Diagnosis::ListenerTlsOnPort80 { at, address } => {
            let mut finding = RULE.finding(
                format!("`listen {address}` names no port, so TLS is served on port 80"),
                at.clone(),
                "port 80, even with `ssl`",
            );
            finding.help = Some(format!("write `listen {address}:443 ssl;`"));
            Some(finding)
        }
        _ => None,
    }
}
