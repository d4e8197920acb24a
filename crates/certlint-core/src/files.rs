//! The one way in which core reads files: a trait that the programs implement.
//!
//! Paths are *logical*: the bytes that the configuration writes, joined to its prefix by plain
//! concatenation as nginx does. An implementation maps them to a disk, to memory, to the sections
//! of an `nginx -T` dump or to the volumes of a Pod.

use std::sync::Arc;

/// Reads files and lists directories by logical path.
pub trait Files: Sync {
    /// Reads a whole file, bounded in size; a FIFO, device or directory is an error, never a hang.
    ///
    /// # Errors
    /// See [`FileError`].
    fn read(&self, path: &[u8]) -> Result<File, FileError>;

    /// The names in a directory, without `.` and `..`, in any order.
    ///
    /// # Errors
    /// See [`FileError`].
    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError>;

    /// Whether a private key that is not there may be left out by design: in a repository, where
    /// nothing beside the path looks like a better spelling of it.
    fn may_lack(&self, _path: &[u8]) -> bool {
        false
    }
}

/// Public certificates beside the input, for those that are not in it.
pub trait Certificates: Sync {
    /// For a certificate file that the tree does not have, by its logical path.
    fn for_path(&self, path: &[u8]) -> Option<File>;

    /// For a Secret that is not among the manifests.
    fn for_secret(&self, namespace: &str, name: &str) -> Option<File>;
}

/// No files at all, for those who bring their texts along.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &[u8]) -> Result<File, FileError> {
        Err(FileError::NotFound)
    }

    fn list(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        Err(FileError::NotFound)
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct File {
    /// The name that reports show: relative to the working directory, with `/`.
    pub name: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// Unix permission bits, where there are any.
    pub mode: Option<u32>,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// This user may not read it; the program runs as another one.
    #[error("permission denied")]
    Denied,
    /// It is a directory. The user's fault: the path names the wrong thing.
    #[error("is a directory")]
    Directory,
    /// The tree does not have it and ought to: nginx would say the same.
    #[error("no such file")]
    NotFound,
    /// The path leads out of the tree that was given, so nothing is known about it.
    #[error("outside the checked tree")]
    Outside,
    /// Larger than the limit, in bytes.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A FIFO, socket or device, or the system said no; the text is the system's.
    #[error("{0}")]
    Unreadable(String),
}
