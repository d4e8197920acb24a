//! What a rule looks at: the model, the moment, and two indexes that many rules need.

use crate::model::{
    BundleId, CertRef, CertificatePair, Fragment, KeyId, KeyRef, Model, Problem, Server,
};
use crate::source::Location;

/// What a rule looks at.
pub struct Subject<'m> {
    /// Everything that is known.
    pub model: &'m Model,
    /// The moment to judge for, in unix seconds.
    pub now: i64,
    certificate_places: Vec<Vec<Location>>,
    key_places: Vec<Vec<Location>>,
}

impl<'m> Subject<'m> {
    /// Indexes a model for the rules.
    #[must_use]
    pub fn new(model: &'m Model, now: i64) -> Self {
        let mut subject = Self {
            model,
            now,
            certificate_places: vec![Vec::new(); model.bundles.len()],
            key_places: vec![Vec::new(); model.keys.len()],
        };
        for pair in pairs(model) {
            if let CertRef::Bundle(id) = pair.certificate {
                subject.certificate_places[id.0 as usize].push(pair.at.clone());
            }
            if let Some(part) = &pair.key
                && let KeyRef::File(id) = part.key
            {
                subject.key_places[id.0 as usize].push(part.at.clone());
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

    /// The `ssl_certificate_key` lines that bring a key file, in order of reading.
    pub(super) fn key_places(&self, id: KeyId) -> &[Location] {
        &self.key_places[id.0 as usize]
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
