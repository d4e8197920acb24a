//! Namespaces, of which only the labels count.

use super::shape::{Shape, field};
use super::{Kind, Role, Watched, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::gateway;
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{labels, path};
use Shape::{Map, Object, Text};

/// See the module.
pub static NAMESPACE: Kind = Kind {
    name: "Namespace",
    group: "",
    former_groups: &[],
    versions: &["v1"],
    plural: "namespaces",
    is_namespaced: false,
    watched: Some(Watched {
        product: None,
        role: Role::Context,
    }),
    fields: &[field(
        "metadata",
        Object(&[field("labels", Map(&Text)), field("name", Text)]),
    )],
    read,
    links: no_links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let labels = labels(path(object.node, &["metadata", "labels"]));
    let fact = gateway::Fact::Namespace(object.meta().name, labels);
    Some(Fact::Gateway(fact))
}
