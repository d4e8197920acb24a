//! Contour: HTTPProxy and TLSCertificateDelegation.
//!
//! `secretName` may name another namespace, which must have delegated the Secret (Contour manual,
//! "TLS delegation"). Without a `secretName` nothing is terminated: TLS passes through, or the
//! proxy is included in another one.

use super::{Certificate, Host, Pairing, is_true, mapping, path, text};
use crate::kubernetes::Node;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::facts::Meta;
use crate::name::HostPattern;
use crate::source::{SourceId, Spanned};

/// A Secret that other namespaces may use.
#[derive(Debug)]
pub(in crate::kubernetes) struct Delegation {
    /// Of the delegation and of the Secret.
    namespace: String,
    secret: String,
    /// `*` for all.
    targets: Vec<String>,
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

/// The Secret that a proxy of `namespace` names, as `NAMESPACE/NAME`; `None` where the Secret's
/// namespace does not delegate it.
///
/// Where nothing of that namespace is in the input, its delegations are elsewhere, too.
pub(super) fn locate(
    namespace: &str,
    secret: &Spanned<String>,
    cluster: &Cluster,
) -> Option<String> {
    let Some((owner, name)) = secret.value.split_once('/') else {
        return Some(format!("{namespace}/{}", secret.value));
    };
    let key = secret.value.clone();
    let delegations = &cluster.objects.delegations;
    let is_delegated = || {
        delegations.iter().any(|one| {
            let mut targets = one.targets.iter();
            one.namespace == owner
                && one.secret == name
                && targets.any(|target| target == "*" || target == namespace)
        })
    };
    let is_here = cluster.secrets.contains_key(&key)
        || cluster.requests.contains_key(&key)
        || cluster.suppliers.contains_key(&key)
        || delegations.iter().any(|one| one.namespace == owner);
    (owner == namespace || is_delegated() || !is_here).then_some(key)
}
