//! `server-name-invalid`: names that nginx refuses, some only once a second server joins.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "server-name-invalid",
    summary: "nginx refuses this name, at once or as soon as a second server joins the listener",
    docs: include_str!("docs/server-name-invalid.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::NameRefused {
        name,
        at,
        reason,
        dormant,
    } = diagnosis
    else {
        return None;
    };
    let (message, label) = if *dormant {
        (
            format!("nginx will refuse `{name}` once a second server listens here: {reason}"),
            "never looked at until then",
        )
    } else {
        (
            format!("nginx refuses `{name}`: {reason}"),
            "nginx stops here",
        )
    };
    let mut finding = RULE.finding(message, at.clone(), label);
    finding.help = Some(if name.starts_with('~') {
        "correct the regular expression; quote it when it holds `{`, `}` or `;`".to_owned()
    } else {
        "a star stands alone at the start (`*.example.com`) or at the end (`www.example.*`); \
             for anything else write a regular expression (`~^www\\..+\\.example\\.com$`)"
            .to_owned()
    });
    finding.facts.names.push(name.clone());
    Some(finding)
}
