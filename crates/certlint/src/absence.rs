//! Whether a file that is not there is missing, or left out by design.
//!
//! Keys belong in no repository, and what `.gitignore` matches is not in it either. A similar name
//! beside the missing one says that it is a typing error after all.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::bytes;

/// The files that a repository leaves out.
pub(crate) struct Absence {
    /// The root of the work tree.
    work_tree: Option<PathBuf>,
    /// The `.gitignore` of each directory that was asked about.
    rules: Mutex<HashMap<PathBuf, Arc<Gitignore>>>,
}

impl Absence {
    pub(crate) fn new(work_tree: Option<&Path>) -> Self {
        Self {
            work_tree: work_tree.map(Path::to_owned),
            rules: Mutex::default(),
        }
    }

    /// True for a path in the work tree that git ignores: the nearest `.gitignore` that says
    /// anything about it decides.
    pub(crate) fn is_ignored(&self, path: &Path) -> bool {
        let Some(work_tree) = self.work_tree.as_deref() else {
            return false;
        };
        let directories = path.ancestors().skip(1);
        let inside = directories.take_while(|directory| directory.starts_with(work_tree));
        for directory in inside {
            let rules = self.rules(directory);
            let matched = rules.matched_path_or_any_parents(path, false);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        false
    }

    fn rules(&self, directory: &Path) -> Arc<Gitignore> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let known = rules.entry(directory.to_owned()).or_insert_with(|| {
            let mut builder = GitignoreBuilder::new(directory);
            // One that cannot be read says nothing.
            let _ = builder.add(directory.join(".gitignore"));
            Arc::new(builder.build().unwrap_or_else(|_| Gitignore::empty()))
        });
        known.clone()
    }
}

/// True where a name like the first missing part of a path is beside it.
pub(crate) fn has_similar(path: &Path) -> bool {
    let mut missing = path;
    while let Some(parent) = missing.parent() {
        if parent.is_dir() {
            let Some(name) = missing.file_name() else {
                return false;
            };
            let wanted = bytes::of_path(Path::new(name));
            let wanted = String::from_utf8_lossy(&wanted).into_owned();
            let entries = parent.read_dir().into_iter().flatten().flatten();
            return entries
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .any(|entry| are_similar(&entry, &wanted));
        }
        missing = parent;
    }
    false
}

/// Two names of which one may be a typing error for the other.
///
/// Numbers tell names apart on purpose, and short names are similar by accident.
fn are_similar(left: &str, right: &str) -> bool {
    let letters = |name: &str| -> String {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let stem = stem.chars().filter(|character| !character.is_ascii_digit());
        stem.collect()
    };
    let (one, other) = (letters(left), letters(right));
    let length = one.chars().count().min(other.chars().count());
    let allowed = match length {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    left != right
        && one != other
        && same_ending(left, right)
        && strsim::osa_distance(&one, &other) <= allowed
}

/// A key is no certificate, however similar their names.
fn same_ending(left: &str, right: &str) -> bool {
    let ending = |name: &str| name.rsplit_once('.').map(|(_, ending)| ending.to_owned());
    ending(left) == ending(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_similar_and_neighbours_are_not() {
        for (left, right) in [
            ("example.com.crt", "exmaple.com.crt"),
            ("fullchain.pem", "fulchain.pem"),
            ("shop.crt", "shpo.crt"),
            ("example.com", "exampel.com"),
        ] {
            assert!(are_similar(left, right), "{left} {right}");
            assert!(are_similar(right, left), "{left} {right}");
        }
        for (left, right) in [
            ("a.crt", "b.crt"),
            ("example.crt", "example.key"),
            ("site1.crt", "site2.crt"),
            ("example.com.crt", "example.org.crt"),
            ("shop.crt", "blog.crt"),
            ("example.com.crt", "example.com.crt"),
            ("privkey.pem", "fullchain.pem"),
        ] {
            assert!(!are_similar(left, right), "{left} {right}");
        }
    }

    #[test]
    fn the_nearest_gitignore_decides() {
        let tree = tempfile::TempDir::new().unwrap();
        let root = tree.path();
        for (path, text) in [
            (".gitignore", "*.key\n/ssl/\n"),
            ("public/.gitignore", "!open.key\n"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let absence = Absence::new(Some(root));
        for (path, expected) in [
            ("a.key", true),
            ("deep/er/a.key", true),
            ("ssl/a.crt", true),
            ("other/ssl/a.crt", false),
            ("a.crt", false),
            ("public/open.key", false),
            ("public/a.key", true),
        ] {
            assert_eq!(absence.is_ignored(&root.join(path)), expected, "{path}");
        }
        assert!(!absence.is_ignored(Path::new("/elsewhere/a.key")));
        assert!(!Absence::new(None).is_ignored(&root.join("a.key")));
    }
}
