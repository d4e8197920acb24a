//! What a rule looks at: the model, the moment, and what many rules need to know.

use super::coverage::{self, Judged};
use crate::model::{
    Bundle, BundleId, CertRef, CertificatePair, Extent, Fragment, KeyId, KeyRef, Model, Problem,
    Server,
};
use crate::source::Location;
use crate::x509::Certificate;

/// What a rule looks at.
pub struct Subject<'m> {
    /// Everything that is known.
    pub model: &'m Model,
    /// The moment to judge for, in unix seconds.
    pub now: i64,
    certificate_places: Vec<Vec<Location>>,
    key_places: Vec<Vec<Location>>,
    leaves: Vec<Option<&'m Certificate>>,
    judged: Vec<Judged<'m>>,
}

impl<'m> Subject<'m> {
    /// Indexes a model for the rules.
    #[must_use]
    pub fn new(model: &'m Model, now: i64) -> Self {
        let leaves: Vec<_> = model.bundles.iter().map(Bundle::usable_leaf).collect();
        let mut subject = Self {
            model,
            now,
            certificate_places: vec![Vec::new(); model.bundles.len()],
            key_places: vec![Vec::new(); model.keys.len()],
            judged: coverage::judge(model, &leaves),
            leaves,
        };
        for pair in pairs(model) {
            if let CertRef::Bundle(id) = pair.certificate
                && !pair.is_fallback
            {
                subject.certificate_places[id.0 as usize].push(pair.at.clone());
            }
            if let Some(part) = &pair.key
                && let KeyRef::File(id) = part.key
            {
                subject.key_places[id.0 as usize].push(part.at.clone());
            }
        }
        // Paths with variables lead to files only for the names that a server has.
        let endpoints = model
            .fragments
            .iter()
            .flat_map(|fragment| &fragment.endpoints);
        for served in endpoints.flat_map(|endpoint| endpoint.serving.certificates()) {
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

    /// Somebody is served with these certificates: a line brings them, or they stand in a manifest,
    /// where what uses them may be in another repository.
    pub(super) fn is_in_use(&self, id: BundleId) -> bool {
        !self.certificate_places(id).is_empty() || self.model.bundle(id).field.is_some()
    }

    /// The `ssl_certificate_key` lines that bring a key file, in order of reading.
    pub(super) fn key_places(&self, id: KeyId) -> &[Location] {
        &self.key_places[id.0 as usize]
    }

    /// The names that some certificate does not provably cover as a whole.
    pub(super) fn judged(&self) -> &[Judged<'m>] {
        &self.judged
    }

    /// Every certificate file that is in use, with its leaf.
    pub(super) fn leaves(&self) -> impl Iterator<Item = (BundleId, &'m Certificate)> {
        (0u32..)
            .map(BundleId)
            .zip(&self.leaves)
            .filter(|(id, _)| self.is_in_use(*id))
            .filter_map(|(id, leaf)| Some((id, (*leaf)?)))
    }

    /// As [`Self::leaves`], without those that were judged before and of which only names and
    /// validity are left.
    pub(super) fn whole_leaves(&self) -> impl Iterator<Item = (BundleId, &'m Certificate)> {
        self.leaves()
            .filter(|(id, _)| self.model.bundle(*id).extent == Extent::Whole)
    }

    /// The leaf of a certificate file, as far as anything can be said of it; see
    /// [`Bundle::usable_leaf`].
    pub(super) fn leaf(&self, id: BundleId) -> Option<&'m Certificate> {
        self.leaves[id.0 as usize]
    }

    /// The leaves of all certificate files, by [`BundleId`].
    pub(super) fn all_leaves(&self) -> &[Option<&'m Certificate>] {
        &self.leaves
    }

    /// What the front-ends found out.
    pub(super) fn problems(&self) -> impl Iterator<Item = &'m Problem> {
        self.model
            .fragments
            .iter()
            .flat_map(|fragment| &fragment.problems)
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
