//! GatewayClass of the Gateway API: which implementation a Gateway belongs to.

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::gateway::{self, GROUP};
use crate::kubernetes::reading::Reading;
use Shape::{Object, Text};

pub(super) static GATEWAY_CLASS: Kind = Kind {
    name: "GatewayClass",
    group: GROUP,
    former_groups: &[],
    versions: &["v1", "v1beta1"],
    plural: "gatewayclasses",
    is_namespaced: false,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field("controllerName", Text),
                unread("description"),
                unread("parametersRef"),
            ]),
        ),
    ],
    read,
    links: no_links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let controller = object.spec("controllerName")?.text()?.to_owned();
    let fact = gateway::Fact::Class(object.meta().name, controller);
    Some(Fact::Gateway(fact))
}
