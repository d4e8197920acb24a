//! The reviewed object: the few fields that decide whether it is looked at, and its text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The name of an object without a name.
const UNNAMED: &str = "unnamed";

/// An object as it was sent.
#[derive(Debug)]
pub(super) struct Object<'a> {
    raw: &'a RawValue,
    header: Header<'a>,
}

#[derive(Debug, Deserialize)]
struct Header<'a> {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default, borrow)]
    spec: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    creation_timestamp: Option<String>,
    deletion_timestamp: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

impl<'a> Object<'a> {
    /// Reads the header; `None` for something else than an object of Kubernetes.
    pub(super) fn read(raw: &'a RawValue) -> Option<Self> {
        // serde would take a list for a mapping, too.
        let is_mapping = |raw: &RawValue| raw.get().starts_with('{');
        let header: Header<'a> =
            is_mapping(raw).then(|| serde_json::from_str(raw.get()).ok())??;
        header
            .spec
            .is_none_or(is_mapping)
            .then_some(Self { raw, header })
    }

    pub(super) fn name(&self) -> &str {
        let name = self.header.metadata.name.as_deref();
        name.filter(|name| !name.is_empty()).unwrap_or(UNNAMED)
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.header.metadata.deletion_timestamp.is_some()
    }

    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        let annotations = self.header.metadata.annotations.as_ref()?;
        annotations.get(name).map(String::as_str)
    }

    /// Nothing differs that a verdict could depend on. The API server writes both states alike, so
    /// that what has the same meaning has the same text.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let specs = [self.header.spec, other.header.spec];
        let [own, others] = specs.map(|spec| spec.map(RawValue::get));
        own == others && self.annotations().eq(other.annotations())
    }

    fn annotations(&self) -> impl Iterator<Item = (&String, &String)> {
        self.header.metadata.annotations.iter().flatten()
    }

    /// The text, completed with what the API server would add: an object without a time of
    /// creation is the newest.
    pub(super) fn text(&self, namespace: &str, now: i64) -> Cow<'a, str> {
        let metadata = &self.header.metadata;
        let has = |field: &Option<String>| field.as_ref().is_some_and(|text| !text.is_empty());
        if has(&metadata.namespace) && has(&metadata.creation_timestamp) && has(&metadata.name) {
            return Cow::Borrowed(self.raw.get());
        }
        let Ok(mut value) = serde_json::from_str::<Value>(self.raw.get()) else {
            return Cow::Borrowed(self.raw.get());
        };
        let now = jiff::Timestamp::from_second(now).unwrap_or(jiff::Timestamp::MAX);
        if let Some(object) = value.as_object_mut()
            && let Value::Object(metadata) = object
                .entry("metadata")
                .or_insert_with(|| Value::Object(serde_json::Map::new()))
        {
            let mut complete = |key: &str, text: String| {
                let is_there = metadata
                    .get(key)
                    .and_then(Value::as_str)
                    .is_some_and(|text| !text.is_empty());
                if !is_there {
                    metadata.insert(key.to_owned(), Value::String(text));
                }
            };
            complete("name", UNNAMED.to_owned());
            complete("namespace", namespace.to_owned());
            complete("creationTimestamp", now.to_string());
        }
        Cow::Owned(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn what_is_no_object_is_not_read() {
        for text in [
            "null",
            "[]",
            "7",
            r#"{"spec": []}"#,
            r#"{"metadata": {"annotations": 1}}"#,
        ] {
            assert!(Object::read(&raw(text)).is_none(), "{text}");
        }
        assert!(Object::read(&raw("{}")).is_some());
    }

    #[test]
    fn only_spec_and_annotations_make_a_difference() {
        let text = |rest: &str| raw(&format!(r#"{{"spec": {{"a": 1, "b": [2]}}{rest}}}"#));
        let old = text("");
        let same = [
            text(r#", "metadata": {"labels": {"x": "y"}, "annotations": {}}"#),
            text(r#", "status": {"x": 1}"#),
        ];
        let old = Object::read(&old).unwrap();
        for text in &same {
            assert!(Object::read(text).unwrap().is_same_as(&old), "{text}");
        }
        let others = [
            text(r#", "metadata": {"annotations": {"x": "y"}}"#),
            raw(r#"{"spec": {"a": 1, "b": [3]}}"#),
            raw("{}"),
        ];
        for text in &others {
            assert!(!Object::read(text).unwrap().is_same_as(&old), "{text}");
        }
    }

    #[test]
    fn a_text_is_completed_only_where_something_is_missing() {
        let whole = raw(
            r#"{"metadata": {"name": "a", "namespace": "b", "creationTimestamp": "2026-01-01T00:00:00Z"}}"#,
        );
        let text = Object::read(&whole).unwrap().text("shop", 0);
        assert_eq!(text, whole.get());
        let part = raw(r#"{"kind": "Ingress", "metadata": {"generateName": "web-"}}"#);
        let object = Object::read(&part).unwrap();
        assert_eq!(object.name(), "unnamed");
        let text: Value = serde_json::from_str(&object.text("shop", 0)).unwrap();
        assert_eq!(text["metadata"]["namespace"], "shop");
        assert_eq!(text["metadata"]["name"], "unnamed");
        assert_eq!(
            text["metadata"]["creationTimestamp"],
            "1970-01-01T00:00:00Z"
        );
    }
}
