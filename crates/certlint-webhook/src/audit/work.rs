//! The queue of objects to look at, and of those that have to wait.
//!
//! A Secret that cannot be changed is replaced by deleting and making it. So what uses a Secret that
//! was deleted waits for a while before it is said to lack it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use certlint_core::kubernetes::kinds::SECRET;
use tokio::time::Instant;

use crate::store::{Changed, ObjectName, SecretName, Store};

/// How long a deleted Secret may take to come back.
const SETTLE: Duration = Duration::from_secs(30);
/// More objects than this, and all are looked at instead.
const OBJECTS_MAX: usize = 2_000;

/// The list.
#[derive(Debug, Default)]
pub(super) struct Work {
    everything: bool,
    objects: BTreeSet<ObjectName>,
    /// The Secrets that were deleted, and when.
    deleted: BTreeMap<ObjectName, Instant>,
}

impl Work {
    /// Takes in what has changed.
    pub(super) fn add(&mut self, store: &Store) {
        match store.take_changes() {
            Changed::Everything => self.everything = true,
            Changed::Objects(changed) => {
                for (name, before) in changed {
                    self.deleted.remove(&name);
                    if *name.kind == SECRET && !is_there(store, &name) {
                        self.deleted.insert(name, Instant::now());
                    } else {
                        self.affected(store.affected_by(&name, before.as_ref()));
                    }
                }
            }
        }
        let gone = |_: &ObjectName, at: &mut Instant| at.elapsed() >= SETTLE;
        let gone: Vec<_> = self.deleted.extract_if(.., gone).collect();
        for (name, _) in gone {
            self.affected(store.affected_by(&name, None));
        }
        let held = self.held(store);
        self.objects.retain(|name| !held.contains(name));
    }

    fn affected(&mut self, names: Option<BTreeSet<ObjectName>>) {
        match names {
            Some(names) if !self.everything => {
                self.objects.extend(names);
                self.everything = self.objects.len() > OBJECTS_MAX;
            }
            Some(_) => {}
            None => self.everything = true,
        }
        if self.everything {
            self.objects.clear();
        }
    }

    /// Everything is to be looked at.
    pub(super) fn everything(&mut self) {
        self.everything = true;
        self.objects.clear();
    }

    pub(super) fn is_everything(&self) -> bool {
        self.everything
    }

    /// Everything is being looked at.
    pub(super) fn begin_pass(&mut self) {
        self.everything = false;
        self.objects.clear();
    }

    /// The objects that are to be looked at now.
    pub(super) fn take(&mut self) -> BTreeSet<ObjectName> {
        std::mem::take(&mut self.objects)
    }

    /// The objects that wait for a Secret to come back. They are looked at when it did or did not.
    pub(super) fn held(&self, store: &Store) -> BTreeSet<ObjectName> {
        let uses = self.deleted.keys().flat_map(|secret| {
            store.uses_of(&SecretName {
                namespace: Arc::clone(&secret.namespace),
                name: Arc::clone(&secret.name),
            })
        });
        uses.map(|kept| kept.object_name()).collect()
    }
}

fn is_there(store: &Store, secret: &ObjectName) -> bool {
    store.secret(&secret.namespace, &secret.name).is_some()
}
