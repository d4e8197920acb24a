//! The objects in a stream of YAML documents.

use anyhow::{Context, Result};
use serde::Deserialize as _;
use serde_json::Value;

use super::Rendered;

impl Rendered {
    /// Its objects, in the order of the text.
    pub(super) fn objects(&self) -> Result<Vec<Value>> {
        serde_yaml::Deserializer::from_str(&self.text)
            .map(|document| Value::deserialize(document).context("no YAML"))
            .filter(|object| !matches!(object, Ok(Value::Null)))
            .collect()
    }

    /// Those of one kind.
    pub(super) fn of_kind(&self, kind: &str) -> Result<Vec<Value>> {
        let mut objects = self.objects()?;
        objects.retain(|object| object["kind"] == kind);
        Ok(objects)
    }
}

/// `namespace/name`, or the name of an object without a namespace.
pub(super) fn name(object: &Value) -> String {
    let part = |key: &str| object["metadata"][key].as_str();
    let name = part("name").unwrap_or_default();
    match part("namespace") {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// The strings of a list.
pub(super) fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
