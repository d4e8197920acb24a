//! `name-partly-covered`: a wildcard or regular expression of which the certificate has a part.
//!
//! That a certificate's star matches one label while `*.x` answers any depth is how everybody
//! uses wildcards; `wildcard-depth` says it.

use super::coverage::{Judgement, facts};
use super::hint;
use super::name_not_covered::{asked, label_certificates};
use super::words::list;
use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Cause, Finding, Level};
use crate::name::{HostPattern, Partial, PartialReason, Verdict, hints};

pub(super) static RULE: Rule = Rule {
    id: "name-partly-covered",
    summary: "the certificate covers a part of what a wildcard or regular expression answers",
    docs: include_str!("docs/name-partly-covered.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for judged in subject.judged() {
        // What fails has an error already; twins that differ in it, too.
        if judged.is_from_default() || judged.certificates.iter().any(Judgement::fails) {
            continue;
        }
        let name = judged.name();
        let partial = judged.certificates.iter().find_map(|one| {
            let Verdict::Partial(partial) = &one.verdict else {
                return None;
            };
            let level = level(&name.pattern, partial)?;
            Some((one, partial, level))
        });
        let Some((one, partial, level)) = partial else {
            continue;
        };
        let mut finding = RULE.finding(
            format!(
                "certificate covers only {} of what `{}` answers",
                list(&partial.covered, 3),
                name.text
            ),
            name.at.clone(),
            "covered in part",
        );
        finding.level = level;
        label_certificates(subject, judged, &mut finding);
        let missing = help::missing(&name.pattern, &one.verdict);
        let asked = asked(&name.pattern, &one.verdict);
        let near = hints(&one.leaf.names, &asked, &|_| false);
        finding.help = hint::help(subject, &near, (one.bundle, one.leaf), &asked, &missing)
            .or_else(|| {
                Some("write out the names that are really used, instead of a pattern".to_owned())
            });
        finding.facts.names.push(name.text.to_string());
        finding.facts.hint = near.first().map(|hint| hint.as_str());
        finding.facts.certificate = facts(subject.model, one.bundle);
        if level == Level::Info {
            let file = subject.model.bundle(one.bundle).whole();
            finding.cause = Some(Cause {
                key: format!(
                    "{} {}",
                    subject.model.sources.get(file.source).name(),
                    file.path.as_str()
                ),
                what: "names",
                help: None,
            });
        }
        judged.temper(&mut finding);
        findings.push(finding);
    }
}

/// A verdict of which a finding of this rule speaks.
pub(super) fn is_reported(pattern: &HostPattern, verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Partial(partial) if level(pattern, partial).is_some())
}

/// How bad a partial cover is; `None` for what is usual, or reported by another rule.
fn level(pattern: &HostPattern, partial: &Partial) -> Option<Level> {
    match partial.reason {
        PartialReason::WildcardMissing => Some(Level::Warning),
        // No certificate can have `www.example.*`, and what a regular expression is meant to
        // match is a guess.
        PartialReason::ListedNamesOnly => Some(match pattern {
            HostPattern::Regex(_) | HostPattern::TrailingWildcard(_) => Level::Info,
            _ => Level::Warning,
        }),
        // `server-name-regex-loose` says it.
        PartialReason::Unanchored => None,
        // `name-not-covered` says it.
        PartialReason::ApexMissing | PartialReason::RegexFinite => None,
        PartialReason::WildcardDepth => None,
    }
}
