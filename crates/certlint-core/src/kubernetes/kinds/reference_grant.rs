//! ReferenceGrant of the Gateway API: who may refer to Secrets of its namespace.

use manifest_syntax::Node;

use super::gateway::GATEWAY_API;
use super::shape::{METADATA, Shape, field};
use super::{Kind, Role, Watched, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::gateway::{self, GROUP, Grant};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::field as text_of;
use Shape::{List, Object, Text};

/// See the module.
pub static REFERENCE_GRANT: Kind = Kind {
    name: "ReferenceGrant",
    group: GROUP,
    former_groups: &[],
    versions: &["v1", "v1beta1", "v1alpha2"],
    plural: "referencegrants",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&GATEWAY_API),
        role: Role::Context,
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field(
                    "from",
                    List(&Object(&[
                        field("group", Text),
                        field("kind", Text),
                        field("namespace", Text),
                    ])),
                ),
                field(
                    "to",
                    List(&Object(&[
                        field("group", Text),
                        field("kind", Text),
                        field("name", Text),
                    ])),
                ),
            ]),
        ),
    ],
    read,
    links: no_links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let is_secret = |to: &Node<'_>| {
        text_of(*to, "kind") == Some("Secret")
            && matches!(text_of(*to, "group"), None | Some("core"))
    };
    let grant = Grant {
        namespace: object.meta().namespace,
        from: object
            .items("from")
            .filter(|from| text_of(*from, "group") == Some(GROUP))
            .filter_map(|from| {
                let kind = text_of(from, "kind")?.to_owned();
                Some((kind, text_of(from, "namespace")?.to_owned()))
            })
            .collect(),
        to: object
            .items("to")
            .filter(is_secret)
            .map(|to| text_of(to, "name").map(str::to_owned))
            .collect(),
    };
    Some(Fact::Gateway(gateway::Fact::Grant(grant)))
}
