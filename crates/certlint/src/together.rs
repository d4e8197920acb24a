//! Lowers texts that belong together, such as the manifests of a cluster.
//!
//! They name no files, so nothing is mapped: a path is the real one, and only what discovery has
//! found is ever read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use certlint_core::files::{Certificates, File, FileError, Files};
use certlint_core::frontend::{LoweredTogether, Options, Together};
use certlint_core::loader::Loader;
use certlint_core::model::Model;

use crate::bytes;
use crate::console::Console;

/// A text that is read together with others.
pub(crate) struct Text {
    /// The real path; for standard input, where a file of its name would be.
    pub(crate) path: PathBuf,
    /// As reports show it.
    pub(crate) name: String,
    pub(crate) bytes: Arc<[u8]>,
}

/// Lowers `texts`; returns how many of them were read as such, too.
pub(crate) fn lower(
    reader: &dyn Together,
    texts: Vec<Text>,
    certificates: Option<&dyn Certificates>,
    options: &Options,
    console: &Console,
) -> (Model, usize) {
    let files = Found::new(texts);
    let loader = Loader::new(&files).with_certificates(certificates);
    let LoweredTogether {
        fragments,
        files,
        unreadable,
    } = reader.lower(&loader, &files.paths, options);
    for (path, error) in unreadable {
        let path = bytes::to_path(&path);
        console.error(format!("cannot read `{}`: {error}", path.display()));
    }
    (loader.finish(fragments), files.len())
}

/// The texts that discovery has read.
struct Found {
    /// In the order of the texts.
    paths: Vec<Vec<u8>>,
    texts: HashMap<Vec<u8>, File>,
}

impl Found {
    fn new(all: Vec<Text>) -> Self {
        let mut paths = Vec::with_capacity(all.len());
        let mut texts = HashMap::with_capacity(all.len());
        for Text { path, name, bytes } in all {
            let path = bytes::of_path(&path);
            let file = File {
                name,
                bytes,
                mode: None,
            };
            texts.insert(path.clone(), file);
            paths.push(path);
        }
        Self { paths, texts }
    }
}

impl Files for Found {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        self.texts.get(path).cloned().ok_or(FileError::Outside)
    }

    fn list(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        Err(FileError::Outside)
    }
}
