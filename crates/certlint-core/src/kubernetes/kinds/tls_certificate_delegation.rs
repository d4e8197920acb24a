//! Contour's TLSCertificateDelegation: Secrets that other namespaces may use.

use manifest_syntax::Node;

use super::shape::{METADATA, Shape, field};
use super::{Kind, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Delegation};
use crate::kubernetes::reading::Reading;
use Shape::{List, Object, Text};

pub(super) static TLS_CERTIFICATE_DELEGATION: Kind = Kind {
    name: "TLSCertificateDelegation",
    group: "projectcontour.io",
    former_groups: &[],
    versions: &["v1"],
    plural: "tlscertificatedelegations",
    is_namespaced: true,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[field(
                "delegations",
                List(&Object(&[
                    field("secretName", Text),
                    field("targetNamespaces", List(&Text)),
                ])),
            )]),
        ),
    ],
    read,
    links: no_links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let meta = object.meta();
    let delegations = object.items("delegations").filter_map(|one| {
        let targets = one.get("targetNamespaces").into_iter();
        Some(Delegation {
            namespace: meta.namespace.clone(),
            secret: one.get("secretName")?.text()?.to_owned(),
            targets: targets
                .flat_map(Node::items)
                .filter_map(|target| target.text().map(str::to_owned))
                .collect(),
        })
    });
    let delegations = delegations.collect();
    Some(Fact::Object(object::Fact::Delegations(delegations)))
}
