//! nginx configurations, lowered.

use crate::loader::Loader;
use crate::model::Fragment;

/// How a configuration is to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The nginx whose behaviour counts, as (major, minor, patch).
    pub version: (u16, u16, u16),
    /// The directory that relative names start from, with a final `/`; by default the directory of
    /// the main file.
    pub conf_prefix: Option<Vec<u8>>,
}

/// What a text looks like to a sniffing reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A piece: `server`, `upstream`, `location` … at its top.
    Fragment,
    /// A whole configuration: `http`, `events`, `stream` or `mail` at its top.
    Main,
    /// Not nginx, as far as its words tell.
    Other,
    /// A template that must be rendered first.
    Template,
}

/// Tells what a text is by the directives at its top.
#[must_use]
pub fn sniff(_text: &[u8]) -> Kind {
    Kind::Other
}

/// Lowers the configuration that starts from the logical path `main`, which the loader can read.
///
/// Also returns the logical paths of every file that was included, so that a walk does not check
/// them once more on their own.
///
/// # Errors
/// When `main` itself cannot be read.
pub fn lower(
    _loader: &Loader<'_>,
    _main: &[u8],
    _options: &Options,
) -> Result<Lowered, crate::files::FileError> {
    todo!()
}

/// A configuration that was lowered.
#[derive(Debug)]
pub struct Lowered {
    /// The facts.
    pub fragment: Fragment,
    /// Report names of all files that were read as configuration, the main one first.
    pub files: Vec<String>,
}
