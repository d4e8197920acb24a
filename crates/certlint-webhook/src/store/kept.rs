//! What is kept of one object: enough to lower it again, and no more.

use std::sync::Arc;

use certlint_core::kubernetes::SecretSummary;

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
}

/// An object as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    kind: Kind,
    /// Empty for kinds without one.
    namespace: Arc<str>,
    name: Arc<str>,
    body: Body,
}

/// What is kept of it.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// JSON with the fields that matter.
    Object(Box<[u8]>),
    /// A Secret, without its key.
    Secret(Arc<SecretSummary>),
}

impl Kept {
    /// Reads an object from its JSON; `apiVersion` and `kind` may be missing. `None` where the
    /// text is no object with a name.
    pub(crate) fn read(kind: Kind, json: &[u8]) -> Option<Self> {
        if kind == Kind::Secret {
            return SecretSummary::read(json).map(Self::of_secret);
        }
        let object: serde_json::Value = serde_json::from_slice(json).ok()?;
        let field = |name: &str| object["metadata"][name].as_str();
        Some(Self {
            kind,
            namespace: field("namespace").unwrap_or_default().into(),
            name: field("name").or_else(|| field("generateName"))?.into(),
            body: Body::Object(json.into()),
        })
    }

    /// A Secret that was read already.
    pub(crate) fn of_secret(summary: SecretSummary) -> Self {
        Self {
            kind: Kind::Secret,
            namespace: summary.namespace().clone(),
            name: summary.name().clone(),
            body: Body::Secret(Arc::new(summary)),
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

    pub(crate) fn body(&self) -> &Body {
        &self.body
    }
}
