//! The shapes of the fields that are read: what the webhook keeps of an object.
//!
//! Items of lists stay where they are, so that the paths in findings are those of the real object.
//! Nothing of the status is kept, no managed fields, and never a private key.

use serde_json::{Map, Value as Json};

use manifest_syntax::{Node, Value};

use crate::kubernetes::reading::{SOLVER, is_read};

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// The form of a value.
#[derive(Debug)]
pub(super) enum Shape {
    /// The annotations that mean something to a controller, to cert-manager or to certlint.
    Annotations,
    /// Any value; all of it is read.
    Any,
    Bool,
    Integer,
    List(&'static Self),
    /// Any keys, each with such a value.
    Map(&'static Self),
    /// These keys.
    Object(&'static [Field]),
    /// A text that is read where it is, and never kept.
    Private,
    Text,
    /// A field of the API that nobody here reads.
    Unread,
}

use Shape::{Annotations, Any, Bool, Integer, List, Map as Entries, Object, Private, Text, Unread};

/// A field with its shape.
pub(super) const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape }
}

/// A field of the API that nobody here reads.
pub(super) const fn unread(name: &'static str) -> Field {
    field(name, Unread)
}

/// The metadata of most kinds.
pub(super) const METADATA: Field = field(
    "metadata",
    Object(&[
        field("annotations", Annotations),
        field("creationTimestamp", Text),
        field("deletionTimestamp", Text),
        field("generation", Integer),
        field("labels", Object(&[field(SOLVER, Text)])),
        field("name", Text),
        field("namespace", Text),
        field(
            "ownerReferences",
            List(&Object(&[field("kind", Text), field("name", Text)])),
        ),
        field("resourceVersion", Text),
        field("uid", Text),
    ]),
);

impl Shape {
    /// What is kept of a value; `None` where that is nothing, or where the value has another form.
    pub(super) fn keep(&self, node: Node<'_>) -> Option<Json> {
        match self {
            Any | Bool | Integer | Text => whole(node),
            List(shape) => (node.value() == Value::Sequence).then(|| {
                // An item of another form still has its place.
                let items = node
                    .items()
                    .map(|item| shape.keep(item).unwrap_or_default());
                Json::Array(items.collect())
            }),
            Object(fields) => (node.value() == Value::Mapping).then(|| {
                let kept = fields.iter().filter_map(|field| {
                    let value = field.shape.keep(node.get(field.name)?)?;
                    Some((field.name.to_owned(), value))
                });
                Json::Object(kept.collect())
            }),
            Entries(shape) => entries(node, |_, value| shape.keep(value)),
            Annotations => entries(node, |key, value| is_read(key).then(|| whole(value))?)
                .filter(|kept| kept.as_object().is_some_and(|kept| !kept.is_empty())),
            Private | Unread => None,
        }
    }

    /// Part of it is never kept.
    pub(super) fn is_private(&self) -> bool {
        match self {
            Private => true,
            List(shape) | Entries(shape) => shape.is_private(),
            Object(fields) => fields.iter().any(|field| field.shape.is_private()),
            Annotations | Any | Bool | Integer | Text | Unread => false,
        }
    }
}

fn entries(node: Node<'_>, mut keep: impl FnMut(&str, Node<'_>) -> Option<Json>) -> Option<Json> {
    (node.value() == Value::Mapping).then(|| {
        let kept = node.entries().filter_map(|(key, value)| {
            let kept = keep(key.text(), value)?;
            Some((key.text().to_owned(), kept))
        });
        Json::Object(kept.collect())
    })
}

/// All of a value; `None` for `null`.
fn whole(node: Node<'_>) -> Option<Json> {
    Some(match node.value() {
        Value::Null => return None,
        Value::Bool(value) => value.into(),
        Value::Integer(value) => match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => value.into(),
            (_, Ok(value)) => value.into(),
            _ => return None,
        },
        Value::Float(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Sequence => node
            .items()
            .map(|item| whole(item).unwrap_or_default())
            .collect::<Vec<_>>()
            .into(),
        Value::Mapping => {
            let entries = node.entries();
            let kept =
                entries.filter_map(|(key, value)| Some((key.text().to_owned(), whole(value)?)));
            Json::Object(kept.collect::<Map<_, _>>())
        }
    })
}
