//! Walks directories for what the front-ends read.
//!
//! Threads do so together, each reading what it finds. What is hidden, and what `.gitignore` and
//! `.ignore` leave out, is left alone. Only the files of the tree decide, never the settings of the
//! user who runs the program.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use certlint_core::files::FileError;
use certlint_core::frontend::HEAD;
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::args::InputArgs;
use crate::console::Console;
use crate::files::{of_io, read_regular};
use crate::sniff::{Worth, is_selected, sniff_file};

/// A file that was found.
pub(crate) struct Walked {
    /// Real, except that a link is not followed.
    pub(crate) path: PathBuf,
    /// `None` for a link.
    pub(crate) content: Option<Content>,
}

/// A text and what it is worth; no text where that is nothing.
pub(crate) type Content = Result<(Vec<u8>, Worth), FileError>;

/// Endings of files that are common, often many or large, and never looked into unless a front-end
/// knows their names: other formats, and texts that quote configuration without being any.
const OTHER: &[&str] = &[
    "c", "cpp", "crt", "css", "csv", "dict", "gif", "go", "golden", "gotmpl", "gz", "h", "html",
    "ico", "java", "jpg", "js", "key", "lock", "md", "pdf", "pem", "php", "png", "py", "rb", "rs",
    "sh", "snap", "sql", "svg", "tmpl", "toml", "tpl", "ts", "tsx", "ttf", "woff", "woff2", "xml",
    "zip",
];

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
    let metadata = path.symlink_metadata().map_err(|error| of_io(&error))?;
    let worth = |head: &[u8]| match head.contains(&0) {
        true => Worth::Nothing,
        false => sniff_file(path, head),
    };
    let nothing = Ok((Vec::new(), Worth::Nothing));
    if metadata.is_file() && metadata.len() > HEAD as u64 {
        let file = File::open(path).map_err(|error| of_io(&error))?;
        let mut head = Vec::new();
        file.take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|error| of_io(&error))?;
        match worth(&head) {
            Worth::Input(_) => {}
            other => return Ok((Vec::new(), other)),
        }
    }
    match read_regular(path, &metadata) {
        Ok(content) => match worth(&content) {
            input @ Worth::Input(_) => Ok((content, input)),
            other => Ok((Vec::new(), other)),
        },
        Err(FileError::Directory) => nothing,
        Err(error) => Err(error),
    }
}

fn is_plausible(path: &Path) -> bool {
    if is_selected(path) {
        return true;
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    !ending.is_some_and(|ending| {
        let ending = ending.to_ascii_lowercase();
        OTHER.binary_search(&ending.as_str()).is_ok()
    })
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
    }

    #[test]
    fn texts_that_quote_others_are_not_looked_into() {
        for path in [
            "a.snap",
            "a.tpl",
            "a.gotmpl",
            "a.dict",
            "a.tmpl",
            "a.golden",
            "Cargo.lock",
        ] {
            assert!(!is_plausible(Path::new(path)), "{path}");
        }
        assert!(is_plausible(Path::new("nginx.conf.tmpl")));
    }
}
