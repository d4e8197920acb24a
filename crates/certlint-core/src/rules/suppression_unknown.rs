//! `suppression-unknown`: a suppression that says nothing certlint understands.

use super::{Check, Rule, Scope, Status, Subject, by_id, nearest};
use crate::finding::{Finding, Level};
use crate::model::suppression::{ANNOTATION, Mistake, Suppression};

/// `suppression-unknown`.
pub static RULE: Rule = Rule {
    id: "suppression-unknown",
    summary: "a suppression names an unknown rule, gives no reason, or is not well formed",
    docs: include_str!("docs/suppression-unknown.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for fragment in &subject.model.fragments {
        for suppression in &fragment.suppressions {
            check_one(suppression, findings);
        }
    }
}

fn check_one(suppression: &Suppression, findings: &mut Vec<Finding>) {
    for rule in &suppression.rules {
        if by_id(&rule.value).is_some() {
            continue;
        }
        let mut finding = RULE.finding(
            format!("there is no rule `{}` to ignore", rule.value),
            rule.at.clone(),
            "unknown rule",
        );
        finding.help = Some(nearest(&rule.value).map_or_else(
            || "`certlint rules` lists them all".to_owned(),
            |near| format!("did you mean `{}`?", near.id),
        ));
        findings.push(finding);
    }
    if let Some(mistake) = &suppression.mistake {
        let label = match mistake {
            Mistake::Day(_) => "no such day",
            Mistake::Form | Mistake::NoRule => "has no effect",
            Mistake::NoReason => "has no effect without a reason",
        };
        let mut finding = RULE.finding(mistake.to_string(), suppression.at.clone(), label);
        finding.help = Some(match (&suppression.object, suppression.rules.first()) {
            (Some(_), Some(rule)) => {
                format!("write `{ANNOTATION}{}: why this is right here`", rule.value)
            }
            _ => "write `# certlint: ignore[rule-a, rule-b] why this is right here`".to_owned(),
        });
        findings.push(finding);
    }
}
