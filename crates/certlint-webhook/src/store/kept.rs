//! The kept part of one object: enough to lower it again, and no more.

use std::cmp::Ordering;
use std::sync::Arc;

use certlint_core::kubernetes::kinds::{
    Extract, Kind, LISTENER_SET, Link, ObjectName, SECRET, SecretName,
};
use certlint_core::kubernetes::{SecretSummary, Shared};

/// The size limit of objects in etcd, in bytes of JSON: a request may have 1.5 MiB there.
const SIZE_MAX: usize = 2 << 20;

/// An object as it is kept. Ordered by age, as controllers order what competes: by time of
/// creation, then by namespace and name.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    kind: &'static Kind,
    /// Empty for kinds without one.
    namespace: Arc<str>,
    name: Arc<str>,
    created: Box<str>,
    /// `spec.ingressClassName`, or the annotation.
    class: Option<Arc<str>>,
    links: Box<[Link]>,
    /// How many hosts an Ingress has.
    hosts: u32,
    /// Nobody looks at it.
    is_passing: bool,
    body: Body,
}

/// The kept part.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// JSON with the fields that matter, and `apiVersion` and `kind`.
    Object(Box<[u8]>),
    /// A Secret, without its key.
    Secret(Arc<SecretSummary>),
    /// Too large to be kept; nothing is known of it.
    TooLarge,
}

impl Kept {
    /// Reads an object from its JSON; `apiVersion` and `kind` may be missing. `None` where the
    /// text is no object.
    ///
    /// An object without a time of creation is not stored yet, and counts as the newest of all.
    pub(crate) fn read(kind: &'static Kind, json: &[u8]) -> Option<Self> {
        if *kind == SECRET {
            return SecretSummary::read(json).map(Self::of_secret);
        }
        let object = Extract::read(kind, json)?;
        let is_too_large = object.json.len() > SIZE_MAX;
        Some(Self {
            kind,
            namespace: object.namespace.into(),
            name: object.name.into(),
            created: object.created.into(),
            class: object.class.map(Arc::from),
            hosts: object.hosts.try_into().unwrap_or(u32::MAX),
            is_passing: object.is_passing,
            links: if is_too_large {
                Box::default()
            } else {
                object.links
            },
            body: if is_too_large {
                Body::TooLarge
            } else {
                Body::Object(object.json.into())
            },
        })
    }

    /// A Secret that was read already.
    pub(crate) fn of_secret(summary: SecretSummary) -> Self {
        Self {
            kind: &SECRET,
            namespace: summary.namespace().clone(),
            name: summary.name().clone(),
            created: Box::default(),
            class: None,
            links: Box::default(),
            hosts: 0,
            is_passing: false,
            body: Body::Secret(Arc::new(summary)),
        }
    }

    /// The summary of a Secret; the object itself where it is something else.
    pub(super) fn into_secret(self) -> Result<SecretSummary, Self> {
        match self.body {
            Body::Secret(summary) => Ok(Arc::unwrap_or_clone(summary)),
            Body::Object(_) | Body::TooLarge => Err(self),
        }
    }

    pub(crate) fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Empty for kinds without one.
    pub(crate) fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its identity.
    pub(crate) fn object_name(&self) -> ObjectName {
        ObjectName {
            kind: self.kind,
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    pub(crate) fn body(&self) -> &Body {
        &self.body
    }

    /// The JSON to lower; `None` for a Secret, and for what is too large.
    pub(crate) fn json(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Object(json) => Some(json),
            Body::Secret(_) | Body::TooLarge => None,
        }
    }

    /// When it was made, as it is written: in UTC, so that times compare as texts.
    pub(crate) fn created(&self) -> &str {
        &self.created
    }

    /// The class that an Ingress names itself.
    pub(super) fn class(&self) -> Option<&Arc<str>> {
        self.class.as_ref()
    }

    /// Its links to other objects.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// Whether it names a Secret to serve it.
    pub(crate) fn names(&self, namespace: &str, name: &str) -> bool {
        self.links.iter().any(|link| match link {
            Link::Names(secret) => *secret.namespace == *namespace && *secret.name == *name,
            _ => false,
        })
    }

    /// The Secrets that it names, to serve them or to verify with them.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.links.iter().filter_map(Link::named)
    }

    /// It adds listeners to a Gateway, to which others may be attached.
    pub(super) fn holds_listeners(&self) -> bool {
        *self.kind == LISTENER_SET
    }

    /// Whether it is attached to another object, such as a Gateway, and has its Secrets from there.
    pub(crate) fn is_attached(&self) -> bool {
        let mut links = self.links.iter();
        links.any(|link| matches!(link, Link::Parent(_)))
    }

    /// How many hosts an Ingress has; 0 for kinds of which the API bounds them.
    pub(crate) fn hosts(&self) -> u32 {
        self.hosts
    }

    /// Nobody looks at it: it is being deleted, or answers a challenge for a minute.
    pub(crate) fn is_passing(&self) -> bool {
        self.is_passing
    }

    /// Both are versions of one object.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.namespace == other.namespace && self.name == other.name
    }

    /// Takes texts that other objects have, too, from what is shared.
    pub(super) fn share(&mut self, shared: &mut Shared) {
        shared.text(&mut self.namespace);
        for text in self.class.iter_mut() {
            shared.text(text);
        }
        for link in &mut self.links {
            link.share(shared);
        }
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        self.created
            .cmp(&other.created)
            .then_with(|| self.namespace.cmp(&other.namespace))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.kind.cmp(other.kind))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kept {}
