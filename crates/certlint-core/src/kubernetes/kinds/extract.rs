//! What the webhook keeps of one object: enough to lower it again, and what finds it.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use manifest_syntax::{Value, read};

use super::ingress::hosts;
use super::link::{Link, Links};
use super::shape::Shape;
use super::{INGRESS, Kind};
use crate::kubernetes::facts::{Fact, Meta, Namespacing};
use crate::kubernetes::reading::Reading;
use crate::source::SourceId;

/// For objects that the API server has not stored yet: newer than everything that it has.
const NEWEST: &str = "9999-12-31T23:59:59Z";

/// An object with the fields that count.
#[derive(Debug)]
pub struct Extract {
    /// `metadata.namespace`; empty where there is none.
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.creationTimestamp`; without one it counts as the newest of all.
    pub created: String,
    /// The class that an Ingress names itself.
    pub class: Option<String>,
    /// What it has to do with other objects, sorted.
    pub links: Box<[Link]>,
    /// How many hosts an Ingress has; 0 for kinds of which the API bounds them.
    pub hosts: usize,
    /// Nobody looks at it: it is being deleted, or answers a challenge of cert-manager for a minute.
    pub is_passing: bool,
    /// Its fields that count, with `apiVersion` and `kind`.
    pub json: Vec<u8>,
}

impl Extract {
    /// Reads an object from its JSON; `apiVersion` and `kind` may be missing. `None` where the text
    /// is no object.
    #[must_use]
    pub fn read(kind: &Kind, json: &[u8]) -> Option<Self> {
        let documents = read(json);
        let [document] = &*documents else {
            return None;
        };
        let node = document.tree()?.root();
        let metadata = node.get("metadata")?;
        if node.value() != Value::Mapping || metadata.value() != Value::Mapping {
            return None;
        }
        let reading = Reading {
            node,
            source: SourceId(0),
            namespace: Namespacing::Unwritten(""),
        };
        let meta = reading.meta();
        let fact = (kind.read)(reading);
        let mut links = Links::default();
        if let Some(fact) = &fact {
            (kind.links)(fact, &mut links);
        }
        let (class, hosts) = match &fact {
            Some(Fact::Ingress(ingress)) => {
                let listed = ingress.tls.iter().map(|entry| entry.hosts.len() + 1).sum();
                let annotated = ingress.meta.annotation("kubernetes.io/ingress.class");
                let annotated = annotated.map(|class| class.value.clone());
                let class = ingress.class.clone().or(annotated);
                (class, ingress.rules.len().max(listed))
            }
            _ => (None, 0),
        };
        Some(Self {
            class: class.filter(|class| !class.is_empty()),
            links: links.into_all(),
            hosts,
            is_passing: meta.is_being_deleted || (meta.is_acme_solver && *kind == INGRESS),
            json: serde_json::to_vec(&kept(kind, reading, &meta)?).ok()?,
            created: meta.created.unwrap_or_else(|| NEWEST.to_owned()),
            namespace: meta.namespace,
            name: meta.name,
        })
    }
}

/// The fields that count.
fn kept(kind: &Kind, reading: Reading<'_>, meta: &Meta) -> Option<Json> {
    let mut kept = Shape::Object(kind.fields).keep(reading.node)?;
    if meta.created.is_none() {
        kept["metadata"]["creationTimestamp"] = NEWEST.into();
    }
    kept["apiVersion"] = kind.api_version().into();
    kept["kind"] = kind.name.into();
    Some(kept)
}

/// The hosts that an Ingress has something to do with, from the JSON that is kept of it: in lower
/// case, `_` for all.
#[must_use]
pub fn hosts_of(json: &[u8]) -> BTreeSet<String> {
    let documents = read(json);
    let tree = documents.first().and_then(|document| document.tree());
    let fact = tree.and_then(|tree| {
        (INGRESS.read)(Reading {
            node: tree.root(),
            source: SourceId(0),
            namespace: Namespacing::Unwritten(""),
        })
    });
    match fact {
        Some(Fact::Ingress(ingress)) => hosts(&ingress),
        _ => BTreeSet::new(),
    }
}
