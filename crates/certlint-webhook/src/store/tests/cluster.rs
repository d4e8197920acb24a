//! Clusters for tests: few names, so that objects meet each other.

use certlint_core::kubernetes::kinds::{
    CERTIFICATE, EXTERNAL_SECRET, GATEWAY, HTTP_ROUTE, INGRESS, INGRESS_CLASS, LISTENER_SET,
    REFERENCE_GRANT, ROUTE, SEALED_SECRET, SECRET, TLS_ROUTE, TLS_STORE,
};
use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Map, Value, json};

use crate::store::Kind;

const NAMESPACES: [&str; 2] = ["infra", "shop"];
const SECRETS: [&str; 4] = ["s0", "s1", "s2", "s3"];
const HOSTS: [&str; 6] = [
    "x.test",
    "www.x.test",
    "*.x.test",
    "a.www.x.test",
    "y.test",
    "www.y.test",
];

/// A certificate with its key, in PEM.
pub(super) struct Certificate {
    certificate: String,
    key: String,
}

/// Certificates for some of the hosts, the first one for none.
pub(super) static CERTIFICATES: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let names: [&[&str]; 5] = [
        &["other.test"],
        &["x.test", "www.x.test"],
        &["*.x.test"],
        &["y.test"],
        &["x.test", "*.x.test", "www.y.test"],
    ];
    let make = |names: &[&str]| {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names).expect("names");
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2126, 1, 1);
        Certificate {
            certificate: parameters.self_signed(&key).expect("it is signed").pem(),
            key: key.serialize_pem(),
        }
    };
    names.into_iter().map(make).collect()
});

/// A Secret of type `kubernetes.io/tls`; without a certificate what it holds cannot be read.
pub(super) fn secret(namespace: &str, name: &str, certificate: Option<&Certificate>) -> Value {
    let (certificate, key) = match certificate {
        Some(pair) => (pair.certificate.as_str(), pair.key.as_str()),
        None => ("no certificate", "no key"),
    };
    json!({
        "metadata": {"namespace": namespace, "name": name},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": certificate, "tls.key": key},
    })
}

/// Objects with their kinds, each name once: of all kinds, or mostly of those that go together.
pub(super) fn cluster() -> impl Strategy<Value = Vec<(&'static Kind, Value)>> {
    let all = Scope {
        namespaces: 2,
        names: 6,
        hosts: HOSTS.len(),
    };
    let near = Scope {
        namespaces: 1,
        ..all
    };
    let few = Scope { names: 2, ..all };
    let one = Scope { hosts: 1, ..all };
    let mixed = prop_oneof![
        8 => ingress(all),
        5 => secrets(all),
        2 => certificate(all),
        1 => supplier(all),
        1 => ingress_class(),
        2 => gateway(all),
        2 => listener_set(all),
        3 => route(all),
        1 => grant(all),
        1 => openshift(all),
    ];
    let ingresses = prop_oneof![
        8 => ingress(near),
        6 => secrets(near),
        1 => certificate(near),
        1 => ingress_class(),
        1 => tls_store(near),
    ];
    let gateways = prop_oneof![
        4 => gateway(few),
        4 => listener_set(few),
        6 => secrets(few),
        6 => route(few),
        1 => grant(few),
        1 => certificate(few),
    ];
    let rivals = prop_oneof![
        1 => ingress(one),
        1 => secrets(one),
    ];
    let requests = prop_oneof![
        2 => certificate(near),
        1 => supplier(near),
        1 => secrets(near),
        1 => ingress(near),
    ];
    prop_oneof![
        proptest::collection::vec(mixed, 1..16),
        proptest::collection::vec(ingresses, 1..12),
        proptest::collection::vec(gateways, 1..16),
        proptest::collection::vec(rivals, 1..12),
        proptest::collection::vec(requests, 1..12),
    ]
    .prop_map(unique)
}

/// How many names there are to choose from.
#[derive(Clone, Copy)]
struct Scope {
    namespaces: usize,
    names: u32,
    hosts: usize,
}

fn unique(mut objects: Vec<(&'static Kind, Value)>) -> Vec<(&'static Kind, Value)> {
    let mut seen = BTreeSet::new();
    objects.retain(|(kind, object)| {
        let meta = &object["metadata"];
        seen.insert((
            kind.name,
            meta["namespace"].to_string(),
            meta["name"].to_string(),
        ))
    });
    // Two routes with one hostname at one listener are told of once; see `neighbours.rs`.
    for (index, (kind, object)) in objects.iter_mut().enumerate() {
        if [&HTTP_ROUTE, &TLS_ROUTE].contains(kind) {
            let hosts = object["spec"]["hostnames"].as_array_mut();
            for host in hosts.into_iter().flatten() {
                *host = format!("r{index}.{}", host.as_str().unwrap_or_default()).into();
            }
        }
    }
    objects
}

fn namespace(scope: Scope) -> impl Strategy<Value = &'static str> {
    select(&NAMESPACES[..scope.namespaces])
}

fn host(scope: Scope) -> impl Strategy<Value = &'static str> {
    select(&HOSTS[..scope.hosts])
}

fn hosts(scope: Scope) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(&HOSTS[..scope.hosts], 0..=scope.hosts.min(3))
}

fn secret_name() -> impl Strategy<Value = &'static str> {
    select(&SECRETS[..])
}

/// Some of the same age, some of no age.
fn created() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (1..5).prop_map(|day| json!(format!("2026-01-0{day}T00:00:00Z"))),
        1 => Just(Value::Null),
    ]
}

fn metadata(scope: Scope) -> impl Strategy<Value = Value> {
    (namespace(scope), 0..scope.names, created()).prop_map(|(namespace, number, created)| {
        json!({"namespace": namespace, "name": format!("o{number}"), "creationTimestamp": created})
    })
}

fn annotations() -> impl Strategy<Value = Map<String, Value>> {
    const NGINX: &str = "nginx.ingress.kubernetes.io/";
    let all: Vec<(String, &'static str)> = vec![
        (format!("{NGINX}server-alias"), "www.x.test, www.y.test"),
        (format!("{NGINX}from-to-www-redirect"), "true"),
        (format!("{NGINX}server-alias"), "y.test"),
        (format!("{NGINX}from-to-www-redirect"), "true"),
        (format!("{NGINX}backend-protocol"), "HTTPS"),
        (format!("{NGINX}proxy-ssl-verify"), "on"),
        (format!("{NGINX}proxy-ssl-secret"), "shop/s0"),
        (format!("{NGINX}canary"), "true"),
        ("cert-manager.io/cluster-issuer".to_owned(), "le"),
        ("kubernetes.io/tls-acme".to_owned(), "true"),
    ];
    subsequence(all, 0..3).prop_map(|chosen| {
        let entry = |(key, value): (String, &str)| (key, value.into());
        chosen.into_iter().map(entry).collect()
    })
}

fn ingress(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    let class = select(vec![
        None,
        Some("nginx"),
        Some("nginx"),
        Some("traefik"),
        Some("haproxy"),
        Some("edge"),
    ]);
    let entry = (hosts(scope), proptest::option::weighted(0.9, secret_name()));
    let entries = proptest::collection::vec(entry, 0..3);
    let rules = proptest::collection::vec(proptest::option::weighted(0.9, host(scope)), 0..4);
    (metadata(scope), annotations(), class, entries, rules).prop_map(
        |(mut metadata, annotations, class, entries, rules)| {
            metadata["annotations"] = annotations.into();
            let entries = entries.into_iter();
            let tls: Vec<_> = entries
                .map(|(hosts, secret)| json!({"hosts": hosts, "secretName": secret}))
                .collect();
            let path = json!({"paths": [{"path": "/", "pathType": "Prefix"}]});
            let rules: Vec<_> = rules
                .into_iter()
                .map(|host| json!({"host": host, "http": path}))
                .collect();
            let spec = json!({"ingressClassName": class, "tls": tls, "rules": rules});
            (&INGRESS, json!({"metadata": metadata, "spec": spec}))
        },
    )
}

fn secrets(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    let certificate = proptest::option::weighted(0.9, 0..5usize);
    (namespace(scope), secret_name(), certificate).prop_map(|(namespace, name, certificate)| {
        let certificate = certificate.map(|index| &CERTIFICATES[index]);
        (&SECRET, secret(namespace, name, certificate))
    })
}

fn certificate(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    let owner = proptest::option::of((select(vec!["Ingress", "Gateway"]), 0..scope.names));
    (metadata(scope), secret_name(), hosts(scope), owner).prop_map(
        |(mut metadata, secret, hosts, owner)| {
            if let Some((kind, number)) = owner {
                let owner = json!({"kind": kind, "name": format!("o{number}")});
                metadata["ownerReferences"] = json!([owner]);
            }
            let spec = json!({"secretName": secret, "dnsNames": hosts});
            (&CERTIFICATE, json!({"metadata": metadata, "spec": spec}))
        },
    )
}

fn supplier(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    (metadata(scope), secret_name(), any::<bool>()).prop_map(|(metadata, secret, is_sealed)| {
        let (kind, spec) = match is_sealed {
            true => (
                &SEALED_SECRET,
                json!({"template": {"metadata": {"name": secret}}}),
            ),
            false => (&EXTERNAL_SECRET, json!({"target": {"name": secret}})),
        };
        (kind, json!({"metadata": metadata, "spec": spec}))
    })
}

fn ingress_class() -> impl Strategy<Value = (&'static Kind, Value)> {
    let name = select(vec!["nginx", "traefik", "edge"]);
    let controller = select(vec![
        "k8s.io/ingress-nginx",
        "traefik.io/ingress-controller",
        "haproxy-ingress.github.io/controller",
        "x.test/own",
    ]);
    let default = select(vec!["true", "false"]);
    (name, controller, default, created()).prop_map(|(name, controller, default, created)| {
        let key = "ingressclass.kubernetes.io/is-default-class";
        let metadata = json!({
            "name": name, "creationTimestamp": created, "annotations": {key: default},
        });
        let spec = json!({"controller": controller});
        (&INGRESS_CLASS, json!({"metadata": metadata, "spec": spec}))
    })
}

fn tls_store(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    (namespace(scope), secret_name()).prop_map(|(namespace, secret)| {
        let metadata = json!({"namespace": namespace, "name": "default"});
        let spec = json!({"defaultCertificate": {"secretName": secret}});
        let object = json!({"metadata": metadata, "spec": spec});
        (&TLS_STORE, object)
    })
}

fn listeners(scope: Scope) -> impl Strategy<Value = Value> {
    let listener = (
        proptest::option::of(host(scope)),
        select(vec!["HTTPS", "TLS"]),
        proptest::collection::vec(
            (secret_name(), proptest::option::of(namespace(scope))),
            0..3,
        ),
        select(vec!["All", "Same"]),
    );
    proptest::collection::vec(listener, 0..3).prop_map(|listeners| {
        let listeners = listeners.into_iter().enumerate();
        let read = |(index, (host, protocol, secrets, from)): (usize, (_, _, Vec<_>, _))| {
            let references: Vec<_> = secrets
                .into_iter()
                .map(|(name, namespace)| json!({"name": name, "namespace": namespace}))
                .collect();
            json!({
                "name": format!("l{index}"), "hostname": host, "port": 443, "protocol": protocol,
                "tls": {"certificateRefs": references},
                "allowedRoutes": {"namespaces": {"from": from}},
            })
        };
        listeners.map(read).collect()
    })
}

fn gateway(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    let issuer = proptest::option::weighted(0.2, Just("le"));
    (metadata(scope), listeners(scope), issuer).prop_map(|(mut metadata, listeners, issuer)| {
        if let Some(issuer) = issuer {
            metadata["annotations"] = json!({"cert-manager.io/issuer": issuer});
        }
        let spec = json!({
            "listeners": listeners, "allowedListeners": {"namespaces": {"from": "All"}},
        });
        (&GATEWAY, json!({"metadata": metadata, "spec": spec}))
    })
}

fn listener_set(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    (
        metadata(scope),
        listeners(scope),
        namespace(scope),
        0..scope.names,
    )
        .prop_map(|(metadata, listeners, namespace, number)| {
            let parent = json!({"name": format!("o{number}"), "namespace": namespace});
            let spec = json!({"listeners": listeners, "parentRef": parent});
            (&LISTENER_SET, json!({"metadata": metadata, "spec": spec}))
        })
}

fn route(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    let parent = (
        select(vec!["Gateway", "ListenerSet"]),
        namespace(scope),
        0..scope.names,
    );
    let parents = proptest::collection::vec(parent, 1..3);
    (metadata(scope), hosts(scope), parents, any::<bool>()).prop_map(
        |(metadata, hosts, parents, is_tls)| {
            let parents = parents.into_iter();
            let parents: Vec<_> = parents
            .map(|(kind, namespace, number)| {
                json!({"kind": kind, "namespace": namespace, "name": format!("o{number}")})
            })
            .collect();
            let kind = if is_tls { &TLS_ROUTE } else { &HTTP_ROUTE };
            let hosts: Vec<_> = hosts
                .into_iter()
                .filter(|host| !host.starts_with('*'))
                .collect();
            let spec = json!({"hostnames": hosts, "parentRefs": parents});
            (kind, json!({"metadata": metadata, "spec": spec}))
        },
    )
}

fn grant(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    let kind = select(vec!["Gateway", "ListenerSet"]);
    let secret = proptest::option::of(secret_name());
    (metadata(scope), kind, namespace(scope), secret).prop_map(|(metadata, kind, from, secret)| {
        let group = "gateway.networking.k8s.io";
        let from = json!([{"group": group, "kind": kind, "namespace": from}]);
        let to = json!([{"group": "", "kind": "Secret", "name": secret}]);
        let spec = json!({"from": from, "to": to});
        (
            &REFERENCE_GRANT,
            json!({"metadata": metadata, "spec": spec}),
        )
    })
}

fn openshift(scope: Scope) -> impl Strategy<Value = (&'static Kind, Value)> {
    (metadata(scope), host(scope), secret_name()).prop_map(|(metadata, host, secret)| {
        let tls = json!({"termination": "edge", "externalCertificate": {"name": secret}});
        let spec = json!({"host": host, "tls": tls});
        (&ROUTE, json!({"metadata": metadata, "spec": spec}))
    })
}
