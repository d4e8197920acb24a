//! Reads every file once and hands out ids.
//!
//! A loader is shared by all configuration roots of a run, so that a certificate that two of them
//! name is parsed once and reported once. A file that holds a private key is parsed in one go and
//! its bytes are dropped: only public parts stay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::files::{File, FileError, Files};
use crate::model::{Bundle, BundleId, Fragment, Key, KeyId, Model};
use crate::source::{SourceId, Sources};
use crate::x509::{self, CertificateFile, KeyFile};

/// Reads files through [`Files`] and remembers what it has read.
pub struct Loader<'f> {
    files: &'f dyn Files,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sources: Sources,
    bundles: Vec<Bundle>,
    keys: Vec<Key>,
    texts: HashMap<Vec<u8>, Text>,
    pem: HashMap<Vec<u8>, Result<Pem, FileError>>,
}

/// A configuration text.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its source.
    pub source: SourceId,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// A PEM file: what it is as a certificate file and as a key file, until somebody asks for it.
struct Pem {
    source: SourceId,
    mode: Option<u32>,
    certificates: Slot<CertificateFile, BundleId>,
    key: Slot<KeyFile, KeyId>,
}

struct ParsedPem {
    certificates: CertificateFile,
    key: KeyFile,
    name: String,
    mode: Option<u32>,
    text: Option<Arc<[u8]>>,
}

enum Slot<T, Id> {
    Parsed(T),
    Taken(Id),
}

impl<'f> Loader<'f> {
    /// A loader that has read nothing yet.
    #[must_use]
    pub fn new(files: &'f dyn Files) -> Self {
        Self {
            files,
            state: Mutex::default(),
        }
    }

    /// The configuration text at a logical path.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn text(&self, path: &[u8]) -> Result<Text, FileError> {
        if let Some(text) = self.lock().texts.get(path) {
            return Ok(text.clone());
        }
        let file = self.files.read(path)?;
        Ok(self.keep_text(path, file.name, file.bytes))
    }

    /// Takes in a text that is already in memory, such as standard input.
    pub fn keep_text(&self, path: &[u8], name: String, bytes: Arc<[u8]>) -> Text {
        let mut state = self.lock();
        if let Some(text) = state.texts.get(path) {
            return text.clone();
        }
        let source = state.sources.add(name, Some(bytes.clone()));
        let text = Text { source, bytes };
        state.texts.insert(path.to_vec(), text.clone());
        text
    }

    /// The names in a directory, sorted bytewise as glob(3) does in the C locale.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        let mut names = self.files.list(directory)?;
        names.sort_unstable();
        Ok(names)
    }

    /// The certificate file at a logical path.
    ///
    /// # Errors
    /// See [`FileError`]. A file that is no certificate is not an error here: see
    /// [`CertificateFile::refused`].
    pub fn bundle(&self, path: &[u8]) -> Result<BundleId, FileError> {
        self.read_pem(path);
        let mut guard = self.lock();
        let State { bundles, pem, .. } = &mut *guard;
        let Some(Ok(pem)) = pem.get_mut(path) else {
            return Err(error_of(pem.get(path)));
        };
        let next = BundleId(u32::try_from(bundles.len()).unwrap_or(u32::MAX));
        match std::mem::replace(&mut pem.certificates, Slot::Taken(next)) {
            Slot::Parsed(file) => {
                let source = pem.source;
                bundles.push(Bundle {
                    source,
                    field: None,
                    secret: None,
                    file,
                });
                Ok(next)
            }
            Slot::Taken(id) => {
                pem.certificates = Slot::Taken(id);
                Ok(id)
            }
        }
    }

    /// The key file at a logical path.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn key(&self, path: &[u8]) -> Result<KeyId, FileError> {
        self.read_pem(path);
        let mut guard = self.lock();
        let State { keys, pem, .. } = &mut *guard;
        let Some(Ok(pem)) = pem.get_mut(path) else {
            return Err(error_of(pem.get(path)));
        };
        let next = KeyId(u32::try_from(keys.len()).unwrap_or(u32::MAX));
        match std::mem::replace(&mut pem.key, Slot::Taken(next)) {
            Slot::Parsed(file) => {
                let (source, mode) = (pem.source, pem.mode);
                keys.push(Key {
                    source,
                    field: None,
                    mode,
                    file,
                });
                Ok(next)
            }
            Slot::Taken(id) => {
                pem.key = Slot::Taken(id);
                Ok(id)
            }
        }
    }

    /// Reads a file without taking it in; see [`Loader::keep_text`].
    pub(crate) fn read(&self, path: &[u8]) -> Result<File, FileError> {
        self.files.read(path)
    }

    /// Report names of sources.
    pub(crate) fn names_of(&self, sources: &[SourceId]) -> Vec<String> {
        let state = self.lock();
        let name = |&id: &SourceId| state.sources.get(id).name().to_owned();
        sources.iter().map(name).collect()
    }

    /// Looks at the certificates and keys that were read so far.
    pub(crate) fn inspect<R>(&self, look: impl FnOnce(&[Bundle], &[Key]) -> R) -> R {
        let state = self.lock();
        look(&state.bundles, &state.keys)
    }

    /// Takes in certificates that stand in a field of a text that was read.
    pub(crate) fn keep_bundle(&self, bundle: Bundle) -> BundleId {
        let mut state = self.lock();
        state.bundles.push(bundle);
        BundleId(u32::try_from(state.bundles.len() - 1).unwrap_or(u32::MAX))
    }

    /// Takes in a key that stands in a field of a text that was read.
    pub(crate) fn keep_key(&self, key: Key) -> KeyId {
        let mut state = self.lock();
        state.keys.push(key);
        KeyId(u32::try_from(state.keys.len() - 1).unwrap_or(u32::MAX))
    }

    /// A certificate that stands in the configuration itself (`data:…`).
    pub(crate) fn inline_bundle(&self, pem: &[u8]) -> BundleId {
        let file = x509::read_certificates(pem);
        let mut state = self.lock();
        let source = state.sources.add("inline certificate".to_owned(), None);
        state.bundles.push(Bundle {
            source,
            field: None,
            secret: None,
            file,
        });
        BundleId(u32::try_from(state.bundles.len() - 1).unwrap_or(u32::MAX))
    }

    /// A key that stands in the configuration itself (`data:…`).
    pub(crate) fn inline_key(&self, pem: &[u8]) -> KeyId {
        let file = x509::read_key(pem);
        let mut state = self.lock();
        let source = state.sources.add("inline key".to_owned(), None);
        let mode = None;
        state.keys.push(Key {
            source,
            field: None,
            mode,
            file,
        });
        KeyId(u32::try_from(state.keys.len() - 1).unwrap_or(u32::MAX))
    }

    /// Reads and parses PEM files in parallel. Ids of sources are given in the order of `paths`,
    /// so that reports do not depend on who was first.
    pub(crate) fn read_pems(&self, paths: &[Vec<u8>]) {
        let parse = |path: &Vec<u8>| {
            let known = self.lock().pem.contains_key(path);
            (!known).then(|| (path.clone(), self.parse_pem(path)))
        };
        let parsed: Vec<_> = match paths {
            // Waking up other threads costs more than one file.
            [] | [_] | [_, _] => paths.iter().filter_map(parse).collect(),
            _ => paths.par_iter().filter_map(parse).collect(),
        };
        for (path, parsed) in parsed {
            self.keep_pem(path, parsed);
        }
    }

    fn parse_pem(&self, path: &[u8]) -> Result<ParsedPem, FileError> {
        self.files.read(path).map(|file| ParsedPem {
            certificates: x509::read_certificates(&file.bytes),
            key: x509::read_key(&file.bytes),
            name: file.name,
            mode: file.mode,
            text: may_be_shown(&file.bytes).then_some(file.bytes),
        })
    }

    fn keep_pem(&self, path: Vec<u8>, parsed: Result<ParsedPem, FileError>) {
        let mut state = self.lock();
        let pem = parsed.map(|parsed| Pem {
            source: state.sources.add(parsed.name, parsed.text),
            mode: parsed.mode,
            certificates: Slot::Parsed(parsed.certificates),
            key: Slot::Parsed(parsed.key),
        });
        state.pem.entry(path).or_insert(pem);
    }

    /// Reads and parses a PEM file unless that was done before.
    fn read_pem(&self, path: &[u8]) {
        let known = self.lock().pem.contains_key(path);
        if !known {
            self.keep_pem(path.to_vec(), self.parse_pem(path));
        }
    }

    /// The model of all fragments that were lowered with this loader.
    #[must_use]
    pub fn finish(self, fragments: Vec<Fragment>) -> Model {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        Model {
            sources: state.sources,
            bundles: state.bundles,
            keys: state.keys,
            fragments,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn error_of(entry: Option<&Result<Pem, FileError>>) -> FileError {
    match entry {
        Some(Err(error)) => error.clone(),
        _ => FileError::NotFound,
    }
}

/// Only a text that says it is a certificate, and nowhere says that it is a key, may be quoted in
/// a report.
fn may_be_shown(bytes: &[u8]) -> bool {
    let contains = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    contains(b"CERTIFICATE") && !contains(b"PRIVATE KEY")
}
