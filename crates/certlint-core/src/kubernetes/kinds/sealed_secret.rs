//! SealedSecret, from which its controller writes a Secret.

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, Product, Role, Watched};
use crate::kubernetes::facts::{Fact, Supplier};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::path;
use Shape::{Object, Text};

/// See the module.
pub static SEALED_SECRET: Kind = Kind {
    name: "SealedSecret",
    group: "bitnami.com",
    former_groups: &[],
    versions: &["v1alpha1"],
    plural: "sealedsecrets",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&Product {
            value: "sealedSecrets",
            about: "SealedSecrets",
        }),
        role: Role::Supplier,
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("data"),
                unread("encryptedData"),
                field(
                    "template",
                    Object(&[
                        unread("data"),
                        unread("immutable"),
                        field("metadata", Object(&[field("name", Text)])),
                        unread("type"),
                    ]),
                ),
            ]),
        ),
    ],
    read,
    links: super::supplied,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let target = object.spec("template");
    let target = target.and_then(|target| path(target, &["metadata", "name"]));
    let supplier = Supplier::new("SealedSecret", target, &object.meta());
    Some(Fact::Suppliers(vec![supplier]))
}
