//! HTTPRoute, GRPCRoute and TLSRoute of the Gateway API.

use super::gateway::{GATEWAY_API, PARENT, attached, key};
use super::link::Links;
use super::shape::{METADATA, Shape, field, unread};
use super::{Entry, Kind, Role, Watched};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::gateway::{self, GROUP, ITEMS_MAX, Parent, Route, host};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::field as text_of;
use Shape::{List, Object, Text};

/// See the module.
pub static HTTP_ROUTE: Kind = Kind {
    name: "HTTPRoute",
    versions: &["v1", "v1beta1"],
    plural: "httproutes",
    read: |object| read("HTTPRoute", object),
    ..ROUTE
};

/// See the module.
pub static GRPC_ROUTE: Kind = Kind {
    name: "GRPCRoute",
    versions: &["v1", "v1alpha2"],
    plural: "grpcroutes",
    read: |object| read("GRPCRoute", object),
    ..ROUTE
};

/// It became v1 late.
pub static TLS_ROUTE: Kind = Kind {
    name: "TLSRoute",
    versions: &["v1", "v1alpha3", "v1alpha2"],
    plural: "tlsroutes",
    read: |object| read("TLSRoute", object),
    ..ROUTE
};

const ROUTE: Kind = Kind {
    name: "",
    group: GROUP,
    former_groups: &[],
    versions: &[],
    plural: "",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&GATEWAY_API),
        role: Role::Reviewed(&ROUTES),
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                field("hostnames", List(&Text)),
                field("parentRefs", List(&PARENT)),
                unread("rules"),
                unread("useDefaultGateways"),
            ]),
        ),
    ],
    read: |_| None,
    links,
};

static ROUTES: Entry = Entry {
    value: "route",
    about: "HTTPRoutes, GRPCRoutes and TLSRoutes",
};

fn read(kind: &'static str, object: Reading<'_>) -> Option<Fact> {
    let meta = object.meta();
    let route = Route {
        kind,
        hostnames: object
            .items("hostnames")
            .take(ITEMS_MAX)
            .filter_map(|name| host(name, object.source))
            .collect(),
        parents: object
            .items("parentRefs")
            .take(ITEMS_MAX)
            .filter(|parent| matches!(text_of(*parent, "group"), None | Some(GROUP)))
            .filter_map(|parent| {
                Some(Parent {
                    kind: text_of(parent, "kind").unwrap_or("Gateway").to_owned(),
                    key: key(parent, &meta.namespace)?,
                    section: text_of(parent, "sectionName").map(str::to_owned),
                    port: text_of(parent, "port").map(str::to_owned),
                })
            })
            .collect(),
        meta,
    };
    Some(Fact::Gateway(gateway::Fact::Route(route)))
}

fn links(fact: &Fact, links: &mut Links) {
    if let Fact::Gateway(gateway::Fact::Route(route)) = fact {
        for parent in &route.parents {
            attached(&parent.kind, &parent.key, links);
        }
    }
}
