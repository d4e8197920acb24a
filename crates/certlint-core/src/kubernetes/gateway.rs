//! The Gateway API, read: listeners with their Secrets, routes with their hosts, and grants.
//!
//! One reader for all versions (v1, v1beta1, v1alpha2, v1alpha3): what matters here has
//! the same fields in each. Fields as in the Gateway API reference, `gateway.networking.k8s.io`.

mod selector;

use manifest_syntax::Node;
use selector::Selector;

use std::collections::BTreeMap;

use super::facts::{Meta, path};
use crate::name::has_placeholder;
use crate::source::{Locate as _, Location, SourceId, Spanned};

/// The API group of all these kinds.
pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// The option with which GKE takes certificates of the cloud provider.
const PRE_SHARED: &str = "networking.gke.io/pre-shared-certs";

/// The option with which VPC Lattice takes a certificate of the cloud provider.
const CERTIFICATE_ARN: &str = "application-networking.k8s.aws/certificate-arn";

/// The option with which agentgateway makes certificates itself.
const CERTIFICATE_SOURCE: &str = "agentgateway.dev/tls-certificate-source";

/// The option with which Istio shows the certificate of the workload.
const TERMINATE_MODE: &str = "gateway.istio.io/tls-terminate-mode";

/// The annotation with which GKE takes certificates of the cloud provider, whatever is named.
const CERTIFICATE_MAP: &str = "networking.gke.io/certmap";

/// As many items of a list are looked at: at least as many as the API server lets through
/// (`maxItems` of the custom resource definitions), so that the work stays bounded.
const ITEMS_MAX: usize = 64;

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

/// What holds listeners: a Gateway, or a ListenerSet that adds some to one.
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

/// What a route wants to be attached to.
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

/// Reads an object of the group; `None` for a kind that does not matter.
pub(super) fn read(kind: &str, node: Node<'_>, source: SourceId, meta: Meta) -> Option<Fact> {
    let route = |kind, meta| Some(Fact::Route(route(kind, node, source, meta)));
    match kind {
        "Gateway" => {
            let kind = HolderKind::Gateway {
                class: path(node, &["spec", "gatewayClassName"])
                    .and_then(Node::text)
                    .unwrap_or_default()
                    .to_owned(),
                takes: namespaces(path(node, &["spec", "allowedListeners"]), Namespaces::None),
            };
            Some(Fact::Holder(holder(kind, node, source, meta)))
        }
        "GatewayClass" => {
            let controller = path(node, &["spec", "controllerName"])?.text()?;
            Some(Fact::Class(meta.name, controller.to_owned()))
        }
        "GRPCRoute" => route("GRPCRoute", meta),
        "HTTPRoute" => route("HTTPRoute", meta),
        "ListenerSet" => {
            let parent = path(node, &["spec", "parentRef"])?;
            let parent = key(parent, &meta.namespace)?;
            let kind = HolderKind::ListenerSet { parent };
            Some(Fact::Holder(holder(kind, node, source, meta)))
        }
        "ReferenceGrant" => Some(Fact::Grant(grant(node, meta))),
        "TLSRoute" => route("TLSRoute", meta),
        _ => None,
    }
}

fn holder(kind: HolderKind, node: Node<'_>, source: SourceId, meta: Meta) -> Holder {
    let listeners = path(node, &["spec", "listeners"]);
    let has_map = meta.annotation(CERTIFICATE_MAP).is_some();
    let listeners = listeners
        .into_iter()
        .flat_map(Node::items)
        .take(ITEMS_MAX)
        .filter_map(|listener| {
            let mut listener = read_listener(listener, source)?;
            if let Some(tls) = &mut listener.tls {
                tls.has_other_certificates |= has_map;
            }
            Some(listener)
        });
    Holder {
        listeners: listeners.collect(),
        meta,
        kind,
    }
}

/// `None` where its hostname is a template that was not rendered.
fn read_listener(node: Node<'_>, source: SourceId) -> Option<GatewayListener> {
    let allowed = node.get("allowedRoutes");
    let hostname = match text(node, "hostname") {
        Some(_) => Some(node.get("hostname").and_then(|name| host(name, source))?),
        None => None,
    };
    Some(GatewayListener {
        at: node.at(source),
        name: text(node, "name").unwrap_or_default().to_owned(),
        port: text(node, "port").unwrap_or_default().to_owned(),
        protocol: match text(node, "protocol") {
            Some("HTTPS") => Protocol::Https,
            Some("TLS") => Protocol::Tls,
            _ => Protocol::Other,
        },
        hostname,
        tls: node.get("tls").filter(|tls| !tls.is_null()).map(|tls| Tls {
            is_passthrough: text(tls, "mode") == Some("Passthrough"),
            has_other_certificates: has_other_certificates(tls),
            references: tls
                .get("certificateRefs")
                .into_iter()
                .flat_map(Node::items)
                .take(ITEMS_MAX)
                .filter_map(|reference| secret_ref(reference, source))
                .collect(),
        }),
        takes: namespaces(allowed, Namespaces::Same),
        kinds: allowed
            .and_then(|allowed| allowed.get("kinds"))
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|kind| text(kind, "kind").map(str::to_owned))
            .collect(),
    })
}

/// Options with which an implementation brings certificates that are not in Secrets.
fn has_other_certificates(tls: Node<'_>) -> bool {
    let options = tls.get("options").into_iter().flat_map(Node::entries);
    let mut options = options.map(|(key, value)| (key.text(), value.text().unwrap_or_default()));
    options.any(|(key, value)| match key {
        PRE_SHARED | CERTIFICATE_ARN | CERTIFICATE_SOURCE => true,
        TERMINATE_MODE => matches!(value, "ISTIO_MUTUAL" | "ISTIO_SIMPLE"),
        _ => false,
    })
}

fn secret_ref(node: Node<'_>, source: SourceId) -> Option<SecretRef> {
    let is_core = matches!(text(node, "group"), None | Some("core"));
    Some(SecretRef {
        at: node.at(source),
        is_secret: is_core && matches!(text(node, "kind"), None | Some("Secret")),
        name: text(node, "name")?.to_owned(),
        namespace: text(node, "namespace").map(str::to_owned),
    })
}

/// The `namespaces` of `allowedRoutes` or `allowedListeners`.
fn namespaces(allowed: Option<Node<'_>>, default: Namespaces) -> Namespaces {
    let Some(namespaces) = allowed.and_then(|allowed| allowed.get("namespaces")) else {
        return default;
    };
    match text(namespaces, "from") {
        Some("All") => Namespaces::All,
        Some("None") => Namespaces::None,
        Some("Same") => Namespaces::Same,
        Some("Selector") => Namespaces::Selector(Selector::read(namespaces.get("selector"))),
        _ => default,
    }
}

/// Reads a Namespace.
pub(super) fn namespace(node: Node<'_>, meta: Meta) -> Fact {
    let labels = path(node, &["metadata", "labels"]);
    let labels = labels.into_iter().flat_map(Node::entries);
    let labels =
        labels.filter_map(|(key, value)| Some((key.text().to_owned(), value.text()?.to_owned())));
    Fact::Namespace(meta.name, labels.collect())
}

fn route(kind: &'static str, node: Node<'_>, source: SourceId, meta: Meta) -> Route {
    let spec = |name| path(node, &["spec", name]).into_iter();
    Route {
        kind,
        hostnames: spec("hostnames")
            .flat_map(Node::items)
            .take(ITEMS_MAX)
            .filter_map(|name| host(name, source))
            .collect(),
        parents: spec("parentRefs")
            .flat_map(Node::items)
            .take(ITEMS_MAX)
            .filter(|parent| matches!(text(*parent, "group"), None | Some(GROUP)))
            .filter_map(|parent| {
                Some(Parent {
                    kind: text(parent, "kind").unwrap_or("Gateway").to_owned(),
                    key: key(parent, &meta.namespace)?,
                    section: text(parent, "sectionName").map(str::to_owned),
                    port: text(parent, "port").map(str::to_owned),
                })
            })
            .collect(),
        meta,
    }
}

fn grant(node: Node<'_>, meta: Meta) -> Grant {
    let spec = |name| {
        path(node, &["spec", name])
            .into_iter()
            .flat_map(Node::items)
    };
    let is_secret = |to: &Node<'_>| {
        text(*to, "kind") == Some("Secret") && matches!(text(*to, "group"), None | Some("core"))
    };
    Grant {
        namespace: meta.namespace,
        from: spec("from")
            .filter(|from| text(*from, "group") == Some(GROUP))
            .filter_map(|from| {
                let kind = text(from, "kind")?.to_owned();
                Some((kind, text(from, "namespace")?.to_owned()))
            })
            .collect(),
        to: spec("to")
            .filter(is_secret)
            .map(|to| text(to, "name").map(str::to_owned))
            .collect(),
    }
}

/// `NAMESPACE/NAME` of a reference.
fn key(reference: Node<'_>, namespace: &str) -> Option<String> {
    let namespace = text(reference, "namespace").unwrap_or(namespace);
    Some(format!("{namespace}/{}", text(reference, "name")?))
}

/// A host; `{{` in a plain word is valid YAML: a template that was not rendered.
fn host(node: Node<'_>, source: SourceId) -> Option<Spanned<String>> {
    let text = node.text().filter(|_| !node.is_null())?;
    let is_host = !text.is_empty() && !text.contains("{{");
    // The case of a placeholder counts.
    let host = match has_placeholder(text) {
        true => text.to_owned(),
        false => text.to_ascii_lowercase(),
    };
    is_host.then(|| Spanned::new(host, node.at(source)))
}

/// A field that is a scalar and not empty.
fn text<'a>(node: Node<'a>, name: &str) -> Option<&'a str> {
    let field = node.get(name).filter(|field| !field.is_null())?;
    field.text().filter(|text| !text.is_empty())
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
