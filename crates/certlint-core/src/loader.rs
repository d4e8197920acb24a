//! Reads every file once and hands out ids.
//!
//! A loader is shared by all configuration roots of a run, so that a certificate that two of them
//! name is parsed once and reported once. A file that holds a private key is parsed in one go and
//! its bytes are dropped: only public parts stay.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::files::{Certificates, File, FileError, Files};
use crate::model::{Bundle, BundleId, Extent, Fragment, Key, KeyId, Model};
use crate::source::{Location, SourceId, Sources};
pub use crate::text::Text;
use crate::x509::{self, CertificateFile, KeyFile};

/// Reads files through [`Files`] and remembers what it has read.
pub struct Loader<'f> {
    files: &'f dyn Files,
    /// For certificates that `files` does not have.
    certificates: Option<&'f dyn Certificates>,
    /// The parts that the model will own; shared by loaders that read from different places.
    kept: Arc<Mutex<Kept>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct Kept {
    sources: Sources,
    bundles: Vec<Bundle>,
    keys: Vec<Key>,
    beside: Vec<Bundle>,
    /// The bundles of fields.
    fields: HashMap<Location, BundleId>,
}

#[derive(Default)]
struct State {
    texts: HashMap<Vec<u8>, Text>,
    pem: HashMap<Vec<u8>, Result<PemFile, FileError>>,
    /// By the names of their files.
    beside: HashMap<String, BundleId>,
    /// Certificate files for which something was looked for beside them.
    searched: HashSet<Vec<u8>>,
    /// What is in the directories in which something was looked for.
    listed: HashMap<Vec<u8>, Arc<HashSet<Vec<u8>>>>,
}

/// A PEM file, or a field with its text, which may lie at several paths.
#[derive(Clone)]
pub(crate) struct PemFile(Arc<Mutex<Pem>>);

/// A PEM file: what it is as a certificate file and as a key file, until somebody asks for it.
struct Pem {
    source: SourceId,
    /// The field that holds it, where it is no file of its own.
    field: Option<Location>,
    /// The Secret of that field.
    secret: Option<Box<str>>,
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

/// A file read as a certificate, or as a key.
pub(crate) enum Slot<T, Id> {
    /// Nobody has asked for it yet.
    Parsed(T),
    /// The model has it.
    Taken(Id),
}

impl PemFile {
    /// The value of a field, of a Secret or of something else.
    pub(crate) fn of_field(
        field: Location,
        secret: Option<Box<str>>,
        certificates: Slot<CertificateFile, BundleId>,
        key: Slot<KeyFile, KeyId>,
    ) -> Self {
        Self(Arc::new(Mutex::new(Pem {
            source: field.source,
            field: Some(field),
            secret,
            mode: None,
            certificates,
            key,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Pem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'f> Loader<'f> {
    /// A loader that has read nothing yet.
    #[must_use]
    pub fn new(files: &'f dyn Files) -> Self {
        Self {
            files,
            certificates: None,
            kept: Arc::default(),
            state: Mutex::default(),
        }
    }

    /// Looks for certificates here that are not among the files.
    #[must_use]
    pub fn with_certificates(mut self, certificates: Option<&'f dyn Certificates>) -> Self {
        self.certificates = certificates;
        self
    }

    /// A loader for other files, whose certificates go into the same model.
    pub(crate) fn beside<'g>(&self, files: &'g dyn Files) -> Loader<'g> {
        Loader {
            files,
            // What a container mounts is known by the Secret and not by a path.
            certificates: None,
            kept: self.kept.clone(),
            state: Mutex::default(),
        }
    }

    /// Lays a text from inside of another one at a path.
    pub(crate) fn mount_text(&self, path: Vec<u8>, text: Text) {
        self.lock().texts.insert(path, text);
    }

    /// Lays a field that may hold PEM at a path.
    pub(crate) fn mount_pem(&self, path: Vec<u8>, pem: PemFile) {
        self.lock().pem.insert(path, Ok(pem));
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
        let source = self.kept().sources.add(name, Some(bytes.clone()));
        let text = Text::new(source, bytes);
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
        let file = self.read_pem(path)?;
        let mut pem = file.lock();
        if let Slot::Taken(id) = pem.certificates {
            return Ok(id);
        }
        let bundles = &mut self.kept().bundles;
        let id = BundleId(u32::try_from(bundles.len()).unwrap_or(u32::MAX));
        if let Slot::Parsed(file) = std::mem::replace(&mut pem.certificates, Slot::Taken(id)) {
            bundles.push(Bundle {
                source: pem.source,
                field: pem.field.clone(),
                secret: pem.secret.clone(),
                file,
                extent: Extent::Whole,
            });
        }
        Ok(id)
    }

    /// Where a certificate file lacks the issuer of its leaf, reads the files that have it by custom:
    /// those that certbot and others write beside it, and `trusted` ones of the configuration.
    pub(crate) fn look_beside(&self, path: &[u8], id: BundleId, trusted: &[Vec<u8>]) {
        let is_new = self.lock().searched.insert(path.to_vec());
        let is_short = |bundles: &[Bundle], _: &[Key]| {
            let chain = bundles[id.0 as usize].chain();
            x509::chain::lacks_issuer(chain)
        };
        if !is_new || !self.inspect(is_short) {
            return;
        }
        let (directory, file) = match memchr::memrchr(b'/', path) {
            Some(slash) => path.split_at(slash + 1),
            None => (&b""[..], path),
        };
        let there = self.listed(directory);
        let by_custom = x509::chain::files_with_issuer(file);
        let by_custom = by_custom.filter(|name| there.contains(name) && name.as_slice() != file);
        let mut paths: Vec<_> = by_custom.map(|name| [directory, &name].concat()).collect();
        paths.extend_from_slice(trusted);
        for path in paths {
            // A file that is in use is known already.
            if !self.lock().pem.contains_key(&path)
                && self.lock().searched.insert(path.clone())
                && let Ok(file) = self.files.read(&path)
            {
                let certificates = x509::read_certificates(&file.bytes);
                let source = self.keep_shown(file);
                self.kept().beside.push(Bundle {
                    source,
                    field: None,
                    secret: None,
                    file: certificates,
                    extent: Extent::Whole,
                });
            }
        }
    }

    /// The names in a directory, read once.
    fn listed(&self, directory: &[u8]) -> Arc<HashSet<Vec<u8>>> {
        if let Some(names) = self.lock().listed.get(directory) {
            return names.clone();
        }
        let names = self.files.list(directory).unwrap_or_default();
        let names = Arc::new(names.into_iter().collect::<HashSet<_>>());
        self.lock().listed.insert(directory.to_vec(), names.clone());
        names
    }

    /// The public certificate, given beside the input, for a file that is not in it.
    pub(crate) fn public_certificate(&self, path: &[u8]) -> Option<BundleId> {
        let file = self.certificates?.for_path(path)?;
        if let Some(&id) = self.lock().beside.get(&file.name) {
            return Some(id);
        }
        let certificates = x509::read_certificates(&file.bytes);
        let name = file.name.clone();
        let id = self.keep_bundle(Bundle {
            source: self.keep_shown(file),
            field: None,
            secret: None,
            file: certificates,
            extent: Extent::Whole,
        });
        self.lock().beside.insert(name, id);
        Some(id)
    }

    /// The certificate file is encrypted as a whole.
    pub(crate) fn is_encrypted(&self, id: BundleId) -> bool {
        let refused = |refusal: &x509::Refusal| refusal.encryption().is_some();
        self.kept().bundles[id.0 as usize]
            .file
            .refused
            .as_ref()
            .is_some_and(refused)
    }

    /// Certificates may be given beside the input.
    pub(crate) fn has_public_certificates(&self) -> bool {
        self.certificates.is_some()
    }

    /// The public certificate, given beside the input, for a Secret that is not in it.
    pub(crate) fn public_secret(&self, namespace: &str, name: &str) -> Option<File> {
        self.certificates?.for_secret(namespace, name)
    }

    /// Takes in a file of certificates, with its text where that may be shown.
    pub(crate) fn keep_shown(&self, file: File) -> SourceId {
        let text = may_be_shown(&file.bytes).then_some(file.bytes);
        self.kept().sources.add(file.name, text)
    }

    /// The key file at a logical path.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn key(&self, path: &[u8]) -> Result<KeyId, FileError> {
        let file = self.read_pem(path)?;
        let mut pem = file.lock();
        if let Slot::Taken(id) = pem.key {
            return Ok(id);
        }
        let keys = &mut self.kept().keys;
        let id = KeyId(u32::try_from(keys.len()).unwrap_or(u32::MAX));
        if let Slot::Parsed(file) = std::mem::replace(&mut pem.key, Slot::Taken(id)) {
            keys.push(Key {
                source: pem.source,
                field: pem.field.clone(),
                mode: pem.mode,
                file,
            });
        }
        Ok(id)
    }

    /// Whether a key that is not there may be left out by design; see [`Files::may_lack`].
    pub(crate) fn may_lack(&self, path: &[u8]) -> bool {
        self.files.may_lack(path)
    }

    /// Takes in the name of something of which there is no text.
    pub(crate) fn keep_name(&self, name: String) -> SourceId {
        self.kept().sources.add(name, None)
    }

    /// Reads a file without taking it in; see [`Loader::keep_text`].
    pub(crate) fn read(&self, path: &[u8]) -> Result<File, FileError> {
        self.files.read(path)
    }

    /// Report names of sources.
    pub(crate) fn names_of(&self, sources: &[SourceId]) -> Vec<String> {
        let state = self.kept();
        let name = |&id: &SourceId| state.sources.get(id).name().to_owned();
        sources.iter().map(name).collect()
    }

    /// Looks at the certificates and keys that were read so far.
    pub(crate) fn inspect<R>(&self, look: impl FnOnce(&[Bundle], &[Key]) -> R) -> R {
        let state = self.kept();
        look(&state.bundles, &state.keys)
    }

    /// Takes in certificates from a field of a text that was read.
    ///
    /// A field that several deployments share is taken in once.
    pub(crate) fn keep_bundle(&self, bundle: Bundle) -> BundleId {
        let state = &mut *self.kept();
        let id = BundleId(u32::try_from(state.bundles.len()).unwrap_or(u32::MAX));
        if let (Some(field), Extent::Whole) = (&bundle.field, bundle.extent) {
            let known = state.fields.entry(field.clone()).or_insert(id);
            if *known != id {
                return *known;
            }
        }
        state.bundles.push(bundle);
        id
    }

    /// Takes in a key from a field of a text that was read.
    pub(crate) fn keep_key(&self, key: Key) -> KeyId {
        let mut state = self.kept();
        state.keys.push(key);
        KeyId(u32::try_from(state.keys.len() - 1).unwrap_or(u32::MAX))
    }

    /// A certificate in the configuration itself (`data:…`).
    pub(crate) fn inline_bundle(&self, pem: &[u8]) -> BundleId {
        let file = x509::read_certificates(pem);
        let mut state = self.kept();
        let source = state.sources.add("inline certificate".to_owned(), None);
        state.bundles.push(Bundle {
            source,
            field: None,
            secret: None,
            file,
            extent: Extent::Whole,
        });
        BundleId(u32::try_from(state.bundles.len() - 1).unwrap_or(u32::MAX))
    }

    /// A key in the configuration itself (`data:…`).
    pub(crate) fn inline_key(&self, pem: &[u8]) -> KeyId {
        let file = x509::read_key(pem);
        let mut state = self.kept();
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
        let pem = parsed.map(|parsed| {
            PemFile(Arc::new(Mutex::new(Pem {
                source: self.kept().sources.add(parsed.name, parsed.text),
                field: None,
                secret: None,
                mode: parsed.mode,
                certificates: Slot::Parsed(parsed.certificates),
                key: Slot::Parsed(parsed.key),
            })))
        });
        self.lock().pem.entry(path).or_insert(pem);
    }

    /// A PEM file, read and parsed unless that was done before.
    fn read_pem(&self, path: &[u8]) -> Result<PemFile, FileError> {
        let known = self.lock().pem.contains_key(path);
        if !known {
            self.keep_pem(path.to_vec(), self.parse_pem(path));
        }
        let state = self.lock();
        state
            .pem
            .get(path)
            .cloned()
            .unwrap_or(Err(FileError::NotFound))
    }

    /// The model of all fragments that were lowered with this loader.
    #[must_use]
    pub fn finish(self, fragments: Vec<Fragment>) -> Model {
        let kept = std::mem::take(&mut *self.kept());
        Model {
            sources: kept.sources,
            bundles: kept.bundles,
            keys: kept.keys,
            beside: kept.beside,
            fragments,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only a text that says it is a certificate, and nowhere says that it is a key, may be quoted in
/// a report.
fn may_be_shown(bytes: &[u8]) -> bool {
    let contains = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    contains(b"CERTIFICATE") && !contains(b"PRIVATE KEY")
}
