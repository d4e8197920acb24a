//! Walks directories for nginx configuration and manifests, and reads what looks like either.
//!
//! Threads do so together, each reading what it finds. What is hidden, and what `.gitignore` and `.ignore` leave out, is left alone. Only the files of
//! the tree decide, never the settings of whoever runs the program.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use certlint_core::files::FileError;
use certlint_core::kubernetes::looks_like_manifest;
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::args::InputArgs;
use crate::console::Console;
use crate::files::{of_io, read_regular};
use crate::sniff::{MANIFEST_HEAD, Sniffed, may_be_manifest, sniff};

/// A file that was found.
pub(crate) struct Walked {
    /// Real, except that a link is not followed.
    pub(crate) path: PathBuf,
    /// `None` for a link.
    pub(crate) content: Option<Content>,
}

/// A text and what it is; `None` where that is nothing of ours.
pub(crate) type Content = Result<Option<(Vec<u8>, Sniffed)>, FileError>;

/// Endings of files that are common, often many or large, and never one of ours.
const OTHER: &[&str] = &[
    "c", "cpp", "crt", "css", "csv", "gif", "go", "gz", "h", "html", "ico", "java", "jpg", "js",
    "key", "lock", "md", "pdf", "pem", "php", "png", "py", "rb", "rs", "sh", "sql", "svg", "toml",
    "ts", "tsx", "ttf", "woff", "woff2", "xml", "zip",
];

/// Directories beside the main file in which its pieces are kept by custom.
const PIECES: &[&str] = &[
    "conf.d",
    "default.d",
    "http.d",
    "modules-enabled",
    "servers",
    "sites-available",
    "sites-enabled",
    "snippets",
    "stream.d",
    "streams-available",
    "streams-enabled",
    "vhosts",
    "vhosts.d",
];

/// As much as tells a text from anything else.
const HEAD: usize = 8 << 10;

/// The plausible files below real directories without those that `of_repository` matches, in any
/// order; `None` when an option makes no sense.
pub(crate) fn walk(
    directories: &[PathBuf],
    args: &InputArgs,
    of_repository: &Override,
    console: &Console,
) -> Option<Vec<Walked>> {
    let mut found = Vec::new();
    for directory in directories {
        let mut excludes = OverrideBuilder::new(directory);
        for glob in &args.excludes {
            // In an override, `!` is what leaves out.
            if let Err(error) = excludes.add(&format!("!{glob}")) {
                console.error(format!("--exclude `{glob}`: {error}"));
                return None;
            }
        }
        let excludes = match excludes.build() {
            Ok(excludes) => excludes,
            Err(error) => {
                console.error(format!("--exclude: {error}"));
                return None;
            }
        };
        let mut walker = WalkBuilder::new(directory);
        walker
            .overrides(excludes)
            .git_global(false)
            .git_exclude(false)
            .require_git(false);
        let left_out = of_repository.clone();
        walker.filter_entry(move |entry| {
            let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            // What was named is walked.
            entry.depth() == 0 || !left_out.matched(entry.path(), is_directory).is_ignore()
        });
        if args.no_ignore {
            walker.git_ignore(false).ignore(false).parents(false);
        }
        let mut errors = Vec::new();
        let (sender, receiver) = mpsc::channel();
        walker.build_parallel().run(|| {
            let sender = sender.clone();
            Box::new(move |entry| {
                let walked = entry.map(visit).map_err(|error| error.to_string());
                match sender.send(walked) {
                    Ok(()) => WalkState::Continue,
                    Err(_) => WalkState::Quit,
                }
            })
        });
        drop(sender);
        for walked in receiver {
            match walked {
                Ok(walked) => found.extend(walked),
                Err(error) => errors.push(error),
            }
        }
        errors.sort();
        for error in errors {
            console.note(format!("skipped: {error}"));
        }
    }
    Some(found)
}

fn visit(entry: DirEntry) -> Option<Walked> {
    let kind = entry.file_type()?;
    if !(kind.is_file() || kind.is_symlink()) || !is_plausible(entry.path()) {
        return None;
    }
    let path = entry.into_path();
    let content = (!kind.is_symlink()).then(|| read(&path));
    Some(Walked { path, content })
}

/// Reads what was found.
pub(crate) fn read(path: &Path) -> Content {
    let content = read_plausible(path)?.map(|bytes| {
        let sniffed = sniff(&bytes);
        (bytes, sniffed)
    });
    Ok(content.filter(|(_, sniffed)| *sniffed != Sniffed::Other))
}

/// True for `sites-available` and its like.
pub(crate) fn holds_pieces(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| PIECES.contains(&name))
}

fn is_plausible(path: &Path) -> bool {
    // There, `docs.rs` is the name of a site.
    if path.parent().is_some_and(holds_pieces) {
        return true;
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    !ending.is_some_and(|ending| {
        let ending = ending.to_ascii_lowercase();
        OTHER.binary_search(&ending.as_str()).is_ok()
    })
}

/// True where only manifests are looked for: YAML and JSON that is no site by its place.
fn is_manifest_or_nothing(path: &Path) -> bool {
    may_be_manifest(path) && !path.parent().is_some_and(holds_pieces)
}

/// Reads a file unless its head shows that it is no text, or no manifest where only that counts.
///
/// # Errors
/// See [`FileError`].
fn read_plausible(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let metadata = path.symlink_metadata().map_err(|error| of_io(&error))?;
    let (head_length, is_manifest): (usize, fn(&[u8]) -> bool) = match is_manifest_or_nothing(path)
    {
        true => (MANIFEST_HEAD, looks_like_manifest),
        false => (HEAD, |_| true),
    };
    let is_worth_it = |head: &[u8]| !head.contains(&0) && is_manifest(head);
    if metadata.is_file() && metadata.len() > head_length as u64 {
        let file = File::open(path).map_err(|error| of_io(&error))?;
        let mut head = Vec::new();
        file.take(head_length as u64)
            .read_to_end(&mut head)
            .map_err(|error| of_io(&error))?;
        if !is_worth_it(&head) {
            return Ok(None);
        }
    }
    match read_regular(path, &metadata) {
        Ok(content) if !is_worth_it(&content) => Ok(None),
        Ok(content) => Ok(Some(content)),
        Err(FileError::Directory) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_sorted_for_the_search() {
        assert!(OTHER.is_sorted());
    }

    #[test]
    fn endings_are_compared_without_case() {
        assert!(is_plausible(Path::new("sites-available/example.com")));
        assert!(is_plausible(Path::new("nginx")));
        assert!(is_plausible(Path::new("a.conf.bak")));
        assert!(!is_plausible(Path::new("README.MD")));
    }

    #[test]
    fn a_site_may_be_called_like_a_source_file() {
        assert!(is_plausible(Path::new("sites-available/docs.rs")));
        assert!(!is_plausible(Path::new("src/docs.rs")));
        assert!(!is_manifest_or_nothing(Path::new("sites-enabled/a.json")));
        assert!(is_manifest_or_nothing(Path::new("deploy/a.json")));
    }
}
