//! All objects of one kind, by name and by what they have to do with others.
//!
//! Writers take turns and prepare a new list beside the old one; readers wait for a single change
//! or for the exchange of two pointers, never for a list.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use certlint_core::kubernetes::Shared;
use certlint_core::kubernetes::kinds::Link;

use super::Kept;
use super::kept::Body;

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
    /// By the hash of the link, so that not every link is held twice.
    by_link: BTreeMap<u64, Linked>,
    too_large: usize,
}

/// The objects with a link, the oldest first: of most there is one.
#[derive(Clone, Debug)]
enum Linked {
    One(Arc<Kept>),
    More(Vec<Arc<Kept>>),
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
        self.read(|objects| objects.linked(link).cloned().collect())
    }

    /// The first of the objects with a link that is one of those that are meant, the oldest first.
    pub(super) fn first_linked(
        &self,
        link: &Link,
        is_meant: impl Fn(&Kept) -> bool,
    ) -> Option<Arc<Kept>> {
        self.read(|objects| {
            let mut linked = objects.linked(link);
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
    fn linked(&self, link: &Link) -> impl Iterator<Item = &Arc<Kept>> {
        let linked = self.by_link.get(&link.hash()).map(Linked::objects);
        let linked = linked.unwrap_or_default().iter();
        linked.filter(|object| object.links().contains(link))
    }

    fn insert(&mut self, object: Arc<Kept>) {
        self.remove(object.namespace(), object.name());
        for link in object.links() {
            let linked = self.by_link.remove(&link.hash());
            let linked = Linked::with(linked, object.clone());
            self.by_link.insert(link.hash(), linked);
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
            let linked = self.by_link.remove(&link.hash());
            if let Some(linked) = linked.and_then(|linked| linked.without(&object)) {
                self.by_link.insert(link.hash(), linked);
            }
        }
    }
}

impl Linked {
    fn objects(&self) -> &[Arc<Kept>] {
        match self {
            Self::One(object) => std::slice::from_ref(object),
            Self::More(objects) => objects,
        }
    }

    fn with(held: Option<Self>, object: Arc<Kept>) -> Self {
        let mut objects = match held {
            None => return Self::One(object),
            Some(Self::One(other)) => vec![other],
            Some(Self::More(objects)) => objects,
        };
        let place = objects.partition_point(|other| *other < object);
        objects.insert(place, object);
        Self::More(objects)
    }

    fn without(self, object: &Arc<Kept>) -> Option<Self> {
        let mut objects = match self {
            Self::One(other) => return (!Arc::ptr_eq(&other, object)).then_some(Self::One(other)),
            Self::More(objects) => objects,
        };
        objects.retain(|other| !Arc::ptr_eq(other, object));
        match objects.len() {
            0 | 1 => objects.pop().map(Self::One),
            _ => Some(Self::More(objects)),
        }
    }
}
