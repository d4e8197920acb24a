//! The surroundings of an object: the neighbours of one moment, and the state of each Secret.
//!
//! Old and new state of an object are judged within the same surroundings, so that a difference
//! between them is never the work of somebody else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use certlint_core::kubernetes::SecretSummary;
use certlint_core::kubernetes::kinds::{INGRESS, REFERENCE_GRANT};

use super::request::{Live, LiveSecret};
use super::review::Review;
use crate::store::{Kept, Kind, Neighbours, ObjectName, SecretName};

/// Objects, and Secrets, that are looked at together with one.
const OBJECTS_MAX: usize = 5_000;

/// The neighbours of an object.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    objects: BTreeMap<ObjectName, Arc<Kept>>,
    secrets: BTreeMap<SecretName, State>,
    /// A permission that is not here does not exist.
    knows_grants: bool,
}

/// The state of a Secret.
#[derive(Debug)]
enum State {
    Known(Arc<SecretSummary>),
    /// There is none, as far as is known.
    Missing,
    /// Nothing, and why.
    Unknown(String),
}

impl Surroundings {
    /// Takes neighbours in; what is known already stays.
    pub(super) fn add(&mut self, neighbours: Neighbours) {
        for kept in neighbours.objects {
            self.objects.entry(kept.object_name()).or_insert(kept);
        }
        for (name, summary) in neighbours.secrets {
            let state = summary.map_or(State::Missing, State::Known);
            self.secrets.entry(name).or_insert(state);
        }
    }

    /// Finds out whether all is known that could permit the use of the Secrets of other namespaces.
    /// Contour's own grant in place of a ReferenceGrant is not watched.
    pub(super) fn look_for_grants(&mut self, kind: &Kind, live: &impl Live) {
        let mut names = self.secrets.keys();
        self.knows_grants =
            *kind != INGRESS && names.all(|name| live.knows(&REFERENCE_GRANT, &name.namespace));
    }

    /// Whether a permission that is not here does not exist.
    pub(super) fn knows_grants(&self) -> bool {
        self.knows_grants
    }

    /// Forgets what is known of all Secrets, for the reason given.
    pub(super) fn ignore_secrets(&mut self) {
        for state in self.secrets.values_mut() {
            *state = State::Unknown(String::new());
        }
    }

    /// There is more than can be judged in time.
    pub(super) fn is_too_large(&self) -> bool {
        self.objects.len() > OBJECTS_MAX || self.secrets.len() > OBJECTS_MAX
    }

    /// Leaves an object out: it is judged itself.
    pub(super) fn remove(&mut self, object: &ObjectName) {
        self.objects.remove(object);
    }

    /// Takes in what the API server says.
    pub(super) fn learn(&mut self, answers: BTreeMap<SecretName, LiveSecret>) {
        for (name, answer) in answers {
            let state = match answer {
                LiveSecret::Found(summary) => State::Known(summary),
                LiveSecret::Missing => State::Missing,
                LiveSecret::Unknown(why) => State::Unknown(why),
            };
            self.secrets.insert(name, state);
        }
    }

    /// Sets one Secret to what it is, or was.
    pub(super) fn set(&mut self, name: SecretName, summary: Option<Arc<SecretSummary>>) {
        let state = summary.map_or(State::Missing, State::Known);
        self.secrets.insert(name, state);
    }

    /// The other objects, sorted.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Kept> {
        self.objects.values().map(|kept| &**kept)
    }

    /// The Secrets on whose contents a refusal may rest: those that the object names, then others
    /// of its namespace, of which a controller may serve any; for a route all, which are those of
    /// its Gateways. What rivals in other namespaces name decides nothing about this object.
    pub(super) fn to_confirm(&self, review: &Review<'_>) -> Vec<SecretName> {
        let is_named = |name: &&SecretName| review.names(&name.namespace, &name.name);
        let is_route = review.sent.kept.is_attached();
        let is_near = |name: &&SecretName| is_route || *name.namespace == *review.namespace;
        let named = self.secrets.keys().filter(is_named);
        let others = self.secrets.keys().filter(|name| !is_named(name));
        named.chain(others.filter(is_near)).cloned().collect()
    }

    /// The Secrets that are not there, as far as is known.
    pub(super) fn missing(&self) -> Vec<SecretName> {
        let secrets = self.secrets.iter();
        let missing = secrets.filter(|(_, state)| matches!(state, State::Missing));
        missing.map(|(name, _)| name.clone()).collect()
    }

    /// The Secrets that are there, sorted.
    pub(super) fn summaries(&self) -> impl Iterator<Item = &Arc<SecretSummary>> {
        self.secrets.values().filter_map(|state| match state {
            State::Known(summary) => Some(summary),
            State::Missing | State::Unknown(_) => None,
        })
    }

    /// `NAMESPACE/NAME` of the Secrets that could not be looked up.
    pub(super) fn unknown(&self) -> BTreeSet<String> {
        let mut unknown = BTreeSet::new();
        for (name, state) in &self.secrets {
            if matches!(state, State::Unknown(_)) {
                unknown.insert(format!("{}/{}", name.namespace, name.name));
            }
        }
        unknown
    }

    /// The Secrets that could not be looked up, and why.
    pub(super) fn obstacles(&self) -> impl Iterator<Item = (&SecretName, &str)> {
        self.secrets.iter().filter_map(|(name, state)| match state {
            State::Unknown(why) if !why.is_empty() => Some((name, why.as_str())),
            _ => None,
        })
    }

    /// Something here belongs to another namespace whose owner may not want it told.
    pub(super) fn is_foreign_to(&self, namespace: &str) -> bool {
        let mut objects = self.objects.values();
        let mut secrets = self.secrets.keys();
        let tells = |kept: &Kept| kept.kind().is_request();
        secrets.any(|name| &*name.namespace != namespace)
            || objects.any(|kept| tells(kept) && &**kept.namespace() != namespace)
    }
}
