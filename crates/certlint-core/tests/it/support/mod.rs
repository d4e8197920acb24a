//! Files for tests: the repository on disk, with texts laid over it.
//!
//! The repository lies at the logical path `/repository`, wherever it is on disk, so that messages
//! do not depend on the machine. A private key in a checkout has whatever permissions git gave it; the
//! comment `# mode: FILE 600` in a configuration says which ones a test shall see.

pub(crate) mod expect;
pub(crate) mod fixture;
pub(crate) mod manifests;
pub(crate) mod nginx;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use certlint_core::files::{File, FileError, Files};

/// 2026-11-21T00:00:00Z, the moment for which the certificates of the fixtures were made.
pub(crate) const NOW: i64 = 1_795_219_200;

/// Where the repository lies for a configuration.
pub(crate) const LOGICAL: &str = "/repository";

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the crate lies in the repository")
}

/// The repository on disk, with texts laid over it.
pub(crate) struct Repository {
    pub(crate) root: PathBuf,
    /// Texts that are not on disk, by logical path.
    pub(crate) over: BTreeMap<PathBuf, Vec<u8>>,
    /// Permission bits by file name; 600 where nothing is said.
    pub(crate) modes: BTreeMap<String, u32>,
}

impl Repository {
    pub(crate) fn new() -> Self {
        Self {
            root: repository(),
            over: BTreeMap::new(),
            modes: BTreeMap::new(),
        }
    }

    fn real(&self, path: &[u8]) -> Result<PathBuf, FileError> {
        let mut real = PathBuf::new();
        for part in Path::new(std::ffi::OsStr::from_bytes(path)).components() {
            match part {
                std::path::Component::ParentDir => {
                    real.pop();
                }
                std::path::Component::CurDir => {}
                _ => real.push(part),
            }
        }
        match real.strip_prefix(LOGICAL) {
            Ok(inside) => Ok(self.root.join(inside)),
            Err(_) => Err(FileError::Outside),
        }
    }
}

impl Files for Repository {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let real = self.real(path)?;
        let name = real.strip_prefix(&self.root).unwrap_or(&real);
        let bytes = match self.over.get(&real) {
            Some(text) => text.clone(),
            None if real.is_dir() => return Err(FileError::Directory),
            None => fs::read(&real).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => FileError::NotFound,
                _ => FileError::Unreadable(error.to_string()),
            })?,
        };
        let file = real.file_name().unwrap_or_default().to_string_lossy();
        Ok(File {
            name: name.display().to_string(),
            bytes: bytes.into(),
            mode: Some(self.modes.get(&*file).copied().unwrap_or(0o600)),
        })
    }

    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        let entries = fs::read_dir(self.real(directory)?).map_err(|_| FileError::NotFound)?;
        Ok(entries
            .filter_map(Result::ok)
            .map(|entry| entry.file_name().as_bytes().to_vec())
            .collect())
    }
}
