//! `key-mismatch`: a private key that does not belong to its certificate.
//!
//! OpenSSL keeps a certificate and a key for each key type. A key of the certificate's own type is
//! compared when it is loaded; a key of another type goes to another slot without a word, and the
//! certificate stays without a key (measured on nginx 1.22.1 and 1.31.5).

use std::collections::{BTreeMap, BTreeSet};

use super::bundle;
use super::coverage::facts;
use super::words::{key_type_name, with_more};
use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Label, Level};
use crate::model::{BundleId, CertRef, CertificatePair, Key, KeyId, KeyPart, KeyRef, Server};
use crate::source::Location;
use crate::x509::chain::{ChainOrder, order};
use crate::x509::{Pair, pair};

pub(super) static RULE: Rule = Rule {
    id: "key-mismatch",
    summary: "a private key does not belong to its certificate",
    docs: include_str!("docs/key-mismatch.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

/// A certificate with a key that is not its own.
struct Case<'m> {
    pair: &'m CertificatePair,
    part: &'m KeyPart,
    found: Pair,
    places: BTreeSet<&'m Location>,
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut cases: BTreeMap<(BundleId, KeyId), Case<'_>> = BTreeMap::new();
    let mut last = std::ptr::null();
    for (_, server) in subject.servers() {
        // Servers in a row that inherit one list need only one look.
        if std::mem::replace(&mut last, server.certificates.as_ptr())
            == server.certificates.as_ptr()
        {
            continue;
        }
        for one in server.certificates.iter() {
            let Some((bundle, key, part, found)) = judge(subject, server, one) else {
                continue;
            };
            let case = cases.entry((bundle, key)).or_insert_with(|| Case {
                pair: one,
                part,
                found,
                places: BTreeSet::new(),
            });
            case.places.insert(&part.at);
        }
    }
    for ((bundle, key), case) in cases {
        findings.push(finding(subject, bundle, key, &case));
    }
}

/// The pair as it fails; `None` where it fits, or where that cannot be told.
fn judge<'m>(
    subject: &Subject<'m>,
    server: &'m Server,
    one: &'m CertificatePair,
) -> Option<(BundleId, KeyId, &'m KeyPart, Pair)> {
    let part = one.key.as_ref()?;
    let (CertRef::Bundle(bundle), KeyRef::File(key)) = (&one.certificate, &part.key) else {
        return None;
    };
    let leaf = subject.model.bundle(*bundle).leaf()?;
    if subject.leaf(*bundle).is_none() && !begins_with_authority(subject, *bundle, *key) {
        return None; // another rule says what is wrong with the file
    }
    let found = pair(leaf, &subject.model.key(*key).file);
    match found {
        Pair::Match | Pair::Encrypted | Pair::CannotTell => return None,
        Pair::Mismatch => {}
        Pair::OtherType { .. } => {
            // The lists may be in different orders: any key of the server that fits will do, and
            // one that cannot be read may fit.
            let may_fit = |other: &CertificatePair| match &other.key {
                Some(KeyPart {
                    key: KeyRef::File(id),
                    ..
                }) => !matches!(
                    pair(leaf, &subject.model.key(*id).file),
                    Pair::Mismatch | Pair::OtherType { .. }
                ),
                Some(_) | None => true,
            };
            if server.certificates.iter().any(may_fit) {
                return None;
            }
        }
    }
    Some((*bundle, *key, part, found))
}

/// The file begins with an authority, and the key does not fit the leaf after it either: two
/// mistakes, not one.
fn begins_with_authority(subject: &Subject<'_>, id: BundleId, key: KeyId) -> bool {
    let chain = subject.model.bundle(id).chain();
    match order(chain) {
        ChainOrder::LeafNotFirst { leaf } => {
            pair(&chain[leaf], &subject.model.key(key).file) != Pair::Match
        }
        _ => false,
    }
}

fn finding(subject: &Subject<'_>, id: BundleId, key_id: KeyId, case: &Case<'_>) -> Finding {
    let wrong = subject.model.key(key_id);
    if let Some(field) = &wrong.field {
        return in_manifest(subject, id, wrong, field, case);
    }
    let (key_path, path) = (&case.part.path, &case.pair.path);
    let (message, label) = match case.found {
        Pair::OtherType { certificate, key } => (
            format!(
                "key `{key_path}` is for {}, and certificate `{path}` for {}: `nginx -t` passes, and every handshake fails",
                key_type_name(key),
                key_type_name(certificate)
            ),
            "key of another type",
        ),
        _ => (
            format!("key `{key_path}` does not belong to certificate `{path}`"),
            "not the key of this certificate",
        ),
    };
    let at = case.part.at.clone();
    let mut finding = RULE.finding(message, at, with_more(label, case.places.len()));
    finding
        .related
        .push(Label::new(case.pair.at.clone(), "the certificate"));
    finding.help = Some(help_for(subject, id, key_id));
    finding.facts.certificate = facts(subject.model, id);
    finding
}

/// A key in a manifest: one Secret holds both, so the finding is there.
fn in_manifest(
    subject: &Subject<'_>,
    id: BundleId,
    key: &Key,
    field: &Location,
    case: &Case<'_>,
) -> Finding {
    let bundle = subject.model.bundle(id);
    let title = bundle::title(subject, id);
    let message = match case.found {
        Pair::OtherType { certificate, key } => format!(
            "the key is for {}, and the certificate in {title} for {}",
            key_type_name(key),
            key_type_name(certificate)
        ),
        _ => format!("the key does not belong to the certificate in {title}"),
    };
    let mut finding = RULE.finding(message, field.clone(), "not the key of this certificate");
    bundle::point(&mut finding, bundle.whole(), "the certificate");
    let uses: Vec<Location> = case.places.iter().map(|&place| place.clone()).collect();
    bundle::point_at_uses(&mut finding, &uses);
    finding.help = Some(match (owner_of(subject, key), &bundle.secret) {
        (Some(other), _) => format!(
            "this is the key of {}; put the key of this certificate here",
            bundle::shown(subject, other)
        ),
        (None, Some(secret)) => format!(
            "put certificate and key there together: {}",
            help::kubectl_replace(secret)
        ),
        (None, None) => "put the key here that the certificate was requested with".to_owned(),
    });
    finding.facts.certificate = facts(subject.model, id);
    finding
}

/// The certificate that a key does belong to.
fn owner_of(subject: &Subject<'_>, key: &Key) -> Option<BundleId> {
    let mut files = subject.whole().take(LOOKED_AT);
    files
        .find(|(id, _)| {
            subject
                .leaf(*id)
                .is_some_and(|leaf| pair(leaf, &key.file) == Pair::Match)
        })
        .map(|(id, _)| id)
}

/// How many other files are looked at for the one that was meant: the number of comparisons must
/// not grow with the square of the number of files.
const LOOKED_AT: usize = 1_000;

fn help_for(subject: &Subject<'_>, id: BundleId, key_id: KeyId) -> String {
    let leaf = subject.model.bundle(id).leaf();
    let fits = |key: &Key| leaf.is_some_and(|leaf| pair(leaf, &key.file) == Pair::Match);
    let mut keys = subject.model.keys.iter().take(LOOKED_AT);
    if let Some(key) = keys.find(|key| fits(key)) {
        let file = subject.model.sources.get(key.source).name();
        return format!("`{file}` is the key of this certificate");
    }
    if let Some(other) = owner_of(subject, subject.model.key(key_id)) {
        return format!(
            "this is the key of {}; name the key of this certificate",
            bundle::shown(subject, other)
        );
    }
    "name the key that the certificate was requested with, or request a new certificate with this key; \
     a key that is inherited from the `http` block belongs to the certificate there"
        .to_owned()
}
