//! The kinds of objects that certlint reads: one file for each, and one table of them all.
//!
//! ```text
//! Node ─ read ─▶ Fact ─ links ─▶ Links          lowering; how the webhook finds what belongs together
//!      └ fields ─▶ what the webhook keeps        which is read to the same fact
//! ```
//!
//! Who iterates over kinds iterates over [`KINDS`]: the reader of manifests, the webhook's watches,
//! store, reviews and audit, the chart's RBAC and webhook rules.

mod certificate;
mod config_map;
mod emissary_host;
mod external_secret;
mod extract;
mod f5;
mod gateway;
mod gateway_class;
mod gateway_route;
mod http_proxy;
mod ingress;
mod ingress_class;
mod issuer;
mod istio_gateway;
mod link;
mod namespace;
mod openshift_route;
mod reference_grant;
mod sealed_secret;
mod secret;
mod secret_provider_class;
mod shape;
#[cfg(test)]
mod tests;
mod tls_certificate_delegation;
mod tls_store;
mod traefik_router;
mod traefik_rule;
mod workload;

pub use certificate::CERTIFICATE;
pub use external_secret::EXTERNAL_SECRET;
pub use extract::{Extract, hosts_of};
pub use gateway::{GATEWAY, LISTENER_SET};
pub use gateway_route::{GRPC_ROUTE, HTTP_ROUTE, TLS_ROUTE};
pub use ingress::INGRESS;
pub use ingress_class::INGRESS_CLASS;
pub use link::{Link, ObjectName, SecretName};
pub use namespace::NAMESPACE;
pub use openshift_route::ROUTE;
pub use reference_grant::REFERENCE_GRANT;
pub use sealed_secret::SEALED_SECRET;
pub use secret::SECRET;
pub use tls_store::TLS_STORE;

pub(super) use secret::secret;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::facts::{Fact, Namespacing};
use super::list::Object;
use super::object::{self, Certificate};
use super::reading::Reading;
use crate::source::SourceId;
use link::Links;
use shape::Field;

/// All kinds.
pub static KINDS: &[&Kind] = &[
    &ingress::INGRESS,
    &secret::SECRET,
    &namespace::NAMESPACE,
    &ingress_class::INGRESS_CLASS,
    &gateway::GATEWAY,
    &gateway::LISTENER_SET,
    &gateway_class::GATEWAY_CLASS,
    &gateway_route::HTTP_ROUTE,
    &gateway_route::GRPC_ROUTE,
    &gateway_route::TLS_ROUTE,
    &reference_grant::REFERENCE_GRANT,
    &certificate::CERTIFICATE,
    &issuer::ISSUER,
    &issuer::CLUSTER_ISSUER,
    &external_secret::EXTERNAL_SECRET,
    &sealed_secret::SEALED_SECRET,
    &openshift_route::ROUTE,
    &tls_store::TLS_STORE,
    &emissary_host::HOST,
    &traefik_router::INGRESS_ROUTE,
    &traefik_router::INGRESS_ROUTE_TCP,
    &http_proxy::HTTP_PROXY,
    &tls_certificate_delegation::TLS_CERTIFICATE_DELEGATION,
    &istio_gateway::GATEWAY,
    &f5::VIRTUAL_SERVER,
    &f5::TRANSPORT_SERVER,
    &secret_provider_class::SECRET_PROVIDER_CLASS,
    &config_map::CONFIG_MAP,
    &workload::DEPLOYMENT,
    &workload::DAEMON_SET,
    &workload::STATEFUL_SET,
    &workload::REPLICA_SET,
    &workload::REPLICATION_CONTROLLER,
    &workload::JOB,
    &workload::CRON_JOB,
    &workload::POD,
];

/// A kind of object.
pub struct Kind {
    /// `Ingress`
    pub name: &'static str,
    /// `networking.k8s.io`; empty for the core group.
    pub group: &'static str,
    /// Groups in which manifests still have it.
    pub former_groups: &'static [&'static str],
    /// The versions that are understood, the best first.
    pub versions: &'static [&'static str],
    /// `ingresses`
    pub plural: &'static str,
    /// Its objects belong to namespaces.
    pub is_namespaced: bool,
    /// Its place in the webhook; `None` where only the linter reads it.
    pub watched: Option<Watched>,
    /// The fields that are read.
    fields: &'static [Field],
    read: fn(Reading<'_>) -> Option<Fact>,
    links: fn(&Fact, &mut Links),
}

/// How the webhook uses a kind.
#[derive(Debug)]
pub struct Watched {
    /// With what it is installed; `None` for what every cluster has.
    pub product: Option<&'static Product>,
    /// Its part in verdicts.
    pub role: Role,
}

/// A product that brings kinds.
#[derive(Debug, PartialEq, Eq)]
pub struct Product {
    /// The value of the chart that switches its kinds off: `gatewayApi`.
    pub value: &'static str,
    /// Its kinds in a few words, for people.
    pub about: &'static str,
}

/// The part of a kind in verdicts.
#[derive(Debug)]
pub enum Role {
    /// Its objects are reviewed when they are written, and audited.
    Reviewed(&'static Entry),
    /// Its objects are audited, and ask for the certificates of Secrets.
    Request,
    /// Its objects write Secrets, of whose contents nothing is known.
    Supplier,
    /// The verdict on any object may depend on it.
    Context,
}

/// An entry of the webhook configuration, which may be about several kinds.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value of the chart, below `webhook.entries`: `openshiftRoute`.
    pub value: &'static str,
    /// Its kinds in a few words, for people.
    pub about: &'static str,
}

impl Kind {
    /// The kinds of the webhook.
    pub fn watched() -> impl Iterator<Item = &'static Self> {
        KINDS.iter().copied().filter(|kind| kind.watched.is_some())
    }

    /// The kind that the webhook reviews, by the group and kind of an object.
    #[must_use]
    pub fn reviewed(group: &str, name: &str) -> Option<&'static Self> {
        Self::watched()
            .find(|kind| kind.group == group && kind.name == name && kind.entry().is_some())
    }

    /// The entry of the webhook configuration that is about it.
    #[must_use]
    pub fn entry(&self) -> Option<&'static Entry> {
        match self.watched.as_ref()?.role {
            Role::Reviewed(entry) => Some(entry),
            Role::Request | Role::Supplier | Role::Context => None,
        }
    }

    /// Its objects are judged where they are in a cluster already.
    #[must_use]
    pub fn is_audited(&self) -> bool {
        let role = self.watched.as_ref().map(|watched| &watched.role);
        matches!(role, Some(Role::Reviewed(_) | Role::Request))
    }

    /// Its objects ask for the certificates of Secrets.
    #[must_use]
    pub fn is_request(&self) -> bool {
        let role = self.watched.as_ref().map(|watched| &watched.role);
        matches!(role, Some(Role::Request))
    }

    /// The verdict on any object may depend on its objects.
    #[must_use]
    pub fn is_context(&self) -> bool {
        let role = self.watched.as_ref().map(|watched| &watched.role);
        matches!(role, Some(Role::Context))
    }

    /// With what it is installed; `None` for what every cluster has.
    #[must_use]
    pub fn product(&self) -> Option<&'static Product> {
        self.watched.as_ref()?.product
    }

    /// `apiVersion` in the best version.
    #[must_use]
    pub fn api_version(&self) -> String {
        let version = self.versions.first().copied().unwrap_or_default();
        match self.group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }

    /// Part of an object of this kind is never kept: a private key.
    #[must_use]
    pub fn has_private_fields(&self) -> bool {
        self.fields.iter().any(|field| field.shape.is_private())
    }

    fn has_group(&self, group: &str) -> bool {
        self.group == group || self.former_groups.contains(&group)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.name, self.group).cmp(&(other.name, other.group))
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kind {}

impl Hash for Kind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, self.group).hash(state);
    }
}

/// Reads an object; `None` for a kind that does not matter.
pub(super) fn read<'a>(
    object: Object<'a>,
    source: SourceId,
    namespace: Namespacing<'a>,
) -> Option<Fact> {
    let reading = Reading {
        node: object.node,
        source,
        namespace,
    };
    (find(object)?.read)(reading)
}

/// The kind of an object.
fn find(object: Object<'_>) -> Option<&'static Kind> {
    let group = match object.api_version.split_once('/') {
        Some((group, _)) => group,
        None if object.api_version == "v1" => "",
        None => return None,
    };
    let mut kinds = KINDS.iter().copied();
    kinds.find(|kind| kind.name == object.kind && kind.has_group(group))
}

/// The Secrets that an object writes.
fn supplied(fact: &Fact, links: &mut Links) {
    if let Fact::Suppliers(suppliers) = fact {
        for supplier in suppliers {
            let secret = SecretName::new(&supplier.namespace, &supplier.secret);
            links.add(Link::Writes(secret));
        }
    }
}

/// The Secrets that an object pairs with hosts.
fn paired(fact: &Fact, links: &mut Links) {
    let Fact::Object(object::Fact::Pairings(pairings)) = fact else {
        return;
    };
    for pairing in pairings {
        if let Certificate::Secret {
            namespace, name, ..
        } = &pairing.certificate
        {
            links.names(namespace, &name.value);
        }
    }
}

/// Objects that say nothing of others.
fn no_links(_: &Fact, _: &mut Links) {}
