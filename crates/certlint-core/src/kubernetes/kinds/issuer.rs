//! cert-manager's Issuer and ClusterIssuer.

use manifest_syntax::Node;

use super::shape::{METADATA, Shape, field};
use super::{Kind, no_links};
use crate::kubernetes::facts::{Fact, Issuer};
use crate::kubernetes::reading::Reading;
use Shape::{Any, List, Object};

pub(super) static ISSUER: Kind = Kind {
    name: "Issuer",
    plural: "issuers",
    is_namespaced: true,
    read: |object| read(object, object.meta().key()),
    ..CLUSTER_ISSUER_SHAPE
};

pub(super) static CLUSTER_ISSUER: Kind = Kind {
    read: |object| read(object, format!("/{}", object.meta().name)),
    ..CLUSTER_ISSUER_SHAPE
};

const CLUSTER_ISSUER_SHAPE: Kind = Kind {
    name: "ClusterIssuer",
    group: "cert-manager.io",
    former_groups: &[],
    versions: &["v1"],
    plural: "clusterissuers",
    is_namespaced: false,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[field(
                "acme",
                Object(&[field("solvers", List(&Object(&[field("dns01", Any)])))]),
            )]),
        ),
    ],
    read: |_| None,
    links: no_links,
};

fn read(object: Reading<'_>, key: String) -> Option<Fact> {
    let solvers = object.spec("acme").and_then(|acme| acme.get("solvers"));
    let mut solvers = solvers.into_iter().flat_map(Node::items).peekable();
    let has_solvers = solvers.peek().is_some();
    Some(Fact::Issuer(Issuer {
        key,
        issues_wildcards: !has_solvers || solvers.any(|solver| solver.get("dns01").is_some()),
    }))
}
