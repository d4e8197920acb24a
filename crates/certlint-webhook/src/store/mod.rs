//! The known state of the cluster: facts and indexes. No kube, no async.
//!
//! ```text
//! watch ─ Kept::read ─▶ Store { a Shelf for each kind, Secrets } ─ neighbours ─▶ judge
//! ```
//!
//! Of an object the fields stay that lowering reads, of a Secret what it says without its key. A
//! verdict looks up what is near the object, so that its cost does not grow with the cluster.

mod affected;
mod changes;
mod kept;
mod neighbours;
mod secrets;
mod shelf;
#[cfg(test)]
mod tests;

pub(crate) use certlint_core::kubernetes::kinds::{Kind, ObjectName, SecretName};
pub(crate) use changes::Changed;
pub(crate) use kept::{Body, Kept};
pub(crate) use neighbours::Neighbours;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use certlint_core::kubernetes::SecretSummary;
use certlint_core::kubernetes::kinds::{KINDS, Link, NAMESPACE, SECRET};
use serde::Deserialize;

use changes::Changes;
use secrets::Secrets;
use shelf::Shelf;

/// The cluster as far as it is known; shared by all tasks.
#[derive(Debug)]
pub(crate) struct Store {
    /// That of Secrets stays empty.
    shelves: BTreeMap<&'static Kind, Shelf>,
    secrets: Secrets,
    changes: Changes,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            shelves: KINDS.iter().map(|&kind| (kind, Shelf::default())).collect(),
            secrets: Secrets::default(),
            changes: Changes::default(),
        }
    }
}

impl Store {
    /// Takes in an object that was added or changed. The order of a watch decides which is newer.
    pub(crate) fn apply(&self, object: Kept) {
        let name = object.object_name();
        let before = self.get(name.kind, &name.namespace, &name.name);
        match object.into_secret() {
            Ok(secret) => self.secrets.apply(secret),
            Err(object) => self.shelf(object.kind()).apply(object),
        }
        self.changes.one(name, before);
    }

    /// Forgets an object that was deleted.
    pub(crate) fn remove(&self, kind: &'static Kind, namespace: &str, name: &str) {
        let before = self.get(kind, namespace, name);
        if *kind == SECRET {
            self.secrets.remove(namespace, name);
        } else {
            self.shelf(kind).remove(namespace, name);
        }
        let name = ObjectName {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        };
        self.changes.one(name, before);
    }

    /// Takes in a whole list: of one namespace, or of all. Nothing vanishes meanwhile, and nobody
    /// waits for it. Objects of other kinds or namespaces do not belong into the list.
    pub(crate) fn replace(&self, kind: &'static Kind, scope: Option<&str>, list: Vec<Kept>) {
        let is_meant = |kept: &Kept| {
            kept.kind() == kind && scope.is_none_or(|scope| *scope == **kept.namespace())
        };
        // A kind that may not be read is emptied again and again.
        let is_news = !list.is_empty() || self.count(kind) > 0;
        let list = list.into_iter().filter(is_meant);
        if *kind == SECRET {
            let list = list.filter_map(|kept| kept.into_secret().ok());
            self.secrets.replace(scope, list.collect());
        } else {
            self.shelf(kind).replace(scope, list.collect());
        }
        if is_news {
            self.changes.everything();
        }
    }

    /// The changes since this was last asked.
    pub(crate) fn take_changes(&self) -> Changed {
        self.changes.take()
    }

    /// Whose findings may change now that an object did, which was `before`: never too few, but
    /// some more. `None` where anything may depend on it.
    pub(crate) fn affected_by(
        &self,
        name: &ObjectName,
        before: Option<&Arc<Kept>>,
    ) -> Option<BTreeSet<ObjectName>> {
        affected::by(self, name, before)
    }

    /// Objects that can change the findings located in this object, which need not be in the store.
    ///
    /// To compare two versions of an object, join the neighbours of both and judge both with them.
    pub(crate) fn neighbours(&self, object: &Kept) -> Neighbours {
        neighbours::of(self, object)
    }

    /// A label of a namespace; `None` where there is none, or the namespace is not known.
    pub(crate) fn namespace_label(&self, namespace: &str, key: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct Object {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            labels: BTreeMap<String, String>,
        }
        let kept = self.shelf(&NAMESPACE).get("", namespace)?;
        let mut object: Object = serde_json::from_slice(kept.json()?).ok()?;
        object.metadata.labels.remove(key)
    }

    /// Whose findings may change with a Secret: what names it, what is attached to that, and what
    /// would write it; the oldest first.
    pub(crate) fn uses_of(&self, secret: &SecretName) -> Vec<Arc<Kept>> {
        let mut uses = BTreeSet::new();
        for holder in self
            .linked(&Link::Names(secret.clone()))
            .chain(self.linked(&Link::Verifies(secret.clone())))
        {
            uses.extend(self.attached_to(&holder.object_name()));
            uses.insert(holder);
        }
        uses.extend(self.linked(&Link::Writes(secret.clone())));
        uses.into_iter().collect()
    }

    /// What is attached to an object, such as the routes of a Gateway.
    fn attached_to(&self, holder: &ObjectName) -> impl Iterator<Item = Arc<Kept>> {
        self.linked(&Link::Parent(holder.clone()))
    }

    /// The objects of all kinds with a link.
    fn linked(&self, link: &Link) -> impl Iterator<Item = Arc<Kept>> + use<'_> {
        let link = link.clone();
        let shelves = self.shelves.values();
        shelves.flat_map(move |shelf| shelf.linked(&link))
    }

    /// Every object of a kind but Secrets, sorted by name.
    pub(crate) fn all(&self, kind: &'static Kind) -> Vec<Arc<Kept>> {
        self.shelf(kind).all()
    }

    /// Every Secret, sorted by name.
    pub(crate) fn secrets(&self) -> Vec<Arc<SecretSummary>> {
        self.secrets.all()
    }

    /// One object other than a Secret.
    pub(crate) fn get(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Kept>> {
        self.shelf(kind).get(namespace, name)
    }

    /// One Secret.
    pub(crate) fn secret(&self, namespace: &str, name: &str) -> Option<Arc<SecretSummary>> {
        self.secrets.get(namespace, name)
    }

    /// How many objects of a kind are held.
    pub(crate) fn count(&self, kind: &'static Kind) -> usize {
        if *kind == SECRET {
            self.secrets.count()
        } else {
            self.shelf(kind).count()
        }
    }

    /// How many objects are too large to be kept, so that nothing is known of them.
    pub(crate) fn too_large(&self) -> usize {
        self.shelves.values().map(Shelf::too_large).sum()
    }

    fn shelf(&self, kind: &'static Kind) -> &Shelf {
        &self.shelves[kind]
    }
}
