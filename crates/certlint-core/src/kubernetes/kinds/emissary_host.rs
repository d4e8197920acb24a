//! Host of Emissary-ingress: a hostname and the Secret that it is served with.
//!
//! The Secret is served without a look at its names. With an ACME provider Edge Stack has the
//! certificate made for the hostname (Emissary manual, "The Host resource").

use super::shape::{METADATA, Shape, field, unread};
use super::{Entry, Kind, Product, Role, Watched};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Certificate, Host, Pairing};
use crate::kubernetes::reading::{Reading, field as text_of, text};
use crate::name::HostPattern;
use Shape::{Object, Text};

pub(super) static HOST: Kind = Kind {
    name: "Host",
    group: "getambassador.io",
    former_groups: &[],
    versions: &["v3alpha1"],
    plural: "hosts",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&Product {
            value: "emissary",
            about: "Hosts of Emissary-ingress",
        }),
        role: Role::Reviewed(&Entry {
            value: "emissaryHost",
            about: "Hosts of Emissary-ingress",
        }),
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field(
                    "acmeProvider",
                    Object(&[
                        field("authority", Text),
                        unread("email"),
                        unread("privateKeySecret"),
                        unread("registration"),
                    ]),
                ),
                unread("ambassador_id"),
                field("hostname", Text),
                unread("mappingSelector"),
                unread("previewUrl"),
                unread("requestPolicy"),
                unread("selector"),
                unread("tls"),
                unread("tlsContext"),
                field(
                    "tlsSecret",
                    Object(&[field("name", Text), field("namespace", Text)]),
                ),
            ]),
        ),
    ],
    read,
    links: super::paired,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let host = object.text("hostname").filter(|host| host.value != "*")?;
    let reference = object.mapping("tlsSecret")?;
    if is_issued(object) {
        return None;
    }
    let meta = object.meta();
    let namespace = text_of(reference, "namespace").unwrap_or(&meta.namespace);
    let pairing = Pairing {
        hosts: vec![Host {
            // A star is any prefix.
            pattern: HostPattern::gateway(&host.value),
            text: host,
        }],
        certificate: Certificate::Secret {
            front: "emissary",
            namespace: namespace.to_owned(),
            name: text(reference.get("name")?, object.source)?,
        },
        meta,
    };
    Some(Fact::Object(object::Fact::Pairings(vec![pairing])))
}

/// An ACME provider writes the Secret for the hostname; `none` switches it off.
fn is_issued(object: Reading<'_>) -> bool {
    object.mapping("acmeProvider").is_some_and(|provider| {
        let authority = text_of(provider, "authority");
        !authority.is_some_and(|authority| authority.eq_ignore_ascii_case("none"))
    })
}
