//! The way to a value, as text.

use std::fmt;
use std::sync::Arc;

/// The way from the root of a document to a value (`spec.tls[0].hosts[1]`); empty for the root.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Option<Arc<str>>);

impl FieldPath {
    /// A path from its text.
    #[must_use]
    pub fn new(path: &str) -> Self {
        Self((!path.is_empty()).then(|| path.into()))
    }

    /// The text; empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
