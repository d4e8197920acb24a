//! Contour's HTTPProxy.
//!
//! Without a `secretName` nothing is terminated: TLS passes through, or the proxy is included in
//! another one.

use manifest_syntax::Value;

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Certificate, Host, Pairing};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{is_true, path, text};
use crate::name::HostPattern;
use Shape::{Bool, Object, Text};

pub(super) static HTTP_PROXY: Kind = Kind {
    name: "HTTPProxy",
    group: "projectcontour.io",
    former_groups: &[],
    versions: &["v1"],
    plural: "httpproxies",
    is_namespaced: true,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("includes"),
                unread("ingressClassName"),
                unread("routes"),
                unread("tcpproxy"),
                field(
                    "virtualhost",
                    Object(&[
                        unread("authorization"),
                        unread("corsPolicy"),
                        field("fqdn", Text),
                        unread("ipAllowPolicy"),
                        unread("ipDenyPolicy"),
                        unread("jwtProviders"),
                        unread("rateLimitPolicy"),
                        field(
                            "tls",
                            Object(&[
                                unread("clientValidation"),
                                unread("enableFallbackCertificate"),
                                unread("maximumProtocolVersion"),
                                unread("minimumProtocolVersion"),
                                field("passthrough", Bool),
                                field("secretName", Text),
                            ]),
                        ),
                    ]),
                ),
            ]),
        ),
    ],
    read,
    links: no_links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let host = object.spec("virtualhost")?;
    let tls = host
        .get("tls")
        .filter(|tls| tls.value() == Value::Mapping)?;
    if is_true(tls, "passthrough") {
        return None;
    }
    let secret = text(tls.get("secretName")?, object.source)?;
    let host = text(path(host, &["fqdn"])?, object.source)?;
    let pattern = HostPattern::ingress(&host.value);
    let pairing = Pairing {
        meta: object.meta(),
        hosts: vec![Host {
            text: host,
            pattern,
        }],
        certificate: Certificate::Contour(secret),
    };
    Some(Fact::Object(object::Fact::Pairings(vec![pairing])))
}
