//! `reference-not-granted`: a Secret of another namespace that nobody there allows to use.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::Problem;

pub(super) static RULE: Rule = Rule {
    id: "reference-not-granted",
    summary: "a listener refers to a Secret of another namespace without a ReferenceGrant",
    docs: include_str!("docs/reference-not-granted.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::ReferenceNotGranted {
            at,
            kind,
            from,
            secret,
            is_certain,
        } = problem
        else {
            continue;
        };
        let (namespace, name) = secret.split_once('/').unwrap_or(("", secret));
        let mut finding = RULE.finding(
            format!(
                "no ReferenceGrant of namespace `{namespace}` lets a {kind} of namespace `{from}` use Secret `{secret}`"
            ),
            at.clone(),
            "not granted",
        );
        if !is_certain {
            finding.level = Level::Warning;
            "not granted by anything in the input".clone_into(&mut finding.primary.text);
        }
        finding.help = Some(format!(
            "add a ReferenceGrant to namespace `{namespace}` with \
             `from: [{{group: gateway.networking.k8s.io, kind: {kind}, namespace: {from}}}]` and \
             `to: [{{group: \"\", kind: Secret, name: {name}}}]`"
        ));
        findings.push(finding);
    }
}
