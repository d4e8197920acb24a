//! ConfigMaps, which may hold nginx configuration.

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::mounts;
use Shape::{Map, Text};

pub(super) static CONFIG_MAP: Kind = Kind {
    name: "ConfigMap",
    group: "",
    former_groups: &[],
    versions: &["v1"],
    plural: "configmaps",
    is_namespaced: true,
    watched: None,
    fields: &[
        METADATA,
        field("binaryData", Map(&Text)),
        field("data", Map(&Text)),
        unread("immutable"),
    ],
    read: |object| Some(Fact::ConfigMap(mounts::config_map(object))),
    links: no_links,
};
