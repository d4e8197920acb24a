//! What rules ask of the ledger: which names are not provably covered by what they are served with.

use crate::finding::{CertificateFacts, Finding, Level};
use crate::ledger::Entry;
pub(super) use crate::ledger::{Entry as Judged, Judgement, escape_dots, fails};
use crate::model::{BundleId, Model, Outcome, ServerId, Serving};
use crate::name::{HostPattern, Verdict};

impl<'m> Entry<'m> {
    /// A certificate does not provably cover the name as a whole.
    pub(super) fn needs_a_word(&self) -> bool {
        let is_covered =
            |verdict: &Verdict| matches!(verdict, Verdict::Covered(_) | Verdict::NotApplicable);
        self.certificates
            .iter()
            .any(|one| !is_covered(&one.verdict))
    }

    /// The server that holds the name.
    pub(super) fn server(&self) -> ServerId {
        self.rows[0].name.server
    }

    /// The server answers with certificates of the default server, having none itself.
    pub(super) fn is_from_default(&self) -> bool {
        self.borrowed_from().is_some()
    }

    /// The default server whose certificates the server answers with, having none itself.
    pub(super) fn borrowed_from(&self) -> Option<ServerId> {
        match self.serving()? {
            Serving::Certificates { from_default, .. } => *from_default,
            _ => None,
        }
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

    /// The name is in a manifest, and a controller decides what is served.
    pub(super) fn is_from_manifest(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| self.fragment.listener(row.listener).hosts.is_some())
    }

    /// Takes a finding about this name down to what is proven, and says what is not.
    pub(super) fn temper(&self, finding: &mut Finding) {
        if let Outcome::Answered {
            doubt: Some(doubt), ..
        } = self.outcome()
        {
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
