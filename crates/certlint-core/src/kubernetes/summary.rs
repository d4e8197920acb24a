//! The summary of a Secret, for where tens of thousands are watched: facts, never the key.
//!
//! ```text
//! Secret ─ summarise ─┬─▶ Model ─ check ─▶ its own findings, once (secret.rs)
//!                     └─▶ SecretSummary ─ lower_beside ─▶ stands where the Secret would
//! ```
//!
//! Names are packed into one allocation and unpacked when somebody asks: a cluster has many
//! Secrets, and a question is about few of them.

mod packed;

use std::sync::Arc;

use manifest_syntax::{Node, read};

use super::assemble;
use super::cluster::{Cluster, Kept};
use super::facts::{Fact, Fault, Meta, Misspelt, Namespacing, Part, Secret, Summarised};
use super::kinds;
use super::lower::{Options, annotations};
use super::reading;
use super::shared::Shared;
use crate::files::NoFiles;
use crate::finding::{Level, ObjectName};
use crate::loader::Loader;
use crate::model::suppression::{self, ANNOTATION, Suppression};
use crate::model::{Extent, Fragment, Model, ObjectPlace};
use crate::name::SanSet;
use crate::source::{FieldPath, Location, SourceId, Span, Spanned};
use crate::x509::{
    Certificate, CertificateFile, KeyOutcome, KeyType, Pair, Refusal, RefusalKind, Remembered, SAN,
    pair,
};

/// The facts about one Secret.
///
/// Its own findings ([`Self::findings`]) were made when it was read; what depends on the
/// clock or on other objects is found when it is lowered with them.
#[derive(Clone, Debug)]
pub struct SecretSummary {
    namespace: Arc<str>,
    name: Arc<str>,
    /// Names of the certificate, and `metadata.resourceVersion`; see `packed.rs`.
    packed: Box<[u8]>,
    /// `cert-manager.io/certificate-name`.
    certificate_name: Option<Arc<str>>,
    leaf: Option<Leaf>,
    certificate: Value,
    key: KeyState,
    key_value: Value,
    chain_length: u16,
    has_tls_type: bool,
    is_tls: bool,
    is_encrypted: bool,
    has_authority: bool,
    leaf_is_first_block: bool,
    leaf_is_meant: bool,
    is_usable: bool,
    rest: Option<Box<Rest>>,
}

/// The first certificate.
#[derive(Clone, Debug)]
struct Leaf {
    sha256: [u8; 32],
    not_before: i64,
    not_after: i64,
    /// In DER; hundreds of certificates have the same.
    issuer: Arc<[u8]>,
    is_self_signed: bool,
    has_unreadable_san: bool,
    key_type: KeyType,
}

/// Facts that hardly any Secret has.
#[derive(Clone, Debug, Default)]
struct Rest {
    findings: Vec<OwnFinding>,
    /// Annotations `certlint.io/ignore.RULE` of what is still to be found: the rule, and the value.
    ignored: Vec<(Box<str>, Box<str>)>,
    /// Keys that look like `tls.crt` and `tls.key`, where those are not there.
    misspelt: [Option<Key>; 2],
}

/// A key of a Secret.
#[derive(Clone, Debug)]
struct Key {
    text: Box<str>,
    path: Box<str>,
}

/// A value of a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Missing,
    Faulty(Fault),
    /// It is there, and is no certificate or key file that can be used.
    Refused,
    There,
}

/// The state of `tls.key`, beside the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is the key of the certificate.
    Match,
    /// It is another key.
    Mismatch,
    /// It is a key for another algorithm.
    OtherType,
    /// It needs a password.
    Encrypted,
    /// It is there and cannot be read, or there is no certificate to compare it with.
    Unreadable,
    /// It is not there.
    Missing,
}

/// Something that is wrong with a Secret whatever the clock and the rest of the cluster say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFinding {
    /// Id of the rule.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The fact in one line.
    pub message: Box<str>,
    /// The cure.
    pub help: Option<Box<str>>,
    /// The field: `data[tls.crt]`.
    pub path: Box<str>,
    /// An annotation of the Secret suppresses it until then, in unix seconds.
    pub ignored_until: Option<i64>,
}

/// Reads a Secret from its JSON; also gives the model of it alone, for checking.
///
/// `apiVersion` and `kind` may be missing, as in the items of a list. `None` where the text is no
/// object.
pub(crate) fn summarise(json: &[u8]) -> Option<(SecretSummary, Model)> {
    let documents = read(json);
    let node = documents.first()?.tree()?.root();
    node.get("metadata")?;
    let loader = Loader::new(&NoFiles);
    let options = Options::default();
    let source = loader.keep_name(String::new());
    let meta = reading::meta(node, source, Namespacing::Unwritten(&options.namespace));
    let secret = kinds::secret(node, source, meta);
    let ignored = annotations(node, source);
    let kept = Kept::new(Box::new(secret));
    let summary = SecretSummary::of(&kept, node, &ignored);
    let mut cluster = Cluster {
        is_alone: true,
        ..Cluster::default()
    };
    cluster.add(Fact::Secret(kept.secret));
    let mut fragment = Fragment::empty(source);
    fragment.suppressions = ignored;
    let containers = assemble::assemble(cluster, &loader, &options, &mut fragment);
    debug_assert!(containers.is_empty(), "a Secret runs nothing");
    Some((summary, loader.finish(vec![fragment])))
}

impl SecretSummary {
    fn of(kept: &Kept, node: Node<'_>, ignored: &[Suppression]) -> Self {
        let secret = &*kept.secret;
        let file = secret
            .certificate
            .as_ref()
            .and_then(|part| part.value.as_ref().ok());
        let usable = file.filter(|file| file.refused.is_none());
        let name: Arc<str> = secret.meta.name.as_str().into();
        let issued_by = secret.meta.annotation("cert-manager.io/certificate-name");
        let mut summary = Self {
            certificate_name: issued_by.map(|certificate| match &certificate.value {
                same if **same == *name => name.clone(),
                other => other.as_str().into(),
            }),
            namespace: secret.meta.namespace.as_str().into(),
            name,
            packed: packed::pack(
                usable
                    .and_then(|file| file.certificates.first())
                    .map(|leaf| &leaf.names),
                reading::path(node, &["metadata", "resourceVersion"])
                    .and_then(Node::text)
                    .unwrap_or_default(),
            ),
            leaf: usable
                .and_then(|file| file.certificates.first())
                .map(Leaf::of),
            certificate: value(secret.certificate.as_ref(), |file| file.refused.is_none()),
            key: key_state(secret, usable),
            key_value: value(secret.key.as_ref(), |_| true),
            chain_length: usable.map_or(0, |file| {
                u16::try_from(file.certificates.len()).unwrap_or(u16::MAX)
            }),
            has_tls_type: secret.has_tls_type,
            is_tls: secret.is_tls,
            is_encrypted: secret.is_encrypted,
            has_authority: secret.has_authority,
            leaf_is_first_block: secret.leaf_is_first_block,
            leaf_is_meant: usable.is_some_and(CertificateFile::is_leaf_meant),
            is_usable: kept.is_usable,
            rest: None,
        };
        let misspelt = [&secret.misspelt.certificate, &secret.misspelt.key];
        let misspelt = misspelt.map(|key| {
            let Spanned { value, at } = key.as_ref()?;
            Some(Key {
                text: value.as_str().into(),
                path: at.path.as_str().into(),
            })
        });
        if misspelt.iter().any(Option::is_some) {
            summary.rest.get_or_insert_default().misspelt = misspelt;
        }
        for rule in ignored.iter().flat_map(|one| &one.rules) {
            let key = format!("{ANNOTATION}{}", rule.value);
            let value = secret.meta.annotation(&key);
            let value = value.map_or("", |value| value.value.as_str());
            let rest = summary.rest.get_or_insert_default();
            rest.ignored
                .push((rule.value.as_str().into(), value.into()));
        }
        summary
    }

    /// The Secret as it is lowered, with all that is left of it.
    pub(super) fn as_secret(&self, source: SourceId) -> Secret {
        let at = |path: &str| place(source, path);
        let leaf = self.leaf.as_ref();
        let leaf = leaf.map(|leaf| leaf.certificate(packed::names(&self.packed)));
        let file = |refused: bool| CertificateFile {
            certificates: leaf.clone().into_iter().collect(),
            refused: refused.then_some(Refusal {
                at: Span::new(0, 0),
                kind: RefusalKind::NotACertificate,
                nginx_would_refuse: true,
            }),
            oddities: Vec::new(),
            may_hold_key: true,
        };
        let (certificate_at, key_at) = match self.is_tls {
            true => ("data[tls.crt]", "data[tls.key]"),
            false => ("data.cert", "data.key"),
        };
        let certificate = match self.certificate {
            Value::Missing => None,
            Value::Faulty(fault) => Some(Err(fault)),
            Value::Refused => Some(Ok(file(true))),
            Value::There => Some(Ok(file(false))),
        };
        let key = match self.key_value {
            Value::Faulty(fault) => Some(Err(fault)),
            _ => None,
        };
        Secret {
            meta: Meta::named(&self.namespace, &self.name, at("metadata.name")),
            is_tls: self.is_tls,
            certificate: certificate.map(|value| Part {
                at: at(certificate_at),
                value,
            }),
            key: key.map(|value| Part {
                at: at(key_at),
                value,
            }),
            has_tls_type: self.has_tls_type,
            type_at: at("type"),
            has_authority: self.has_authority,
            is_encrypted: self.is_encrypted,
            leaf_is_first_block: self.leaf_is_first_block,
            misspelt: self.misspelt(source),
            files: Vec::new(),
            summarised: Some(Summarised {
                extent: Extent::Summary {
                    leaf_is_meant: self.leaf_is_meant,
                },
                has_key: self.key_value != Value::Missing,
                is_usable: self.is_usable,
            }),
        }
    }

    fn misspelt(&self, source: SourceId) -> Misspelt {
        let key = |index: usize| {
            let key = self.rest.as_ref()?.misspelt[index].as_ref()?;
            Some(Spanned::new(key.text.to_string(), place(source, &key.path)))
        };
        Misspelt {
            certificate: key(0),
            key: key(1),
        }
    }

    /// The suppressions of what is still to be found. The others were heeded when it was read.
    pub(super) fn suppressions(&self, source: SourceId) -> Vec<Suppression> {
        let ignored = self.rest.iter().flat_map(|rest| &rest.ignored);
        ignored
            .map(|(rule, value)| {
                let at = place(source, &format!("metadata.annotations[{ANNOTATION}{rule}]"));
                let rule = Spanned::new(rule.to_string(), at.clone());
                suppression::annotation(at, Location::whole(source), rule, value)
            })
            .collect()
    }

    pub(crate) fn set_findings(&mut self, findings: Vec<OwnFinding>) {
        if !findings.is_empty() {
            self.rest.get_or_insert_default().findings = findings;
        }
    }

    /// The Secret as the object of findings; all places of its source are its own.
    pub(super) fn place(&self, source: SourceId) -> ObjectPlace {
        ObjectPlace {
            at: Location::whole(source),
            name: Arc::new(self.object()),
        }
    }

    /// What findings call it: `Secret shop/web`.
    #[must_use]
    pub fn object(&self) -> ObjectName {
        ObjectName {
            kind: "Secret".into(),
            namespace: Some((*self.namespace).into()),
            name: (*self.name).into(),
        }
    }

    /// Forgets the suppressions of rules that `is_needed` turns down.
    pub(crate) fn retain_suppressions(&mut self, is_needed: impl Fn(&str) -> bool) {
        if let Some(rest) = &mut self.rest {
            rest.ignored.retain(|(rule, _)| is_needed(rule));
        }
    }

    /// Takes texts that other summaries have, too, from what is shared.
    pub fn share(&mut self, shared: &mut Shared) {
        shared.text(&mut self.namespace);
        if let Some(leaf) = &mut self.leaf {
            shared.bytes(&mut leaf.issuer);
        }
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// `metadata.resourceVersion`; empty where there was none.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        packed::version(&self.packed)
    }

    /// The cert-manager Certificate that wrote it, where an annotation says so.
    #[must_use]
    pub fn certificate_name(&self) -> Option<&str> {
        self.certificate_name.as_deref()
    }

    /// The names of its certificate; `None` where there is none that can be read.
    #[must_use]
    pub fn names(&self) -> Option<SanSet> {
        let leaf = self.leaf.as_ref().filter(|_| self.is_tls);
        leaf.map(|_| packed::names(&self.packed))
    }

    /// First and last second of validity of its certificate, in Unix time.
    #[must_use]
    pub fn validity(&self) -> Option<(i64, i64)> {
        let leaf = self.leaf.as_ref().filter(|_| self.is_tls)?;
        Some((leaf.not_before, leaf.not_after))
    }

    /// SHA-256 of its certificate.
    #[must_use]
    pub fn sha256(&self) -> Option<[u8; 32]> {
        let leaf = self.leaf.as_ref().filter(|_| self.is_tls)?;
        Some(leaf.sha256)
    }

    /// How many certificates it holds, the first one included; 0 where they cannot be read.
    #[must_use]
    pub fn chain_length(&self) -> usize {
        self.chain_length.into()
    }

    /// The state of its key.
    #[must_use]
    pub fn key(&self) -> KeyState {
        self.key
    }

    /// Its type is `kubernetes.io/tls`.
    #[must_use]
    pub fn has_tls_type(&self) -> bool {
        self.has_tls_type
    }

    /// Its own faults, sorted.
    #[must_use]
    pub fn findings(&self) -> &[OwnFinding] {
        self.rest.as_ref().map_or(&[], |rest| &rest.findings)
    }
}

impl Leaf {
    fn of(leaf: &Certificate) -> Self {
        let mut unreadable = leaf.extensions.unreadable.iter();
        Self {
            sha256: leaf.sha256,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            issuer: leaf.raw_issuer().into(),
            is_self_signed: leaf.is_self_signed(),
            key_type: leaf.key_type,
            has_unreadable_san: unreadable.any(|oid| **oid == *SAN),
        }
    }

    fn certificate(&self, names: SanSet) -> Certificate {
        Certificate::remembered(Remembered {
            sha256: self.sha256,
            names,
            not_before: self.not_before,
            not_after: self.not_after,
            issuer: &self.issuer,
            is_self_signed: self.is_self_signed,
            key_type: self.key_type,
            has_unreadable_san: self.has_unreadable_san,
        })
    }
}

/// A field of which there is no text: it has no bytes, and suppressions for its object count.
fn place(source: SourceId, path: &str) -> Location {
    Location {
        source,
        span: Some(Span::new(0, 0)),
        path: FieldPath::new(path),
    }
}

fn value<T>(part: Option<&Part<T>>, is_usable: impl Fn(&T) -> bool) -> Value {
    match part.map(|part| &part.value) {
        None => Value::Missing,
        Some(Err(fault)) => Value::Faulty(*fault),
        Some(Ok(value)) if is_usable(value) => Value::There,
        Some(Ok(_)) => Value::Refused,
    }
}

fn key_state(secret: &Secret, file: Option<&CertificateFile>) -> KeyState {
    let Some(key) = &secret.key else {
        return KeyState::Missing;
    };
    let Ok(key) = &key.value else {
        return KeyState::Unreadable;
    };
    if matches!(key.outcome, KeyOutcome::Encrypted { .. }) {
        return KeyState::Encrypted;
    }
    let leaf = file.and_then(|file| file.certificates.first());
    match leaf.map(|leaf| pair(leaf, key)) {
        Some(Pair::Match) => KeyState::Match,
        Some(Pair::Mismatch) => KeyState::Mismatch,
        Some(Pair::OtherType { .. }) => KeyState::OtherType,
        Some(Pair::Encrypted | Pair::CannotTell) | None => KeyState::Unreadable,
    }
}
