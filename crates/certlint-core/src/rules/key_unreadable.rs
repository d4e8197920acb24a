//! `key-unreadable`: private-key files that nginx refuses.

use std::collections::BTreeMap;

use super::words::with_more;
use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Label, Level};
use crate::model::{Key, KeyId, KeyRef, Unavailable};
use crate::source::Location;
use crate::x509::{KeyOutcome, Refusal};

pub(super) static RULE: Rule = Rule {
    id: "key-unreadable",
    summary: "a private-key file that nginx refuses",
    docs: include_str!("docs/key-unreadable.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    not_read(subject, findings);
    for (id, key) in (0u32..).map(KeyId).zip(&subject.model.keys) {
        match &key.file.outcome {
            KeyOutcome::Found(_) => {}
            KeyOutcome::Encrypted { .. } => findings.extend(encrypted(subject, id, key)),
            // Not known here, and not wrong: `unverifiable`.
            KeyOutcome::Refused(refusal) if refusal.encryption().is_some() => {}
            KeyOutcome::Refused(refusal) => {
                if let Some(field) = &key.field {
                    findings.push(refused_field(subject, id, key, field, refusal));
                    continue;
                }
                let file = subject.model.sources.get(key.source).name();
                let places = subject.key_places(id);
                let Some(first) = places.first() else {
                    continue;
                };
                let mut finding = RULE.finding(
                    format!("key file `{file}` {refusal}"),
                    first.clone(),
                    with_more("nginx refuses this file", places.len()),
                );
                if !refusal.nginx_would_refuse {
                    finding.level = Level::Info;
                    finding.primary.text = with_more("cannot be read by certlint", places.len());
                }
                finding
                    .related
                    .push(Label::new(Location::whole(key.source), "the file"));
                finding.help = super::help::of_refusal(refusal, file);
                findings.push(finding);
            }
        }
    }
}

/// A key in a manifest.
fn refused_field(
    subject: &Subject<'_>,
    id: KeyId,
    key: &Key,
    field: &Location,
    refusal: &Refusal,
) -> Finding {
    let message = format!("{} {refusal}", bundle::key_title(subject, key));
    let mut finding = RULE.finding(message, field.clone(), "cannot be used");
    if !refusal.nginx_would_refuse {
        finding.level = Level::Info;
        "cannot be read by certlint".clone_into(&mut finding.primary.text);
    }
    bundle::point_at_uses(&mut finding, subject.key_places(id));
    finding.help = Some("put the key of the certificate here, as PEM text".to_owned());
    finding
}

/// Files that the system would not read.
fn not_read(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut unread: BTreeMap<(&str, &str), Vec<&Location>> = BTreeMap::new();
    for part in subject.pairs().filter_map(|pair| pair.key.as_ref()) {
        let why = match &part.key {
            KeyRef::Unavailable(Unavailable::Unreadable(why)) => Some(&**why),
            KeyRef::Unavailable(Unavailable::Directory) => Some("is a directory"),
            _ => None,
        };
        if let Some(why) = why {
            unread.entry((&part.path, why)).or_default().push(&part.at);
        }
    }
    for ((path, why), mut places) in unread {
        places.sort_unstable();
        places.dedup();
        findings.push(RULE.finding(
            format!("cannot read key file `{path}`: {why}"),
            places[0].clone(),
            with_more("cannot be read", places.len()),
        ));
    }
}

/// An encrypted key where no password file is in effect: nginx asks on a terminal, or fails.
fn encrypted(subject: &Subject<'_>, id: KeyId, key: &Key) -> Option<Finding> {
    let mut places: Vec<&Location> = subject
        .pairs()
        .filter_map(|pair| pair.key.as_ref())
        .filter(|part| part.key == KeyRef::File(id) && !part.has_password)
        .map(|part| &part.at)
        .collect();
    places.sort_unstable();
    places.dedup();
    let title = bundle::key_title(subject, key);
    let mut finding = RULE.finding(
        format!("{title} is encrypted, and no `ssl_password_file` is in effect"),
        (*places.first()?).clone(),
        with_more("needs a password", places.len()),
    );
    finding.help = Some(
        "add `ssl_password_file`, or decrypt the key: nginx without a terminal cannot ask for the password"
            .to_owned(),
    );
    Some(finding)
}
