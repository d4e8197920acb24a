//! The output of `nginx -T`: every configuration file after a line that names it.
//!
//! Nothing marks the end of a file, so a marker counts only as a whole line with an absolute path,
//! and only when the input starts with one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::files::{File, FileError, Files};

const MARK: &[u8] = b"# configuration file ";

/// The sections of a dump, in the order of the dump; the first one is the main file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// The sections.
    pub sections: Vec<Section>,
}

/// One file of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name that nginx gives it, as it is: `..` and `//` are not resolved.
    pub path: Vec<u8>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

impl Dump {
    /// Splits a dump; `None` for any other text.
    ///
    /// Lines of nginx's own (`nginx: the configuration file …`), as `2>&1` brings them, are passed
    /// over in front of the first marker.
    #[must_use]
    pub fn split(text: &[u8]) -> Option<Self> {
        let mut sections = Vec::new();
        let mut current: Option<(Vec<u8>, usize)> = None;
        let mut start = 0;
        while start < text.len() {
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at + 1);
            let line = &text[start..end];
            if let Some(path) = marker(line) {
                if let Some((path, from)) = current.replace((path.to_vec(), end)) {
                    sections.push(section(path, &text[from..start]));
                }
            } else if current.is_none() && !is_chatter(line) {
                return None;
            }
            start = end;
        }
        let (path, from) = current?;
        sections.push(section(path, &text[from.min(text.len())..]));
        Some(Self { sections })
    }
}

fn section(path: Vec<u8>, bytes: &[u8]) -> Section {
    // nginx adds one line feed of its own after each file.
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    Section {
        path,
        bytes: bytes.into(),
    }
}

fn marker(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let path = line.strip_prefix(MARK)?.strip_suffix(b":")?;
    let is_absolute = path.starts_with(b"/") || path.get(1..3) == Some(b":\\");
    is_absolute.then_some(path)
}

/// What `nginx -T` writes to its standard error.
fn is_chatter(line: &[u8]) -> bool {
    let contains = |word: &[u8]| memchr::memmem::find(line, word).is_some();
    line.trim_ascii().is_empty()
        || line.starts_with(b"nginx: ")
        || contains(b"[warn]")
        || contains(b"[notice]")
}

/// The files of a dump, and everything else from another place: certificates are never in a dump.
pub struct DumpFiles<'f> {
    sections: BTreeMap<Vec<u8>, Arc<[u8]>>,
    beyond: &'f dyn Files,
}

impl<'f> DumpFiles<'f> {
    /// Serves the sections of `dump`, and what it does not have from `beyond`.
    #[must_use]
    pub fn new(dump: &Dump, beyond: &'f dyn Files) -> Self {
        let sections = dump.sections.iter();
        Self {
            sections: sections
                .map(|section| (section.path.clone(), section.bytes.clone()))
                .collect(),
            beyond,
        }
    }
}

impl Files for DumpFiles<'_> {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        match self.sections.get(path) {
            Some(bytes) => Ok(File {
                name: String::from_utf8_lossy(path).into_owned(),
                bytes: bytes.clone(),
                mode: None,
            }),
            None => self.beyond.read(path),
        }
    }

    /// A dump has every file that a pattern matched, so that only its own names count.
    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        let prefix = match directory {
            [] | [.., b'/'] => directory.to_vec(),
            _ => [directory, b"/"].concat(),
        };
        let names = self.sections.keys().filter_map(|path| {
            let rest = path.strip_prefix(prefix.as_slice())?;
            let name = rest.split(|&byte| byte == b'/').next()?;
            (!name.is_empty()).then(|| name.to_vec())
        });
        let mut names: Vec<_> = names.collect();
        names.dedup();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_split_at_its_markers() {
        let text = b"nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
            # configuration file /etc/nginx/nginx.conf:\nevents {}\n\n\
            # configuration file /etc/nginx/a.conf:\n# configuration file x:\nuser a;\n\n";
        let dump = Dump::split(text).unwrap();
        let sections: Vec<_> = dump
            .sections
            .iter()
            .map(|section| (section.path.as_slice(), &*section.bytes))
            .collect();
        let expected: [(&[u8], &[u8]); 2] = [
            (b"/etc/nginx/nginx.conf", b"events {}\n"),
            (b"/etc/nginx/a.conf", b"# configuration file x:\nuser a;\n"),
        ];
        assert_eq!(sections, expected);
    }

    #[test]
    fn other_texts_are_no_dumps() {
        for text in ["", "events {}\n", "user a;\n# configuration file /a:\nx;\n"] {
            assert_eq!(Dump::split(text.as_bytes()), None, "{text}");
        }
    }
}
