//! ExternalSecret of the External Secrets Operator, which writes a Secret.

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, Product, Role, Watched};
use crate::kubernetes::facts::{Fact, Supplier};
use crate::kubernetes::reading::Reading;
use Shape::{Object, Text};

/// See the module.
pub static EXTERNAL_SECRET: Kind = Kind {
    name: "ExternalSecret",
    group: "external-secrets.io",
    former_groups: &[],
    versions: &["v1", "v1beta1"],
    plural: "externalsecrets",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&Product {
            value: "externalSecrets",
            about: "ExternalSecrets",
        }),
        role: Role::Supplier,
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("data"),
                unread("dataFrom"),
                unread("refreshInterval"),
                unread("refreshPolicy"),
                unread("secretStoreRef"),
                field(
                    "target",
                    Object(&[
                        unread("creationPolicy"),
                        unread("deletionPolicy"),
                        unread("immutable"),
                        unread("manifest"),
                        field("name", Text),
                        unread("template"),
                    ]),
                ),
            ]),
        ),
    ],
    read,
    links: super::supplied,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let target = object.spec("target").and_then(|target| target.get("name"));
    let supplier = Supplier::new("ExternalSecret", target, &object.meta());
    Some(Fact::Suppliers(vec![supplier]))
}
