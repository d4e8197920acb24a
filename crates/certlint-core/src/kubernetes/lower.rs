//! Manifests, lowered: which host is served with which Secret.

use crate::files::FileError;
use crate::loader::Loader;
use crate::model::Fragment;

/// How manifests are to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace of objects that name none, as kubectl would take it.
    pub namespace: String,
    /// A Secret that is neither in the input nor about to be made is an error.
    pub require_secrets: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            require_secrets: false,
        }
    }
}

/// Manifests that were lowered together.
#[derive(Debug)]
pub struct Lowered {
    /// The facts; `None` where no text held an object that matters.
    pub fragment: Option<Fragment>,
    /// Report names of all files that were read as manifests.
    pub files: Vec<String>,
}

/// Whether a text is worth reading as manifests: it has a line or member `kind`, and `apiVersion`.
#[must_use]
pub fn looks_like_manifest(text: &[u8]) -> bool {
    let contains = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    contains(b"apiVersion") && contains(b"kind")
}

/// Lowers all manifests of a run together, as one cluster would hold them.
///
/// Also returns the paths that could not be read.
pub fn lower(
    _loader: &Loader<'_>,
    _paths: &[Vec<u8>],
    _options: &Options,
) -> (Lowered, Vec<(Vec<u8>, FileError)>) {
    let lowered = Lowered {
        fragment: None,
        files: Vec::new(),
    };
    (lowered, Vec::new())
}
