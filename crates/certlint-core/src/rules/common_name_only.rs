//! `common-name-only`: the name is where no browser looks.

use super::coverage::{Judgement, facts};
use super::name_not_covered::label_certificates;
use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Level};
use crate::name::{HintKind, HostPattern, Verdict, hints};

pub(super) static RULE: Rule = Rule {
    id: "common-name-only",
    summary: "the name is only in the common name, which browsers, Go and rustls ignore",
    docs: include_str!("docs/common-name-only.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for judged in subject.judged() {
        if !judged.fails() || !judged.is_served_as_meant() {
            continue;
        }
        let name = judged.name();
        let Some(first) = judged.certificates.first() else {
            continue;
        };
        if !is_cause(first, &name.pattern) {
            continue;
        }
        let mut finding = RULE.finding(
            format!(
                "`{}` is only in the common name of the certificate",
                name.text
            ),
            name.at.clone(),
            "not in a subjectAltName",
        );
        label_certificates(subject, judged, &mut finding);
        let missing = help::missing(&name.pattern, &first.verdict);
        let command = help::command(subject, first.bundle, first.leaf, &missing);
        finding.help = Some(format!(
            "reissue the certificate with a subjectAltName, the only place where browsers look: {command}"
        ));
        finding.facts.names.push(name.text.to_string());
        finding.facts.hint = Some(HintKind::CnOnly.as_str());
        finding.facts.certificate = facts(subject.model, first.bundle);
        judged.temper(&mut finding);
        findings.push(finding);
    }
}

/// The certificate has the name in its common name, and no dNSName at all.
pub(super) fn is_cause(judgement: &Judgement<'_>, pattern: &HostPattern) -> bool {
    let names = &judgement.leaf.names;
    judgement.verdict == Verdict::NotCovered
        && !names.has_dns()
        && hints(names, pattern, &|_| false)
            .iter()
            .any(|hint| hint.kind == HintKind::CnOnly)
}
