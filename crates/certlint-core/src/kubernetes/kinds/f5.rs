//! VirtualServer and TransportServer of F5's NGINX Ingress Controller.

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Certificate, Host, Pairing};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{is_mapping, text};
use crate::name::HostPattern;
use Shape::{Object, Text};

pub(super) static VIRTUAL_SERVER: Kind = Kind {
    name: "VirtualServer",
    plural: "virtualservers",
    ..SERVER
};

pub(super) static TRANSPORT_SERVER: Kind = Kind {
    name: "TransportServer",
    plural: "transportservers",
    ..SERVER
};

const SERVER: Kind = Kind {
    name: "",
    group: "k8s.nginx.org",
    former_groups: &[],
    versions: &["v1", "v1alpha1"],
    plural: "",
    is_namespaced: true,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field("host", Text),
                field(
                    "tls",
                    Object(&[
                        field("cert-manager", Object(&[])),
                        unread("redirect"),
                        field("secret", Text),
                    ]),
                ),
            ]),
        ),
    ],
    read,
    links: no_links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let host = object.text("host")?;
    let tls = object.mapping("tls")?;
    // The host becomes a `server_name`, so that a star matches any number of labels.
    let pattern = HostPattern::gateway(&host.value);
    let secret = tls.get("secret");
    let pairing = Pairing {
        meta: object.meta(),
        hosts: vec![Host {
            text: host,
            pattern,
        }],
        certificate: Certificate::F5 {
            secret: secret.and_then(|secret| text(secret, object.source)),
            is_issued: is_mapping(tls, "cert-manager"),
        },
    };
    Some(Fact::Object(object::Fact::Pairings(vec![pairing])))
}
