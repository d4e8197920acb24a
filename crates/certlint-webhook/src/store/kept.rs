//! What is kept of one object: enough to lower it again, and no more.

use std::cmp::Ordering;
use std::sync::Arc;

use certlint_core::kubernetes::{SecretSummary, Shared};

use super::ObjectName;
use super::links::{Link, links};
use super::project::{NEWEST, project};

/// What fits into etcd is below this, in bytes of JSON: a request may have 1.5 MiB there.
const SIZE_MAX: usize = 2 << 20;

/// The kinds that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// `cert-manager.io`
    Certificate,
    /// `external-secrets.io`
    ExternalSecret,
    /// `gateway.networking.k8s.io`
    Gateway,
    /// `gateway.networking.k8s.io`
    GrpcRoute,
    /// `gateway.networking.k8s.io`
    HttpRoute,
    /// `networking.k8s.io`
    Ingress,
    /// `networking.k8s.io`; has no namespace.
    IngressClass,
    /// `gateway.networking.k8s.io`
    ListenerSet,
    /// Only its labels; has no namespace.
    Namespace,
    /// `gateway.networking.k8s.io`
    ReferenceGrant,
    /// `route.openshift.io`
    Route,
    /// `bitnami.com`
    SealedSecret,
    /// Facts only, see [`SecretSummary`].
    Secret,
    /// `gateway.networking.k8s.io`
    TlsRoute,
    /// `traefik.io`
    TlsStore,
}

impl Kind {
    /// All kinds, sorted.
    pub(crate) const ALL: [Self; 15] = [
        Self::Certificate,
        Self::ExternalSecret,
        Self::Gateway,
        Self::GrpcRoute,
        Self::HttpRoute,
        Self::Ingress,
        Self::IngressClass,
        Self::ListenerSet,
        Self::Namespace,
        Self::ReferenceGrant,
        Self::Route,
        Self::SealedSecret,
        Self::Secret,
        Self::TlsRoute,
        Self::TlsStore,
    ];

    /// `apiVersion` and `kind`, as objects are kept.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        const GATEWAY: &str = "gateway.networking.k8s.io/v1";
        match self {
            Self::Certificate => ("cert-manager.io/v1", "Certificate"),
            Self::ExternalSecret => ("external-secrets.io/v1", "ExternalSecret"),
            Self::Gateway => (GATEWAY, "Gateway"),
            Self::GrpcRoute => (GATEWAY, "GRPCRoute"),
            Self::HttpRoute => (GATEWAY, "HTTPRoute"),
            Self::Ingress => ("networking.k8s.io/v1", "Ingress"),
            Self::IngressClass => ("networking.k8s.io/v1", "IngressClass"),
            Self::ListenerSet => (GATEWAY, "ListenerSet"),
            Self::Namespace => ("v1", "Namespace"),
            Self::ReferenceGrant => (GATEWAY, "ReferenceGrant"),
            Self::Route => ("route.openshift.io/v1", "Route"),
            Self::SealedSecret => ("bitnami.com/v1alpha1", "SealedSecret"),
            Self::Secret => ("v1", "Secret"),
            Self::TlsRoute => (GATEWAY, "TLSRoute"),
            Self::TlsStore => ("traefik.io/v1alpha1", "TLSStore"),
        }
    }
}

/// An object as it is kept. Ordered by age, as controllers order what competes: by time of
/// creation, then by namespace and name.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    kind: Kind,
    /// Empty for kinds without one.
    namespace: Arc<str>,
    name: Arc<str>,
    created: Box<str>,
    /// `spec.ingressClassName`, or the annotation.
    class: Option<Arc<str>>,
    links: Box<[Link]>,
    body: Body,
}

/// What is kept of it.
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
    pub(crate) fn read(kind: Kind, json: &[u8]) -> Option<Self> {
        if kind == Kind::Secret {
            return SecretSummary::read(json).map(Self::of_secret);
        }
        let object = project(kind, json)?;
        let text =
            |value: &serde_json::Value| value.as_str().filter(|s| !s.is_empty()).map(Arc::from);
        let metadata = &object["metadata"];
        let namespace = text(&metadata["namespace"]).unwrap_or_default();
        let mut kept = Self {
            kind,
            name: text(&metadata["name"]).unwrap_or_else(|| "unnamed".into()),
            created: metadata["creationTimestamp"]
                .as_str()
                .unwrap_or(NEWEST)
                .into(),
            class: text(&object["spec"]["ingressClassName"])
                .or_else(|| text(&metadata["annotations"]["kubernetes.io/ingress.class"]))
                .filter(|_| kind == Kind::Ingress),
            links: links(kind, &namespace, &object),
            namespace,
            body: Body::Object(serde_json::to_vec(&object).ok()?.into()),
        };
        if matches!(&kept.body, Body::Object(json) if json.len() > SIZE_MAX) {
            kept.links = Box::default();
            kept.body = Body::TooLarge;
        }
        Some(kept)
    }

    /// A Secret that was read already.
    pub(crate) fn of_secret(summary: SecretSummary) -> Self {
        Self {
            kind: Kind::Secret,
            namespace: summary.namespace().clone(),
            name: summary.name().clone(),
            created: Box::default(),
            class: None,
            links: Box::default(),
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

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Empty for kinds without one.
    pub(crate) fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What tells it from all others.
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

    /// What it has to do with other objects.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
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
        for text in self.links.iter_mut().flat_map(Link::texts) {
            shared.text(text);
        }
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        self.created
            .cmp(&other.created)
            .then_with(|| self.namespace.cmp(&other.namespace))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.kind.cmp(&other.kind))
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
