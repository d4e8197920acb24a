//! The linter in CI and the webhook say the same: for every manifest of the fixtures the errors of
//! an object and the causes for which a request with it is refused are one set of rules and fields.
//!
//! Where they must differ is in [`EXCEPTIONS`] with the reason; an exception that is no longer
//! needed fails, too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certlint_core::check::{Settings, check};
use certlint_core::files::{File, FileError, Files};
use certlint_core::finding::Level;
use certlint_core::kubernetes::kinds::{Kind, SECRET};
use certlint_core::kubernetes::{Options, lower, objects};
use certlint_core::loader::Loader;
use manifest_syntax::{Node, Value as Yaml, read};
use serde_json::{Map, Value, json};

use super::support::{Cluster, NOW, policy, raw, repository, request};
use crate::judge::Request;
use crate::settings::Verdict;

/// Files whose errors differ, with the reasons; what is in [`COMMENTS`] differs in memory only, since
/// comments are there to be read.
const EXCEPTIONS: &str = include_str!("../../../../../fixtures/agreement.txt");

/// Comments never reach the API server; annotations do.
const COMMENTS: [&str; 7] = [
    "line-above.yaml",
    "no-suppressions.yaml",
    "same-line.yaml",
    "two-rules.yaml",
    "unknown-rule.yaml",
    "until.yaml",
    "without-reason.yaml",
];

/// An object that is reviewed for what it serves; in a group of today, or one that had its kind.
fn is_reviewed(object: &Value) -> bool {
    let group = super::support::group_of(object);
    let group = group.as_str();
    let mut kinds = Kind::watched().filter(|kind| **kind != SECRET && kind.entry().is_some());
    kinds.any(|kind| {
        object["kind"] == kind.name
            && !group.is_empty()
            && (kind.group == group || kind.former_groups.contains(&group))
    })
}

/// Rule and field.
type Errors = BTreeSet<(String, String)>;

#[test]
fn the_linter_and_the_webhook_agree_on_every_manifest() {
    let mut wrong = String::new();
    let exceptions = exceptions();
    let mut needed = BTreeSet::new();
    let mut reviewed = 0;
    let mut refused = 0;
    for folder in ["fixtures/kubernetes", "fixtures/corpus/kubernetes"] {
        for file in files_below(&repository().join(folder)) {
            let name = file.strip_prefix(repository()).unwrap();
            let name = name.to_string_lossy().into_owned();
            let text = std::fs::read(&file).unwrap();
            let case = Case::read(&text);
            for (index, object) in case.objects.iter().enumerate() {
                let kind = object.json["kind"].as_str().unwrap_or_default();
                if !is_reviewed(&object.json) || object.json["metadata"]["name"].is_null() {
                    continue;
                }
                reviewed += 1;
                let at_admission = case.review(object);
                refused += usize::from(!at_admission.is_empty());
                let in_ci = &case.errors[&index];
                if *in_ci == at_admission {
                    continue;
                }
                match exceptions.get(&name) {
                    Some(exception) => {
                        needed.insert(exception.clone());
                    }
                    None => wrong.push_str(&format!(
                        "{name}: {kind} {}\n  in CI {in_ci:?}\n  at admission {at_admission:?}\n",
                        object.json["metadata"]["name"]
                    )),
                }
            }
        }
    }
    assert!(reviewed > 300, "only {reviewed} objects were reviewed");
    assert!(refused > 60, "only {refused} objects were refused");
    for exception in exceptions.difference(&needed) {
        wrong.push_str(&format!("{exception} is no exception\n"));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The files in which the two may differ.
fn exceptions() -> BTreeSet<String> {
    let named = EXCEPTIONS
        .lines()
        .map(|line| line.strip_prefix("judge: ").unwrap_or(line))
        .filter(|line| line.starts_with("fixtures/"));
    let comments = COMMENTS.map(|file| format!("fixtures/kubernetes/suppress/{file}"));
    named.map(str::to_owned).chain(comments).collect()
}

/// A manifest: its objects, and what the linter says of each.
struct Case {
    objects: Vec<Object>,
    /// By the index of the object.
    errors: BTreeMap<usize, Errors>,
    cluster: Cluster,
    requires_secrets: bool,
}

struct Object {
    /// As the API server would send it.
    json: Value,
    start: u32,
    end: u32,
    /// The prefix that its fields' paths have within the file.
    prefix: String,
}

impl Case {
    fn read(text: &[u8]) -> Self {
        let plain = String::from_utf8_lossy(text);
        let arguments = plain
            .lines()
            .filter_map(|it| it.strip_prefix("# arguments: "));
        let arguments: Vec<&str> = arguments.flat_map(str::split_whitespace).collect();
        let requires_secrets = arguments.contains(&"--require-secrets");
        let mut words = arguments.iter().skip_while(|word| **word != "--namespace");
        let namespace = words.nth(1).copied().unwrap_or("default");
        let mut case = Self {
            objects: Vec::new(),
            errors: BTreeMap::new(),
            cluster: Cluster::default(),
            requires_secrets,
        };
        for document in read(text) {
            for object in document.tree().map(objects).unwrap_or_default() {
                let number = case.objects.len();
                let mut json = of(object.node);
                json["apiVersion"] = json!(object.api_version);
                json["kind"] = json!(object.kind);
                complete(&mut json, namespace, number);
                case.objects.push(Object {
                    json,
                    start: object.node.span().start,
                    end: object.node.span().end,
                    prefix: object.node.path().as_str().to_owned(),
                });
            }
        }
        for object in &case.objects {
            if object.json["metadata"]["name"].is_string() {
                case.cluster.add(&object.json);
            }
        }
        case.lint(text, namespace);
        case
    }

    /// The findings of `certlint check`, by object.
    fn lint(&mut self, text: &[u8], namespace: &str) {
        let one = One(File {
            name: "manifest".to_owned(),
            bytes: text.into(),
            mode: None,
        });
        let loader = Loader::new(&one);
        let options = Options {
            namespace: namespace.to_owned(),
            require_secrets: self.requires_secrets,
            ..Options::default()
        };
        let (lowered, _) = lower(&loader, &[b"manifest".to_vec()], &options);
        let model = loader.finish(lowered.fragments);
        let findings = check(&model, &Settings::default(), NOW);
        for (index, object) in self.objects.iter().enumerate() {
            let is_inside = |start: u32| object.start <= start && start < object.end;
            let errors = findings
                .iter()
                .filter(|finding| finding.level == Level::Error)
                .filter(|finding| is_inside(finding.primary.at.start()));
            let errors = errors.map(|finding| {
                let path = finding.primary.at.path.as_str();
                let path = path.strip_prefix(&object.prefix).unwrap_or(path);
                let path = path.strip_prefix('.').unwrap_or(path);
                (finding.rule.to_owned(), path.to_owned())
            });
            self.errors.insert(index, errors.collect());
        }
    }

    /// The causes for which the webhook refuses the object.
    fn review(&self, object: &Object) -> Errors {
        let mut policy = policy();
        if self.requires_secrets {
            policy.missing_secret = Verdict::Deny;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = text(&object.json["kind"]);
        let group = match kind.as_str() {
            // As `matchPolicy: Equivalent` sends older groups.
            "Ingress" => "networking.k8s.io".to_owned(),
            _ => super::support::group_of(&object.json),
        };
        let namespace = text(&object.json["metadata"]["namespace"]);
        let json = raw(&object.json);
        let request = Request {
            group: &group,
            kind: &kind,
            namespace: &namespace,
            object: Some(&json),
            ..request()
        };
        let decision = self.cluster.judge(&policy, &request);
        let causes = decision.causes.into_iter();
        causes
            .map(|cause| (cause.reason.to_owned(), cause.field))
            .collect()
    }
}

/// The metadata that the API server adds: the first object of the file was created first.
fn complete(object: &mut Value, namespace: &str, number: usize) {
    let is_cluster_wide = matches!(object["kind"].as_str(), Some("IngressClass" | "Namespace"));
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return;
    };
    if !is_cluster_wide {
        metadata
            .entry("namespace")
            .or_insert_with(|| json!(namespace));
    }
    metadata.entry("creationTimestamp").or_insert_with(|| {
        json!(format!(
            "2026-01-01T{:02}:{:02}:00Z",
            number / 60,
            number % 60
        ))
    });
    for field in ["annotations", "labels"] {
        let values = metadata.get_mut(field).and_then(Value::as_object_mut);
        for value in values.into_iter().flat_map(Map::values_mut) {
            if !value.is_string() {
                *value = json!(value.to_string());
            }
        }
    }
}

fn of(node: Node<'_>) -> Value {
    match node.value() {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Integer(value) => i64::try_from(value).map_or(Value::Null, Value::from),
        Yaml::Float(value) => json!(value),
        Yaml::Text(text) => json!(text),
        Yaml::Mapping => {
            let entries = node.entries();
            let entries = entries.map(|(key, value)| (key.text().to_owned(), of(value)));
            Value::Object(entries.collect())
        }
        Yaml::Sequence => Value::Array(node.items().map(of).collect()),
    }
}

/// A disk with one file.
struct One(File);

impl Files for One {
    fn read(&self, _: &[u8]) -> Result<File, FileError> {
        let File { name, bytes, mode } = &self.0;
        Ok(File {
            name: name.clone(),
            bytes: Arc::clone(bytes),
            mode: *mode,
        })
    }

    fn list(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        Err(FileError::Outside)
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let extension = path.extension().unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if extension == "yaml" || extension == "json" {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
