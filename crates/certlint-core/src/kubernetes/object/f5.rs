//! F5's NGINX Ingress Controller: VirtualServer and TransportServer.
//!
//! The Secret is served without a look at its names. One of another type than `kubernetes.io/tls`
//! is not taken, and handshakes are rejected (F5 NGINX Ingress Controller manual, VirtualServer).

use manifest_syntax::Node;

use super::{Certificate, Host, Pairing, mapping, path, text};
use crate::kubernetes::cluster::Kept;
use crate::kubernetes::facts::Meta;
use crate::model::Problem;
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

/// What is wrong with a Secret of another type.
pub(in crate::kubernetes) fn wrong_type(key: &str, kept: &Kept) -> Option<Problem> {
    let secret = &kept.secret;
    (secret.is_tls && !secret.has_tls_type).then(|| Problem::SecretMalformed {
        at: secret.type_at.clone(),
        secret: key.to_owned(),
        message: "F5 NGINX takes Secrets of type `kubernetes.io/tls` only, and rejects handshakes"
            .to_owned(),
        help: Some(
            "delete the Secret and make it anew with `type: kubernetes.io/tls`: a type cannot be changed"
                .to_owned(),
        ),
        pending: false,
    })
}
