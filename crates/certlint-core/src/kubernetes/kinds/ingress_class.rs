//! IngressClass: which controller an Ingress belongs to.

use manifest_syntax::Node;

use super::link::{Link, Links};
use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, Role, Watched};
use crate::kubernetes::facts::{Fact, IngressClass};
use crate::kubernetes::reading::Reading;
use Shape::{Object, Text};

/// See the module.
pub static INGRESS_CLASS: Kind = Kind {
    name: "IngressClass",
    group: "networking.k8s.io",
    former_groups: &[],
    versions: &["v1"],
    plural: "ingressclasses",
    is_namespaced: false,
    watched: Some(Watched {
        product: None,
        role: Role::Context,
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[field("controller", Text), unread("parameters")]),
        ),
    ],
    read,
    links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let meta = object.meta();
    let default = meta.annotation("ingressclass.kubernetes.io/is-default-class");
    Some(Fact::IngressClass(IngressClass {
        controller: object
            .spec("controller")
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned(),
        is_default: default.is_some_and(|value| value.value == "true"),
        created: meta.created,
        name: meta.name,
        choice: None,
    }))
}

fn links(fact: &Fact, links: &mut Links) {
    if let Fact::IngressClass(class) = fact
        && class.is_default
    {
        links.add(Link::DefaultClass);
    }
}
