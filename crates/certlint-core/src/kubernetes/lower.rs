//! Manifests, lowered: which host is served with which Secret.
//!
//! ```text
//! texts ─ read ─▶ objects ─ facts ─▶ Cluster ─ controllers ─▶ Fragment
//! ```
//!
//! All manifests of a run are taken together, as one cluster would hold them: an Ingress and its
//! Secret mostly stand in different files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use manifest_syntax::{Body, Document, Node, PARALLEL_BYTES, read_with};
use rayon::prelude::*;

use super::cluster::Cluster;
use super::controller::Choice;
use super::facts::{self, Fact, IngressClass};
use super::summary::SecretSummary;
use super::{Object, objects, verification};
use crate::files::FileError;
use crate::finding::ObjectName;
use crate::loader::Loader;
use crate::model::suppression::{self, Suppression};
use crate::model::{Diagnosis, Fragment, ObjectPlace, SnippetKind};
use crate::nginx;
use crate::source::{Locate as _, Location, SourceId, Spanned};
use crate::text::Text;

/// How manifests are to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace of objects that name none, as kubectl would take it.
    pub namespace: String,
    /// A Secret that is neither in the input nor about to be made is an error.
    pub require_secrets: bool,
    /// The input is what a cluster holds, not what somebody means to put there: a Secret that it
    /// lacks is missing, or still to come.
    pub whole_cluster: bool,
    /// `NAMESPACE/NAME` of Secrets of a whole cluster that could not be looked up.
    pub unknown_secrets: BTreeSet<String>,
    /// How the controllers of Ingress classes choose, by the name of the class: what the user says
    /// counts more than what is known of a controller.
    pub classes: BTreeMap<String, Choice>,
    /// How nginx configuration in ConfigMaps is to be read.
    pub nginx: nginx::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            require_secrets: false,
            whole_cluster: false,
            unknown_secrets: BTreeSet::new(),
            classes: BTreeMap::new(),
            nginx: nginx::Options::default(),
        }
    }
}

/// Manifests that were lowered together.
#[derive(Debug)]
pub struct Lowered {
    /// The facts of the cluster, and those of each container that runs nginx; none where no text
    /// was read.
    pub fragments: Vec<Fragment>,
    /// Report names of all files that were read as manifests.
    pub files: Vec<String>,
}

/// Whether a text is the name of a namespace: a label of RFC 1123.
#[must_use]
pub fn is_namespace(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Lowers all manifests of a run together, as one cluster would hold them.
///
/// Also returns the paths that could not be read.
pub fn lower(
    loader: &Loader<'_>,
    paths: &[Vec<u8>],
    options: &Options,
) -> (Lowered, Vec<(Vec<u8>, FileError)>) {
    lower_beside(loader, paths, &[], options)
}

/// As [`lower`], beside Secrets that were read before: a summary stands where its Secret would, if
/// that is not among the manifests itself.
///
/// What was said of a Secret when it was read ([`SecretSummary::findings`]) is not said again.
pub fn lower_beside(
    loader: &Loader<'_>,
    paths: &[Vec<u8>],
    summaries: &[Arc<SecretSummary>],
    options: &Options,
) -> (Lowered, Vec<(Vec<u8>, FileError)>) {
    let mut texts = Vec::new();
    let mut unreadable = Vec::new();
    for path in paths {
        match loader.text(path) {
            Ok(text) => texts.push(text),
            Err(error) => unreadable.push((path.clone(), error)),
        }
    }
    let sources: Vec<_> = texts.iter().map(|text| text.source).collect();
    let mut cluster = Cluster::default();
    let mut suppressions = Vec::new();
    let (mut summarised, mut places) = (Vec::new(), Vec::new());
    for summary in summaries {
        let source = loader.keep_name(summary.object().to_string());
        summarised.push(source);
        cluster.add(Fact::Secret(Box::new(summary.as_secret(source))));
        suppressions.extend(summary.suppressions(source));
        places.push(summary.place(source));
    }
    let mut fragments = Vec::new();
    if let Some(&main) = sources.iter().chain(&summarised).next() {
        let mut diagnoses = Vec::new();
        for read in read_texts(&texts, options) {
            diagnoses.extend(read.diagnoses);
            places.extend(read.objects);
            suppressions.extend(read.suppressions);
            for fact in read.facts {
                cluster.add(fact);
            }
        }
        for (name, &choice) in &options.classes {
            let class = cluster.classes.entry(name.clone());
            let class = class.or_insert_with(|| IngressClass::named(name));
            class.choice = Some(choice);
        }
        let mut fragment = Fragment {
            diagnoses,
            objects: places,
            suppressions,
            ..Fragment::empty(main)
        };
        let containers = super::assemble::assemble(cluster, loader, options, &mut fragment);
        fragments.push(fragment);
        fragments.extend(containers);
    }
    let lowered = Lowered {
        fragments,
        files: loader.names_of(&sources),
    };
    (lowered, unreadable)
}

/// What one document gave.
struct Read {
    facts: Vec<Fact>,
    objects: Vec<ObjectPlace>,
    suppressions: Vec<Suppression>,
    diagnoses: Vec<Diagnosis>,
}

/// Reads all texts, on all processors where they are large together.
fn read_texts(texts: &[Text], options: &Options) -> Vec<Read> {
    let read = |text| read_text(text, options);
    let size: usize = texts.iter().map(|text| text.bytes.len()).sum();
    if size < PARALLEL_BYTES {
        return texts.iter().flat_map(read).collect();
    }
    texts.par_iter().flat_map_iter(read).collect()
}

fn read_text(text: &Text, options: &Options) -> Vec<Read> {
    read_with(&text.bytes, |document| {
        read_document(&document, text, options)
    })
}

fn read_document(document: &Document<'_>, text: &Text, options: &Options) -> Read {
    let mut read = Read {
        facts: Vec::new(),
        objects: Vec::new(),
        suppressions: suppression::scan(text.source, &text.bytes, &document.comments),
        diagnoses: Vec::new(),
    };
    match &document.body {
        Body::Empty => {}
        Body::Template(span) => {
            read.diagnoses.push(Diagnosis::Template {
                at: Location::new(text.source, *span),
                kind: SnippetKind::Template,
            });
        }
        Body::Broken(error) => {
            read.diagnoses.push(Diagnosis::YamlSyntax {
                at: Location::new(text.source, error.span),
                message: error.message.to_string(),
                help: error.help,
            });
        }
        Body::Tree(tree) => {
            let objects = objects(tree);
            // Most documents are one object: no room for more.
            read.facts.reserve_exact(objects.len());
            read.objects.reserve_exact(objects.len());
            for object in objects {
                read.objects.push(place(object, text.source));
                if let Some(fact) = facts::read(object, text.source, &options.namespace) {
                    read.facts.push(fact);
                }
                let disabled = verification::disabled(object.node, text.source);
                read.diagnoses.extend(disabled);
                read.suppressions
                    .extend(annotations(object.node, text.source));
            }
        }
    }
    read
}

/// What an object calls itself, and where it is.
fn place(object: Object<'_>, source: SourceId) -> ObjectPlace {
    let metadata = object.node.get("metadata");
    let field = |key| metadata.and_then(|metadata| metadata.get(key)?.text());
    ObjectPlace {
        at: object.node.at(source),
        name: Arc::new(ObjectName {
            kind: object.kind.into(),
            namespace: field("namespace").map(Into::into),
            name: field("name").unwrap_or_default().into(),
        }),
    }
}

/// `certlint.io/ignore.RULE: "reason"`
pub(super) fn annotations(node: Node<'_>, source: SourceId) -> Vec<Suppression> {
    let annotations = node
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations"));
    let entries = annotations.into_iter().flat_map(Node::entries);
    entries
        .filter_map(|(key, value)| {
            let rule = key.text().strip_prefix(suppression::ANNOTATION)?;
            let mut at = value.at(source);
            at.span = Some(key.span());
            let rule = Spanned::new(rule.to_owned(), at.clone());
            let reason = value.text().unwrap_or_default();
            Some(suppression::annotation(at, node.at(source), rule, reason))
        })
        .collect()
}
