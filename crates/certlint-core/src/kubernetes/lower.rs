//! Manifests, lowered: which host is served with which Secret.
//!
//! ```text
//! texts ─ read ─▶ objects ─ facts ─▶ Cluster ─ controllers ─▶ Fragment
//! ```
//!
//! The manifests of a run are taken together, as one cluster would hold them: an Ingress and its
//! Secret mostly stand in different files. Where they are for several clusters, each of these is
//! lowered by itself: see [`world`](super::world).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use manifest_syntax::{Body, Document, Node, PARALLEL_BYTES, read_with};
use rayon::prelude::*;

use super::cluster::Cluster;
use super::controller::Choice;
use super::facts::{Fact, IngressClass, Namespacing, Supplier};
use super::summary::SecretSummary;
use super::world::{Placed, Plan, identity, split};
use super::{Object, kinds, objects, verification};
use crate::files::FileError;
use crate::finding::ObjectName;
use crate::loader::Loader;
use crate::model::suppression::{self, Suppression};
use crate::model::{Deployment, Diagnosis, Fragment, ObjectPlace, SnippetKind, UnverifiableKind};
use crate::nginx;
use crate::source::{Locate as _, Location, SourceId, Span, Spanned};
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
    /// Of that cluster only one object and its neighbours are here, so that no Secret that some
    /// other object names can be looked for.
    pub only_neighbours: bool,
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
            only_neighbours: false,
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

/// As [`lower`], beside Secrets that were read before: a summary takes the place of its Secret, if
/// that is not among the manifests itself.
///
/// Findings made when a Secret was read ([`SecretSummary::findings`]) are not repeated.
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
    let files = loader.names_of(&sources);
    let mut lowering = Lowering {
        loader,
        options,
        // What a cluster holds was applied to it: nothing is there twice.
        plan: match texts.len() {
            0 | 1 => Plan::plain(texts.len()),
            count if options.whole_cluster => Plan::plain(count),
            _ => Plan::new(&files, &texts),
        },
        objects: Vec::new(),
        suppressions: Vec::new(),
        diagnoses: Vec::new(),
    };
    let mut secrets = Vec::new();
    for summary in summaries {
        let source = loader.keep_name(summary.object().to_string());
        secrets.push(Fact::Secret(Box::new(summary.as_secret(source))));
        lowering.suppressions.extend(summary.suppressions(source));
        lowering.objects.push(summary.place(source));
    }
    let is_empty = texts.is_empty() && secrets.is_empty();
    let main = match (sources.first(), secrets.first()) {
        (Some(&source), _) => Some(source),
        (None, Some(Fact::Secret(secret))) => Some(secret.meta.at.source),
        (None, _) => None,
    };
    let fragments = match main.filter(|_| !is_empty) {
        Some(main) => lowering.all(&texts, secrets, main),
        None => Vec::new(),
    };
    (Lowered { fragments, files }, unreadable)
}

/// The manifests of a run on their way to fragments.
struct Lowering<'l, 'f> {
    loader: &'l Loader<'f>,
    options: &'l Options,
    plan: Plan,
    objects: Vec<ObjectPlace>,
    suppressions: Vec<Suppression>,
    diagnoses: Vec<Diagnosis>,
}

impl Lowering<'_, '_> {
    fn all(mut self, texts: &[Text], secrets: Vec<Fact>, main: SourceId) -> Vec<Fragment> {
        let mut placed = Vec::new();
        for read in read_texts(texts, &self.plan, self.options) {
            self.diagnoses.extend(read.diagnoses);
            self.objects.extend(read.objects);
            self.suppressions.extend(read.suppressions);
            placed.extend(read.placed);
        }
        if self.options.whole_cluster {
            let facts = placed.into_iter().filter_map(|object| object.fact);
            let facts = secrets.into_iter().chain(facts).collect();
            return self.world(facts, main, None);
        }
        placed.extend(self.generated(texts));
        let worlds = split(&placed, &self.plan, texts);
        let mut uses = vec![0_u32; placed.len()];
        for &object in worlds.iter().flat_map(|world| &world.objects) {
            uses[object] += 1;
        }
        let is_one = worlds.len() == 1;
        let mut secrets = Some(secrets);
        let mut fragments = Vec::new();
        for world in worlds {
            let mut facts = secrets.take().unwrap_or_default();
            for &object in &world.objects {
                uses[object] -= 1;
                facts.extend(match uses[object] {
                    0 => placed[object].fact.take(),
                    _ => placed[object].fact.clone(),
                });
            }
            let first = world.own.first().map(|&own| texts[placed[own].text].source);
            let deployment = (!is_one).then(|| {
                let own = world.own.iter().map(|&own| texts[placed[own].text].source);
                Arc::new(Deployment {
                    name: world.name,
                    sources: own.collect(),
                })
            });
            fragments.extend(self.world(facts, first.unwrap_or(main), deployment));
        }
        fragments
    }

    /// The Secrets that kustomizations make: of their files nothing is known here.
    fn generated(&mut self, texts: &[Text]) -> Vec<Placed> {
        let made = std::mem::take(&mut self.plan.generated);
        let made = made.into_iter().map(|(reading, text, secret)| {
            let own = secret
                .namespace
                .as_deref()
                .unwrap_or(&self.options.namespace);
            let namespace = match self.plan.namespacing(reading, own) {
                Namespacing::All(name) | Namespacing::Unwritten(name) => name,
            };
            Placed {
                identity: Some(format!("/Secret/{namespace}/{}", secret.name).into()),
                text,
                reading,
                span: Span::new(0, texts[text].bytes.len()),
                fact: Some(Fact::Suppliers(vec![Supplier {
                    kind: "secretGenerator",
                    name: secret.name.clone(),
                    namespace: namespace.to_owned(),
                    secret: secret.name,
                }])),
            }
        });
        made.collect()
    }

    /// Lowers the objects of one deployment.
    fn world(
        &mut self,
        facts: Vec<Fact>,
        main: SourceId,
        deployment: Option<Arc<Deployment>>,
    ) -> Vec<Fragment> {
        let mut cluster = Cluster::default();
        for fact in facts {
            cluster.add(fact);
        }
        for (name, &choice) in &self.options.classes {
            let class = cluster.classes.entry(name.clone());
            let class = class.or_insert_with(|| IngressClass::named(name));
            class.choice = Some(choice);
        }
        let mut fragment = Fragment {
            diagnoses: std::mem::take(&mut self.diagnoses),
            objects: std::mem::take(&mut self.objects),
            suppressions: std::mem::take(&mut self.suppressions),
            ..Fragment::empty(main)
        };
        let containers =
            super::assemble::assemble(cluster, self.loader, self.options, &mut fragment);
        let mut fragments = vec![fragment];
        fragments.extend(containers);
        for fragment in &mut fragments {
            fragment.deployment.clone_from(&deployment);
        }
        fragments
    }
}

/// The result of reading one document.
struct Read {
    placed: Vec<Placed>,
    objects: Vec<ObjectPlace>,
    suppressions: Vec<Suppression>,
    diagnoses: Vec<Diagnosis>,
}

/// Reads all texts, on all processors where they are large together.
fn read_texts(texts: &[Text], plan: &Plan, options: &Options) -> Vec<Read> {
    let read = |(index, text): (usize, &Text)| {
        let reader = Reader {
            text,
            index,
            plan,
            options,
        };
        read_with(&text.bytes, |document| reader.document(&document))
    };
    let size: usize = texts.iter().map(|text| text.bytes.len()).sum();
    if size < PARALLEL_BYTES {
        return texts.iter().enumerate().flat_map(read).collect();
    }
    let texts = texts.par_iter().enumerate();
    texts.flat_map_iter(read).collect()
}

/// Reads the documents of one text.
struct Reader<'t> {
    text: &'t Text,
    index: usize,
    plan: &'t Plan,
    options: &'t Options,
}

impl Reader<'_> {
    fn document(&self, document: &Document<'_>) -> Read {
        let text = self.text;
        let mut read = Read {
            placed: Vec::new(),
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
                read.placed.reserve_exact(objects.len());
                read.objects.reserve_exact(objects.len());
                for object in objects {
                    read.objects.push(place(object, text.source));
                    for &reading in self.plan.of_text(self.index) {
                        self.object(object, reading, &mut read);
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

    fn object(&self, object: Object<'_>, reading: usize, read: &mut Read) {
        let source = self.text.source;
        let namespacing = self.plan.namespacing(reading, &self.options.namespace);
        let Some(fact) = kinds::read(object, source, namespacing) else {
            return;
        };
        let changed_by = self.plan.changed_by(reading, &object);
        if let Some(directory) = changed_by {
            read.diagnoses.push(Diagnosis::Unverifiable {
                at: object.node.at(source),
                kind: UnverifiableKind::Patched,
                what: directory.to_owned(),
                count: 1,
            });
        }
        read.placed.push(Placed {
            identity: match self.options.whole_cluster {
                true => None,
                false => identity(&object, namespacing),
            },
            text: self.index,
            reading,
            span: object.node.span(),
            fact: Some(fact).filter(|_| changed_by.is_none()),
        });
    }
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
