//! The formats that certlint knows, in one table.
//!
//! ```text
//! a text ─ FRONT_ENDS: recognise ─▶ its front-end ─ reader ─┬─ Rooted    one file leads to others: nginx
//!                                                           ├─ Together  all texts of a run at once: manifests
//!                                                           └─ None      known by name only: Apache, HAProxy …
//! ```
//!
//! Sniffing, discovery, loading, the mapping of paths and messages iterate over [`FRONT_ENDS`]; a
//! new format is one more line in it.

mod kubernetes;
mod nginx;
mod unread;

use std::path::Path;

use crate::files::{File, FileError};
use crate::kubernetes as manifests;
use crate::loader::Loader;
use crate::model::Fragment;
use crate::nginx as server;
use crate::nginx::dump::Dump;

/// All formats, in the order in which a text is tried.
///
/// A ConfigMap may hold a whole nginx.conf, so that its text looks like both; an nginx
/// configuration that looks like manifests is not known. Manifests are therefore tried first.
pub static FRONT_ENDS: &[&dyn FrontEnd] = &[
    &kubernetes::Kubernetes,
    &nginx::Nginx,
    &unread::APACHE,
    &unread::CADDY,
    &unread::COMPOSE,
    &unread::ENVOY,
    &unread::HAPROXY,
    &unread::TRAEFIK,
];

/// As much of a text as tells what it is, in bytes.
pub const HEAD: usize = 256 << 10;

/// A format of configuration.
pub trait FrontEnd: Sync {
    /// What its inputs are called.
    fn words(&self) -> Words;

    /// Whether a file of this name is one of its inputs, if its text agrees.
    fn selects(&self, path: &Path) -> bool;

    /// What a text is to this format, by its first [`HEAD`] bytes; `None` for other formats.
    fn recognise(&self, text: &[u8]) -> Option<Shape>;

    /// How its texts are read.
    fn reader(&self) -> Reader {
        Reader::None
    }
}

/// What the inputs of a front-end are called in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// One of them: "nginx configuration".
    pub one: &'static str,
    /// Several: "nginx configurations".
    pub many: &'static str,
}

impl Words {
    /// "1 nginx configuration", "3 nginx configurations".
    #[must_use]
    pub fn counted(&self, count: usize) -> String {
        let noun = if count == 1 { self.one } else { self.many };
        format!("{count} {noun}")
    }
}

/// What a text is to its front-end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Complete by itself.
    Whole,
    /// A part of something larger.
    Piece,
    /// A template that must be rendered first.
    Template,
}

/// How the texts of a format are read.
#[derive(Clone, Copy)]
pub enum Reader {
    /// Not at all: the format is recognised so that it can be named.
    None,
    /// Each from its root, which leads to other files.
    Rooted(&'static dyn Rooted),
    /// All texts of a run together.
    Together(&'static dyn Together),
}

/// Reads a format in which one file leads to others.
pub trait Rooted: Sync {
    /// Where its files are by custom.
    fn layout(&self) -> &'static Layout;

    /// Whether a text that nobody recognises may be a root if somebody names it.
    fn may_be_root(&self, text: &[u8]) -> bool;

    /// The files in the output of a program that prints its configuration.
    fn unpack(&self, text: &[u8]) -> Option<Dump>;

    /// Lowers what starts from the logical path `main`, with relative names below `prefix`.
    ///
    /// # Errors
    /// When `main` itself cannot be read.
    fn lower(
        &self,
        loader: &Loader<'_>,
        main: &[u8],
        prefix: &[u8],
        options: &Options,
    ) -> Result<server::Lowered, FileError>;

    /// Lowers pieces of one directory whose main file is not here, as that would include them.
    ///
    /// # Errors
    /// When a piece cannot be read, with its path.
    fn lower_pieces(
        &self,
        loader: &Loader<'_>,
        paths: &[Vec<u8>],
        prefix: &[u8],
        options: &Options,
    ) -> Result<Vec<server::Lowered>, (Vec<u8>, FileError)>;

    /// What is said about pieces that are in a directory of those to be enabled, and are not.
    fn not_enabled(&self, loader: &Loader<'_>, sites: Vec<File>) -> Option<Fragment>;
}

/// Reads a format whose texts belong together.
pub trait Together: Sync {
    /// Lowers the texts at the logical paths.
    fn lower(&self, loader: &Loader<'_>, paths: &[Vec<u8>], options: &Options) -> LoweredTogether;
}

/// Texts that were lowered together.
#[derive(Debug)]
pub struct LoweredTogether {
    /// The facts.
    pub fragments: Vec<Fragment>,
    /// Report names of all files that were read.
    pub files: Vec<String>,
    /// What could not be read, and why.
    pub unreadable: Vec<(Vec<u8>, FileError)>,
}

/// Where the files of a program are by custom.
#[derive(Debug)]
pub struct Layout {
    /// The name of the main file.
    pub main: &'static str,
    /// Words in the names of the program's directories.
    pub programs: &'static [&'static str],
    /// Directories that the main file is in, by how the program was installed.
    pub prefixes: &'static [&'static str],
    /// Names of the directories in which its pieces are kept.
    pub pieces: &'static [&'static str],
    /// Files that packages bring, by the end of their paths; none says anything about names or
    /// certificates.
    pub packaged: &'static [&'static str],
    /// Directories whose files only load modules, by the end of their paths.
    pub modules: &'static [&'static str],
}

impl Layout {
    /// That of no program.
    pub const NONE: Self = Self {
        main: "",
        programs: &[],
        prefixes: &[],
        pieces: &[],
        packaged: &[],
        modules: &[],
    };

    /// True for `sites-available` and its like.
    #[must_use]
    pub fn holds_pieces(&self, directory: &Path) -> bool {
        let name = directory.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| self.pieces.contains(&name) || self.modules.contains(&name))
    }
}

/// What the user says about reading.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// For nginx.
    pub nginx: server::Options,
    /// For manifests.
    pub kubernetes: manifests::Options,
}

/// The formats that are read, for messages: "Kubernetes manifests or nginx configuration".
#[must_use]
pub fn formats_read() -> String {
    let read = FRONT_ENDS
        .iter()
        .filter(|front_end| !matches!(front_end.reader(), Reader::None));
    let names: Vec<&str> = read.map(|front_end| front_end.words().many).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn extension(path: &Path) -> String {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.unwrap_or_default().to_ascii_lowercase()
}

fn file_name(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests;
