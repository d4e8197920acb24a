//! What a rule looks at: the model, and what many rules need to know of it.
//!
//! There is no clock here: a rule that judges for a moment says so ([`super::Check::Validity`]).

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::help::{self, Cure};
use super::hint::Neighbours;
use crate::ledger::{self, Entry, Tally};
use crate::model::{
    Bundle, BundleId, CertRef, CertificatePair, Diagnosis, Extent, Fragment, KeyId, KeyRef, Model,
    Server, Serving,
};
use crate::source::Location;
use crate::x509::Certificate;

/// The context of a rule.
pub struct Subject<'m> {
    /// Everything that is known.
    pub model: &'m Model,
    certificate_places: Vec<Vec<Location>>,
    key_places: Vec<Vec<Location>>,
    leaves: Vec<Option<&'m Certificate>>,
    entries: Vec<Entry<'m>>,
    /// For each file, the path as the first line writes it that brings it.
    written: Vec<Option<&'m str>>,
    intermediates: OnceCell<Intermediates<'m>>,
    neighbours: OnceCell<Neighbours<'m>>,
    cures: OnceCell<BTreeMap<BundleId, Cure>>,
    /// The Secrets of the input by their names alone, each as `NAMESPACE/NAME`.
    secrets: OnceCell<BTreeMap<&'m str, Vec<&'m str>>>,
}

/// The authorities of all files that are no roots, by their names.
type Intermediates<'m> = BTreeMap<&'m [u8], Vec<(&'m Bundle, &'m Certificate)>>;

impl<'m> Subject<'m> {
    /// Indexes a model for the rules.
    #[must_use]
    pub fn new(model: &'m Model) -> Self {
        let leaves: Vec<_> = model.bundles.iter().map(Bundle::usable_leaf).collect();
        let mut subject = Self {
            model,
            certificate_places: vec![Vec::new(); model.bundles.len()],
            key_places: vec![Vec::new(); model.keys.len()],
            entries: ledger::judge(model, &leaves),
            leaves,
            written: vec![None; model.bundles.len()],
            intermediates: OnceCell::new(),
            neighbours: OnceCell::new(),
            cures: OnceCell::new(),
            secrets: OnceCell::new(),
        };
        for pair in pairs(model) {
            if let CertRef::Bundle(id) = pair.certificate
                && !pair.is_fallback
            {
                subject.certificate_places[id.0 as usize].push(pair.at.clone());
                subject.written[id.0 as usize].get_or_insert(&pair.path);
            }
            if let Some(part) = &pair.key
                && let KeyRef::File(id) = part.key
            {
                subject.key_places[id.0 as usize].push(part.at.clone());
            }
        }
        // Paths with variables lead to files only for the names that a server has.
        let servings = subject.entries.iter().filter_map(Entry::serving);
        for served in servings.flat_map(Serving::certificates) {
            if let CertRef::Bundle(id) = served.certificate {
                let places = &mut subject.certificate_places[id.0 as usize];
                if places.last() != Some(&served.at) {
                    places.push(served.at.clone());
                }
            }
        }
        for places in subject
            .certificate_places
            .iter_mut()
            .chain(&mut subject.key_places)
        {
            places.sort_unstable();
            places.dedup();
        }
        subject
    }

    /// The `ssl_certificate` lines that bring a certificate file, in order of reading.
    pub(super) fn certificate_places(&self, id: BundleId) -> &[Location] {
        &self.certificate_places[id.0 as usize]
    }

    /// These certificates are served: a line brings them, or they are in a manifest,
    /// where what uses them may be in another repository.
    pub(super) fn is_in_use(&self, id: BundleId) -> bool {
        !self.certificate_places(id).is_empty() || self.model.bundle(id).field.is_some()
    }

    /// The `ssl_certificate_key` lines that bring a key file, in order of reading.
    pub(super) fn key_places(&self, id: KeyId) -> &[Location] {
        &self.key_places[id.0 as usize]
    }

    /// The names that some certificate does not provably cover as a whole.
    pub(super) fn judged(&self) -> impl Iterator<Item = &Entry<'m>> {
        self.entries.iter().filter(|entry| entry.needs_a_word())
    }

    /// The ledger.
    pub(super) fn entries(&self) -> &[Entry<'m>] {
        &self.entries
    }

    /// How many names were judged, and why the others were not.
    pub(crate) fn tally(&self) -> Tally {
        Tally::new(self.model, &self.entries)
    }

    /// Every certificate file that is in use, with its leaf.
    pub(super) fn leaves(&self) -> impl Iterator<Item = (BundleId, &'m Certificate)> {
        (0u32..)
            .map(BundleId)
            .zip(&self.leaves)
            .filter(|(id, _)| self.is_in_use(*id))
            .filter_map(|(id, leaf)| Some((id, (*leaf)?)))
    }

    /// The files of which all is at hand: not those that were judged before, of which only a
    /// summary is left.
    pub(super) fn whole(&self) -> impl Iterator<Item = (BundleId, &'m Bundle)> {
        (0u32..)
            .map(BundleId)
            .zip(&self.model.bundles)
            .filter(|(id, bundle)| bundle.extent == Extent::Whole && self.is_in_use(*id))
    }

    /// The intermediate authorities of this name, each once.
    pub(super) fn intermediates(&self, name: &[u8]) -> &[(&'m Bundle, &'m Certificate)] {
        let known = self.intermediates.get_or_init(|| intermediates(self.model));
        known.get(name).map_or(&[], Vec::as_slice)
    }

    /// What all certificates and servers have, for looking around.
    pub(super) fn neighbours(&self) -> &Neighbours<'m> {
        self.neighbours.get_or_init(|| Neighbours::new(self))
    }

    /// How a certificate gets all the names that it lacks, wherever they are asked for.
    pub(super) fn cure(&self, id: BundleId) -> Option<&Cure> {
        self.cures.get_or_init(|| help::cures(self)).get(&id)
    }

    /// A Secret of the input, `NAMESPACE/NAME`, that has the name of this one in another namespace.
    pub(super) fn namesake(&self, secret: &str) -> Option<&'m str> {
        let secrets = self.secrets.get_or_init(|| {
            let mut secrets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for key in self
                .model
                .bundles
                .iter()
                .filter_map(|it| it.secret.as_deref())
            {
                if let Some((_, name)) = key.split_once('/') {
                    secrets.entry(name).or_default().push(key);
                }
            }
            secrets
        });
        let (_, name) = secret.split_once('/')?;
        let mut namesakes = secrets.get(name)?.iter();
        namesakes.find(|key| **key != secret).copied()
    }

    /// The path of a certificate file as the configuration writes it, which may be a link.
    pub(super) fn written(&self, id: BundleId) -> Option<&'m str> {
        self.written[id.0 as usize]
    }

    /// The leaf of a certificate file, as far as anything can be said of it; see
    /// [`Bundle::usable_leaf`].
    pub(super) fn leaf(&self, id: BundleId) -> Option<&'m Certificate> {
        self.leaves[id.0 as usize]
    }

    /// The facts that front-ends established.
    pub(super) fn diagnoses(&self) -> impl Iterator<Item = &'m Diagnosis> {
        self.model
            .fragments
            .iter()
            .flat_map(|fragment| &fragment.diagnoses)
    }

    /// Every pair of certificate and key that is in effect somewhere, mostly once.
    pub(super) fn pairs(&self) -> impl Iterator<Item = &'m CertificatePair> {
        pairs(self.model)
    }

    /// Every server of every fragment.
    pub(super) fn servers(&self) -> impl Iterator<Item = (&'m Fragment, &'m Server)> {
        self.model.fragments.iter().flat_map(|fragment| {
            fragment
                .servers
                .iter()
                .map(move |server| (fragment, server))
        })
    }
}

/// The pairs of all servers; a list that many servers in a row inherit is walked once.
fn pairs(model: &Model) -> impl Iterator<Item = &CertificatePair> {
    let mut last: *const CertificatePair = std::ptr::null();
    model
        .fragments
        .iter()
        .flat_map(|fragment| &fragment.servers)
        .filter(move |server| {
            let this = server.certificates.as_ptr();
            std::mem::replace(&mut last, this) != this
        })
        .flat_map(|server| server.certificates.iter())
}

fn intermediates(model: &Model) -> Intermediates<'_> {
    let mut known = Intermediates::new();
    for bundle in model.bundles.iter().chain(&model.beside) {
        for certificate in bundle.chain() {
            if certificate.extensions.is_ca && !certificate.is_self_issued() {
                let same_name = known.entry(certificate.raw_subject()).or_default();
                // Hundreds of files have the same intermediate.
                if same_name
                    .iter()
                    .all(|(_, other)| other.sha256 != certificate.sha256)
                {
                    same_name.push((bundle, certificate));
                }
            }
        }
    }
    known
}
