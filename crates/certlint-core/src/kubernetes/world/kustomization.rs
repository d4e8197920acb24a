//! A `kustomization.yaml`: which files it reads, and what it does to their objects.

use manifest_syntax::{Node, read};

use super::patch::Target;

/// A file of this name says what is built of its directory.
pub(super) fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    )
}

/// A kustomization. Paths are relative to the directories of the run, without `.` and `..`.
#[derive(Debug)]
pub(super) struct Kustomization {
    pub(super) directory: String,
    pub(super) namespace: Option<String>,
    /// Files and directories, of `resources`, `bases` and `components`.
    pub(super) reads: Vec<String>,
    /// Files that are no objects: patches, replacements, values.
    pub(super) others: Vec<String>,
    /// Patches that stand in the kustomization itself.
    pub(super) targets: Vec<Target>,
    /// Strategic-merge patches: files that say themselves what they touch.
    pub(super) merges: Vec<String>,
    pub(super) secrets: Vec<GeneratedSecret>,
}

/// A Secret of `secretGenerator` that holds a certificate.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct GeneratedSecret {
    pub(in crate::kubernetes) name: String,
    pub(in crate::kubernetes) namespace: Option<String>,
}

impl Kustomization {
    /// Reads the kustomization at `path`; `None` where that is none.
    pub(super) fn read(path: &str, text: &[u8]) -> Option<Self> {
        let documents = read(text);
        let root = documents.first()?.tree()?.root();
        let directory = parent(path);
        let items = |key| root.get(key).into_iter().flat_map(Node::items);
        let paths = |key| {
            let texts = items(key).filter_map(Node::text);
            texts.filter_map(|path| join(directory, path))
        };
        let mut read = Self {
            directory: directory.to_owned(),
            namespace: root
                .get("namespace")
                .and_then(Node::text)
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            reads: ["resources", "bases", "components"]
                .into_iter()
                .flat_map(paths)
                .collect(),
            others: ["configurations", "crds", "transformers", "generators"]
                .into_iter()
                .flat_map(paths)
                .collect(),
            targets: Vec::new(),
            merges: Vec::new(),
            secrets: items("secretGenerator").filter_map(generated).collect(),
        };
        for patch in items("patches").chain(items("patchesJson6902")) {
            read.patch(patch);
        }
        for patch in items("patchesStrategicMerge").filter_map(Node::text) {
            read.merge(patch);
        }
        for replacement in items("replacements") {
            let path = replacement.get("path").and_then(Node::text);
            read.others
                .extend(path.and_then(|path| join(directory, path)));
            let targets = replacement.get("targets").into_iter();
            let selects = targets
                .flat_map(Node::items)
                .filter_map(|target| target.get("select"));
            read.targets.extend(selects.map(Target::selector));
        }
        Some(read)
    }

    /// An entry of `patches`, with or without `target`.
    fn patch(&mut self, patch: Node<'_>) {
        let path = patch.get("path").and_then(Node::text);
        let path = path.and_then(|path| join(&self.directory, path));
        if let Some(target) = patch.get("target") {
            self.targets.push(Target::selector(target));
            self.others.extend(path);
            return;
        }
        self.merges.extend(path);
        if let Some(inline) = patch.get("patch").and_then(Node::text) {
            self.targets.extend(Target::of_patches(inline.as_bytes()));
        }
    }

    /// An entry of `patchesStrategicMerge`: a file, or the patch itself.
    fn merge(&mut self, patch: &str) {
        if patch.contains('\n') {
            self.targets.extend(Target::of_patches(patch.as_bytes()));
        } else {
            self.merges.extend(join(&self.directory, patch));
        }
    }
}

fn generated(entry: Node<'_>) -> Option<GeneratedSecret> {
    let text = |key| entry.get(key).and_then(Node::text);
    (text("type") == Some("kubernetes.io/tls")).then_some(())?;
    Some(GeneratedSecret {
        name: text("name")?.to_owned(),
        namespace: text("namespace").map(str::to_owned),
    })
}

/// The directory of a path; empty for the working directory.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The path that `relative` leads to from a directory; `None` for what is no local path.
pub(super) fn join(directory: &str, relative: &str) -> Option<String> {
    if relative.contains("://") || relative.contains("?ref=") || relative.starts_with('/') {
        return None;
    }
    let is_absolute = directory.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(relative.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Some(if is_absolute {
        format!("/{joined}")
    } else {
        joined
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_from_a_directory_to_another() {
        for (directory, relative, path) in [
            ("overlays/prod", "../../base", Some("base")),
            (
                "overlays/prod",
                "./web.yaml",
                Some("overlays/prod/web.yaml"),
            ),
            ("", "web.yaml", Some("web.yaml")),
            ("", "../base/", Some("../base")),
            ("../a", "../../b", Some("../../b")),
            ("/srv/a", "../b", Some("/srv/b")),
            ("a", "https://example.com/b", None),
            ("a", "github.com/a/b?ref=v1", None),
        ] {
            assert_eq!(join(directory, relative).as_deref(), path, "{relative}");
        }
    }

    #[test]
    fn what_a_kustomization_reads_is_told_from_what_it_changes_with() {
        let text = b"resources: [../base, web.yaml]\ncomponents: [../tls]\nnamespace: shop\n\
            patches:\n- path: a.yaml\n  target: {kind: Ingress}\n- path: b.yaml\n\
            - patch: |\n    kind: Certificate\n    metadata: {name: web}\n\
            patchesStrategicMerge: [c.yaml]\n\
            secretGenerator:\n- {name: tls, type: kubernetes.io/tls, files: [tls.crt]}\n- {name: x}\n";
        let read = Kustomization::read("o/prod/kustomization.yaml", text).unwrap();
        assert_eq!(read.reads, ["o/base", "o/prod/web.yaml", "o/tls"]);
        assert_eq!(read.namespace.as_deref(), Some("shop"));
        assert_eq!(read.others, ["o/prod/a.yaml"]);
        assert_eq!(read.merges, ["o/prod/b.yaml", "o/prod/c.yaml"]);
        assert_eq!(read.targets.len(), 2);
        let names: Vec<_> = read.secrets.iter().map(|secret| &secret.name).collect();
        assert_eq!(names, ["tls"]);
    }
}
