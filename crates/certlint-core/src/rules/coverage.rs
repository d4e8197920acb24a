//! Which names are not provably covered by what they are served with; computed once for all rules.

use std::borrow::Cow;

use crate::finding::{CertificateFacts, Finding, Level};
use crate::model::{BundleId, CertRef, Endpoint, Fragment, Model, Served, ServerName, Serving};
use crate::name::{HostPattern, PartialReason, Regex, Verdict, covers};
use crate::x509::{Certificate, SAN};

/// A name that at least one of its certificates does not provably cover as a whole.
pub(super) struct Judged<'m> {
    pub(super) fragment: &'m Fragment,
    pub(super) endpoint: &'m Endpoint,
    /// One for each certificate that could be read.
    pub(super) certificates: Vec<Judgement<'m>>,
}

/// What one certificate says to a name.
pub(super) struct Judgement<'m> {
    /// The line that brings it.
    pub(super) served: &'m Served,
    pub(super) bundle: BundleId,
    pub(super) leaf: &'m Certificate,
    pub(super) verdict: Verdict,
}

impl<'m> Judged<'m> {
    pub(super) fn name(&self) -> &'m ServerName {
        self.fragment.name(self.endpoint)
    }

    /// The server answers with certificates of the default server, having none itself.
    pub(super) fn is_from_default(&self) -> bool {
        is_from_default(self.endpoint)
    }

    /// The certificates are those that the name is meant to be served with. Clients send no name
    /// for an address, so that the default server's certificate is always the one; any other name
    /// that gets it has another problem (`certificate-from-default-server`).
    pub(super) fn is_served_as_meant(&self) -> bool {
        !self.is_from_default() || matches!(self.name().pattern, HostPattern::Address(_))
    }

    /// Some certificates of the server fail the name and others do not.
    pub(super) fn is_split(&self) -> bool {
        let failing = self.certificates.iter().filter(|one| one.fails()).count();
        0 < failing && failing < self.certificates.len()
    }

    /// The name stands in a manifest, and a controller decides what is served.
    pub(super) fn is_from_manifest(&self) -> bool {
        self.endpoint
            .listeners
            .iter()
            .any(|id| self.fragment.listener(*id).hosts.is_some())
    }

    /// Takes a finding about this name down to what is proven, and says what is not.
    pub(super) fn temper(&self, finding: &mut Finding) {
        if let Some(doubt) = &self.endpoint.doubt {
            finding.level = finding.level.min(Level::Warning);
            finding.message.push_str(&format!(", but {doubt}"));
            finding.help = finding
                .help
                .take()
                .map(|help| format!("to be sure: {help}"));
        }
    }

    /// Every certificate fails the name.
    pub(super) fn fails(&self) -> bool {
        !self.certificates.is_empty() && self.certificates.iter().all(Judgement::fails)
    }
}

impl Judgement<'_> {
    /// A host that the name asks for is provably not covered.
    pub(super) fn fails(&self) -> bool {
        fails(&self.verdict)
    }
}

/// A host that was asked for by name is provably not covered.
///
/// The apex of `.x` is one concrete host, and so are the few names of a finite regular expression.
pub(super) fn fails(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::NotCovered => true,
        Verdict::Partial(partial) => matches!(
            partial.reason,
            PartialReason::ApexMissing | PartialReason::RegexFinite
        ),
        Verdict::Covered(_) | Verdict::NotApplicable | Verdict::Unknown(_) => false,
    }
}

/// Whether what an endpoint serves belongs to the default server.
pub(super) fn is_from_default(endpoint: &Endpoint) -> bool {
    matches!(
        endpoint.serving,
        Serving::Certificates {
            from_default: Some(_),
            ..
        }
    )
}

/// The names of a model that need a word, in the order of the configuration.
pub(super) fn judge<'m>(model: &'m Model, leaves: &[Option<&'m Certificate>]) -> Vec<Judged<'m>> {
    let mut all = Vec::new();
    for fragment in &model.fragments {
        for endpoint in &fragment.endpoints {
            let certificates = judge_one(leaves, fragment, endpoint);
            if certificates
                .iter()
                .any(|one| !matches!(one.verdict, Verdict::Covered(_) | Verdict::NotApplicable))
            {
                all.push(Judged {
                    fragment,
                    endpoint,
                    certificates,
                });
            }
        }
    }
    all
}

/// What each readable certificate of an endpoint says to its name.
pub(super) fn judge_one<'m>(
    leaves: &[Option<&'m Certificate>],
    fragment: &'m Fragment,
    endpoint: &'m Endpoint,
) -> Vec<Judgement<'m>> {
    let pattern = meant(&fragment.name(endpoint).pattern);
    endpoint
        .serving
        .certificates()
        .iter()
        .filter_map(|served| {
            let CertRef::Bundle(bundle) = served.certificate else {
                return None;
            };
            let leaf = leaves[bundle.0 as usize]?;
            // Names that cannot be read are a finding of their own, and nothing to guess from.
            if leaf.extensions.unreadable.iter().any(|oid| **oid == *SAN) {
                return None;
            }
            Some(Judgement {
                served,
                bundle,
                leaf,
                verdict: covers(&leaf.names, &pattern),
            })
        })
        .collect()
}

/// A pattern as it was meant: loose dots have a finding of their own (`server-name-regex-loose`),
/// and the names that they let in are nobody's wish.
fn meant(pattern: &HostPattern) -> Cow<'_, HostPattern> {
    match pattern {
        HostPattern::Regex(regex) if !regex.unescaped_dots().is_empty() => {
            Cow::Owned(HostPattern::Regex(Regex::new(&escape_dots(regex))))
        }
        _ => Cow::Borrowed(pattern),
    }
}

/// The text of a regular expression with its loose dots escaped.
pub(super) fn escape_dots(regex: &Regex) -> Vec<u8> {
    let mut text = Vec::with_capacity(regex.pattern().len() + regex.unescaped_dots().len());
    for (offset, &byte) in regex.pattern().iter().enumerate() {
        if regex.unescaped_dots().contains(&offset) {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text
}

/// A certificate for the machine formats.
pub(super) fn facts(model: &Model, bundle: BundleId) -> Option<CertificateFacts> {
    let bundle = model.bundle(bundle);
    let leaf = bundle.leaf()?;
    Some(CertificateFacts {
        sha256: leaf.sha256_hex(),
        file: model.sources.get(bundle.source).name().to_owned(),
        secret: bundle.secret.as_deref().map(str::to_owned),
        names: leaf.names.names(),
    })
}
