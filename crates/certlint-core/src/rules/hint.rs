//! The nearest miss: why a name is not covered although it looks as if it should be.
//!
//! [`crate::name::hints`] looks at one certificate and one name; here the whole model is at hand,
//! so that another certificate which does cover the name can be shown.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Subject, bundle};
use crate::model::{BundleId, Extent};
use crate::name::{Hint, HintKind, HostPattern, hints};
use crate::x509::{Certificate, Placeholder};

/// The names of all certificates and servers of a model, for hints.
pub(super) struct Neighbours<'m> {
    exact: BTreeMap<&'m str, BundleId>,
    wildcards: BTreeMap<&'m str, BundleId>,
    addresses: BTreeMap<IpAddr, BundleId>,
    /// Plain host names that some server answers.
    served: BTreeSet<&'m str>,
}

impl<'m> Neighbours<'m> {
    pub(super) fn new(subject: &Subject<'m>) -> Self {
        let mut neighbours = Self {
            exact: BTreeMap::new(),
            wildcards: BTreeMap::new(),
            addresses: BTreeMap::new(),
            served: BTreeSet::new(),
        };
        for (id, leaf) in subject.leaves() {
            for name in leaf.names.exact() {
                neighbours.exact.entry(name).or_insert(id);
            }
            for base in leaf.names.wildcards() {
                neighbours.wildcards.entry(base).or_insert(id);
            }
            for &address in leaf.names.addresses() {
                neighbours.addresses.entry(address).or_insert(id);
            }
        }
        for (_, server) in subject.servers() {
            for name in &server.names {
                if let HostPattern::Exact(host) = &name.pattern {
                    neighbours.served.insert(host);
                }
            }
        }
        neighbours
    }

    /// A certificate that covers the pattern.
    pub(super) fn covering(&self, pattern: &HostPattern) -> Option<BundleId> {
        match pattern {
            HostPattern::Exact(host) => self
                .exact
                .get(&**host)
                .or_else(|| self.wildcards.get(host.split_once('.')?.1)),
            HostPattern::LeadingWildcard { base, .. } => self.wildcards.get(&**base),
            HostPattern::Address(address) => self.addresses.get(address),
            _ => None,
        }
        .copied()
    }

    /// At most two hints for a name that a certificate fails, the most telling first.
    pub(super) fn hints(
        &self,
        subject: &Subject<'_>,
        pattern: &HostPattern,
        id: BundleId,
        leaf: &Certificate,
    ) -> Vec<Hint> {
        if let Some(other) = self.covering(pattern) {
            // With the right file at hand, nobody asks what is near in the wrong one.
            return vec![Hint {
                kind: HintKind::OtherCertificate,
                entry: place(subject, other),
            }];
        }
        if Placeholder::of(leaf, bundle::file(subject, id)).is_some() {
            return vec![Hint {
                kind: HintKind::DefaultCertificate,
                entry: String::new(),
            }];
        }
        let served = |name: &str| self.served.contains(name);
        hints(&leaf.names, pattern, &served)
    }
}

/// "`certs/b.pem` (nginx.conf line 12)", "Secret `shop/web` (web.yaml line 8)".
fn place(subject: &Subject<'_>, id: BundleId) -> String {
    let sources = &subject.model.sources;
    let shown = bundle::shown(subject, id);
    if subject.model.bundle(id).extent != Extent::Whole {
        return shown; // no text has it
    }
    let field = subject.model.bundle(id).field.as_ref();
    match field.or_else(|| subject.certificate_places(id).first()) {
        Some(at) => {
            let source = sources.get(at.source);
            let line = source.position(at.start()).line;
            format!("{shown} ({} line {line})", source.name())
        }
        None => shown,
    }
}

/// The hints as one line, with the command that adds `missing` where no hint says it all.
pub(super) fn help(
    subject: &Subject<'_>,
    hints: &[Hint],
    (bundle, leaf): (BundleId, &Certificate),
    pattern: &HostPattern,
    missing: &[String],
) -> Option<String> {
    let model = subject.model;
    let mut text = String::new();
    let mut push = |part: &str| {
        let joint = if text.is_empty() {
            ""
        } else if text.ends_with('?') {
            " otherwise "
        } else {
            "; "
        };
        text.push_str(joint);
        text.push_str(part);
    };
    let mut asks = None;
    for hint in hints.iter().filter(|hint| hint.kind != HintKind::None) {
        let in_secret = model.bundle(bundle).secret.is_some();
        let sentence = match hint.kind {
            HintKind::OtherCertificate if in_secret => format!(
                "{} covers `{pattern}`; is the wrong Secret named here?",
                hint.entry
            ),
            _ => hint.sentence(&leaf.names, pattern),
        };
        // A sentence that says what to add wants the command right after it, and one is enough.
        if !says_what_to_add(hint.kind) {
            push(&sentence);
        } else if asks.is_none() {
            asks = Some(sentence);
        }
    }
    // With the right file at hand, nobody needs another certificate.
    let has = |kind: HintKind| hints.iter().any(|hint| hint.kind == kind);
    match asks {
        _ if has(HintKind::OtherCertificate) => {}
        _ if has(HintKind::DefaultCertificate) => {
            push(&format!("set one here that has `{pattern}`"));
        }
        Some(sentence) if missing.is_empty() => push(&sentence),
        Some(sentence) => {
            let command = super::help::command(subject, bundle, leaf, missing);
            push(&format!("{sentence}: {command}"));
        }
        None if missing.is_empty() => {}
        None => push(&super::help::add(subject, bundle, leaf, missing)),
    }
    (!text.is_empty()).then_some(text)
}

/// The sentence of this hint ends in what to add.
fn says_what_to_add(kind: HintKind) -> bool {
    matches!(
        kind,
        HintKind::ApexNeedsOwnEntry
            | HintKind::CnIgnored
            | HintKind::CnOnly
            | HintKind::WildcardMissing
            | HintKind::WildcardOneLabelOnly
    )
}
