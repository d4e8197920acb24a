//! Flux Kustomizations and Argo CD Applications: which directory goes into which namespace.

use manifest_syntax::{Node, read};

use super::kustomization::join;
use crate::kubernetes::reading::path;
use crate::kubernetes::{Object, objects};
use crate::name::has_placeholder;

/// What a controller does with the manifests of one directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Deployer {
    /// As written: relative to the repository, which may begin above the run.
    pub(super) directory: String,
    pub(super) namespace: String,
    /// All objects get the namespace, not only those that name none.
    pub(super) is_forced: bool,
}

/// The groups of the objects that are looked for: texts without them are not read.
const GROUPS: [&[u8]; 2] = [b"kustomize.toolkit.fluxcd.io", b"argoproj.io"];

/// The deployers in a text.
pub(super) fn find(text: &[u8]) -> Vec<Deployer> {
    let is_there = |group: &&[u8]| memchr::memmem::find(text, group).is_some();
    if !GROUPS.iter().any(is_there) {
        return Vec::new();
    }
    let documents = read(text);
    let trees = documents.iter().filter_map(|document| document.tree());
    let objects = trees.flat_map(|tree| objects(tree));
    objects.flat_map(|object| of_object(&object)).collect()
}

fn of_object(object: &Object<'_>) -> Vec<Deployer> {
    let group = object.api_version.split('/').next().unwrap_or_default();
    let text = |keys: &[&str]| path(object.node, keys).and_then(Node::text);
    let (directories, namespace): (Vec<&str>, _) = match (group, object.kind) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => (
            text(&["spec", "path"]).into_iter().collect(),
            text(&["spec", "targetNamespace"]),
        ),
        ("argoproj.io", "Application") => {
            let several = path(object.node, &["spec", "sources"]);
            let several = several.into_iter().flat_map(Node::items);
            let paths = several.filter_map(|source| source.get("path")?.text());
            let paths = text(&["spec", "source", "path"]).into_iter().chain(paths);
            let namespace = text(&["spec", "destination", "namespace"]);
            (paths.collect(), namespace)
        }
        _ => return Vec::new(),
    };
    let Some(namespace) = namespace.filter(|name| !has_placeholder(name)) else {
        return Vec::new();
    };
    let directories = directories.into_iter();
    directories
        .filter_map(|directory| join("", directory.trim_start_matches('/')))
        .map(|directory| Deployer {
            directory,
            namespace: namespace.to_owned(),
            is_forced: object.kind == "Kustomization",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_and_namespaces_are_found() {
        let text = b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
            metadata: {name: web}\nspec: {path: ./apps/web, targetNamespace: shop}\n---\n\
            apiVersion: argoproj.io/v1alpha1\nkind: Application\n\
            spec:\n  source: {path: apps/api}\n  destination: {namespace: api}\n---\n\
            apiVersion: argoproj.io/v1alpha1\nkind: Application\n\
            spec: {source: {path: apps/db}, destination: {namespace: '{{name}}'}}\n";
        let found = find(text);
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.directory.as_str(), it.namespace.as_str(), it.is_forced))
            .collect();
        assert_eq!(
            found,
            [("apps/web", "shop", true), ("apps/api", "api", false)]
        );
    }
}
