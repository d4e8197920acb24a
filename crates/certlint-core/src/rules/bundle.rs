//! The shape of findings about a certificate file: said once, at the first line that brings it.
//!
//! Certificates in a manifest itself (a Secret, a Route) are pointed at directly:
//! there the same people write both ends, and a Secret may be used by objects that are not here.

use super::coverage::facts;
use super::words::with_more;
use super::{Rule, Subject};
use crate::finding::{Finding, Label};
use crate::model::{Bundle, BundleId, Key};
use crate::source::Location;

/// A finding with `label` at the first `ssl_certificate` line and `inside` at the leaf in the file.
pub(super) fn finding(
    rule: &Rule,
    subject: &Subject<'_>,
    id: BundleId,
    message: impl Into<String>,
    label: &str,
    inside: impl Into<String>,
) -> Finding {
    let bundle = subject.model.bundle(id);
    let mut finding;
    if bundle.field.is_some() {
        finding = rule.finding(message, bundle.whole(), inside);
        point_at_uses(&mut finding, subject.certificate_places(id));
    } else {
        let places = subject.certificate_places(id);
        let first = places.first().cloned();
        let first = first.unwrap_or_else(|| bundle.whole());
        finding = rule.finding(message, first, with_more(label, places.len()));
        if let Some(leaf) = bundle.leaf() {
            point(&mut finding, bundle.at(leaf.at), inside);
        }
    }
    finding.facts.certificate = facts(subject.model, id);
    finding
}

/// Adds a label, unless the finding is at that very place.
pub(super) fn point(finding: &mut Finding, at: Location, text: impl Into<String>) {
    if finding.primary.at != at {
        finding.related.push(Label::new(at, text));
    }
}

/// Labels the first of the places that use what the finding is about.
pub(super) fn point_at_uses(finding: &mut Finding, places: &[Location]) {
    let own = finding.primary.at.clone();
    let mut uses = places.iter().filter(|place| **place != own);
    if let Some(first) = uses.next() {
        let text = with_more("used here", 1 + uses.count());
        point(finding, first.clone(), text);
    }
}

/// The file of a bundle, as reports show it.
pub(super) fn file<'m>(subject: &Subject<'m>, id: BundleId) -> &'m str {
    let source = subject.model.bundle(id).source;
    subject.model.sources.get(source).name()
}

/// The name of the certificates' place in messages: "certificate file `a.crt`",
/// "Secret `shop/web`", "field `spec.tls.certificate`".
pub(super) fn title(subject: &Subject<'_>, id: BundleId) -> String {
    match in_manifest(subject.model.bundle(id)) {
        Some(title) => title,
        None => format!("certificate file `{}`", file(subject, id)),
    }
}

/// As [`title`], where it is clear that certificates are meant: "`a.crt`", "Secret `shop/web`".
pub(super) fn shown(subject: &Subject<'_>, id: BundleId) -> String {
    shown_bundle(subject, subject.model.bundle(id))
}

pub(super) fn shown_bundle(subject: &Subject<'_>, bundle: &Bundle) -> String {
    in_manifest(bundle).unwrap_or_else(|| {
        let source = subject.model.sources.get(bundle.source);
        format!("`{}`", source.name())
    })
}

/// "Secret `shop/web`", where they are in one of the input.
pub(super) fn in_secret(bundle: &Bundle) -> Option<String> {
    let secret = bundle.field.as_ref().and(bundle.secret.as_ref())?;
    Some(format!("Secret `{secret}`"))
}

fn in_manifest(bundle: &Bundle) -> Option<String> {
    let field = bundle.field.as_ref()?;
    Some(match &bundle.secret {
        Some(secret) => format!("Secret `{secret}`"),
        None => format!("field `{}`", field.path.as_str()),
    })
}

/// The name of a key's place in messages: "key file `a.key`", "key `data[tls.key]`".
pub(super) fn key_title(subject: &Subject<'_>, key: &Key) -> String {
    match &key.field {
        Some(field) => format!("key `{}`", field.path.as_str()),
        None => format!(
            "key file `{}`",
            subject.model.sources.get(key.source).name()
        ),
    }
}
