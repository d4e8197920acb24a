//! OpenShift's Route.
//!
//! The certificate is in the Route, or in a Secret beside it; without one clients get the router's
//! own, which mostly is a wildcard for such hosts. The router holds certificate and key against each
//! other and does not look at the names (OpenShift manual, "Secured routes").

use manifest_syntax::Node;

use super::shape::{METADATA, Shape, field, unread};
use super::{Entry, Kind, Product, Role, Watched};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Certificate, Host, Inline, Pairing, Pem};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{at_key, path, text};
use crate::name::{HostPattern, has_placeholder};
use crate::source::{SourceId, Spanned};
use crate::x509;
use Shape::{Object, Private, Text};

/// See the module.
pub static ROUTE: Kind = Kind {
    name: "Route",
    group: "route.openshift.io",
    former_groups: &[""],
    versions: &["v1"],
    plural: "routes",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&Product {
            value: "openshiftRoutes",
            about: "OpenShift Routes",
        }),
        role: Role::Reviewed(&Entry {
            value: "openshiftRoute",
            about: "OpenShift Routes",
        }),
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("alternateBackends"),
                field("host", Text),
                unread("httpHeaders"),
                unread("path"),
                unread("port"),
                unread("subdomain"),
                field(
                    "tls",
                    Object(&[
                        field("caCertificate", Text),
                        field("certificate", Text),
                        unread("destinationCACertificate"),
                        field("externalCertificate", Object(&[field("name", Text)])),
                        unread("insecureEdgeTerminationPolicy"),
                        field("key", Private),
                        field("termination", Text),
                    ]),
                ),
                unread("to"),
                field("wildcardPolicy", Text),
            ]),
        ),
    ],
    read,
    links: super::paired,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let tls = object.mapping("tls").filter(|tls| {
        let termination = tls.get("termination").and_then(Node::text);
        matches!(termination, None | Some("" | "edge" | "reencrypt"))
    })?;
    let external = path(tls, &["externalCertificate", "name"]);
    let external = external.and_then(|name| text(name, object.source));
    let meta = object.meta();
    let certificate = match (inline(tls, object.source), external) {
        (Some(inline), _) => Certificate::Inline(Inline::Read(Box::new(inline))),
        (None, Some(name)) => Certificate::Secret {
            front: "openshift",
            namespace: meta.namespace.clone(),
            name,
        },
        (None, None) => return None,
    };
    let pairing = Pairing {
        meta,
        hosts: host(object).into_iter().collect(),
        certificate,
    };
    Some(Fact::Object(object::Fact::Pairings(vec![pairing])))
}

/// The host; with `wildcardPolicy: Subdomain` all hosts beside it.
fn host(object: Reading<'_>) -> Option<Host> {
    let mut host = object.text("host")?;
    let policy = object.spec("wildcardPolicy").and_then(Node::text);
    if policy == Some("Subdomain")
        && let Some((_, parent)) = host.value.split_once('.')
    {
        host.value = format!("*.{parent}");
    }
    Some(Host {
        pattern: HostPattern::ingress(&host.value),
        text: host,
    })
}

/// The PEM texts of the Route. The router sends `caCertificate` after `certificate`.
fn inline(tls: Node<'_>, source: SourceId) -> Option<Pem> {
    let field = |key| {
        let node = tls.get(key)?;
        let text = node.str()?;
        (!text.trim_ascii().is_empty() && !has_placeholder(text)).then_some((node, text))
    };
    let (node, leaf) = field("certificate")?;
    let chain = match field("caCertificate") {
        Some((_, rest)) => format!("{leaf}\n{rest}"),
        None => leaf.to_owned(),
    };
    Some(Pem {
        certificate: Spanned::new(
            x509::read_certificates(chain.as_bytes()),
            at_key(node, source),
        ),
        key: field("key").map(|(node, text)| {
            Spanned::new(x509::read_key(text.as_bytes()), at_key(node, source))
        }),
    })
}
