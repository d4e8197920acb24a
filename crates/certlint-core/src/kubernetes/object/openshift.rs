//! OpenShift: Route.
//!
//! The certificate stands in the Route, or in a Secret beside it; without one clients get the
//! router's own, which mostly is a wildcard for such hosts. The router holds certificate and key
//! against each other and does not look at the names (OpenShift manual, "Secured routes").

use manifest_syntax::Node;

use super::{Certificate, Host, Inline, Pairing, Pem, mapping, path, text};
use crate::kubernetes::facts::{Meta, at_key};
use crate::name::{HostPattern, has_placeholder};
use crate::source::{SourceId, Spanned};
use crate::x509;

pub(super) fn read(node: Node<'_>, source: SourceId, meta: &dyn Fn() -> Meta) -> Vec<Pairing> {
    let tls = mapping(node, &["spec", "tls"]).filter(|tls| {
        let termination = tls.get("termination").and_then(Node::text);
        matches!(termination, None | Some("" | "edge" | "reencrypt"))
    });
    let Some(tls) = tls else {
        return Vec::new();
    };
    let external = path(tls, &["externalCertificate", "name"]).and_then(|name| text(name, source));
    let certificate = match (inline(tls, source), external) {
        (Some(inline), _) => Certificate::Inline(Inline::Read(Box::new(inline))),
        (None, Some(secret)) => Certificate::Route(secret),
        (None, None) => return Vec::new(),
    };
    vec![Pairing {
        meta: meta(),
        hosts: host(node, source).into_iter().collect(),
        certificate,
    }]
}

/// The host; with `wildcardPolicy: Subdomain` all hosts beside it.
fn host(node: Node<'_>, source: SourceId) -> Option<Host> {
    let mut host = path(node, &["spec", "host"]).and_then(|host| text(host, source))?;
    let policy = path(node, &["spec", "wildcardPolicy"]).and_then(Node::text);
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

/// The PEM texts of the Route. The router sends `caCertificate` behind `certificate`.
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
