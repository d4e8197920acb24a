//! A case: the files of one configuration, and the names to ask for.
//!
//! Texts carry `@DIR@` and `@P1@` … `@P4@` in place of what is different in every run: the folder
//! and four consecutive free ports.
//!
//! On disk (`fixtures/oracle/NAME/`): `case.json` and the files in `files/`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// One configuration and what to ask it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    /// Files by path relative to the folder of `nginx.conf`.
    pub(crate) files: BTreeMap<Vec<u8>, Entry>,
    /// SNI values; the empty one is a client that sends none.
    pub(crate) names: Vec<String>,
    /// The fault that was planted, if any.
    pub(crate) note: String,
}

/// The content at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Directory,
    /// A symbolic link with this text.
    Link(String),
    Text(Vec<u8>),
}

/// The parts that differ in every run.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) ports: [u16; 4],
    /// Folder of certificates, shared by all cases.
    pub(crate) pool: &'a Path,
}

#[derive(Deserialize, Serialize)]
struct Head {
    note: String,
    names: Vec<String>,
}

impl Case {
    /// Writes the files, ready to run, into an empty folder.
    pub(crate) fn write(&self, place: &Place<'_>) -> Result<()> {
        symlink(place.pool, place.folder.join("certs"))?;
        fs::create_dir(place.folder.join("tmp"))?;
        for (path, entry) in &self.files {
            let path = place.folder.join(std::ffi::OsStr::from_bytes(path));
            write_entry(&path, entry, |text| place.fill(text))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// Keeps the case as a fixture in `folder`.
    pub(crate) fn keep(&self, folder: &Path) -> Result<()> {
        for (path, entry) in &self.files {
            let path = folder.join("files").join(std::ffi::OsStr::from_bytes(path));
            write_entry(&path, entry, <[u8]>::to_vec)?;
            if *entry == Entry::Directory {
                // git keeps no empty folder.
                fs::write(path.join(".keep"), "")?;
            }
        }
        let head = Head {
            note: self.note.clone(),
            names: self.names.clone(),
        };
        fs::write(
            folder.join("case.json"),
            serde_json::to_string_pretty(&head)? + "\n",
        )?;
        Ok(())
    }

    /// Reads a case that was kept.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let head = fs::read(folder.join("case.json"))
            .with_context(|| format!("no case.json in {}", folder.display()))?;
        let head: Head = serde_json::from_slice(&head)?;
        let mut case = Self {
            files: BTreeMap::new(),
            names: head.names,
            note: head.note,
        };
        read_entries(&folder.join("files"), &mut Vec::new(), &mut case.files)?;
        Ok(case)
    }

    /// True when some file has `text` in it.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.files.values().any(|entry| match entry {
            Entry::Text(bytes) => contains(bytes, text.as_bytes()),
            Entry::Directory | Entry::Link(_) => false,
        })
    }
}

impl Place<'_> {
    /// The text with everything filled in.
    fn fill(&self, text: &[u8]) -> Vec<u8> {
        let mut text = replace(text, b"@DIR@", self.folder.as_os_str().as_bytes());
        for (number, port) in (1..).zip(self.ports) {
            text = replace(
                &text,
                format!("@P{number}@").as_bytes(),
                port.to_string().as_bytes(),
            );
        }
        text
    }
}

fn write_entry(path: &Path, entry: &Entry, fill: impl Fn(&[u8]) -> Vec<u8>) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match entry {
        Entry::Directory => fs::create_dir_all(path)?,
        Entry::Link(text) => symlink(text, path)?,
        Entry::Text(bytes) => fs::write(path, fill(bytes))?,
    }
    Ok(())
}

fn read_entries(
    folder: &Path,
    prefix: &mut Vec<u8>,
    files: &mut BTreeMap<Vec<u8>, Entry>,
) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let length = prefix.len();
        prefix.extend(entry.file_name().into_vec());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            prefix.push(b'/');
            let before = files.len();
            read_entries(&entry.path(), prefix, files)?;
            if files.len() == before {
                files.insert(prefix.clone(), Entry::Directory);
            }
        } else if kind.is_symlink() {
            let text = fs::read_link(entry.path())?.to_string_lossy().into_owned();
            files.insert(prefix.clone(), Entry::Link(text));
        } else {
            files.insert(prefix.clone(), Entry::Text(fs::read(entry.path())?));
        }
        prefix.truncate(length);
    }
    Ok(())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_is_kept_is_read_back_as_it_was() {
        let case = Case {
            files: BTreeMap::from([
                (
                    b"nginx.conf".to_vec(),
                    Entry::Text(b"listen @P1@;\xff".to_vec()),
                ),
                (b"a b/.dot".to_vec(), Entry::Text(Vec::new())),
                (b"link".to_vec(), Entry::Link("a b/.dot".to_owned())),
            ]),
            names: vec![String::new(), "a.test.".to_owned()],
            note: "broken".to_owned(),
        };
        let folder = tempfile::tempdir().unwrap();
        case.keep(folder.path()).unwrap();
        let read = Case::read(folder.path()).unwrap();
        assert_eq!(
            (read.files, read.names, read.note),
            (case.files, case.names, case.note)
        );
    }

    #[test]
    fn places_are_filled_in_when_a_case_is_written() {
        let place = Place {
            folder: Path::new("/tmp/x"),
            ports: [7, 8, 9, 10],
            pool: Path::new("/tmp/pool"),
        };
        let text = place.fill(b"@DIR@/a @P1@-@P4@ @P5@ @P1");
        assert_eq!(text, b"/tmp/x/a 7-10 @P5@ @P1");
    }
}
