//! Other kinds that pair hosts with certificates, one file for each controller.
//!
//! ```text
//! Route, IngressRoute, HTTPProxy, Gateway (Istio), VirtualServer ─▶ Pairing ─▶ Claim
//! ```

mod contour;
mod f5;
mod istio;
mod openshift;
mod traefik;
mod traefik_rule;

use std::collections::BTreeMap;

use manifest_syntax::{Node, Value};

use super::Object;
use super::facts::Meta;
use crate::model::{BundleId, CertificatePair};
use crate::name::HostPattern;
use crate::source::{Locate as _, SourceId, Span, Spanned};
use crate::x509::{CertificateFile, KeyFile};

pub(super) use traefik::Store;

/// What one object says.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// Secrets that other namespaces may use.
    Delegations(Vec<contour::Delegation>),
    Pairings(Vec<Pairing>),
    /// Certificates for all routers of Traefik.
    Store(traefik::Store),
    /// Pods with labels, among which a gateway's may be.
    Workload(istio::Workload),
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) delegations: contour::Delegations,
    pub(super) pairings: Vec<Pairing>,
    pub(super) stores: Vec<traefik::Store>,
    /// Stores that Traefik does not use.
    pub(super) other_stores: Vec<traefik::Store>,
    pub(super) workloads: istio::Workloads,
}

impl Objects {
    pub(super) fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Delegations(delegations) => self.delegations.add(delegations),
            Fact::Pairings(pairings) => self.pairings.extend(pairings),
            Fact::Store(store) if store.is_default => self.stores.push(store),
            Fact::Store(store) => self.other_stores.push(store),
            Fact::Workload(workload) => self.workloads.add(workload),
        }
    }

    /// The Secrets that Traefik has for all routers, as `NAMESPACE/NAME`.
    pub(super) fn store_secrets(&self) -> impl Iterator<Item = String> {
        self.stores.iter().flat_map(traefik::Store::secrets)
    }
}

/// Hosts with the certificate that they are to be served with.
#[derive(Clone, Debug)]
pub(super) struct Pairing {
    pub(super) meta: Meta,
    pub(super) hosts: Vec<Host>,
    pub(super) certificate: Certificate,
}

/// A host as it stands in an object.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) text: Spanned<String>,
    pub(super) pattern: HostPattern,
}

/// Where the certificate of a pairing comes from.
#[derive(Clone, Debug)]
pub(super) enum Certificate {
    /// `NAME` or `NAMESPACE/NAME`.
    Contour(Spanned<String>),
    /// `None`: the controller's own.
    F5 {
        secret: Option<Spanned<String>>,
        /// cert-manager writes the Secret for the host.
        is_issued: bool,
    },
    Istio {
        credential: Spanned<String>,
        /// The port of the server.
        port: String,
        /// Labels of the gateway's Pods.
        selector: BTreeMap<String, String>,
    },
    /// In the Route itself.
    Inline(Inline),
    /// A Secret beside the Route.
    Route(Spanned<String>),
    /// Whatever of the pool covers the host; the Secret that is named here belongs to it.
    Traefik(Option<Spanned<String>>),
}

/// A certificate that is written in an object.
#[derive(Clone, Debug)]
pub(super) enum Inline {
    Read(Box<Pem>),
    /// The model has it.
    Taken(BundleId, Box<CertificatePair>),
}

/// The PEM texts of an object.
#[derive(Clone, Debug)]
pub(super) struct Pem {
    pub(super) certificate: Spanned<CertificateFile>,
    pub(super) key: Option<Spanned<KeyFile>>,
}

/// Reads an object of these kinds; `None` for all others.
pub(super) fn read(
    object: Object<'_>,
    group: &str,
    source: SourceId,
    meta: &dyn Fn() -> Meta,
) -> Option<Fact> {
    let node = object.node;
    let pairings = match (group, object.kind) {
        ("apps", "DaemonSet" | "Deployment" | "StatefulSet") | ("v1", "Pod") => {
            return istio::workload(node, source, meta).map(Fact::Workload);
        }
        ("projectcontour.io", "TLSCertificateDelegation") => {
            return Some(Fact::Delegations(contour::delegations(node, &meta())));
        }
        ("traefik.io" | "traefik.containo.us", "TLSStore") => {
            return traefik::store(node, source, &meta()).map(Fact::Store);
        }
        ("k8s.nginx.org", "TransportServer" | "VirtualServer") => f5::read(node, source, meta),
        ("networking.istio.io", "Gateway") => istio::read(node, source, meta),
        ("projectcontour.io", "HTTPProxy") => contour::read(node, source, meta),
        ("route.openshift.io" | "v1", "Route") => openshift::read(node, source, meta),
        ("traefik.io" | "traefik.containo.us", "IngressRoute") => {
            traefik::read(node, source, meta, &["Host", "HostHeader"])
        }
        ("traefik.io" | "traefik.containo.us", "IngressRouteTCP") => {
            traefik::read(node, source, meta, &["HostSNI"])
        }
        _ => return None,
    };
    (!pairings.is_empty()).then_some(Fact::Pairings(pairings))
}

fn path<'a>(node: Node<'a>, keys: &[&str]) -> Option<Node<'a>> {
    keys.iter().try_fold(node, |node, key| node.get(key))
}

/// A mapping that is there, if only as `{}`.
fn mapping<'a>(node: Node<'a>, keys: &[&str]) -> Option<Node<'a>> {
    path(node, keys).filter(|node| node.value() == Value::Mapping)
}

fn is_true(node: Node<'_>, key: &str) -> bool {
    node.get(key)
        .is_some_and(|value| value.value() == Value::Bool(true))
}

/// A text that is not empty, and no template that was not rendered.
fn text(node: Node<'_>, source: SourceId) -> Option<Spanned<String>> {
    let text = node.text()?;
    let is_text = !node.is_null() && !text.is_empty() && !text.contains("{{");
    is_text.then(|| Spanned::new(text.to_owned(), node.at(source)))
}

/// A part of a scalar, with its own bytes.
fn part(node: Node<'_>, source: SourceId, part: &str, start: usize) -> Spanned<String> {
    let mut at = node.at(source);
    let span = Span::new(start, start + part.len());
    at.span = Some(node.text_map().locate(span));
    Spanned::new(part.to_owned(), at)
}
