//! The manifests of the fixtures, as objects that an API server can be sent.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tools::shell;

/// One file.
pub(super) struct Fixture {
    /// Its path in the repository.
    pub(super) name: String,
    /// The options of the linter that it asks for.
    pub(super) arguments: Vec<String>,
    /// One of them is `--require-secrets`.
    pub(super) requires_secrets: bool,
    /// In the order of the file.
    pub(super) objects: Vec<Value>,
    /// 1 where the rest is neither YAML nor JSON, or has keys that no JSON can have.
    pub(super) unreadable: usize,
    /// Where objects without a namespace go.
    pub(super) namespace: String,
}

/// All of them, sorted.
pub(super) fn all(folders: &[&str]) -> Result<Vec<Fixture>> {
    let root = shell::root();
    let mut files = Vec::new();
    for folder in folders {
        below(&root.join(folder), &mut files)?;
    }
    files.sort();
    files.iter().map(|file| read(&root, file)).collect()
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default();
        if path.is_dir() {
            below(&path, files)?;
        } else if extension == "yaml" || extension == "json" {
            files.push(path);
        }
    }
    Ok(())
}

fn read(root: &Path, file: &Path) -> Result<Fixture> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    let text = String::from_utf8_lossy(&bytes);
    let arguments: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# arguments: "))
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    let mut words = arguments.iter().skip_while(|word| *word != "--namespace");
    let mut fixture = Fixture {
        name: file.strip_prefix(root)?.display().to_string(),
        requires_secrets: arguments.iter().any(|word| word == "--require-secrets"),
        namespace: words.nth(1).map_or("default", String::as_str).to_owned(),
        arguments,
        objects: Vec::new(),
        unreadable: 0,
    };
    for document in documents(&text, file.extension().is_some_and(|it| it == "json")) {
        match document {
            Ok(document) => flatten(document, &mut fixture.objects),
            Err(_) => {
                // What follows a mistake of syntax has no beginning.
                fixture.unreadable += 1;
                break;
            }
        }
    }
    Ok(fixture)
}

fn documents(text: &str, is_json: bool) -> Box<dyn Iterator<Item = Result<Value>> + '_> {
    if is_json {
        let documents = serde_json::Deserializer::from_str(text).into_iter();
        return Box::new(documents.map(|document| Ok(document?)));
    }
    Box::new(serde_yaml::Deserializer::from_str(text).map(|document| {
        let mut yaml = serde_yaml::Value::deserialize(document)?;
        yaml.apply_merge()?;
        Ok(serde_json::to_value(yaml)?)
    }))
}

/// An object, or those of a list of any kind.
fn flatten(mut document: Value, objects: &mut Vec<Value>) {
    let text = |field: &str| document[field].as_str().unwrap_or_default().to_owned();
    let (api, kind) = (text("apiVersion"), text("kind"));
    if let Some(kind) = kind.strip_suffix("List")
        && let Some(Value::Array(items)) = document.get_mut("items").map(Value::take)
    {
        for mut item in items {
            // The items of an `IngressList` need not say what they are.
            if item.is_object() && item["kind"].is_null() {
                item["apiVersion"] = json!(api);
                item["kind"] = json!(kind);
            }
            flatten(item, objects);
        }
        return;
    }
    if !kind.is_empty() && document["metadata"].is_object() {
        objects.push(document);
    }
}
