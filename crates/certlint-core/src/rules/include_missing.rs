//! `include-missing`: an included file that is not there.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "include-missing",
    summary: "an included file does not exist or cannot be read",
    docs: include_str!("docs/include-missing.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::IncludeMissing { at, path, reason } = problem else {
            continue;
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
        findings.push(finding);
    }
}
