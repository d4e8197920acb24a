//! Patches of a kustomization: which objects they touch, not what they make of them.

use manifest_syntax::{Node, read};

use crate::kubernetes::Object;

/// The objects that one patch touches. A field that is `None` matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    kind: Option<String>,
    name: Option<String>,
}

impl Target {
    /// `target` of a patch, or `select` of a replacement's target.
    pub(super) fn selector(node: Node<'_>) -> Self {
        let field = |key| {
            let text = node.get(key).and_then(Node::text);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Self {
            kind: field("kind"),
            name: field("name"),
        }
    }

    /// The objects that strategic-merge patches in a text name.
    pub(super) fn of_patches(text: &[u8]) -> Vec<Self> {
        let documents = read(text);
        let trees = documents.iter().filter_map(|document| document.tree());
        let objects = trees.flat_map(|tree| crate::kubernetes::objects(tree));
        objects
            .map(|object| Self {
                kind: Some(object.kind.to_owned()),
                name: object
                    .node
                    .get("metadata")
                    .and_then(|metadata| metadata.get("name"))
                    .and_then(Node::text)
                    .map(str::to_owned),
            })
            .collect()
    }

    /// Selectors are regular expressions (kustomize, `patches`): one with any sign of that is taken
    /// to match every name.
    pub(super) fn touches(&self, object: &Object<'_>) -> bool {
        let name = object.node.get("metadata").and_then(|it| it.get("name"));
        let name = name.and_then(Node::text).unwrap_or_default();
        let is_match = |pattern: &Option<String>, text: &str| {
            let pattern = pattern.as_deref();
            pattern.is_none_or(|pattern| pattern == text || pattern.contains(is_special))
        };
        is_match(&self.kind, object.kind) && is_match(&self.name, name)
    }
}

fn is_special(character: char) -> bool {
    ".*+?[](){}|^$\\".contains(character)
}
