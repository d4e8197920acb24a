//! The Secrets that an object names itself, of which its user wants to hear, and how much it asks.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::store::Kind;

#[derive(Deserialize)]
struct IngressSpec {
    #[serde(default)]
    tls: Vec<IngressTls>,
    #[serde(default)]
    rules: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IngressTls {
    secret_name: Option<String>,
    #[serde(default)]
    hosts: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct GatewaySpec {
    #[serde(default)]
    listeners: Vec<Listener>,
}

#[derive(Deserialize)]
struct Listener {
    tls: Option<ListenerTls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListenerTls {
    #[serde(default)]
    certificate_refs: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Deserialize)]
struct RouteSpec {
    tls: Option<RouteTls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RouteTls {
    external_certificate: Option<Reference>,
}

/// Hosts of one object. No controller gets on with so many, and comparing them takes its time.
const HOSTS_MAX: usize = 2_000;

/// `NAMESPACE/NAME` of the Secrets that an object names.
#[derive(Debug, Default)]
pub(super) struct References(Vec<String>);

impl References {
    /// Of a `spec`; none where the fields have another form than they should. `None` where an
    /// object has more hosts than are judged; of the other kinds the API bounds them.
    pub(super) fn read(kind: Kind, namespace: &str, spec: Option<&RawValue>) -> Option<Self> {
        let Some(spec) = spec.map(RawValue::get) else {
            return Some(Self::default());
        };
        let beside = |name: String| format!("{namespace}/{name}");
        let of_reference = |reference: Reference| {
            let namespace = reference.namespace.as_deref().unwrap_or(namespace);
            Some(format!("{namespace}/{}", reference.name?))
        };
        let names = match kind {
            Kind::Ingress => {
                let spec: Option<IngressSpec> = serde_json::from_str(spec).ok();
                if spec.as_ref().is_some_and(IngressSpec::is_too_large) {
                    return None;
                }
                let entries = spec.into_iter().flat_map(|spec| spec.tls);
                entries
                    .filter_map(|entry| entry.secret_name.map(beside))
                    .collect()
            }
            Kind::Gateway | Kind::ListenerSet => {
                let spec: Option<GatewaySpec> = serde_json::from_str(spec).ok();
                let listeners = spec.into_iter().flat_map(|spec| spec.listeners);
                let references = listeners
                    .filter_map(|listener| listener.tls)
                    .flat_map(|tls| tls.certificate_refs);
                references.filter_map(of_reference).collect()
            }
            Kind::Route => {
                let spec: Option<RouteSpec> = serde_json::from_str(spec).ok();
                let tls = spec.and_then(|spec| spec.tls);
                let reference = tls.and_then(|tls| tls.external_certificate);
                reference.and_then(of_reference).into_iter().collect()
            }
            _ => Vec::new(),
        };
        Some(Self(names))
    }

    pub(super) fn has(&self, namespace: &str, name: &str) -> bool {
        let mut names = self.0.iter();
        names.any(|named| named.split_once('/') == Some((namespace, name)))
    }
}

impl IngressSpec {
    fn is_too_large(&self) -> bool {
        let listed: usize = self.tls.iter().map(|entry| entry.hosts.len() + 1).sum();
        listed > HOSTS_MAX || self.rules.len() > HOSTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: Kind, spec: &str) -> Vec<String> {
        let spec = RawValue::from_string(spec.to_owned()).unwrap();
        References::read(kind, "shop", Some(&spec)).unwrap().0
    }

    #[test]
    fn each_kind_names_its_secrets_in_its_own_field() {
        let ingress = r#"{"tls": [{"secretName": "a", "hosts": []}, {}], "x": 1}"#;
        assert_eq!(named(Kind::Ingress, ingress), ["shop/a"]);
        let gateway = r#"{"listeners": [{"tls": {"certificateRefs":
            [{"name": "a"}, {"name": "b", "namespace": "infra"}]}}, {"protocol": "HTTP"}]}"#;
        assert_eq!(named(Kind::Gateway, gateway), ["shop/a", "infra/b"]);
        let route = r#"{"tls": {"externalCertificate": {"name": "a"}}}"#;
        assert_eq!(named(Kind::Route, route), ["shop/a"]);
        assert!(named(Kind::HttpRoute, gateway).is_empty());
    }

    #[test]
    fn an_ingress_with_thousands_of_hosts_is_too_large() {
        let spec = |hosts: usize| {
            let hosts = vec![r#""a.example.com""#; hosts].join(",");
            RawValue::from_string(format!(r#"{{"tls": [{{"hosts": [{hosts}]}}]}}"#)).unwrap()
        };
        let read = |kind, hosts| References::read(kind, "shop", Some(&spec(hosts)));
        assert!(read(Kind::Ingress, 1_999).is_some());
        assert!(read(Kind::Ingress, 2_000).is_none());
        assert!(read(Kind::Gateway, 2_000).is_some());
    }

    #[test]
    fn a_field_of_another_form_names_nothing() {
        assert!(named(Kind::Ingress, r#"{"tls": "a"}"#).is_empty());
        let none = References::read(Kind::Ingress, "shop", None).unwrap();
        assert!(none.0.is_empty());
    }
}
