//! Links of an object to others, as keys to find it by.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use super::Kind;
use crate::kubernetes::shared::Shared;

/// A key by which an object is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// It is the class of Ingresses that name none.
    DefaultClass,
    /// It has something to do with a host: the hash of one of its [`hosts`](super::hosts_of).
    /// Should two hosts ever have the same, an object is looked at in vain.
    Host(u64),
    /// cert-manager writes the Secret for the hosts of this object.
    Issued(SecretName),
    /// It names the Secret to serve it.
    Names(SecretName),
    /// It is attached to another object, such as a Gateway.
    Parent(ObjectName),
    /// It names the Secret to verify a backend with it.
    Verifies(SecretName),
    /// It writes the Secret.
    Writes(SecretName),
}

/// Kind, namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Its kind.
    pub kind: &'static Kind,
    /// Empty for kinds without one.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// Namespace and name of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl Link {
    /// The link of a host in lower case; `_` for all hosts.
    #[must_use]
    pub fn host(host: &str) -> Self {
        Self::Host(hash(host))
    }

    /// The key by which it is found where there are many.
    #[must_use]
    pub fn hash(&self) -> u64 {
        hash(self)
    }

    /// The Secret that the object names, to serve it or to verify with it.
    #[must_use]
    pub fn named(&self) -> Option<&SecretName> {
        match self {
            Self::Names(secret) | Self::Verifies(secret) => Some(secret),
            _ => None,
        }
    }

    /// Takes texts that other links have, too, from what is shared.
    pub fn share(&mut self, shared: &mut Shared) {
        let (namespace, name) = match self {
            Self::DefaultClass | Self::Host(_) => return,
            Self::Issued(secret)
            | Self::Names(secret)
            | Self::Verifies(secret)
            | Self::Writes(secret) => (&mut secret.namespace, &mut secret.name),
            Self::Parent(object) => (&mut object.namespace, &mut object.name),
        };
        shared.text(namespace);
        shared.text(name);
    }
}

/// The links of one object, sorted, each once.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeSet<Link>);

impl Links {
    pub(super) fn add(&mut self, link: Link) {
        self.0.insert(link);
    }

    /// A Secret that the object names to serve it.
    pub(super) fn names(&mut self, namespace: &str, name: &str) {
        self.add(Link::Names(SecretName::new(namespace, name)));
    }

    pub(super) fn into_all(self) -> Box<[Link]> {
        self.0.into_iter().collect()
    }
}

impl SecretName {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
