//! An object as the API server sent it, on its way to becoming facts.
//!
//! It may be a Secret with a private key: its text is wiped when it goes, and neither shown nor
//! written anywhere. Decoding it never fails on JSON that is well-formed, because kube logs the
//! whole text of an answer that it cannot decode.

use std::borrow::Cow;
use std::fmt;
use std::panic::catch_unwind;

use kube::Resource;
use kube::api::ObjectMeta;
use kube::core::ApiResource;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tracing::error;
use zeroize::Zeroizing;

use crate::store::{Kept, Kind};

/// An object in JSON, of which only the metadata is asked for where `METADATA_ONLY`.
#[derive(Clone)]
pub(super) struct Raw<const METADATA_ONLY: bool> {
    /// Name, namespace and resource version only.
    metadata: ObjectMeta,
    json: Zeroizing<Vec<u8>>,
}

impl<const METADATA_ONLY: bool> Raw<METADATA_ONLY> {
    /// The part that is kept; `None`, and a line in the log, where it cannot be read.
    pub(super) fn kept(&self, kind: &'static Kind) -> Option<Kept> {
        // One object that we stumble over must not end the watch of all the others.
        let kept = catch_unwind(|| Kept::read(kind, &self.json)).unwrap_or_default();
        let kept = kept.filter(|_| !self.name().is_empty());
        if kept.is_none() {
            error!(
                ?kind,
                namespace = self.namespace(),
                name = self.name(),
                "cannot read an object"
            );
        }
        kept
    }

    /// Empty for objects without one.
    pub(super) fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }
}

impl<const METADATA_ONLY: bool> fmt::Debug for Raw<METADATA_ONLY> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace(), self.name())
    }
}

impl<'de, const METADATA_ONLY: bool> Deserialize<'de> for Raw<METADATA_ONLY> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::from(Box::<RawValue>::deserialize(deserializer)?);
        let json = Zeroizing::new(String::from(text).into_bytes());
        let head: Head = serde_json::from_slice(&json).unwrap_or_default();
        Ok(Self {
            metadata: ObjectMeta {
                name: head.metadata.name,
                namespace: head.metadata.namespace,
                resource_version: head.metadata.resource_version,
                ..ObjectMeta::default()
            },
            json,
        })
    }
}

#[derive(Default, Deserialize)]
struct Head {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    resource_version: Option<String>,
}

impl<const METADATA_ONLY: bool> Resource for Raw<METADATA_ONLY> {
    type DynamicType = ApiResource;
    type Scope = kube::core::DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        (&*resource.kind).into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        (&*resource.group).into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        (&*resource.version).into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        (&*resource.api_version).into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        (&*resource.plural).into()
    }

    fn metadata_api() -> bool {
        METADATA_ONLY
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use certlint_core::kubernetes::kinds::SECRET;

    use super::*;

    #[test]
    fn the_text_of_a_secret_is_never_shown() {
        let text =
            r#"{"metadata":{"name":"web","namespace":"shop"},"data":{"tls.key":"c2VjcmV0"}}"#;
        let raw: Raw<false> = serde_json::from_str(text).unwrap();
        assert_eq!(format!("{raw:?}"), "shop/web");
    }

    #[test]
    fn odd_json_is_decoded_so_that_no_text_is_logged() {
        for text in [
            "1",
            "null",
            "[]",
            "{}",
            r#"{"metadata":7}"#,
            r#"{"metadata":{"name":[]}}"#,
        ] {
            let raw: Raw<false> = serde_json::from_str(text).unwrap();
            assert!(raw.kept(&SECRET).is_none(), "{text}");
        }
    }
}
