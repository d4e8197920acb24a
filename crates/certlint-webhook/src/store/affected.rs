//! Whose findings may change with an object: the ways of `neighbours.rs`, walked backwards.
//!
//! More than are affected do no harm but the time they take, and what is missed here a full pass
//! finds later.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::links::Link;
use super::{Kept, Kind, ObjectName, SecretName, Store};

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
    match name.kind {
        Kind::IngressClass | Kind::Namespace | Kind::ReferenceGrant | Kind::TlsStore => {
            let json = |kept: Option<&Arc<Kept>>| kept.and_then(|kept| Some(kept.json()?.to_vec()));
            if json(before) != json(now.as_ref()) {
                return None;
            }
        }
        Kind::Secret => {
            let secret = SecretName {
                namespace: name.namespace.clone(),
                name: name.name.clone(),
            };
            let named = Link::Names(secret.clone());
            // The certificates of Traefik's default store are there for every host.
            if !store.shelf(Kind::TlsStore).linked(&named).is_empty() {
                return None;
            }
            affected.secret(&secret);
            affected.pool(&name.namespace);
        }
        _ => before
            .into_iter()
            .chain(&now)
            .for_each(|state| affected.object(state)),
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
                Link::Host(_) => self.add(&self.store.shelf(Kind::Ingress).linked(link)),
                Link::Issued(secret) | Link::Names(secret) | Link::Writes(secret) => {
                    self.secret(secret);
                }
                // Listeners of one Gateway compete.
                Link::Parent(kind, namespace, name) if object.kind() == Kind::ListenerSet => {
                    if let Some(parent) = self.store.get(*kind, namespace, name) {
                        self.holder(&parent);
                    }
                }
                Link::DefaultClass | Link::Parent(..) => {}
            }
        }
        match object.kind() {
            Kind::Gateway | Kind::ListenerSet => self.holder(object),
            Kind::Ingress => self.pool(object.namespace()),
            _ => {}
        }
    }

    /// What is attached to a Gateway or ListenerSet, and so on.
    fn holder(&mut self, holder: &Kept) {
        self.add(&self.store.attached_to(holder));
        if holder.kind() == Kind::Gateway {
            let (namespace, name) = (holder.namespace().clone(), holder.name().clone());
            let parent = Link::Parent(Kind::Gateway, namespace, name);
            let sets = self.store.shelf(Kind::ListenerSet).linked(&parent);
            self.add(&sets);
            for set in &sets {
                self.add(&self.store.attached_to(set));
            }
        }
    }

    /// What uses a Secret, and who competes with that for a host.
    fn secret(&mut self, secret: &SecretName) {
        let uses = self.store.uses_of(secret);
        for user in uses.iter().filter(|user| user.kind() == Kind::Ingress) {
            for link in user.links() {
                if matches!(link, Link::Host(_)) {
                    self.add(&self.store.shelf(Kind::Ingress).linked(link));
                }
            }
        }
        self.add(&uses);
    }

    /// Some controllers serve any Secret of a namespace's Ingresses.
    fn pool(&mut self, namespace: &str) {
        self.add(&self.store.shelf(Kind::Ingress).in_namespace(namespace));
    }

    fn add(&mut self, objects: &[Arc<Kept>]) {
        self.names
            .extend(objects.iter().map(|kept| kept.object_name()));
    }
}
