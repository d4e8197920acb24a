//! `include`: the files of a directive, and reading each of them once.
//!
//! `ngx_core_module#include`. Relative names start from the configuration prefix at any depth; a
//! pattern that matches nothing is silence, a plain name that is not there is an error.

use std::sync::Arc;

use nginx_syntax::{Directive, Word};
use rayon::prelude::*;

use crate::files::FileError;
use crate::model::{Diagnosis, Refusal, UnverifiableKind};
use crate::source::Location;
use crate::x509::Encryption;

use super::walk::{Frame, Parsed, Walker, syntax};
use super::{glob, lossy};

/// nginx has no limit and crashes; real trees stay below ten.
const MAX_INCLUDE_DEPTH: usize = 64;
/// A file that includes two others that include two others … must end.
const MAX_INCLUSIONS: usize = 50_000;

/// The files of an include cannot be known.
struct Unknown;

impl Walker<'_, '_> {
    pub(super) fn include(
        &mut self,
        parsed: &Arc<Parsed>,
        directive: Directive<'_>,
        frame: &mut Frame,
    ) {
        let [word] = directive.arguments() else {
            return;
        };
        let at = parsed.at(word);
        let written = word.text(&parsed.text.bytes);
        let path = join(&self.prefix, written);
        let paths = match self.included(written, &path, &at) {
            Ok(paths) => paths,
            Err(Unknown) => return self.open_ended(frame),
        };
        self.prefetch(&paths);
        for path in paths {
            if self.stack.contains(&path) {
                let path = lossy(&path);
                self.refusals.push(Refusal {
                    at: at.clone(),
                    reason: format!("`{path}` includes itself"),
                });
                self.diagnoses.push(Diagnosis::IncludeCycle {
                    at: at.clone(),
                    path,
                });
                continue;
            }
            if self.stack.len() >= MAX_INCLUDE_DEPTH || self.inclusions >= MAX_INCLUSIONS {
                let limit = if self.inclusions >= MAX_INCLUSIONS {
                    format!("more than {MAX_INCLUSIONS} inclusions, the rest is not read")
                } else {
                    format!("includes nest deeper than {MAX_INCLUDE_DEPTH}, the rest is not read")
                };
                self.diagnoses.push(syntax(at.clone(), limit, None));
                self.open_ended(frame);
                return;
            }
            match self.parse(&path) {
                Ok(included) if Encryption::of_file(&included.text.bytes).is_some() => {
                    let path = lossy(shown(written, &path));
                    self.note_unverifiable(UnverifiableKind::EncryptedInclude, path, &at);
                    self.open_ended(frame);
                }
                Ok(included) => {
                    self.inclusions += 1;
                    self.stack.push(path);
                    self.enter(&included, frame);
                    self.stack.pop();
                }
                Err(error) => {
                    self.include_failed(&at, shown(written, &path), error);
                    self.open_ended(frame);
                }
            }
        }
    }

    /// The files of an include: those that a pattern matches, or the one it names.
    fn included(
        &mut self,
        written: &[u8],
        path: &[u8],
        at: &Location,
    ) -> Result<Vec<Vec<u8>>, Unknown> {
        if !glob::is_pattern(path) {
            return Ok(vec![path.to_vec()]);
        }
        glob::expand(self.loader, path).map_err(|error| {
            match error {
                FileError::Denied => self.note_denied(at),
                _ => self.note_unverifiable(UnverifiableKind::Include, lossy(written), at),
            }
            Unknown
        })
    }

    fn include_failed(&mut self, at: &Location, path: &[u8], error: FileError) {
        let path = lossy(path);
        if error == FileError::Denied {
            self.note_denied(at);
        } else if error == FileError::Outside {
            self.note_unverifiable(UnverifiableKind::Include, path, at);
        } else {
            if matches!(error, FileError::NotFound | FileError::Directory) {
                self.refusals.push(Refusal {
                    at: at.clone(),
                    reason: format!("cannot include `{path}`: {error}"),
                });
            }
            self.diagnoses.push(Diagnosis::IncludeMissing {
                at: at.clone(),
                path,
                reason: error.to_string(),
            });
        }
    }

    /// Parses the files that were not parsed yet, in parallel; ids are given in order.
    fn prefetch(&mut self, paths: &[Vec<u8>]) {
        if paths.len() < 2 {
            return;
        }
        let loader = self.loader;
        let new: Vec<_> = paths
            .par_iter()
            .filter(|path| !self.parsed.contains_key(*path))
            .filter_map(|path| {
                let file = loader.read(path).ok()?;
                let tree = nginx_syntax::parse(&file.bytes);
                Some((path.clone(), file, tree))
            })
            .collect();
        for (path, file, tree) in new {
            let text = loader.keep_text(&path, file.name, file.bytes);
            self.parsed.insert(path, Arc::new(Parsed { text, tree }));
        }
    }

    pub(super) fn parse(&mut self, path: &[u8]) -> Result<Arc<Parsed>, FileError> {
        if let Some(parsed) = self.parsed.get(path) {
            return Ok(parsed.clone());
        }
        let text = self.loader.text(path)?;
        let tree = nginx_syntax::parse(&text.bytes);
        let parsed = Arc::new(Parsed { text, tree });
        self.parsed.insert(path.to_vec(), parsed.clone());
        Ok(parsed)
    }

    /// Includes inside `types` and `geo`: only that the files are there.
    pub(super) fn data_includes(
        &mut self,
        parsed: &Arc<Parsed>,
        block: Directive<'_>,
        frame: &Frame,
    ) {
        let name = block.name().text(&parsed.text.bytes);
        if frame.context.is_none() || !matches!(name, b"geo" | b"types") {
            return;
        }
        for entry in block.children() {
            if let (b"include", [path]) = (entry.name().text(&parsed.text.bytes), entry.arguments())
            {
                self.data_include(parsed, path);
            }
        }
    }

    /// The files of an include inside a data block; `None` when one of them is not known.
    pub(super) fn data_include(
        &mut self,
        parsed: &Parsed,
        word: &Word,
    ) -> Option<Vec<Arc<Parsed>>> {
        let at = parsed.at(word);
        let written = word.text(&parsed.text.bytes);
        let path = join(&self.prefix, written);
        let paths = self.included(written, &path, &at).ok()?;
        let mut files = Vec::new();
        for path in paths {
            match self.parse(&path) {
                Ok(file) => files.push(file),
                Err(error) => {
                    self.include_failed(&at, shown(written, &path), error);
                    return None;
                }
            }
        }
        Some(files)
    }
}

/// The path as reports show it: as it was written, or the file that a pattern matched.
fn shown<'p>(written: &'p [u8], path: &'p [u8]) -> &'p [u8] {
    match glob::is_pattern(written) {
        true => path,
        false => written,
    }
}

/// nginx joins by plain concatenation (`ngx_conf_full_name`): no `..` is resolved.
pub(super) fn join(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    if path.first() == Some(&b'/') {
        return path.to_vec();
    }
    [prefix, path].concat()
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn relative_names_are_joined_to_the_prefix() {
        assert_eq!(join(b"/etc/nginx/", b"a.conf"), b"/etc/nginx/a.conf");
        assert_eq!(join(b"/etc/nginx/", b"../a"), b"/etc/nginx/../a");
        assert_eq!(join(b"/etc/nginx/", b"/a"), b"/a");
    }
}
