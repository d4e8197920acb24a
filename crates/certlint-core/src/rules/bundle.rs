//! The shape of findings about a certificate file: said once, at the first line that brings it.

use super::coverage::facts;
use super::words::with_more;
use super::{Rule, Subject};
use crate::finding::{Finding, Label};
use crate::model::BundleId;
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
    let places = subject.certificate_places(id);
    let at = places
        .first()
        .cloned()
        .unwrap_or_else(|| Location::whole(bundle.source));
    let mut finding = rule.finding(message, at, with_more(label, places.len()));
    if let Some(leaf) = bundle.leaf() {
        let at = Location::new(bundle.source, leaf.at);
        finding.related.push(Label::new(at, inside));
    }
    finding.facts.certificate = facts(subject.model, id);
    finding
}

/// The file of a bundle, as reports show it.
pub(super) fn file<'m>(subject: &Subject<'m>, id: BundleId) -> &'m str {
    let source = subject.model.bundle(id).source;
    subject.model.sources.get(source).name()
}
