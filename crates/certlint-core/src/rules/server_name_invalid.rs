//! `server-name-invalid`: names that nginx refuses, some only once a second server joins.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "server-name-invalid",
    summary: "nginx refuses this name, at once or as soon as a second server joins the listener",
    docs: include_str!("docs/server-name-invalid.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::NameRefused {
            name,
            at,
            reason,
            dormant,
        } = problem
        else {
            continue;
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
        findings.push(finding);
    }
}
