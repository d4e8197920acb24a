//! Whose findings may change with an object: the ways of `neighbours.rs`, walked backwards.
//!
//! More than are affected do no harm but the time they take, and what is missed here a full pass
//! finds later.

use std::collections::BTreeSet;
use std::sync::Arc;

use certlint_core::kubernetes::kinds::{INGRESS, Link, ObjectName, SECRET, SecretName, TLS_STORE};

use super::{Kept, Store};

/// See [`Store::affected_by`].
pub(super) fn by(
    store: &Store,
    name: &ObjectName,
    before: Option<&Arc<Kept>>,
) -> Option<BTreeSet<ObjectName>> {
    let mut affected = Affected {
        store,
        names: BTreeSet::from([name.clone()]),
    };
    let now = store.get(name.kind, &name.namespace, &name.name);
    if *name.kind == SECRET {
        let secret = SecretName {
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        let named = Link::Names(secret.clone());
        // The certificates of Traefik's default store are there for every host.
        if !store.shelf(&TLS_STORE).linked(&named).is_empty() {
            return None;
        }
        affected.secret(&secret);
        affected.pool(&name.namespace);
    } else if name.kind.is_context() {
        let json = |kept: Option<&Arc<Kept>>| kept.and_then(|kept| Some(kept.json()?.to_vec()));
        if json(before) != json(now.as_ref()) {
            return None;
        }
    } else {
        before
            .into_iter()
            .chain(&now)
            .for_each(|state| affected.object(state));
    }
    Some(affected.names)
}

struct Affected<'a> {
    store: &'a Store,
    names: BTreeSet<ObjectName>,
}

impl Affected<'_> {
    fn object(&mut self, object: &Kept) {
        for link in object.links() {
            match link {
                Link::Host(_) => self.add(self.store.linked(link)),
                Link::Issued(secret)
                | Link::Names(secret)
                | Link::Verifies(secret)
                | Link::Writes(secret) => self.secret(secret),
                // Listeners of one Gateway compete.
                Link::Parent(parent) if object.holds_listeners() => self.holder(parent),
                Link::DefaultClass | Link::Parent(_) => {}
            }
        }
        self.holder(&object.object_name());
        if *object.kind() == INGRESS {
            self.pool(object.namespace());
        }
    }

    /// The objects attached to a Gateway or ListenerSet, and so on.
    fn holder(&mut self, holder: &ObjectName) {
        for attached in self.store.attached_to(holder) {
            if attached.holds_listeners() {
                self.add(self.store.attached_to(&attached.object_name()));
            }
            self.names.insert(attached.object_name());
        }
    }

    /// The users of a Secret, and their rivals for a host.
    fn secret(&mut self, secret: &SecretName) {
        let uses = self.store.uses_of(secret);
        for link in uses.iter().flat_map(|user| user.links()) {
            if matches!(link, Link::Host(_)) {
                self.add(self.store.linked(link));
            }
        }
        self.add(uses.into_iter());
    }

    /// Some controllers serve any Secret of a namespace's Ingresses.
    fn pool(&mut self, namespace: &str) {
        let ingresses = self.store.shelf(&INGRESS).in_namespace(namespace);
        self.add(ingresses.into_iter());
    }

    fn add(&mut self, objects: impl Iterator<Item = Arc<Kept>>) {
        self.names.extend(objects.map(|kept| kept.object_name()));
    }
}
