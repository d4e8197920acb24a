//! F5's NGINX Ingress Controller: VirtualServer and TransportServer.
//!
//! The Secret is served without a look at its names. One of another type than `kubernetes.io/tls`
//! is not taken, and handshakes are rejected (F5 NGINX Ingress Controller manual, VirtualServer).

use manifest_syntax::Node;

use super::{Certificate, Host, Pairing, mapping, path, text};
use crate::kubernetes::facts::Meta;
use crate::name::HostPattern;
use crate::source::SourceId;

pub(super) fn read(node: Node<'_>, source: SourceId, meta: &dyn Fn() -> Meta) -> Vec<Pairing> {
    let host = path(node, &["spec", "host"]).and_then(|host| text(host, source));
    let Some((host, tls)) = host.zip(mapping(node, &["spec", "tls"])) else {
        return Vec::new();
    };
    // The host becomes a `server_name`, so that a star stands for any number of labels.
    let pattern = HostPattern::gateway(&host.value);
    vec![Pairing {
        meta: meta(),
        hosts: vec![Host {
            text: host,
            pattern,
        }],
        certificate: Certificate::F5 {
            secret: tls.get("secret").and_then(|secret| text(secret, source)),
            is_issued: mapping(tls, &["cert-manager"]).is_some(),
        },
    }]
}
