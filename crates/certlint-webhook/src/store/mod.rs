//! What is known of the cluster: facts and indexes. No kube, no async.

mod kept;

pub(crate) use kept::{Body, Kept, Kind};

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use certlint_core::kubernetes::SecretSummary;

/// The cluster as far as it is known; shared by all tasks.
#[derive(Debug, Default)]
pub(crate) struct Store {
    objects: RwLock<BTreeMap<Place, Arc<Kept>>>,
}

type Place = (Kind, Arc<str>, Arc<str>);

/// Namespace and name of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SecretName {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// What can change the verdict on an object.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Other objects, the oldest first; never the object itself, and no Secrets.
    pub(crate) objects: Vec<Arc<Kept>>,
    /// The Secrets that the object or a neighbour names, sorted; `None` where the store has none.
    pub(crate) secrets: Vec<(SecretName, Option<Arc<SecretSummary>>)>,
}

impl Store {
    /// Takes in an object that was added or changed. The order of a watch decides which is newer.
    pub(crate) fn apply(&self, object: Kept) {
        let place = (
            object.kind(),
            object.namespace().clone(),
            object.name().clone(),
        );
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        objects.insert(place, Arc::new(object));
    }

    /// Forgets an object that was deleted.
    pub(crate) fn remove(&self, kind: Kind, namespace: &str, name: &str) {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        objects.remove(&(kind, namespace.into(), name.into()));
    }

    /// Takes in a whole list: of one namespace, or of all. Nothing vanishes meanwhile.
    pub(crate) fn replace(&self, kind: Kind, scope: Option<&str>, list: Vec<Kept>) {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        objects.retain(|(own, namespace, _), _| {
            *own != kind || scope.is_some_and(|scope| scope != &**namespace)
        });
        for object in list {
            let place = (
                object.kind(),
                object.namespace().clone(),
                object.name().clone(),
            );
            objects.insert(place, Arc::new(object));
        }
    }

    /// What can change the findings that are located in this object.
    pub(crate) fn neighbours(&self, object: &Kept) -> Neighbours {
        let own = (
            object.kind(),
            object.namespace().clone(),
            object.name().clone(),
        );
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let mut neighbours = Neighbours::default();
        for (place, kept) in objects.iter().filter(|(place, _)| **place != own) {
            match kept.body() {
                Body::Secret(summary) => {
                    let name = SecretName {
                        namespace: place.1.clone(),
                        name: place.2.clone(),
                    };
                    neighbours.secrets.push((name, Some(summary.clone())));
                }
                Body::Object(_) => neighbours.objects.push(kept.clone()),
            }
        }
        neighbours
    }

    /// The labels of a namespace; `None` for one that is not known.
    pub(crate) fn namespace_labels(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        let _ = namespace;
        None
    }

    /// Everything that names a Secret, or would write it, the oldest first.
    pub(crate) fn uses_of(&self, secret: &SecretName) -> Vec<Arc<Kept>> {
        let _ = secret;
        Vec::new()
    }

    /// Every object of a kind but Secrets, the oldest first.
    pub(crate) fn all(&self, kind: Kind) -> Vec<Arc<Kept>> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let of_kind = objects.iter().filter(|((own, ..), _)| *own == kind);
        of_kind.map(|(_, kept)| kept.clone()).collect()
    }

    /// Every Secret, sorted by name.
    pub(crate) fn secrets(&self) -> Vec<Arc<SecretSummary>> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let secrets = objects.values().filter_map(|kept| match kept.body() {
            Body::Secret(summary) => Some(summary.clone()),
            Body::Object(_) => None,
        });
        secrets.collect()
    }

    /// One Secret.
    pub(crate) fn secret(&self, namespace: &str, name: &str) -> Option<Arc<SecretSummary>> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        match objects
            .get(&(Kind::Secret, namespace.into(), name.into()))?
            .body()
        {
            Body::Secret(summary) => Some(summary.clone()),
            Body::Object(_) => None,
        }
    }

    /// How many objects of each kind are held.
    pub(crate) fn counts(&self) -> BTreeMap<Kind, usize> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let mut counts = BTreeMap::new();
        for (kind, ..) in objects.keys() {
            *counts.entry(*kind).or_default() += 1;
        }
        counts
    }
}
