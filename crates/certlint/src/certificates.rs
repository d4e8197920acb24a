//! Public certificates for what keeps its own elsewhere (`--certs`).
//!
//! A Secret is looked up by its name, a certificate file by the end of its path: the file below
//! the directory that has most of that path, or the only one of that name. What the directory
//! holds is listed once; so a name in a manifest never leads out of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use certlint_core::files::{Certificates, File};
use ignore::WalkBuilder;

use crate::bytes;
use crate::console::Console;
use crate::files::{Shared, of_io, read_regular};

/// Deeper than anybody sorts certificates; ends links that lead in circles.
const MAX_DEPTH: usize = 16;

/// File names that programs give to any certificate: such a file may be that of another name.
const COMMON: &[&str] = &[
    "cert.crt",
    "cert.pem",
    "certificate.crt",
    "certificate.pem",
    "fullchain.cer",
    "fullchain.crt",
    "fullchain.pem",
    "nginx.crt",
    "server.crt",
    "server.pem",
    "ssl.crt",
    "tls.crt",
];

/// The files of a directory.
pub(crate) struct PublicCertificates<'c> {
    /// Real paths by those below the directory, with `/`.
    files: BTreeMap<Vec<u8>, PathBuf>,
    /// Paths below the directory by their last part; `None` for a name that several have.
    by_name: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// The files that were read; `None` for one that cannot be, which is reported once.
    read: Mutex<HashMap<PathBuf, Option<File>>>,
    shared: Arc<Shared>,
    console: &'c Console,
}

impl<'c> PublicCertificates<'c> {
    /// Lists a directory; `None` where that cannot be done, which is told to `console`.
    pub(crate) fn new(directory: &Path, shared: Arc<Shared>, console: &'c Console) -> Option<Self> {
        let directory = shared.working_directory.join(directory);
        let mut all = Self {
            files: BTreeMap::new(),
            by_name: HashMap::new(),
            read: Mutex::default(),
            shared,
            console,
        };
        let walk = WalkBuilder::new(&directory)
            .standard_filters(false)
            .hidden(true)
            .follow_links(true)
            .max_depth(Some(MAX_DEPTH))
            .build();
        for entry in walk {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    let path = entry.into_path();
                    if let Ok(below) = path.strip_prefix(&directory) {
                        all.files.insert(bytes::of_path(below), path);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    console.error(format!("--certs `{}`: {error}", directory.display()));
                    return None;
                }
            }
        }
        for below in all.files.keys() {
            let name = last_part(below).to_vec();
            let only = all.by_name.entry(name);
            only.and_modify(|only| *only = None)
                .or_insert_with(|| Some(below.clone()));
        }
        Some(all)
    }

    fn file(&self, below: &[u8]) -> Option<File> {
        let path = self.files.get(below)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let file = read.entry(path.clone()).or_insert_with(|| {
            let name = self.shared.name(path);
            let metadata = std::fs::metadata(path).map_err(|error| of_io(&error));
            let content = metadata.and_then(|metadata| read_regular(path, &metadata));
            match content {
                Ok(bytes) => Some(File {
                    name,
                    bytes: bytes.into(),
                    mode: None,
                }),
                Err(error) => {
                    self.console.error(format!("cannot read `{name}`: {error}"));
                    None
                }
            }
        });
        file.clone()
    }

    /// The path below the directory that has most of the end of `path`.
    fn longest_end<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let starts = memchr::memchr_iter(b'/', path).map(|slash| slash + 1);
        let mut ends = std::iter::once(0).chain(starts).map(|start| &path[start..]);
        ends.find(|end| self.files.contains_key(*end))
    }
}

impl Certificates for PublicCertificates<'_> {
    fn for_path(&self, path: &[u8]) -> Option<File> {
        if let Some(below) = self.longest_end(path) {
            return self.file(below);
        }
        let name = last_part(path);
        if COMMON.iter().any(|common| common.as_bytes() == name) {
            return None;
        }
        self.file(self.by_name.get(name)?.as_ref()?)
    }

    fn for_secret(&self, namespace: &str, name: &str) -> Option<File> {
        let own = format!("{namespace}/{name}");
        [own.as_str(), name].iter().find_map(|name| {
            let mut forms = [".crt", ".pem", "/tls.crt"].iter();
            forms.find_map(|form| self.file(format!("{name}{form}").as_bytes()))
        })
    }
}

fn last_part(path: &[u8]) -> &[u8] {
    let slash = memchr::memrchr(b'/', path);
    slash.map_or(path, |slash| &path[slash + 1..])
}
