//! Findings: the fact, the places, the cure, and the same facts for machines.

mod help;

use std::fmt;
use std::sync::Arc;

pub use help::{HelpLine, command_line, help_lines, help_on_one_line};

use crate::source::Location;

/// How bad a finding is. Ordered: `Info < Warning < Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing; never fails a build.
    Info,
    /// Probably wrong, or wrong soon.
    Warning,
    /// Provably wrong: a client will see it.
    Error,
}

impl Level {
    /// The word that reports and options use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Id of the rule, as in `# certlint: ignore[ID]`.
    pub rule: &'static str,
    /// Level after the rule and the configuration had their say.
    pub level: Level,
    /// The fact in one line: lower case, no full stop, names in backticks.
    pub message: String,
    /// The place to change.
    pub primary: Label,
    /// The other end: the certificate line, the server that wins, …
    pub related: Vec<Label>,
    /// The exact thing to type or change; [`command_line`] makes the line of a command.
    pub help: Option<String>,
    /// The same for machines.
    pub facts: Facts,
    /// Set where one cause may have very many findings, which are then reported as one.
    pub cause: Option<Cause>,
    /// The Kubernetes object that the primary label is in.
    pub object: Option<Arc<ObjectName>>,
    /// Hex digits that tell it from every other finding of a run, and stay when lines move.
    pub fingerprint: String,
}

/// What many findings of one rule may have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// Equal for findings of one cause.
    pub key: String,
    /// What there are more of: `names`.
    pub what: &'static str,
    /// The cure for all of them, where it is not that of the first.
    pub help: Option<String>,
}

/// A Kubernetes object, as it names itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Its `kind`.
    pub kind: Box<str>,
    /// `metadata.namespace`, where it is written.
    pub namespace: Option<Box<str>>,
    /// `metadata.name`; empty where it is not written.
    pub name: Box<str>,
}

/// `Ingress shop/web`, or `Ingress web` where no namespace is written.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        match &self.namespace {
            Some(namespace) => write!(f, " {namespace}/{}", self.name),
            None if self.name.is_empty() => Ok(()),
            None => write!(f, " {}", self.name),
        }
    }
}

/// A place with two to six words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub at: Location,
    /// The label, in two to six words.
    pub text: String,
}

impl Label {
    /// A place and what is there.
    pub fn new(at: Location, text: impl Into<String>) -> Self {
        Self {
            at,
            text: text.into(),
        }
    }
}

/// The subject of a finding, for the machine formats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The names that are concerned, as they were written.
    pub names: Vec<String>,
    /// The nearest-miss hint in one word (`www-vs-apex`).
    pub hint: Option<&'static str>,
    /// The certificate that is concerned.
    pub certificate: Option<CertificateFacts>,
}

/// A certificate as the machine formats show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of the DER, lower-case hex.
    pub sha256: String,
    /// The file (or Secret) it was read from.
    pub file: String,
    /// `NAMESPACE/NAME` of the Secret it was read from.
    pub secret: Option<String>,
    /// Its usable names, sorted.
    pub names: Vec<String>,
}
