//! Istio's Gateway.

use manifest_syntax::{Node, Value};

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Certificate, Host, Pairing};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{labels, part, path, text};
use crate::name::HostPattern;
use crate::source::{SourceId, Spanned};
use Shape::{Integer, List, Map, Object, Text};

pub(super) static GATEWAY: Kind = Kind {
    name: "Gateway",
    group: "networking.istio.io",
    former_groups: &[],
    versions: &["v1", "v1beta1", "v1alpha3"],
    plural: "gateways",
    is_namespaced: true,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field("selector", Map(&Text)),
                field(
                    "servers",
                    List(&Object(&[
                        unread("bind"),
                        unread("defaultEndpoint"),
                        field("hosts", List(&Text)),
                        unread("name"),
                        field(
                            "port",
                            Object(&[
                                unread("name"),
                                field("number", Integer),
                                unread("protocol"),
                                unread("targetPort"),
                            ]),
                        ),
                        field(
                            "tls",
                            Object(&[
                                unread("caCertCredentialName"),
                                unread("caCertificates"),
                                unread("caCrl"),
                                unread("cipherSuites"),
                                field("credentialName", Text),
                                field("credentialNames", List(&Text)),
                                unread("httpsRedirect"),
                                unread("maxProtocolVersion"),
                                unread("minProtocolVersion"),
                                field("mode", Text),
                                unread("privateKey"),
                                unread("serverCertificate"),
                                unread("subjectAltNames"),
                                unread("tlsCertificates"),
                                unread("verifyCertificateHash"),
                                unread("verifyCertificateSpki"),
                            ]),
                        ),
                    ])),
                ),
            ]),
        ),
    ],
    read,
    links: no_links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let selector = labels(object.spec("selector"));
    let mut pairings = Vec::new();
    for server in object.items("servers") {
        for credential in credentials(server, object.source) {
            let hosts = server.get("hosts").into_iter().flat_map(Node::items);
            pairings.push(Pairing {
                meta: object.meta(),
                hosts: hosts
                    .filter_map(|host| read_host(host, object.source))
                    .collect(),
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
    (!pairings.is_empty()).then_some(Fact::Object(object::Fact::Pairings(pairings)))
}

/// The Secrets of a server that terminates TLS; none where the certificate is a file.
fn credentials(server: Node<'_>, source: SourceId) -> Vec<Spanned<String>> {
    let tls = server.get("tls");
    let Some(tls) = tls.filter(|tls| tls.value() == Value::Mapping) else {
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
