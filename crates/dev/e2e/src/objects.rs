//! The objects of the cases, short to write down.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::certificate::Pair;

/// An object with what all have.
pub(super) fn object(api: &str, kind: &str, namespace: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    });
    if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), rest) {
        object.extend(rest);
    }
    object
}

/// An Ingress with one host under one Secret.
pub(super) fn ingress(namespace: &str, name: &str, host: &str, secret: &str) -> Value {
    let spec = json!({
        "tls": [{"hosts": [host], "secretName": secret}],
        "rules": [rule(host)],
    });
    ingress_of(namespace, name, spec)
}

/// An Ingress with a `spec` of one's own.
pub(super) fn ingress_of(namespace: &str, name: &str, spec: Value) -> Value {
    object(
        "networking.k8s.io/v1",
        "Ingress",
        namespace,
        name,
        json!({ "spec": spec }),
    )
}

/// A rule that sends a host somewhere.
pub(super) fn rule(host: &str) -> Value {
    let mut rule = json!({"http": {"paths": [{
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": "shop", "port": {"number": 80}}},
    }]}});
    if !host.is_empty() {
        rule["host"] = host.into();
    }
    rule
}

/// A TLS Secret.
pub(super) fn secret(namespace: &str, name: &str, pair: &Pair) -> Value {
    secret_of(
        namespace,
        name,
        "kubernetes.io/tls",
        &[
            ("tls.crt", pair.chain.as_bytes()),
            ("tls.key", pair.key.as_bytes()),
        ],
    )
}

/// A Secret of any type with any data.
pub(super) fn secret_of(namespace: &str, name: &str, kind: &str, data: &[(&str, &[u8])]) -> Value {
    let data: serde_json::Map<_, _> = (data.iter())
        .map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into()))
        .collect();
    object(
        "v1",
        "Secret",
        namespace,
        name,
        json!({"type": kind, "data": data}),
    )
}

/// The same object with annotations.
pub(super) fn annotated(mut object: Value, annotations: Value) -> Value {
    object["metadata"]["annotations"] = annotations;
    object
}

/// A text as a Secret has it.
pub(super) fn encoded(text: &str) -> Value {
    STANDARD.encode(text).into()
}

/// The text of a value in a Secret.
pub(super) fn decoded(value: &Value) -> Result<String> {
    let bytes = STANDARD.decode(value.as_str().unwrap_or_default())?;
    Ok(String::from_utf8(bytes)?)
}

/// The path of an object's collection on the API server.
pub(super) fn collection(object: &Value) -> String {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    let root = if api.contains('/') { "apis" } else { "api" };
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with('a') => format!("{stem}ies"),
        _ if kind.ends_with('s') => format!("{kind}es"),
        _ => format!("{kind}s"),
    };
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/{root}/{api}/namespaces/{namespace}/{plural}"),
        None => format!("/{root}/{api}/{plural}"),
    }
}

/// The path of an object on the API server.
pub(super) fn path(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    format!("{}/{name}", collection(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_have_their_plural_names() {
        for (kind, plural) in [
            ("Ingress", "ingresses"),
            ("IngressClass", "ingressclasses"),
            ("Secret", "secrets"),
            ("Gateway", "gateways"),
            ("HTTPRoute", "httproutes"),
        ] {
            let made = object("a/v1", kind, "shop", "x", json!({}));
            assert_eq!(
                collection(&made),
                format!("/apis/a/v1/namespaces/shop/{plural}")
            );
        }
        let secret = object("v1", "Secret", "shop", "x", json!({}));
        assert_eq!(path(&secret), "/api/v1/namespaces/shop/secrets/x");
    }
}
