//! SecretProviderClass: the CSI driver writes Secrets once a Pod mounts it.

use super::Kind;
use super::shape::{METADATA, Shape, field, unread};
use crate::kubernetes::facts::{Fact, Supplier};
use crate::kubernetes::reading::Reading;
use Shape::{List, Object, Text};

pub(super) static SECRET_PROVIDER_CLASS: Kind = Kind {
    name: "SecretProviderClass",
    group: "secrets-store.csi.x-k8s.io",
    former_groups: &[],
    versions: &["v1", "v1alpha1"],
    plural: "secretproviderclasses",
    is_namespaced: true,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("parameters"),
                unread("provider"),
                field(
                    "secretObjects",
                    List(&Object(&[
                        unread("annotations"),
                        unread("data"),
                        unread("labels"),
                        field("secretName", Text),
                        unread("type"),
                    ])),
                ),
            ]),
        ),
    ],
    read,
    links: super::supplied,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let meta = object.meta();
    let names = object.items("secretObjects");
    let names = names.filter_map(|object| object.get("secretName"));
    let suppliers = names.map(|name| Supplier::new("SecretProviderClass", Some(name), &meta));
    Some(Fact::Suppliers(suppliers.collect()))
}
