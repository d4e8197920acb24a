//! `name-not-covered`: a name is served with a certificate that does not contain it.
//!
//! Only names that are really answered are asked about; where the name tables give a name to
//! another server, that is reported instead (`server-name-conflict`, `server-name-shadowed`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::coverage::{Judged, facts};
use super::hint;
use super::words::list;
use super::{Check, Rule, Scope, Status, Subject, bundle, common_name_only, help};
use crate::finding::{Finding, Label, Level};
use crate::model::CertRef;
use crate::name::{HostPattern, PartialReason, Verdict, covers};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "name-not-covered",
    summary: "a name is served with a certificate that does not contain it",
    docs: include_str!("docs/name-not-covered.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

/// The cure for patterns that no list of entries can cover.
const PATTERN: &str =
    "write out the names that are really used, and get a certificate that has them";

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for judged in subject.judged() {
        if !judged.fails() || !judged.is_served_as_meant() {
            continue;
        }
        findings.extend(finding(subject, judged));
    }
}

fn finding(subject: &Subject<'_>, judged: &Judged<'_>) -> Option<Finding> {
    let name = judged.name();
    let first = judged.certificates.first()?;
    let asked = asked(&name.pattern, &first.verdict);
    if common_name_only::is_cause(first, &name.pattern) {
        return None;
    }
    let hints = subject
        .neighbours()
        .hints(subject, &asked, first.bundle, first.leaf);
    let mut finding = RULE.finding(
        message(judged, &first.verdict),
        name.at.clone(),
        "not in the certificate",
    );
    label_certificates(subject, judged, &mut finding);
    let missing = help::missing(&name.pattern, &first.verdict);
    finding.help = own_certificate_for_address(subject, judged)
        .or_else(|| {
            hint::help(
                subject,
                &hints,
                (first.bundle, first.leaf),
                &asked,
                &missing,
            )
        })
        .or_else(|| Some(PATTERN.to_owned()));
    finding.facts.names.push(name.text.to_string());
    finding.facts.hint = hints.first().map(|hint| hint.as_str());
    finding.facts.certificate = facts(subject.model, first.bundle);
    judged.temper(&mut finding);
    Some(finding)
}

/// The cure where the certificate for an address is in a server that no client reaches with it.
fn own_certificate_for_address(subject: &Subject<'_>, judged: &Judged<'_>) -> Option<String> {
    let pattern = &judged.name().pattern;
    if !judged.is_from_default() || !matches!(pattern, HostPattern::Address(_)) {
        return None;
    }
    let server = judged.fragment.server(judged.server());
    let covers_it = server
        .certificates
        .iter()
        .any(|pair| match pair.certificate {
            CertRef::Bundle(id) => subject
                .leaf(id)
                .is_some_and(|leaf| matches!(covers(&leaf.names, pattern), Verdict::Covered(_))),
            CertRef::Unavailable(_) => false,
        });
    covers_it.then(|| {
        "write `default_server` on the `listen` of this server: its own certificate covers the address"
            .to_owned()
    })
}

/// The subject of hints: the one name of a pattern that is not covered, or the whole pattern.
pub(super) fn asked<'p>(pattern: &'p HostPattern, verdict: &Verdict) -> Cow<'p, HostPattern> {
    match verdict {
        Verdict::Partial(partial) => match partial.missing.as_slice() {
            [missing] => Cow::Owned(HostPattern::nginx(missing.as_bytes())),
            _ => Cow::Borrowed(pattern),
        },
        _ => Cow::Borrowed(pattern),
    }
}

fn message(judged: &Judged<'_>, verdict: &Verdict) -> String {
    let text = &judged.name().text;
    match (&judged.name().pattern, verdict) {
        (HostPattern::Address(_), _) if !judged.is_from_manifest() => format!(
            "certificate does not cover `{text}`: clients send no name for an address and get the default server's certificate"
        ),
        (_, Verdict::Partial(partial)) => {
            let part = match partial.reason {
                PartialReason::RegexFinite => "matches",
                _ => "also answers",
            };
            format!(
                "certificate does not cover {}, which `{text}` {part}",
                list(&partial.missing, 3)
            )
        }
        _ => format!("certificate does not cover `{text}`"),
    }
}

/// The other end: the lines that bring the certificates, and their content.
pub(super) fn label_certificates(
    subject: &Subject<'_>,
    judged: &Judged<'_>,
    finding: &mut Finding,
) {
    let mut lines: BTreeSet<&Location> = BTreeSet::new();
    for one in &judged.certificates {
        if lines.insert(&one.served.at) {
            let at = one.served.at.clone();
            bundle::point(finding, at, "served with this certificate");
        }
    }
    for one in &judged.certificates {
        let bundle = subject.model.bundle(one.bundle);
        let names = one.leaf.names.names();
        let text = if names.is_empty() {
            "has no usable name".to_owned()
        } else {
            format!("covers {}", list(&names, 5))
        };
        finding
            .related
            .push(Label::new(bundle.at(one.leaf.at), text));
    }
}
