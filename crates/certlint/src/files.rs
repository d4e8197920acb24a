//! Reads files of a tree by the paths that its configuration writes.
//!
//! A logical path is walked part by part, as the system would walk it on the machine that the
//! configuration is meant for: `..` and symbolic links are followed among logical paths, and every
//! step is mapped to this disk. So an absolute link in `sites-enabled` leads into the tree and not
//! into the `/etc` of the machine that checks it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, FileType, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use certlint_core::files::{File, FileError, Files};
use certlint_core::frontend::Layout;

use crate::absence::{Absence, has_similar};
use crate::bytes;
use crate::mapping::{Home, Mapping, Places};

/// No file of a configuration is larger in earnest; a sparse file of 1 GB is refused by its size.
pub(crate) const SIZE_LIMIT: u64 = 64 << 20;

/// As many as Linux allows.
const LINK_LIMIT: u32 = 40;

/// Files on disk.
pub(crate) struct DiskFiles {
    mapping: Mapping,
    /// git keeps no permissions: those of a clone say nothing about the server.
    is_in_git: bool,
    /// Where relative names start from, if that is only a guess: there is no main file.
    guessed_prefix: Option<PathBuf>,
    absence: Absence,
    shared: Arc<Shared>,
    /// Prefixes that were found by the tails of paths, with what they mean.
    tails: Mutex<BTreeMap<Vec<u8>, PathBuf>>,
}

/// The directory that relative names start from.
#[derive(Clone, Copy)]
pub(crate) struct ConfDir<'p> {
    /// A real path.
    pub(crate) path: &'p Path,
    /// The main file is there, or somebody says so.
    pub(crate) is_certain: bool,
}

/// The files that all roots of a run share.
pub(crate) struct Shared {
    /// Reports show names relative to it.
    pub(crate) working_directory: PathBuf,
    /// The files read before, by real path.
    pub(crate) read: HashMap<PathBuf, Arc<[u8]>>,
}

/// Where a logical path ends up.
pub(crate) struct Located {
    /// The real path; no part of it below the tree is a symbolic link.
    pub(crate) path: PathBuf,
    metadata: Metadata,
}

/// Where a path was lost, and why.
struct Lost {
    error: FileError,
    /// The logical path with its links followed so far.
    path: Vec<u8>,
}

impl DiskFiles {
    /// The files as the configuration in `conf_dir` means them; see [`Mapping::new`].
    pub(crate) fn new(
        places: &Places,
        layout: &'static Layout,
        conf_dir: Option<ConfDir<'_>>,
        shared: Arc<Shared>,
    ) -> Self {
        let path = conf_dir.map(|it| it.path);
        let mut above = path.into_iter().flat_map(Path::ancestors);
        let work_tree = above.find(|directory| directory.join(".git").exists());
        let guess = conf_dir.filter(|it| !it.is_certain);
        Self {
            mapping: Mapping::new(places, layout, path, work_tree.is_some()),
            is_in_git: work_tree.is_some(),
            guessed_prefix: guess.map(|it| it.path.to_owned()),
            absence: Absence::new(work_tree),
            shared,
            tails: Mutex::default(),
        }
    }

    /// Follows a logical path to what exists.
    pub(crate) fn locate(&self, logical: &[u8]) -> Result<Located, FileError> {
        if self.mapping.home() == Home::Installed
            && let Some(here) = here(logical)?
        {
            return Ok(here);
        }
        let lost = match self.follow(logical) {
            Ok(located) => return Ok(located),
            Err(lost) => lost,
        };
        if !matches!(lost.error, FileError::NotFound | FileError::Outside) {
            return Err(lost.error);
        }
        if self.mapping.home() != Home::Live
            && !self.is_certain(&lost.path)
            && let Some(tail) = self.mapping.by_tail(&lost.path)
            && let Ok(located) = self.follow(&bytes::of_path(&tail.path))
        {
            if !self.mapping.is_customary(&tail.from) {
                let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
                tails.insert(tail.from, tail.base);
            }
            return Ok(located);
        }
        Err(self.judge_absence(&lost))
    }

    /// Prefixes that the configuration writes and that were taken for a directory here.
    pub(crate) fn guessed_prefixes(&self) -> BTreeMap<Vec<u8>, PathBuf> {
        let tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.clone()
    }

    /// What it means that nothing is where a path leads.
    fn judge_absence(&self, lost: &Lost) -> FileError {
        let place = self.mapping.find(&lost.path);
        match &lost.error {
            FileError::NotFound => {}
            // Another machine may be meant, unless this one has nearly the same.
            FileError::Outside if self.mapping.home() == Home::Installed => {
                return match has_similar(&bytes::to_path(&lost.path)) {
                    true => FileError::NotFound,
                    false => FileError::Outside,
                };
            }
            error => return error.clone(),
        }
        let Some(place) = place.filter(|_| self.mapping.home() != Home::Live) else {
            return FileError::NotFound;
        };
        let prefix = self.guessed_prefix.as_deref();
        let is_guess = prefix.is_some_and(|prefix| place.path.starts_with(prefix));
        let is_left_out = is_guess || self.absence.is_ignored(&place.path);
        match is_left_out && !has_similar(&place.path) {
            true => FileError::Outside,
            false => FileError::NotFound,
        }
    }

    fn follow(&self, logical: &[u8]) -> Result<Located, Lost> {
        let mut pending: Vec<Vec<u8>> = parts(logical);
        let mut current = Vec::new();
        let mut links = 0;
        let mut found = None;
        while let Some(part) = pending.pop() {
            if part == b".." {
                pop(&mut current);
                found = None;
                continue;
            }
            current.push(b'/');
            current.extend_from_slice(&part);
            let Some(place) = self.mapping.find(&current) else {
                found = None;
                continue;
            };
            let next = pending.last();
            if place.is_base || next.is_some_and(|next| self.mapping.leads_to_rule(&current, next))
            {
                // Given by the user, links and all.
                found = None;
                continue;
            }
            let lost = |error: FileError, mut path: Vec<u8>, pending: &[Vec<u8>]| {
                for part in pending.iter().rev() {
                    path.push(b'/');
                    path.extend_from_slice(part);
                }
                Lost { error, path }
            };
            let metadata = match fs::symlink_metadata(&place.path) {
                Ok(metadata) => metadata,
                Err(error) if is_absent(&error) && !place.certain && !pending.is_empty() => {
                    return Err(lost(FileError::Outside, current, &pending));
                }
                Err(error) => return Err(lost(of_io(&error), current, &pending)),
            };
            if metadata.file_type().is_symlink() {
                links += 1;
                if links > LINK_LIMIT {
                    let reason = "too many levels of symbolic links";
                    let error = FileError::Unreadable(reason.to_owned());
                    return Err(lost(error, current, &pending));
                }
                let target = match fs::read_link(&place.path) {
                    Ok(target) => bytes::of_path(&target),
                    Err(error) => return Err(lost(of_io(&error), current, &pending)),
                };
                match target.first() {
                    Some(b'/') => current.clear(),
                    _ => pop(&mut current),
                }
                pending.extend(parts(&target));
                found = None;
                continue;
            }
            found = Some(Located {
                path: place.path,
                metadata,
            });
        }
        if let Some(located) = found {
            return Ok(located);
        }
        // The last step was `..` or the base of a rule: a directory, or nothing of ours.
        let located = match self.mapping.find(&current) {
            None => Err(FileError::Outside),
            Some(place) => match fs::metadata(&place.path) {
                Ok(metadata) => Ok(Located {
                    path: place.path,
                    metadata,
                }),
                Err(error) => Err(of_io(&error)),
            },
        };
        located.map_err(|error| Lost {
            error,
            path: current,
        })
    }
}

/// What is at this very path of the machine, links and all.
fn here(path: &[u8]) -> Result<Option<Located>, FileError> {
    let real = match fs::canonicalize(bytes::to_path(path)) {
        Ok(real) => real,
        Err(error) => {
            return match of_io(&error) {
                FileError::NotFound => Ok(None),
                error => Err(error),
            };
        }
    };
    match fs::metadata(&real) {
        Ok(metadata) => Ok(Some(Located {
            path: real,
            metadata,
        })),
        Err(error) => Err(of_io(&error)),
    }
}

impl Files for DiskFiles {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let located = match self.locate(path) {
            Ok(located) => located,
            Err(FileError::NotFound | FileError::Outside) if self.mapping.is_packaged(path) => {
                return Ok(File {
                    name: String::from_utf8_lossy(path).into_owned(),
                    bytes: Arc::new([]),
                    mode: None,
                });
            }
            Err(error) => return Err(error),
        };
        let bytes = match self.shared.read.get(&located.path) {
            Some(bytes) => bytes.clone(),
            None => read_regular(&located.path, &located.metadata)?.into(),
        };
        Ok(File {
            name: self.shared.name(&located.path),
            bytes,
            mode: mode(&located.metadata).filter(|_| !self.is_in_git),
        })
    }

    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        let located = match self.locate(directory) {
            Ok(located) => located,
            Err(FileError::NotFound | FileError::Outside)
                if self.mapping.is_packaged(directory) =>
            {
                return Ok(Vec::new());
            }
            // A directory that a guess does not have is as much outside as a file in it.
            Err(FileError::NotFound) if !self.is_certain(directory) => {
                return Err(FileError::Outside);
            }
            Err(error) => return Err(error),
        };
        let entries = fs::read_dir(&located.path).map_err(|error| of_io(&error))?;
        let names = entries.map(|entry| Ok(bytes::of_path(Path::new(&entry?.file_name()))));
        names
            .collect::<io::Result<_>>()
            .map_err(|error| of_io(&error))
    }

    fn may_lack(&self, path: &[u8]) -> bool {
        let place = self.mapping.find(path);
        self.mapping.home() == Home::Copy && !place.is_some_and(|place| has_similar(&place.path))
    }
}

impl DiskFiles {
    fn is_certain(&self, logical: &[u8]) -> bool {
        let place = self.mapping.find(logical);
        place.is_some_and(|place| place.certain)
    }
}

impl Shared {
    /// How reports call a real path: relative to the working directory, with `/`.
    pub(crate) fn name(&self, path: &Path) -> String {
        let base = &self.working_directory;
        let relative = match path.strip_prefix(base) {
            Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
            Ok(rest) => rest.to_owned(),
            Err(_) => climb(base, path).unwrap_or_else(|| path.to_owned()),
        };
        String::from_utf8_lossy(&bytes::of_path(&relative)).into_owned()
    }
}

/// The way from `base` to `path` through `..`; `None` where only `/` is common to both.
fn climb(base: &Path, path: &Path) -> Option<PathBuf> {
    for (steps, ancestor) in base.ancestors().enumerate().skip(1) {
        ancestor.parent()?;
        if let Ok(rest) = path.strip_prefix(ancestor) {
            let up: PathBuf = std::iter::repeat_n("..", steps).collect();
            return Some(up.join(rest));
        }
    }
    None
}

/// Reads a file of which `metadata` is known, without ever waiting for a FIFO or a device.
pub(crate) fn read_regular(path: &Path, metadata: &Metadata) -> Result<Vec<u8>, FileError> {
    if let Some(reason) = oddity(metadata.file_type()) {
        return Err(reason);
    }
    let too_large = || FileError::TooLarge { limit: SIZE_LIMIT };
    if metadata.len() > SIZE_LIMIT {
        return Err(too_large());
    }
    let file = fs::File::open(path).map_err(|error| of_io(&error))?;
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // It may have grown since.
    file.take(SIZE_LIMIT + 1)
        .read_to_end(&mut content)
        .map_err(|error| of_io(&error))?;
    if content.len() as u64 > SIZE_LIMIT {
        return Err(too_large());
    }
    Ok(content)
}

/// The system's error as text.
pub(crate) fn of_io(error: &io::Error) -> FileError {
    if is_absent(error) {
        return FileError::NotFound;
    }
    match error.kind() {
        io::ErrorKind::IsADirectory => FileError::Directory,
        io::ErrorKind::PermissionDenied => FileError::Denied,
        _ => FileError::Unreadable(plain(error)),
    }
}

/// The system's text in lower case, without the number that Rust adds.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

/// A file where a directory is expected means that the path is not there, too.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn oddity(kind: FileType) -> Option<FileError> {
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some(FileError::Directory);
    }
    Some(FileError::Unreadable(
        "is a FIFO, a socket or a device".to_owned(),
    ))
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(metadata.mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// The parts of a path, the last one first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|&byte| byte == b'/').rev();
    parts
        .filter(|part| !part.is_empty() && *part != b".")
        .map(<[u8]>::to_vec)
        .collect()
}

fn pop(path: &mut Vec<u8>) {
    let end = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    path.truncate(end);
}
