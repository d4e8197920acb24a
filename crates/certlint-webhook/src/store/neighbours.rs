//! Objects that can change the findings that are located in an object, and no others.
//!
//! Findings of an object depend on others in these ways only: who claims the same host, which
//! Secrets are named, what will write those, which Gateway a route is attached to, and what is
//! granted. Each way is an index, so that a verdict costs as much as the object has hosts, however
//! large the cluster is. More than what counts does no harm: it is part of the cluster, too.
//!
//! One thing is left out on purpose: a route whose hostname another route of the same listener has
//! as well is judged for itself, though the linter tells of one of them only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use certlint_core::kubernetes::SecretSummary;
use certlint_core::kubernetes::kinds::{
    INGRESS, INGRESS_CLASS, LISTENER_SET, Link, NAMESPACE, REFERENCE_GRANT, SECRET, TLS_STORE,
    hosts_of,
};
use certlint_core::name::{HostPattern, SanSet, Verdict, covers};

use super::{Kept, SecretName, Store};

/// The objects that can change the verdict on an object.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Other objects, the oldest first; never the object itself, and no Secrets.
    pub(crate) objects: Vec<Arc<Kept>>,
    /// The Secrets that the object or a neighbour names, and such as cover a host in their place,
    /// sorted; `None` where the store has none.
    pub(crate) secrets: Vec<(SecretName, Option<Arc<SecretSummary>>)>,
}

/// See [`Store::neighbours`].
pub(super) fn of(store: &Store, object: &Kept) -> Neighbours {
    let mut gathered = Gathered {
        store,
        object,
        objects: BTreeSet::new(),
        secrets: BTreeMap::new(),
    };
    gathered.gather();
    Neighbours {
        objects: gathered.objects.into_iter().collect(),
        secrets: gathered.secrets.into_iter().collect(),
    }
}

struct Gathered<'a> {
    store: &'a Store,
    object: &'a Kept,
    objects: BTreeSet<Arc<Kept>>,
    secrets: BTreeMap<SecretName, Option<Arc<SecretSummary>>>,
}

impl Gathered<'_> {
    fn gather(&mut self) {
        let object = self.object;
        if *object.kind() == SECRET {
            self.writers(&SecretName {
                namespace: object.namespace().clone(),
                name: object.name().clone(),
            });
        }
        if *object.kind() == INGRESS {
            self.ingress();
        }
        for link in object.links() {
            if matches!(link, Link::Writes(_)) {
                self.linked(link);
            }
        }
        self.holder(object);
        self.sets(&Link::Parent(object.object_name()));
        if object.is_attached() {
            self.parents(object);
        }
    }

    fn ingress(&mut self) {
        let object = self.object;
        self.classes();
        // Its certificates are there for all hosts of Traefik, and a cluster has one or two.
        for store in self.store.shelf(&TLS_STORE).all() {
            self.named(&store, false);
            self.add(store);
        }
        let named = self.certificates(object);
        for host in hosts_of(object.json().unwrap_or_default()) {
            for other in self.store.linked(&Link::host(&host)) {
                self.add(other.clone());
                self.named(&other, false);
            }
            let pattern = HostPattern::ingress(&host);
            let mut named = named.iter();
            if !named.any(|names| matches!(covers(names, &pattern), Verdict::Covered(_))) {
                self.pool(&pattern);
            }
        }
    }

    /// The names in the certificates that an object names.
    fn certificates(&self, object: &Kept) -> Vec<SanSet> {
        let secrets = object.secrets();
        let held = secrets.filter_map(|name| self.store.secret(&name.namespace, &name.name));
        held.filter_map(|secret| secret.names()).collect()
    }

    /// The classes that say who is whose rival: that of the object, and the default.
    fn classes(&mut self) {
        let classes = self.store.shelf(&INGRESS_CLASS);
        let own = self.object.class().and_then(|name| classes.get("", name));
        let defaults = classes.linked(&Link::DefaultClass);
        own.into_iter()
            .chain(defaults)
            .for_each(|class| self.add(class));
    }

    /// For controllers that serve any Secret of the namespace's Ingresses that covers a host: where
    /// the own ones do not, such a Secret, or else one of which nothing is known, each with an
    /// Ingress that brings it in.
    fn pool(&mut self, pattern: &HostPattern) {
        let namespace = self.object.namespace().clone();
        let covering = self.store.secrets.covering(&namespace, pattern);
        if let Some(first) = covering.first() {
            // Nobody may name it; then it is what the user may have meant.
            let name = name_of(first);
            self.secrets.insert(name, Some(first.clone()));
        }
        let class = self.class_of(self.object);
        let is_rival = |other: &Kept| self.class_of(other) == class && !other.is_same(self.object);
        let ingresses = self.store.shelf(&INGRESS);
        let member = covering
            .iter()
            .find_map(|secret| ingresses.first_linked(&Link::Names(name_of(secret)), is_rival));
        let is_unknown = |secret: &SecretName| {
            let held = self.store.secret(&secret.namespace, &secret.name);
            held.is_none_or(|secret| secret.names().is_none())
        };
        let brings = member.or_else(|| {
            let mut others = ingresses.in_namespace(&namespace).into_iter();
            others.find(|other| is_rival(other) && other.secrets().any(is_unknown))
        });
        if let Some(other) = brings {
            self.named(&other, false);
            self.add(other);
        }
    }

    fn class_of(&self, ingress: &Kept) -> Option<Arc<str>> {
        let default = || {
            let classes = self.store.shelf(&INGRESS_CLASS);
            // With several defaults the API server takes the newest.
            let newest = classes.linked(&Link::DefaultClass).pop();
            newest.map(|class| class.name().clone())
        };
        ingress.class().cloned().or_else(default)
    }

    /// An object with the Secrets that it names, and what allows it to name those of others.
    fn holder(&mut self, holder: &Kept) {
        self.named(holder, true);
        for secret in holder.secrets() {
            if secret.namespace != *holder.namespace() {
                let grants = self.store.shelf(&REFERENCE_GRANT);
                let grants = grants.in_namespace(&secret.namespace);
                grants.into_iter().for_each(|grant| self.add(grant));
            }
        }
    }

    /// The parents of a route or ListenerSet, and the other listeners there, which may take
    /// its names.
    fn parents(&mut self, object: &Kept) {
        // Its labels decide whether a selector lets the object in.
        let own = self.store.shelf(&NAMESPACE);
        own.get("", object.namespace())
            .into_iter()
            .for_each(|own| self.add(own));
        for link in object.links() {
            let Link::Parent(name) = link else {
                continue;
            };
            if let Some(parent) = self.store.get(name.kind, &name.namespace, &name.name) {
                self.holder(&parent);
                if parent.holds_listeners() {
                    self.parents(&parent);
                }
                self.add(parent);
            }
            self.sets(link);
        }
    }

    /// The ListenerSets of a Gateway, with their Secrets: of listeners with one hostname it counts
    /// which certificate covers that.
    fn sets(&mut self, parent: &Link) {
        for set in self.store.shelf(&LISTENER_SET).linked(parent) {
            self.holder(&set);
            self.add(set);
        }
    }

    /// The Secrets that an object names, and what writes them where that counts.
    fn named(&mut self, object: &Kept, with_writers: bool) {
        for secret in object.secrets() {
            let held = self.store.secret(&secret.namespace, &secret.name);
            self.secrets.insert(secret.clone(), held);
            if with_writers {
                self.writers(secret);
            }
        }
    }

    /// The supplier of a Secret.
    fn writers(&mut self, secret: &SecretName) {
        self.linked(&Link::Writes(secret.clone()));
        // Of the objects for which cert-manager writes it the oldest of each kind counts.
        let issued = Link::Issued(secret.clone());
        for shelf in self.store.shelves.values() {
            let oldest = shelf.first_linked(&issued, |other| !other.is_same(self.object));
            if let Some(oldest) = oldest {
                if *oldest.kind() == INGRESS {
                    self.named(&oldest, false);
                }
                self.add(oldest);
            }
        }
    }

    fn linked(&mut self, link: &Link) {
        for other in self.store.linked(link) {
            self.add(other);
        }
    }

    fn add(&mut self, other: Arc<Kept>) {
        if !other.is_same(self.object) {
            self.objects.insert(other);
        }
    }
}

fn name_of(secret: &SecretSummary) -> SecretName {
    SecretName {
        namespace: secret.namespace().clone(),
        name: secret.name().clone(),
    }
}
