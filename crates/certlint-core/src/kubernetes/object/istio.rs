//! Istio: Gateway.
//!
//! The Secret is read in the namespace of the Pods that the Gateway selects, not in that of the
//! Gateway (Istio manual, "Secure Gateways"): known where their Deployment is in the input, and
//! else a guess. Besides `tls.crt` and `tls.key` it may hold `cert` and `key`.

use std::collections::{BTreeMap, BTreeSet};

use manifest_syntax::Node;

use super::{Certificate, Host, Pairing, mapping, part, path, text};
use crate::kubernetes::facts::Meta;
use crate::name::HostPattern;
use crate::source::{SourceId, Spanned};

/// As many workloads are held against a selector, so that the work stays bounded.
const LOOKED_AT: usize = 1_000;

/// All workloads of the input.
#[derive(Debug, Default)]
pub(in crate::kubernetes) struct Workloads {
    all: Vec<Workload>,
    /// Indices, by key and value of a label.
    by_label: BTreeMap<(String, String), Vec<usize>>,
}

/// Pods with labels.
#[derive(Debug)]
pub(in crate::kubernetes) struct Workload {
    namespace: String,
    labels: BTreeMap<String, String>,
}

impl Workloads {
    pub(super) fn add(&mut self, workload: Workload) {
        for (key, value) in &workload.labels {
            let label = (key.clone(), value.clone());
            let indices = self.by_label.entry(label).or_default();
            indices.push(self.all.len());
        }
        self.all.push(workload);
    }

    /// The namespaces that have Pods with all these labels.
    pub(in crate::kubernetes) fn namespaces(
        &self,
        selector: &BTreeMap<String, String>,
    ) -> BTreeSet<&str> {
        let with = |label: (&String, &String)| {
            let indices = self.by_label.get(&(label.0.clone(), label.1.clone()));
            indices.map_or(&[][..], Vec::as_slice)
        };
        let fewest = selector
            .iter()
            .map(with)
            .min_by_key(|indices| indices.len());
        let candidates = fewest.into_iter().flatten().take(LOOKED_AT);
        candidates
            .map(|&index| &self.all[index])
            .filter(|one| {
                let mut wanted = selector.iter();
                wanted.all(|(key, value)| one.labels.get(key) == Some(value))
            })
            .map(|one| one.namespace.as_str())
            .collect()
    }
}

pub(super) fn read(node: Node<'_>, source: SourceId, meta: &dyn Fn() -> Meta) -> Vec<Pairing> {
    let selector = labels(path(node, &["spec", "selector"]));
    let servers = path(node, &["spec", "servers"]);
    let mut pairings = Vec::new();
    for server in servers.into_iter().flat_map(Node::items) {
        for credential in credentials(server, source) {
            let hosts = server.get("hosts").into_iter().flat_map(Node::items);
            pairings.push(Pairing {
                meta: meta(),
                hosts: hosts.filter_map(|host| read_host(host, source)).collect(),
                certificate: Certificate::Istio {
                    credential,
                    port: path(server, &["port", "number"])
                        .and_then(Node::text)
                        .unwrap_or_default()
                        .to_owned(),
                    selector: selector.clone(),
                },
            });
        }
    }
    pairings
}

/// The Secrets of a server that terminates TLS; none where the certificate is a file.
fn credentials(server: Node<'_>, source: SourceId) -> Vec<Spanned<String>> {
    let Some(tls) = mapping(server, &["tls"]) else {
        return Vec::new();
    };
    let mode = tls.get("mode").and_then(Node::text);
    if !matches!(mode, None | Some("SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL")) {
        return Vec::new();
    }
    let several = tls.get("credentialNames").into_iter().flat_map(Node::items);
    tls.get("credentialName")
        .into_iter()
        .chain(several)
        .filter_map(|name| text(name, source))
        // `configmap://NAME` and the like are no Secrets of this namespace.
        .filter(|name| !name.value.contains('/'))
        .collect()
}

/// `HOST` or `NAMESPACE/HOST`; a bare star names nothing.
fn read_host(node: Node<'_>, source: SourceId) -> Option<Host> {
    let whole = text(node, source)?.value;
    let start = whole.find('/').map_or(0, |slash| slash + 1);
    let host = &whole[start..];
    (!host.is_empty() && host != "*").then(|| Host {
        text: part(node, source, host, start),
        // A star is any prefix, as for the Gateway API.
        pattern: HostPattern::gateway(host),
    })
}

pub(super) fn workload(node: Node<'_>, meta: &dyn Fn() -> Meta) -> Option<Workload> {
    let template = path(node, &["spec", "template", "metadata", "labels"]);
    let labels = labels(template.or_else(|| path(node, &["metadata", "labels"])));
    (!labels.is_empty()).then(|| Workload {
        namespace: meta().namespace,
        labels,
    })
}

fn labels(node: Option<Node<'_>>) -> BTreeMap<String, String> {
    let entries = node.into_iter().flat_map(Node::entries);
    entries
        .filter_map(|(key, value)| Some((key.text().to_owned(), value.text()?.to_owned())))
        .collect()
}
