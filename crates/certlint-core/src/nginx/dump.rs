//! The output of `nginx -T`: every configuration file after a line that names it.
//!
//! Nothing marks the end of a file, so a marker counts only as a whole line with an absolute path,
//! and only when the input starts with one. People paste dumps into issues, so that all of it may
//! be indented, or between fences, and have the command in front of it.

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
    /// over in front of the first marker, and so are the command and the opening of a fence.
    #[must_use]
    pub fn split(text: &[u8]) -> Option<Self> {
        let (frame, first) = Frame::of(text)?;
        let mut sections = Vec::new();
        let mut current: Option<(Vec<u8>, Vec<u8>)> = None;
        for line in Lines(&text[first..]) {
            if frame.is_end(line) {
                break;
            }
            let line = frame.inside(line);
            if let Some(path) = marker(line) {
                let next = (path.to_vec(), Vec::new());
                sections.extend(current.replace(next).map(section));
            } else if let Some((_, bytes)) = &mut current {
                bytes.extend_from_slice(line);
            }
        }
        sections.extend(current.map(section));
        Some(Self { sections })
    }

    /// Whether a text is the output of `nginx -T`, by its beginning.
    #[must_use]
    pub fn is_dump(text: &[u8]) -> bool {
        Frame::of(text).is_some()
    }
}

/// What is around each line of a dump.
struct Frame<'t> {
    /// The blanks in front of the first marker.
    indent: &'t [u8],
    is_fenced: bool,
}

impl<'t> Frame<'t> {
    /// The frame of a dump and where its first marker begins.
    fn of(text: &'t [u8]) -> Option<(Self, usize)> {
        let mut start = 0;
        let mut is_fenced = false;
        for line in Lines(text) {
            let content = line.trim_ascii_start();
            if marker(content).is_some() {
                let indent = &line[..line.len() - content.len()];
                return Some((Self { indent, is_fenced }, start));
            }
            is_fenced |= is_fence(line);
            if !is_chatter(line) {
                return None;
            }
            start += line.len();
        }
        None
    }

    fn inside<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        match line.strip_prefix(self.indent) {
            Some(rest) => rest,
            // Editors cut blanks at the end of a line, even if there is nothing else.
            None if line.trim_ascii().is_empty() => b"\n",
            None => line,
        }
    }

    fn is_end(&self, line: &[u8]) -> bool {
        self.is_fenced && is_fence(line)
    }
}

/// Lines with their line feeds.
struct Lines<'t>(&'t [u8]);

impl<'t> Iterator for Lines<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.0).map_or(self.0.len(), |at| at + 1);
        let (line, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(line)
    }
}

fn section((path, bytes): (Vec<u8>, Vec<u8>)) -> Section {
    // nginx adds one line feed of its own after each file.
    let length = bytes.strip_suffix(b"\n").unwrap_or(&bytes).len();
    Section {
        path,
        bytes: bytes[..length].into(),
    }
}

fn marker(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let path = line.strip_prefix(MARK)?.strip_suffix(b":")?;
    let is_absolute = path.starts_with(b"/") || path.get(1..3) == Some(b":\\");
    is_absolute.then_some(path)
}

/// What is in front of a dump: what `nginx -T` writes to its standard error, the command, and the
/// marks of a pasted text.
fn is_chatter(line: &[u8]) -> bool {
    const MARKS: &[&[u8]] = &[b"<code", b"<details", b"<pre", b"<summary"];
    let contains = |word: &[u8]| memchr::memmem::find(line, word).is_some();
    let content = line.trim_ascii();
    content.is_empty()
        || content.starts_with(b"nginx: ")
        || contains(b"[warn]")
        || contains(b"[notice]")
        || (contains(b"nginx") && contains(b" -T"))
        || is_fence(line)
        || MARKS.iter().any(|mark| content.starts_with(mark))
}

fn is_fence(line: &[u8]) -> bool {
    let content = line.trim_ascii();
    content.starts_with(b"```") || content.starts_with(b"~~~")
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
    fn a_pasted_dump_is_split_as_if_it_were_not() {
        let plain = "# configuration file /etc/nginx/nginx.conf:\nevents {}\n\n  http {}\n\n\
                     # configuration file /etc/nginx/a.conf:\nuser a;\n\n";
        let expected = Dump::split(plain.as_bytes()).unwrap();
        assert_eq!(expected.sections.len(), 2);
        let indented: String = plain
            .lines()
            .map(|line| match line {
                "" => "\n".to_owned(),
                line => format!("    {line}\n"),
            })
            .collect();
        for text in [
            format!("```\n{plain}```\nThanks!\n"),
            format!("~~~ nginx\n{plain}~~~\n"),
            format!("$ sudo nginx -T\n{plain}"),
            format!("root@web:~# nginx -T 2>&1\n\n{plain}"),
            format!("<details>\n<summary>config</summary>\n\n```\n{plain}```\n</details>\n"),
            indented.clone(),
            format!("    $ nginx -T\n{indented}"),
            format!("    nginx: the configuration file x syntax is ok\n{indented}"),
        ] {
            assert_eq!(
                Dump::split(text.as_bytes()).as_ref(),
                Some(&expected),
                "{text}"
            );
            assert!(Dump::is_dump(text.as_bytes()));
        }
    }

    #[test]
    fn other_texts_are_no_dumps() {
        for text in [
            "",
            "events {}\n",
            "user a;\n# configuration file /a:\nx;\n",
            "```\nuser a;\n```\n# configuration file /a:\nx;\n",
            "# How to run nginx -T\n",
        ] {
            assert_eq!(Dump::split(text.as_bytes()), None, "{text}");
        }
    }
}
