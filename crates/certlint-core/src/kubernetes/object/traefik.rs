//! Traefik: IngressRoute, IngressRouteTCP and TLSStore.
//!
//! With a `certResolver` the certificates come from ACME; without `tls` a router speaks no TLS.

use std::collections::BTreeSet;

use manifest_syntax::Node;

use super::{Certificate, Host, Pairing, is_true, mapping, part, path, text, traefik_rule};
use crate::kubernetes::facts::Meta;
use crate::name::HostPattern;
use crate::source::{SourceId, Spanned};

/// A store: Traefik uses none but `default`.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Store {
    pub(in crate::kubernetes) is_default: bool,
    pub(in crate::kubernetes) namespace: String,
    pub(in crate::kubernetes) default: Option<Spanned<String>>,
    pub(in crate::kubernetes) certificates: Vec<Spanned<String>>,
}

pub(super) fn read(
    node: Node<'_>,
    source: SourceId,
    meta: &dyn Fn() -> Meta,
    matchers: &[&str],
) -> Vec<Pairing> {
    let tls = mapping(node, &["spec", "tls"]).filter(|&tls| !is_true(tls, "passthrough"));
    let Some(tls) = tls else {
        return Vec::new();
    };
    let field = |key| tls.get(key).and_then(|value| text(value, source));
    // With a resolver the certificates come from ACME; the Secret is in the pool all the same.
    let hosts = match field("certResolver") {
        Some(_) => Vec::new(),
        None => hosts(node, source, matchers),
    };
    vec![Pairing {
        meta: meta(),
        hosts,
        certificate: Certificate::Traefik(field("secretName")),
    }]
}

/// The hosts of all routes, each once.
fn hosts(node: Node<'_>, source: SourceId, matchers: &[&str]) -> Vec<Host> {
    let routes = path(node, &["spec", "routes"]);
    let rules = routes.into_iter().flat_map(Node::items);
    let mut seen = BTreeSet::new();
    let mut hosts = Vec::new();
    for rule in rules.filter_map(|route| route.get("match")) {
        let Some(written) = rule.str() else {
            continue;
        };
        for (host, start) in traefik_rule::hosts(written, matchers) {
            if let Some(pattern) = pattern(host)
                && seen.insert(host.to_ascii_lowercase())
            {
                let text = part(rule, source, host, start);
                hosts.push(Host { text, pattern });
            }
        }
    }
    hosts
}

/// `*.x` is one label and `**.x` any number; a bare star is everything.
fn pattern(host: &str) -> Option<HostPattern> {
    let rest = host.trim_start_matches('*');
    let is_plain = !rest.is_empty() && !rest.contains(['*', '{']);
    match host.len() - rest.len() {
        _ if !is_plain => None,
        0 | 1 => Some(HostPattern::ingress(host)),
        2 => Some(HostPattern::gateway(&host[1..])),
        _ => None,
    }
}

pub(super) fn store(node: Node<'_>, source: SourceId, meta: &Meta) -> Option<Store> {
    let secret = |node: Node<'_>| node.get("secretName").and_then(|name| text(name, source));
    let certificates = path(node, &["spec", "certificates"]);
    let certificates = certificates.into_iter().flat_map(Node::items);
    Some(Store {
        is_default: meta.name == "default",
        namespace: meta.namespace.clone(),
        default: path(node, &["spec", "defaultCertificate"]).and_then(secret),
        certificates: certificates.filter_map(secret).collect(),
    })
}

impl Store {
    /// Its Secrets, as `NAMESPACE/NAME`.
    pub(in crate::kubernetes) fn secrets(&self) -> impl Iterator<Item = String> {
        let secrets = self.certificates.iter().chain(&self.default);
        secrets.map(|secret| format!("{}/{}", self.namespace, secret.value))
    }
}
