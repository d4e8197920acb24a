//! Which fields of an object are kept: those that lowering reads, at their places.
//!
//! Items of lists stay where they are, so that the paths in findings are those of the real object.
//! Nothing of the status is kept, no managed fields, and never a private key: that of a Route stands
//! in the object itself.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
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

/// Reads an object from JSON with the fields that matter; `None` for what is none.
pub(super) fn project(kind: Kind, json: &[u8]) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let mut kept = Whole(kind).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    let metadata = kept.get_mut("metadata")?;
    let created = metadata["creationTimestamp"].as_str();
    if created.is_none_or(str::is_empty) {
        metadata["creationTimestamp"] = NEWEST.into();
    }
    let (api_version, name) = kind.names();
    kept.insert("apiVersion".to_owned(), api_version.into());
    kept.insert("kind".to_owned(), name.into());
    Some(Value::Object(kept))
}

/// What is kept of metadata and spec.
fn parts(kind: Kind) -> (&'static Keep, &'static Keep) {
    match kind {
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
    }
}

/// An object; what else is in it is not even taken into memory.
struct Whole(Kind);

impl<'de> DeserializeSeed<'de> for Whole {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (metadata, spec) = parts(self.0);
        let mut kept = Map::new();
        while let Some(Key(key)) = map.next_key()? {
            let keep = match &*key {
                "metadata" => metadata,
                "spec" => spec,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            set(&mut kept, &key, map.next_value_seed(Part(keep))?);
        }
        Ok(kept)
    }
}

/// A value of an object, of which a part is kept; none where it is not what it should be.
struct Part(&'static Keep);

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            All => Option::deserialize(deserializer),
            Fields(_) | Items(_) | Annotations => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Option<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kept = Map::new();
        while let Some(Key(key)) = map.next_key()? {
            let keep = match self.0 {
                Fields(fields) => fields.iter().find(|(name, _)| *name == key),
                Annotations if ANNOTATIONS.iter().any(|own| key.starts_with(own)) => {
                    Some(&("", All))
                }
                All | Items(_) | Annotations => None,
            };
            match keep {
                Some((_, keep)) => set(&mut kept, &key, map.next_value_seed(Self(keep))?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(match self.0 {
            Fields(_) => Some(Value::Object(kept)),
            Annotations => (!kept.is_empty()).then_some(Value::Object(kept)),
            All | Items(_) => None,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Items(keep) = self.0 else {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(None);
        };
        let mut kept = Vec::new();
        while let Some(item) = list.next_element_seed(Self(keep))? {
            // What is nothing to anybody still takes its place.
            kept.push(item.unwrap_or_default());
        }
        Ok(Some(Value::Array(kept)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// The key of a field, from where it was read if it has no escapes.
#[derive(Deserialize)]
struct Key<'k>(#[serde(borrow)] Cow<'k, str>);

/// Of two fields with one name the last one counts.
fn set(kept: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(kept.insert(key.to_owned(), value)),
        None => drop(kept.remove(key)),
    }
}
