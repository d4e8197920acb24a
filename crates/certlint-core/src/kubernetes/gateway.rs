//! The facts of the Gateway API: listeners with their Secrets, routes with their hosts, and grants.

mod selector;

pub(super) use selector::Selector;

use std::collections::BTreeMap;

use manifest_syntax::Node;

use super::facts::Meta;
use crate::name::has_placeholder;
use crate::source::{Locate as _, Location, SourceId, Spanned};

/// The API group of all these kinds.
pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// As many items of a list are looked at: at least as many as the API server lets through
/// (`maxItems` of the custom resource definitions), so that the work stays bounded.
pub(super) const ITEMS_MAX: usize = 64;

/// An object of the Gateway API.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    Grant(Grant),
    Holder(Holder),
    /// A GatewayClass with its controller.
    Class(String, String),
    /// A Namespace with its labels.
    Namespace(String, BTreeMap<String, String>),
    Route(Route),
}

/// All objects of the Gateway API, each kind in the order of the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// By namespace.
    pub(super) grants: BTreeMap<String, Vec<Grant>>,
    pub(super) holders: Vec<Holder>,
    /// Labels of the Namespaces of the input.
    pub(super) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) routes: Vec<Route>,
    /// The controllers of the GatewayClasses of the input.
    pub(super) classes: BTreeMap<String, String>,
}

impl Objects {
    pub(super) fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Grant(grant) => {
                let namespace = grant.namespace.clone();
                self.grants.entry(namespace).or_default().push(grant);
            }
            Fact::Holder(holder) if !holder.meta.is_being_deleted => self.holders.push(holder),
            Fact::Route(route) if !route.meta.is_being_deleted => self.routes.push(route),
            Fact::Class(name, controller) => {
                self.classes.insert(name, controller);
            }
            Fact::Namespace(name, labels) => {
                self.namespaces.insert(name, labels);
            }
            Fact::Holder(_) | Fact::Route(_) => {}
        }
    }
}

/// A holder of listeners: a Gateway, or a ListenerSet that adds some to one.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) meta: Meta,
    pub(super) kind: HolderKind,
    pub(super) listeners: Vec<GatewayListener>,
}

#[derive(Clone, Debug)]
pub(super) enum HolderKind {
    Gateway {
        /// `gatewayClassName`
        class: String,
        /// Namespaces whose ListenerSets it takes.
        takes: Namespaces,
    },
    ListenerSet {
        /// `NAMESPACE/NAME` of its Gateway.
        parent: String,
    },
}

impl HolderKind {
    /// The `kind`, for references to it.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Gateway { .. } => "Gateway",
            Self::ListenerSet { .. } => "ListenerSet",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct GatewayListener {
    pub(super) at: Location,
    pub(super) name: String,
    pub(super) port: String,
    pub(super) protocol: Protocol,
    /// `None` for all names.
    pub(super) hostname: Option<Spanned<String>>,
    pub(super) tls: Option<Tls>,
    /// Namespaces whose routes it takes.
    pub(super) takes: Namespaces,
    /// Kinds of routes that it takes, where it says so.
    pub(super) kinds: Vec<String>,
}

/// The protocols that know TLS; the others ask for no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Https,
    Other,
    Tls,
}

#[derive(Clone, Debug)]
pub(super) struct Tls {
    /// The backend's certificate is shown, not one of the listener.
    pub(super) is_passthrough: bool,
    /// Options bring certificates that are not Secrets.
    pub(super) has_other_certificates: bool,
    pub(super) references: Vec<SecretRef>,
}

/// A member of `certificateRefs`.
#[derive(Clone, Debug)]
pub(super) struct SecretRef {
    pub(super) at: Location,
    /// A Secret of the core group; other kinds are the implementation's own.
    pub(super) is_secret: bool,
    pub(super) name: String,
    /// `None` for the namespace of the listener.
    pub(super) namespace: Option<String>,
}

/// Which namespaces something may come from.
#[derive(Clone, Debug)]
pub(super) enum Namespaces {
    All,
    None,
    Same,
    /// Those with certain labels.
    Selector(Selector),
}

/// An HTTPRoute, GRPCRoute or TLSRoute.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) meta: Meta,
    pub(super) kind: &'static str,
    pub(super) hostnames: Vec<Spanned<String>>,
    pub(super) parents: Vec<Parent>,
}

/// The parent that a route names.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) kind: String,
    /// `NAMESPACE/NAME`.
    pub(super) key: String,
    /// One listener by name.
    pub(super) section: Option<String>,
    /// All listeners of a port.
    pub(super) port: Option<String>,
}

/// A ReferenceGrant that is about Secrets.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// Its own namespace, which is that of the Secrets.
    pub(super) namespace: String,
    /// Kind and namespace of those who may refer.
    pub(super) from: Vec<(String, String)>,
    /// Names of Secrets; `None` for all.
    pub(super) to: Vec<Option<String>>,
}

/// A host; `{{` in a plain word is valid YAML: a template that was not rendered.
pub(super) fn host(node: Node<'_>, source: SourceId) -> Option<Spanned<String>> {
    let text = node.text().filter(|_| !node.is_null())?;
    let is_host = !text.is_empty() && !text.contains("{{");
    // The case of a placeholder counts.
    let host = match has_placeholder(text) {
        true => text.to_owned(),
        false => text.to_ascii_lowercase(),
    };
    is_host.then(|| Spanned::new(host, node.at(source)))
}

/// The Secrets that gateway-shim writes.
pub(super) fn issued(objects: &Objects) -> impl Iterator<Item = String> {
    let annotated = objects
        .holders
        .iter()
        .filter(|holder| holder.meta.has_issuer());
    annotated.flat_map(|holder| {
        let tls = holder
            .listeners
            .iter()
            .filter_map(|listener| listener.tls.as_ref());
        let references = tls.flat_map(|tls| &tls.references);
        references
            .filter(|reference| reference.is_secret && reference.namespace.is_none())
            .map(|reference| format!("{}/{}", holder.meta.namespace, reference.name))
    })
}

impl Objects {
    /// The Secrets of all listeners, as `NAMESPACE/NAME`.
    pub(super) fn named_secrets(&self) -> impl Iterator<Item = String> {
        self.holders.iter().flat_map(|holder| {
            let own = &holder.meta.namespace;
            let tls = holder.listeners.iter().filter_map(|one| one.tls.as_ref());
            let secrets = tls.flat_map(|tls| &tls.references);
            let secrets = secrets.filter(|reference| reference.is_secret);
            secrets.map(move |secret| {
                let namespace = secret.namespace.as_ref().unwrap_or(own);
                format!("{namespace}/{}", secret.name)
            })
        })
    }
}
