//! Where the API server has the objects of a kind, and which kinds certlint reads.

use std::collections::BTreeMap;

use anyhow::Result;
use cluster::api::Api;
use serde_json::Value;

/// Kinds that the webhook knows objects of, by group. The others it never hears of.
const KNOWN: [(&str, &str); 15] = [
    ("", "Namespace"),
    ("", "Secret"),
    ("bitnami.com", "SealedSecret"),
    ("cert-manager.io", "Certificate"),
    ("external-secrets.io", "ExternalSecret"),
    (GATEWAY_API, "GRPCRoute"),
    (GATEWAY_API, "Gateway"),
    (GATEWAY_API, "HTTPRoute"),
    (GATEWAY_API, "ListenerSet"),
    (GATEWAY_API, "ReferenceGrant"),
    (GATEWAY_API, "TLSRoute"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "IngressClass"),
    ("route.openshift.io", "Route"),
    ("traefik.io", "TLSStore"),
];

/// Kinds of which it reviews requests.
const REVIEWED: [&str; 7] = [
    "GRPCRoute",
    "Gateway",
    "HTTPRoute",
    "Ingress",
    "ListenerSet",
    "Route",
    "TLSRoute",
];

const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// True for objects that are kept, so that they must be there.
pub(super) fn is_known(object: &Value) -> bool {
    let api = text(object, "apiVersion");
    let group = api.split_once('/').map_or("", |(group, _)| group);
    KNOWN.contains(&(group, text(object, "kind")))
}

/// True for objects that are refused where they are wrong.
pub(super) fn is_reviewed(object: &Value) -> bool {
    is_known(object) && REVIEWED.contains(&text(object, "kind"))
}

/// The kinds that the API server serves, as far as it was asked.
#[derive(Default)]
pub(super) struct Resources {
    /// By version and kind.
    found: BTreeMap<String, BTreeMap<String, Resource>>,
}

#[derive(Clone)]
struct Resource {
    plural: String,
    is_namespaced: bool,
}

impl Resources {
    /// The path of the collection that an object belongs to. Writes the namespace into objects that
    /// need one and have none; `None` where the API server does not know the kind.
    pub(super) fn place(
        &mut self,
        api: &Api,
        object: &mut Value,
        namespace: &str,
    ) -> Result<Option<String>> {
        let version = text(object, "apiVersion").to_owned();
        let root = match version.contains('/') {
            true => format!("/apis/{version}"),
            false => format!("/api/{version}"),
        };
        if !self.found.contains_key(&version) {
            self.found.insert(version.clone(), served(api, &root)?);
        }
        let Some(resource) = self.found[&version].get(text(object, "kind")).cloned() else {
            return Ok(None);
        };
        let plural = resource.plural;
        if !resource.is_namespaced {
            return Ok(Some(format!("{root}/{plural}")));
        }
        let own = &mut object["metadata"]["namespace"];
        if own.is_null() {
            *own = namespace.into();
        }
        let namespace = own.as_str().unwrap_or_default();
        Ok(Some(format!("{root}/namespaces/{namespace}/{plural}")))
    }
}

fn served(api: &Api, root: &str) -> Result<BTreeMap<String, Resource>> {
    let answer = api.get(root)?;
    let resources = answer.body["resources"].as_array().into_iter().flatten();
    let whole = resources.filter(|it| !text(it, "name").contains('/'));
    Ok(whole
        .map(|it| {
            let resource = Resource {
                plural: text(it, "name").to_owned(),
                is_namespaced: it["namespaced"] == true,
            };
            (text(it, "kind").to_owned(), resource)
        })
        .collect())
}

pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}
