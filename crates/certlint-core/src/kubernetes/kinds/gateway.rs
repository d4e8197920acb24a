//! Gateway and ListenerSet of the Gateway API: what holds listeners.

use manifest_syntax::Node;

use super::link::{Link, Links, ObjectName, SecretName};
use super::shape::{METADATA, Shape, field, unread};
use super::{Entry, Kind, Product, Role, Watched};
use crate::kubernetes::facts::{Fact, Meta};
use crate::kubernetes::gateway::{
    self, GROUP, GatewayListener, Holder, HolderKind, ITEMS_MAX, Namespaces, Protocol, SecretRef,
    Selector, Tls, host,
};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::field as text_of;
use crate::source::{Locate as _, SourceId};
use Shape::{Any, Integer, List, Map, Object, Text};

/// See the module.
pub static GATEWAY: Kind = Kind {
    name: "Gateway",
    group: GROUP,
    former_groups: &[],
    versions: &["v1", "v1beta1"],
    plural: "gateways",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&GATEWAY_API),
        role: Role::Reviewed(&HOLDERS),
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("addresses"),
                field("allowedListeners", Object(&[NAMESPACES])),
                unread("backendTLS"),
                unread("defaultScope"),
                field("gatewayClassName", Text),
                unread("infrastructure"),
                field("listeners", List(&LISTENER)),
                unread("tls"),
            ]),
        ),
    ],
    read: read_gateway,
    links,
};

/// See the module.
pub static LISTENER_SET: Kind = Kind {
    name: "ListenerSet",
    group: GROUP,
    former_groups: &[],
    versions: &["v1"],
    plural: "listenersets",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&GATEWAY_API),
        role: Role::Reviewed(&HOLDERS),
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field("listeners", List(&LISTENER)),
                field("parentRef", PARENT),
            ]),
        ),
    ],
    read: read_listener_set,
    links,
};

/// The Gateway API.
pub(super) static GATEWAY_API: Product = Product {
    value: "gatewayApi",
    about: "Gateway API: Gateways, ListenerSets, routes and ReferenceGrants",
};

static HOLDERS: Entry = Entry {
    value: "gateway",
    about: "Gateways and ListenerSets",
};

/// A reference to a Gateway or ListenerSet.
pub(super) const PARENT: Shape = Object(&[
    field("group", Text),
    field("kind", Text),
    field("name", Text),
    field("namespace", Text),
    field("port", Integer),
    field("sectionName", Text),
]);

const NAMESPACES: super::shape::Field = field(
    "namespaces",
    Object(&[
        field("from", Text),
        field(
            "selector",
            Object(&[
                field(
                    "matchExpressions",
                    List(&Object(&[
                        field("key", Text),
                        field("operator", Text),
                        field("values", List(&Text)),
                    ])),
                ),
                field("matchLabels", Map(&Text)),
            ]),
        ),
    ]),
);

const LISTENER: Shape = Object(&[
    field(
        "allowedRoutes",
        Object(&[
            field(
                "kinds",
                List(&Object(&[unread("group"), field("kind", Text)])),
            ),
            NAMESPACES,
        ]),
    ),
    field("hostname", Text),
    field("name", Text),
    field("port", Integer),
    field("protocol", Text),
    field(
        "tls",
        Object(&[
            field(
                "certificateRefs",
                List(&Object(&[
                    field("group", Text),
                    field("kind", Text),
                    field("name", Text),
                    field("namespace", Text),
                ])),
            ),
            unread("frontendValidation"),
            field("mode", Text),
            field("options", Map(&Any)),
        ]),
    ),
]);

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

fn read_gateway(object: Reading<'_>) -> Option<Fact> {
    let kind = HolderKind::Gateway {
        class: object
            .spec("gatewayClassName")
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned(),
        takes: namespaces(object.spec("allowedListeners"), Namespaces::None),
    };
    Some(holder(kind, object, object.meta()))
}

fn read_listener_set(object: Reading<'_>) -> Option<Fact> {
    let meta = object.meta();
    let parent = key(object.spec("parentRef")?, &meta.namespace)?;
    Some(holder(HolderKind::ListenerSet { parent }, object, meta))
}

fn holder(kind: HolderKind, object: Reading<'_>, meta: Meta) -> Fact {
    let has_map = meta.annotation(CERTIFICATE_MAP).is_some();
    let listeners = object.items("listeners").take(ITEMS_MAX);
    let listeners = listeners.filter_map(|listener| {
        let mut listener = read_listener(listener, object.source)?;
        if let Some(tls) = &mut listener.tls {
            tls.has_other_certificates |= has_map;
        }
        Some(listener)
    });
    Fact::Gateway(gateway::Fact::Holder(Holder {
        listeners: listeners.collect(),
        meta,
        kind,
    }))
}

/// `None` where its hostname is a template that was not rendered.
fn read_listener(node: Node<'_>, source: SourceId) -> Option<GatewayListener> {
    let allowed = node.get("allowedRoutes");
    let hostname = match text_of(node, "hostname") {
        Some(_) => Some(node.get("hostname").and_then(|name| host(name, source))?),
        None => None,
    };
    let text = |name| text_of(node, name).unwrap_or_default().to_owned();
    Some(GatewayListener {
        at: node.at(source),
        name: text("name"),
        port: text("port"),
        protocol: match text_of(node, "protocol") {
            Some("HTTPS") => Protocol::Https,
            Some("TLS") => Protocol::Tls,
            _ => Protocol::Other,
        },
        hostname,
        tls: node.get("tls").filter(|tls| !tls.is_null()).map(|tls| Tls {
            is_passthrough: text_of(tls, "mode") == Some("Passthrough"),
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
            .filter_map(|kind| text_of(kind, "kind").map(str::to_owned))
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
    let is_core = matches!(text_of(node, "group"), None | Some("core"));
    Some(SecretRef {
        at: node.at(source),
        is_secret: is_core && matches!(text_of(node, "kind"), None | Some("Secret")),
        name: text_of(node, "name")?.to_owned(),
        namespace: text_of(node, "namespace").map(str::to_owned),
    })
}

/// The `namespaces` of `allowedRoutes` or `allowedListeners`.
fn namespaces(allowed: Option<Node<'_>>, default: Namespaces) -> Namespaces {
    let Some(namespaces) = allowed.and_then(|allowed| allowed.get("namespaces")) else {
        return default;
    };
    match text_of(namespaces, "from") {
        Some("All") => Namespaces::All,
        Some("None") => Namespaces::None,
        Some("Same") => Namespaces::Same,
        Some("Selector") => Namespaces::Selector(Selector::read(namespaces.get("selector"))),
        _ => default,
    }
}

/// `NAMESPACE/NAME` of a reference.
pub(super) fn key(reference: Node<'_>, namespace: &str) -> Option<String> {
    let namespace = text_of(reference, "namespace").unwrap_or(namespace);
    Some(format!("{namespace}/{}", text_of(reference, "name")?))
}

/// The link of what is attached to a Gateway or ListenerSet.
pub(super) fn attached(kind: &str, key: &str, links: &mut Links) {
    let kind = match kind {
        "Gateway" => &GATEWAY,
        "ListenerSet" => &LISTENER_SET,
        _ => return,
    };
    if let Some((namespace, name)) = key.split_once('/') {
        links.add(Link::Parent(ObjectName {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }));
    }
}

fn links(fact: &Fact, links: &mut Links) {
    let Fact::Gateway(gateway::Fact::Holder(holder)) = fact else {
        return;
    };
    if let HolderKind::ListenerSet { parent } = &holder.kind {
        attached("Gateway", parent, links);
    }
    let own = &holder.meta.namespace;
    let tls = holder.listeners.iter().filter_map(|one| one.tls.as_ref());
    for reference in tls.flat_map(|tls| &tls.references) {
        if !reference.is_secret {
            continue;
        }
        let namespace = reference.namespace.as_ref().unwrap_or(own);
        if holder.meta.has_issuer() && namespace == own {
            links.add(Link::Issued(SecretName::new(own, &reference.name)));
        }
        links.names(namespace, &reference.name);
    }
}
