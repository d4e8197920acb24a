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
use crate::source::{Locate as _, SourceId, Spanned};

/// As many workloads are held against a selector, so that the work stays bounded.
const LOOKED_AT: usize = 1_000;

/// All workloads of the input.
#[derive(Clone, Debug, Default)]
pub(in crate::kubernetes) struct Workloads {
    all: Vec<Workload>,
    /// Indices, by key and value of a label.
    by_label: BTreeMap<(String, String), Vec<usize>>,
}

/// Pods with labels.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Workload {
    namespace: String,
    labels: BTreeMap<String, String>,
    /// `NAMESPACE/NAME` of the Secret that a controller of ingress-nginx in it serves by default.
    default_certificate: Option<Spanned<String>>,
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

    /// The Secret that ingress-nginx serves where it has no other; `None` where none is named, or
    /// several are.
    pub(in crate::kubernetes) fn default_certificate(&self) -> Option<&Spanned<String>> {
        let mut named = self
            .all
            .iter()
            .filter_map(|one| one.default_certificate.as_ref());
        let first = named.next()?;
        named
            .all(|other| other.value == first.value)
            .then_some(first)
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

pub(super) fn workload(
    node: Node<'_>,
    source: SourceId,
    meta: &dyn Fn() -> Meta,
) -> Option<Workload> {
    let template = path(node, &["spec", "template", "metadata", "labels"]);
    let labels = labels(template.or_else(|| path(node, &["metadata", "labels"])));
    let default_certificate = default_certificate(node, source);
    (!labels.is_empty() || default_certificate.is_some()).then(|| Workload {
        namespace: meta().namespace,
        labels,
        default_certificate,
    })
}

/// The words of a container's command.
fn words(container: Node<'_>) -> Vec<Node<'_>> {
    let fields = ["command", "args"].into_iter();
    let lists = fields.filter_map(|field| container.get(field));
    lists.flat_map(Node::items).collect()
}

/// What `--default-ssl-certificate` of a controller of ingress-nginx names.
fn default_certificate(node: Node<'_>, source: SourceId) -> Option<Spanned<String>> {
    let template = path(node, &["spec", "template", "spec", "containers"]);
    let containers = template.or_else(|| path(node, &["spec", "containers"]));
    containers
        .into_iter()
        .flat_map(Node::items)
        .find_map(|container| {
            let words = words(container);
            let image = container.get("image").and_then(Node::text);
            let is_nginx = image.is_some_and(|image| image.contains("ingress-nginx"))
                || words
                    .iter()
                    .any(|word| word.text() == Some("/nginx-ingress-controller"));
            let mut words = words.into_iter().filter(|_| is_nginx);
            words.find_map(|word| {
                let named = word.text()?.strip_prefix("--default-ssl-certificate=")?;
                let is_key = named.contains('/') && !named.contains(['$', '{']);
                is_key.then(|| Spanned::new(named.to_owned(), word.at(source)))
            })
        })
}

fn labels(node: Option<Node<'_>>) -> BTreeMap<String, String> {
    let entries = node.into_iter().flat_map(Node::entries);
    entries
        .filter_map(|(key, value)| Some((key.text().to_owned(), value.text()?.to_owned())))
        .collect()
}
