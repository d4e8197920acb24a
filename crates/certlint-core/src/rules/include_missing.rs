//! `include-missing`: an included file that is not there.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::Diagnosis;

pub(super) static RULE: Rule = Rule {
    id: "include-missing",
    summary: "an included file does not exist or cannot be read",
    docs: include_str!("docs/include-missing.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::IncludeMissing { at, path, reason } = diagnosis else {
        return None;
    };
    let mut finding = RULE.finding(
        format!("cannot include `{path}`: {reason}"),
        at.clone(),
        "nginx refuses to start without it",
    );
    finding.help = Some(
        "relative paths start from the directory of the main configuration file; \
             a pattern such as `conf.d/*.conf` may match nothing, a plain name may not"
            .to_owned(),
    );
    Some(finding)
}
