//! Traefik's TLSStore: certificates for all of its routers.

use manifest_syntax::Node;

use super::link::Links;
use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, Product, Role, Watched};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Store};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::text;
use Shape::{List, Object, Text};

/// See the module.
pub static TLS_STORE: Kind = Kind {
    name: "TLSStore",
    group: "traefik.io",
    former_groups: &["traefik.containo.us"],
    versions: &["v1alpha1"],
    plural: "tlsstores",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&Product {
            value: "traefik",
            about: "Traefik's TLSStores: the certificates there may serve any host",
        }),
        role: Role::Context,
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field("certificates", List(&CERTIFICATE)),
                field("defaultCertificate", CERTIFICATE),
                unread("defaultGeneratedCert"),
            ]),
        ),
    ],
    read,
    links,
};

const CERTIFICATE: Shape = Object(&[field("secretName", Text)]);

fn read(object: Reading<'_>) -> Option<Fact> {
    let meta = object.meta();
    let secret = |node: Node<'_>| text(node.get("secretName")?, object.source);
    Some(Fact::Object(object::Fact::Store(Store {
        is_default: meta.name == "default",
        namespace: meta.namespace,
        default: object.spec("defaultCertificate").and_then(secret),
        certificates: object.items("certificates").filter_map(secret).collect(),
    })))
}

fn links(fact: &Fact, links: &mut Links) {
    if let Fact::Object(object::Fact::Store(store)) = fact {
        for secret in store.certificates.iter().chain(&store.default) {
            links.names(&store.namespace, &secret.value);
        }
    }
}
