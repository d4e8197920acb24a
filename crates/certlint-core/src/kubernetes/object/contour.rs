//! Contour: HTTPProxy and TLSCertificateDelegation.
//!
//! `secretName` may name another namespace, which must have delegated the Secret (Contour manual,
//! "TLS delegation"). Without a `secretName` nothing is terminated: TLS passes through, or the
//! proxy is included in another one.

use std::collections::{BTreeMap, BTreeSet};

use manifest_syntax::Node;

use super::{Certificate, Host, Pairing, is_true, mapping, path, text};
use crate::kubernetes::facts::Meta;
use crate::name::HostPattern;
use crate::source::SourceId;

/// All delegations of the input.
#[derive(Clone, Debug, Default)]
pub(in crate::kubernetes) struct Delegations {
    /// Who may use a Secret, by its `NAMESPACE/NAME`; `*` for all.
    targets: BTreeMap<String, BTreeSet<String>>,
    /// Where there are any.
    namespaces: BTreeSet<String>,
}

/// A Secret that other namespaces may use.
#[derive(Clone, Debug)]
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

    /// Whether a namespace may use a Secret of another one.
    pub(in crate::kubernetes) fn allow(&self, secret: &str, namespace: &str) -> bool {
        let targets = self.targets.get(secret);
        targets.is_some_and(|targets| targets.contains("*") || targets.contains(namespace))
    }

    /// Whether a namespace delegates anything.
    pub(in crate::kubernetes) fn is_from(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
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
