//! Contour: HTTPProxy and TLSCertificateDelegation.
//!
//! `secretName` may name another namespace, which must have delegated the Secret (Contour manual,
//! "TLS delegation"). Without a `secretName` nothing is terminated: TLS passes through, or the
//! proxy is included in another one.

use std::collections::{BTreeMap, BTreeSet};

use manifest_syntax::Node;

use super::{Certificate, Host, Pairing, is_true, mapping, path, text};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::facts::{Ingress, Meta, qualified};
use crate::name::HostPattern;
use crate::source::{SourceId, Spanned};

/// All delegations of the input.
#[derive(Debug, Default)]
pub(in crate::kubernetes) struct Delegations {
    /// Who may use a Secret, by its `NAMESPACE/NAME`; `*` for all.
    targets: BTreeMap<String, BTreeSet<String>>,
    /// Where there are any.
    namespaces: BTreeSet<String>,
}

/// A Secret that other namespaces may use.
#[derive(Debug)]
pub(in crate::kubernetes) struct Delegation {
    /// Of the delegation and of the Secret.
    namespace: String,
    secret: String,
    /// `*` for all.
    targets: Vec<String>,
}

impl Delegations {
    pub(super) fn add(&mut self, delegations: Vec<Delegation>) {
        for one in delegations {
            let secret = format!("{}/{}", one.namespace, one.secret);
            self.targets.entry(secret).or_default().extend(one.targets);
            self.namespaces.insert(one.namespace);
        }
    }

    fn allow(&self, secret: &str, namespace: &str) -> bool {
        let targets = self.targets.get(secret);
        targets.is_some_and(|targets| targets.contains("*") || targets.contains(namespace))
    }
}

pub(super) fn read(node: Node<'_>, source: SourceId, meta: &dyn Fn() -> Meta) -> Vec<Pairing> {
    let host = path(node, &["spec", "virtualhost", "fqdn"]).and_then(|host| text(host, source));
    let tls = mapping(node, &["spec", "virtualhost", "tls"]);
    let tls = tls.filter(|&tls| !is_true(tls, "passthrough"));
    let secret = tls
        .and_then(|tls| tls.get("secretName"))
        .and_then(|name| text(name, source));
    let Some((host, secret)) = host.zip(secret) else {
        return Vec::new();
    };
    let pattern = HostPattern::ingress(&host.value);
    vec![Pairing {
        meta: meta(),
        hosts: vec![Host {
            text: host,
            pattern,
        }],
        certificate: Certificate::Contour(secret),
    }]
}

pub(super) fn delegations(node: Node<'_>, meta: &Meta) -> Vec<Delegation> {
    let all = path(node, &["spec", "delegations"]);
    let all = all.into_iter().flat_map(Node::items);
    all.filter_map(|one| {
        let targets = one.get("targetNamespaces").into_iter();
        Some(Delegation {
            namespace: meta.namespace.clone(),
            secret: one.get("secretName")?.text()?.to_owned(),
            targets: targets
                .flat_map(Node::items)
                .filter_map(|target| target.text().map(str::to_owned))
                .collect(),
        })
    })
    .collect()
}

/// The namespace of the Secrets of an Ingress of Contour.
pub(in crate::kubernetes) fn tls_namespace(ingress: &Ingress) -> &str {
    let named = ingress
        .meta
        .annotation("projectcontour.io/tls-cert-namespace");
    let named = named.filter(|namespace| !namespace.value.is_empty());
    named.map_or(&ingress.meta.namespace, |namespace| &namespace.value)
}

/// The Secret that an Ingress of Contour names, as `NAMESPACE/NAME`.
///
/// # Errors
/// The same, where its namespace does not delegate it.
pub(in crate::kubernetes) fn delegated(
    ingress: &Ingress,
    secret: &Spanned<String>,
    cluster: &Cluster,
) -> Result<String, String> {
    let own = &ingress.meta.namespace;
    let key = qualified(tls_namespace(ingress), &secret.value);
    let named = Spanned::new(key, secret.at.clone());
    locate(own, &named, cluster).ok_or(named.value)
}

/// The Secret that a proxy of `namespace` names, as `NAMESPACE/NAME`; `None` where the Secret's
/// namespace does not delegate it.
///
/// Where nothing of that namespace is in the input, its delegations are elsewhere, too.
pub(super) fn locate(
    namespace: &str,
    secret: &Spanned<String>,
    cluster: &Cluster,
) -> Option<String> {
    let Some((owner, _)) = secret.value.split_once('/') else {
        return Some(format!("{namespace}/{}", secret.value));
    };
    let key = secret.value.clone();
    let delegations = &cluster.objects.delegations;
    let is_here = cluster.has_secret(&key)
        || cluster.requests.contains_key(&key)
        || cluster.suppliers.contains_key(&key)
        || delegations.namespaces.contains(owner);
    (owner == namespace || delegations.allow(&key, namespace) || !is_here).then_some(key)
}
