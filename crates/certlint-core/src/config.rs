//! `certlint.yaml`: what a repository says once and for all about how it is checked.
//!
//! ```text
//! text ─┬─ Node tree: every key and value with its place ──┬─▶ Config, or findings with labels
//!       └─ serde_yaml ─▶ raw::Document: the typed form ────┘
//! ```
//!
//! Both programs read the same document. Paths stay as written: the program that knows where the
//! file lies joins them to its folder.

mod diagnose;
mod exemption;
mod raw;
mod valid;

use std::collections::BTreeMap;

pub use exemption::{Exemption, Exemptions, NamePattern};
#[cfg(feature = "schema")]
pub use raw::schema;

use crate::finding::{Facts, Finding, Label, Level};
use crate::kubernetes::Choice;
use crate::nginx::Version;
use crate::source::{Location, SourceId, Spanned};

/// How the file is called.
pub const FILE_NAME: &str = "certlint.yaml";

/// The id of findings about the file itself; they cannot be switched off.
pub const ID: &str = "config";

/// The page about such findings.
pub const DOCS: &str = include_str!("config/config.md");

/// A `certlint.yaml` that is right in itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Levels by rule id; `None` switches the rule off.
    pub levels: BTreeMap<&'static str, Option<Level>>,
    /// Where the files of a configuration lie.
    pub paths: Paths,
    /// Globs of what is left out while directories are walked, relative to the file.
    pub exclude: Vec<Spanned<String>>,
    /// Names for which a rule is silent.
    pub exemptions: Vec<Exemption>,
    /// How the controllers of Ingress classes choose a certificate, by the name of the class.
    pub ingress_classes: BTreeMap<String, Choice>,
    /// The nginx whose behaviour counts.
    pub nginx_version: Option<Version>,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
}

/// Where the files of a configuration lie; all but the left sides of maps are relative to
/// `certlint.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// The directory that `/` is mapped to.
    pub root: Option<Spanned<String>>,
    /// Directories by their absolute path on the server.
    pub maps: BTreeMap<String, Spanned<String>>,
    /// Where relative names start from.
    pub conf_prefix: Option<Spanned<String>>,
}

impl Config {
    /// Reads the text of a `certlint.yaml`.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of writing; at least one finding.
    pub fn read(source: SourceId, text: &[u8]) -> Result<Self, Vec<Finding>> {
        let documents = manifest_syntax::read(text);
        let Some(root) = diagnose::only_tree(source, &documents)? else {
            return Ok(Self::default());
        };
        let raw = diagnose::typed(source, text, root)?;
        let mut findings = diagnose::unknown_keys(source, root, &raw);
        let config = valid::validate(source, root, raw, &mut findings);
        if findings.is_empty() {
            return Ok(config);
        }
        findings.sort_by_key(|finding| finding.primary.at.start());
        Err(findings)
    }
}

/// A finding about `certlint.yaml` itself.
#[must_use]
pub fn mistake(
    at: Location,
    message: impl Into<String>,
    label: impl Into<String>,
    help: Option<String>,
) -> Finding {
    Finding {
        rule: ID,
        level: Level::Error,
        message: message.into(),
        primary: Label::new(at, label),
        related: Vec::new(),
        help,
        facts: Facts::default(),
        cause: None,
        object: None,
        fingerprint: String::new(),
    }
}

#[cfg(test)]
mod tests;
