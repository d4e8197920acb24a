//! `certificate-unreadable`: certificate files that nginx refuses, or reads in another way than
//! they were meant.

use std::collections::BTreeMap;

use super::words::with_more;
use super::{Check, Rule, Scope, Status, Subject, bundle, help};
use crate::finding::{Finding, Level, command_line};
use crate::model::{BundleId, CertRef, Unavailable};
use crate::source::{Location, Span};
use crate::x509::OddityKind;
use crate::x509::pem::NearMissKind;

pub(super) static RULE: Rule = Rule {
    id: "certificate-unreadable",
    summary: "a certificate file that nginx refuses, or reads otherwise than it was meant",
    docs: include_str!("docs/certificate-unreadable.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    not_read(subject, findings);
    for (id, bundle) in subject.whole() {
        if bundle.file.refused.is_some() {
            findings.extend(refused(subject, id));
        } else {
            findings.extend(odd(subject, id));
        }
    }
}

/// Files that the system would not read.
fn not_read(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut unread: BTreeMap<(&str, &str), Vec<&Location>> = BTreeMap::new();
    for pair in subject.pairs() {
        let why = match &pair.certificate {
            CertRef::Unavailable(Unavailable::Unreadable(why)) => Some(&**why),
            CertRef::Unavailable(Unavailable::Directory) => Some("is a directory"),
            _ => None,
        };
        if let Some(why) = why {
            unread.entry((&pair.path, why)).or_default().push(&pair.at);
        }
    }
    for ((path, why), mut places) in unread {
        places.sort_unstable();
        places.dedup();
        findings.push(RULE.finding(
            format!("cannot read certificate file `{path}`: {why}"),
            places[0].clone(),
            with_more("cannot be read", places.len()),
        ));
    }
}

fn refused(subject: &Subject<'_>, id: BundleId) -> Option<Finding> {
    let refusal = subject.model.bundle(id).file.refused.as_ref()?;
    if refusal.encryption().is_some() {
        return None; // not known here, and not wrong: `unverifiable`
    }
    let title = bundle::title(subject, id);
    let mut finding = at_first_place(subject, id, format!("{title} {refusal}"));
    if !refusal.nginx_would_refuse {
        finding.level = Level::Warning;
        "cannot be read by certlint".clone_into(&mut finding.primary.text);
    }
    label_inside(subject, id, refusal.at, &mut finding);
    finding.help = match help::in_manifest(subject.model.bundle(id)) {
        None => help::of_refusal(refusal, bundle::file(subject, id)),
        help => help,
    };
    Some(finding)
}

/// The worst oddity of a file that nginx does read.
fn odd(subject: &Subject<'_>, id: BundleId) -> Option<Finding> {
    let oddities = &subject.model.bundle(id).file.oddities;
    let oddity = oddities.iter().max_by_key(|oddity| level(oddity.kind))?;
    let title = bundle::title(subject, id);
    let mut finding = at_first_place(subject, id, format!("in {title}, {}", oddity.kind));
    finding.level = level(oddity.kind);
    "not what it looks like".clone_into(&mut finding.primary.text);
    label_inside(subject, id, oddity.at, &mut finding);
    finding.help = help::in_manifest(subject.model.bundle(id))
        .or_else(|| Some(repair(oddity.kind, bundle::file(subject, id))));
    Some(finding)
}

/// The cure for a part that nginx reads otherwise than it was meant.
fn repair(kind: OddityKind, file: &str) -> String {
    match kind {
        OddityKind::ByteOrderMark => {
            format!(
                "remove the first three bytes: {}",
                command_line(&format!("sed -i '1s/^\\xEF\\xBB\\xBF//' {file}"))
            )
        }
        OddityKind::OldLabel | OddityKind::TrustedLabel | OddityKind::TrustedLabelInChain => {
            "write `CERTIFICATE` as the label of the block: openssl x509 does so".to_owned()
        }
        OddityKind::Skipped(NearMissKind::AfterNul) => "remove the NUL bytes".to_owned(),
        OddityKind::Skipped(NearMissKind::NotAtLineStart) => {
            "start the line at its beginning, with a line end before it".to_owned()
        }
        OddityKind::Skipped(NearMissKind::Spelling) => {
            "write `-----BEGIN CERTIFICATE-----`, with five dashes on each side".to_owned()
        }
        OddityKind::Skipped(NearMissKind::Swallowed) => {
            "give the block before it an END line".to_owned()
        }
        OddityKind::TrailingBytes => "write the certificate alone: openssl x509 does so".to_owned(),
    }
}

fn level(kind: OddityKind) -> Level {
    match kind {
        _ if kind.changes_what_is_served() => Level::Error,
        OddityKind::ByteOrderMark => Level::Warning,
        _ => Level::Info,
    }
}

fn at_first_place(subject: &Subject<'_>, id: BundleId, message: String) -> Finding {
    let bundle = subject.model.bundle(id);
    let places = subject.certificate_places(id);
    match places.first() {
        Some(first) if bundle.field.is_none() && bundle.secret.is_none() => {
            let label = with_more("nginx refuses this file", places.len());
            RULE.finding(message, first.clone(), label)
        }
        _ => {
            let mut finding = RULE.finding(message, bundle.whole(), "cannot be used");
            bundle::point_at_uses(&mut finding, places);
            finding
        }
    }
}

/// A label in the file itself; an empty span means the file as a whole.
fn label_inside(subject: &Subject<'_>, id: BundleId, at: Span, finding: &mut Finding) {
    let bundle = subject.model.bundle(id);
    if at.start == at.end {
        bundle::point(finding, bundle.whole(), "the file");
    } else {
        bundle::point(finding, bundle.at(at), "here");
    }
}
