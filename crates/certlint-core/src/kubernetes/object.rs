//! Other kinds that pair hosts with certificates, one file for each controller.
//!
//! ```text
//! Route, IngressRoute, HTTPProxy, Gateway (Istio), VirtualServer ─▶ Pairing ─▶ Claim
//! ```

mod contour;
mod istio;
mod traefik;

use std::collections::BTreeMap;

use super::facts::Meta;
use crate::model::{BundleId, CertificatePair};
use crate::name::HostPattern;
use crate::source::Spanned;
use crate::x509::{CertificateFile, KeyFile};

pub(super) use contour::Delegation;
pub(super) use istio::Workload;
pub(super) use traefik::Store;

/// The facts of one object.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// Secrets that other namespaces may use.
    Delegations(Vec<Delegation>),
    Pairings(Vec<Pairing>),
    /// Certificates for all routers of Traefik.
    Store(Store),
    /// Pods with labels, among which a gateway's may be.
    Workload(Workload),
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) delegations: contour::Delegations,
    pub(super) pairings: Vec<Pairing>,
    pub(super) stores: Vec<Store>,
    /// Stores that Traefik does not use.
    pub(super) other_stores: Vec<Store>,
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
        self.stores.iter().flat_map(Store::secrets)
    }
}

/// Hosts with the certificate that they are to be served with.
#[derive(Clone, Debug)]
pub(super) struct Pairing {
    pub(super) meta: Meta,
    pub(super) hosts: Vec<Host>,
    pub(super) certificate: Certificate,
}

/// A host as it is written in an object.
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
    /// A Secret that is served to the hosts, whatever it covers.
    Secret {
        /// What the listener of the controller is called.
        front: &'static str,
        namespace: String,
        name: Spanned<String>,
    },
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
