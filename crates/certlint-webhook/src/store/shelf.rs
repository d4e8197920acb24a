//! All objects of one kind, by name and by what they have to do with others.
//!
//! Writers take turns and prepare a new list beside the old one; readers wait for a single change
//! or for the exchange of two pointers, never for a list.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use certlint_core::kubernetes::Shared;

use super::Kept;
use super::kept::Body;
use super::links::Link;

/// The objects of one kind.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    writer: Mutex<Shared>,
    objects: RwLock<Objects>,
}

#[derive(Clone, Debug, Default)]
struct Objects {
    /// By namespace and name.
    by_name: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<Kept>>>,
    /// The oldest first.
    by_link: HashMap<Link, Vec<Arc<Kept>>>,
    too_large: usize,
}

impl Shelf {
    pub(super) fn apply(&self, mut object: Kept) {
        let mut shared = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        object.share(&mut shared);
        self.change(|objects| objects.insert(Arc::new(object)));
    }

    pub(super) fn remove(&self, namespace: &str, name: &str) {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.change(|objects| objects.remove(namespace, name));
    }

    /// Exchanges the objects of one namespace, or all.
    pub(super) fn replace(&self, scope: Option<&str>, list: Vec<Kept>) {
        let mut shared = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<_> = list
            .into_iter()
            .map(|mut object| {
                object.share(&mut shared);
                Arc::new(object)
            })
            .collect();
        if let Some(scope) = scope {
            let others = self.all().into_iter();
            list.extend(others.filter(|object| **object.namespace() != *scope));
        }
        // In this order every object goes to the end of its lists.
        list.sort();
        let mut objects = Objects::default();
        for object in list {
            objects.insert(object);
        }
        // What was there is dropped when nobody waits for it any more.
        let before = self.change(|held| std::mem::replace(held, objects));
        drop(before);
        shared.forget_unused();
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<Kept>> {
        self.read(|objects| objects.by_name.get(namespace)?.get(name).cloned())
    }

    /// The objects with a link, the oldest first.
    pub(super) fn linked(&self, link: &Link) -> Vec<Arc<Kept>> {
        self.read(|objects| objects.by_link.get(link).cloned().unwrap_or_default())
    }

    /// The first of the objects with a link that is one of those that are meant, the oldest first.
    pub(super) fn first_linked(
        &self,
        link: &Link,
        is_meant: impl Fn(&Kept) -> bool,
    ) -> Option<Arc<Kept>> {
        self.read(|objects| {
            let mut linked = objects.by_link.get(link)?.iter();
            linked.find(|object| is_meant(object)).cloned()
        })
    }

    /// The objects of a namespace, sorted by name.
    pub(super) fn in_namespace(&self, namespace: &str) -> Vec<Arc<Kept>> {
        self.read(|objects| {
            let objects = objects.by_name.get(namespace).into_iter();
            objects.flat_map(BTreeMap::values).cloned().collect()
        })
    }

    /// All objects, sorted by name.
    pub(super) fn all(&self) -> Vec<Arc<Kept>> {
        self.read(|objects| {
            let names = objects.by_name.values().flat_map(BTreeMap::values);
            names.cloned().collect()
        })
    }

    pub(super) fn count(&self) -> usize {
        self.read(|objects| objects.by_name.values().map(BTreeMap::len).sum())
    }

    /// How many are too large to be kept.
    pub(super) fn too_large(&self) -> usize {
        self.read(|objects| objects.too_large)
    }

    fn read<T>(&self, look: impl FnOnce(&Objects) -> T) -> T {
        look(&self.objects.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Objects) -> T) -> T {
        change(&mut self.objects.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Objects {
    fn insert(&mut self, object: Arc<Kept>) {
        self.remove(object.namespace(), object.name());
        for link in object.links() {
            let linked = self.by_link.entry(link.clone()).or_default();
            let place = linked.partition_point(|other| *other < object);
            linked.insert(place, object.clone());
        }
        self.too_large += usize::from(matches!(object.body(), Body::TooLarge));
        let names = self.by_name.entry(object.namespace().clone()).or_default();
        names.insert(object.name().clone(), object);
    }

    fn remove(&mut self, namespace: &str, name: &str) {
        let Some(names) = self.by_name.get_mut(namespace) else {
            return;
        };
        let Some(object) = names.remove(name) else {
            return;
        };
        if names.is_empty() {
            self.by_name.remove(namespace);
        }
        self.too_large -= usize::from(matches!(object.body(), Body::TooLarge));
        for link in object.links() {
            if let Some(linked) = self.by_link.get_mut(link) {
                linked.retain(|other| !Arc::ptr_eq(other, &object));
                if linked.is_empty() {
                    self.by_link.remove(link);
                }
            }
        }
    }
}
