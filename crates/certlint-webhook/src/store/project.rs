//! Which fields of an object are kept: those that lowering reads, at their places.
//!
//! Items of lists stay where they are, so that the paths in findings are those of the real object.
//! Nothing of the status is kept, no managed fields, and never a private key: that of a Route stands
//! in the object itself.

use serde_json::{Map, Value};

use super::Kind;

/// What is kept of a value.
enum Keep {
    /// All of it.
    All,
    /// These fields of an object.
    Fields(&'static [(&'static str, Self)]),
    /// All items of a list, and this of each.
    Items(&'static Self),
    /// The annotations that mean something to a controller, to cert-manager or to certlint.
    Annotations,
}

use Keep::{All, Annotations, Fields, Items};

/// For objects that the API server has not stored yet: newer than everything that it has.
pub(super) const NEWEST: &str = "9999-12-31T23:59:59Z";

/// What the keys of annotations begin with that somebody reads.
const ANNOTATIONS: &[&str] = &[
    "acme.cert-manager.io/",
    "appgw.ingress.kubernetes.io/",
    "cert-manager.io/",
    "certlint.io/",
    "haproxy-ingress.github.io/",
    "ingress.gcp.kubernetes.io/",
    "ingressclass.kubernetes.io/",
    "kubernetes.io/ingress.class",
    "kubernetes.io/tls-acme",
    "networking.gke.io/",
    "nginx.ingress.kubernetes.io/",
    "projectcontour.io/",
    "traefik.ingress.kubernetes.io/",
];

static METADATA: Keep = Fields(&[
    ("annotations", Annotations),
    ("creationTimestamp", All),
    ("deletionTimestamp", All),
    ("generation", All),
    (
        "labels",
        Fields(&[("acme.cert-manager.io/http01-solver", All)]),
    ),
    ("name", All),
    ("namespace", All),
    (
        "ownerReferences",
        Items(&Fields(&[("kind", All), ("name", All)])),
    ),
    ("resourceVersion", All),
    ("uid", All),
]);

/// Of a namespace only the labels count.
static NAMESPACE: Keep = Fields(&[("labels", All), ("name", All)]);

static CERTIFICATE: Keep = Fields(&[("dnsNames", All), ("ipAddresses", All), ("secretName", All)]);

static EXTERNAL_SECRET: Keep = Fields(&[("target", Fields(&[("name", All)]))]);

static INGRESS: Keep = Fields(&[
    ("ingressClassName", All),
    (
        "rules",
        Items(&Fields(&[
            ("host", All),
            (
                "http",
                Fields(&[("paths", Items(&Fields(&[("path", All), ("pathType", All)])))]),
            ),
        ])),
    ),
    (
        "tls",
        Items(&Fields(&[("hosts", All), ("secretName", All)])),
    ),
]);

static INGRESS_CLASS: Keep = Fields(&[("controller", All)]);

/// Gateway and ListenerSet.
static LISTENERS: Keep = Fields(&[
    ("allowedListeners", All),
    (
        "listeners",
        Items(&Fields(&[
            ("allowedRoutes", All),
            ("hostname", All),
            ("name", All),
            ("port", All),
            ("protocol", All),
            ("tls", All),
        ])),
    ),
    ("parentRef", All),
]);

static REFERENCE_GRANT: Keep = Fields(&[("from", All), ("to", All)]);

/// Of OpenShift. Its `key` is left out.
static ROUTE: Keep = Fields(&[
    ("host", All),
    (
        "tls",
        Fields(&[
            ("caCertificate", All),
            ("certificate", All),
            ("externalCertificate", All),
            ("termination", All),
        ]),
    ),
    ("wildcardPolicy", All),
]);

/// GRPCRoute, HTTPRoute and TLSRoute.
static ROUTES: Keep = Fields(&[("hostnames", All), ("parentRefs", All)]);

static SEALED_SECRET: Keep = Fields(&[(
    "template",
    Fields(&[("metadata", Fields(&[("name", All)]))]),
)]);

static TLS_STORE: Keep = Fields(&[("certificates", All), ("defaultCertificate", All)]);

static NOTHING: Keep = Fields(&[]);

/// The object with the fields that matter.
pub(super) fn project(kind: Kind, object: &Value) -> Value {
    let (metadata, spec) = match kind {
        Kind::Certificate => (&METADATA, &CERTIFICATE),
        Kind::ExternalSecret => (&METADATA, &EXTERNAL_SECRET),
        Kind::Gateway | Kind::ListenerSet => (&METADATA, &LISTENERS),
        Kind::GrpcRoute | Kind::HttpRoute | Kind::TlsRoute => (&METADATA, &ROUTES),
        Kind::Ingress => (&METADATA, &INGRESS),
        Kind::IngressClass => (&METADATA, &INGRESS_CLASS),
        Kind::Namespace => (&NAMESPACE, &NOTHING),
        Kind::ReferenceGrant => (&METADATA, &REFERENCE_GRANT),
        Kind::Route => (&METADATA, &ROUTE),
        Kind::SealedSecret => (&METADATA, &SEALED_SECRET),
        Kind::TlsStore => (&METADATA, &TLS_STORE),
        // Never kept as it is.
        Kind::Secret => (&NOTHING, &NOTHING),
    };
    let (api_version, name) = kind.names();
    let mut kept = Map::new();
    kept.insert("apiVersion".to_owned(), api_version.into());
    kept.insert("kind".to_owned(), name.into());
    let mut part = |name: &str, keep| {
        if let Some(value) = keep_of(keep, &object[name]) {
            kept.insert(name.to_owned(), value);
        }
    };
    part("metadata", metadata);
    part("spec", spec);
    let mut kept = Value::Object(kept);
    if kept["metadata"]["creationTimestamp"]
        .as_str()
        .is_none_or(str::is_empty)
    {
        kept["metadata"]["creationTimestamp"] = NEWEST.into();
    }
    kept
}

/// `None` for what is not kept, or is not what it should be.
fn keep_of(keep: &Keep, value: &Value) -> Option<Value> {
    match (keep, value) {
        (_, Value::Null) => None,
        (All, _) => Some(value.clone()),
        (Fields(fields), Value::Object(object)) => {
            let fields = fields.iter().filter_map(|(name, keep)| {
                let value = keep_of(keep, object.get(*name)?)?;
                Some(((*name).to_owned(), value))
            });
            Some(Value::Object(fields.collect()))
        }
        (Items(keep), Value::Array(items)) => {
            // What is nothing to anybody still takes its place.
            let items = items.iter().map(|item| keep_of(keep, item));
            Some(items.map(Option::unwrap_or_default).collect())
        }
        (Annotations, Value::Object(annotations)) => {
            let is_read = |key: &str| ANNOTATIONS.iter().any(|prefix| key.starts_with(prefix));
            let kept = annotations.iter().filter(|(key, _)| is_read(key));
            let kept: Map<_, _> = kept
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        (Fields(_) | Items(_) | Annotations, _) => None,
    }
}
