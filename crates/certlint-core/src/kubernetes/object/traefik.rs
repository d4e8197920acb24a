//! Traefik: IngressRoute, IngressRouteTCP and TLSStore.
//!
//! Every Secret that is named anywhere goes into one pool, and each handshake gets what covers its
//! SNI, whichever router names it; else the default certificate of the store `default` (Traefik
//! manual, "TLS certificates"). So a Secret that misses a host is no proof.

use std::collections::{BTreeMap, BTreeSet};

use manifest_syntax::Node;

use super::{Certificate, Host, Pairing, is_true, mapping, part, path, text, traefik_rule};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::controller::controller_of;
use crate::kubernetes::facts::Meta;
use crate::name::{Depth, HostPattern};
use crate::source::{Location, SourceId, Spanned};

/// The store `default`: Traefik uses no other.
#[derive(Debug)]
pub(in crate::kubernetes) struct Store {
    namespace: String,
    default: Option<Spanned<String>>,
    certificates: Vec<Spanned<String>>,
}

/// All certificates that Traefik may serve.
pub(super) struct Pool {
    /// By `NAMESPACE/NAME`, with the first reference.
    secrets: BTreeMap<String, Location>,
    /// For each entry of a certificate the first Secret that has it.
    by_name: BTreeMap<String, String>,
    /// What is served where none of them covers the host.
    default: Option<(String, Location)>,
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
    (meta.name == "default").then(|| Store {
        namespace: meta.namespace.clone(),
        default: path(node, &["spec", "defaultCertificate"]).and_then(secret),
        certificates: certificates.filter_map(secret).collect(),
    })
}

impl Store {
    /// Its Secrets, as `NAMESPACE/NAME`.
    pub(super) fn secrets(&self) -> impl Iterator<Item = String> {
        let secrets = self.certificates.iter().chain(&self.default);
        secrets.map(|secret| format!("{}/{}", self.namespace, secret.value))
    }
}

impl Pool {
    pub(super) fn new(pairings: &[Pairing], cluster: &Cluster) -> Self {
        let mut pool = Self {
            secrets: BTreeMap::new(),
            by_name: BTreeMap::new(),
            default: None,
        };
        for pairing in pairings {
            if let Certificate::Traefik(Some(secret)) = &pairing.certificate {
                pool.add(&pairing.meta.namespace, secret);
            }
        }
        for store in &cluster.objects.stores {
            for secret in store.certificates.iter().chain(&store.default) {
                pool.add(&store.namespace, secret);
            }
            if let (None, Some(secret)) = (&pool.default, &store.default) {
                let key = format!("{}/{}", store.namespace, secret.value);
                pool.default = Some((key, secret.at.clone()));
            }
        }
        for ingress in &cluster.ingresses {
            if controller_of(ingress, &cluster.classes).name == "Traefik" {
                let secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
                for secret in secrets {
                    pool.add(&ingress.meta.namespace, secret);
                }
            }
        }
        for key in pool.secrets.keys() {
            let kept = cluster.secrets.get(key);
            let leaf = kept.and_then(|kept| kept.bundle.and(kept.leaf.as_ref()));
            for name in leaf.into_iter().flat_map(|leaf| leaf.names.names()) {
                pool.by_name.entry(name).or_insert_with(|| key.clone());
            }
        }
        pool
    }

    fn add(&mut self, namespace: &str, secret: &Spanned<String>) {
        let key = format!("{namespace}/{}", secret.value);
        self.secrets.entry(key).or_insert_with(|| secret.at.clone());
    }

    /// The default certificate, with the place that names it.
    pub(super) fn default(&self) -> Option<(&str, &Location)> {
        self.default.as_ref().map(|(key, at)| (key.as_str(), at))
    }

    /// A Secret that covers a host, with the place that names it.
    pub(super) fn covering(&self, pattern: &HostPattern) -> Option<(&str, &Location)> {
        let named = |name: &str| {
            let key = self.by_name.get(name)?;
            Some((key.as_str(), self.secrets.get(key)?))
        };
        match pattern {
            HostPattern::Address(address) => named(&address.to_string()),
            HostPattern::Exact(host) => named(host).or_else(|| {
                let (_, parent) = host.split_once('.')?;
                named(&format!("*.{parent}"))
            }),
            HostPattern::LeadingWildcard {
                base,
                depth: Depth::One,
            } => named(&format!("*.{base}")),
            _ => None,
        }
    }
}
