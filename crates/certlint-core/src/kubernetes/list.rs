//! The objects of a document: itself, the items of a list, the elements of an array.

use manifest_syntax::{Node, Tree, Value};

/// One Kubernetes object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// Its `apiVersion`.
    pub api_version: &'a str,
    /// Its `kind`.
    pub kind: &'a str,
    /// All of it. Paths in it start at the document: `items[3].spec`.
    pub node: Node<'a>,
}

/// The objects of a document in the order of writing; a mapping without a `kind` is none.
///
/// An object with `items` is a list, as for kubectl; its items may leave out what its kind says:
/// those of an `IngressList` are of kind `Ingress`. Lists may stand in lists. A Template of OpenShift
/// holds `objects`.
#[must_use]
pub fn objects<'a>(tree: &'a Tree<'_>) -> Vec<Object<'a>> {
    let mut objects = Vec::new();
    // Innermost last: what is taken next.
    let mut pending = vec![(tree.root(), "", "")];
    while let Some((node, api_version, kind)) = pending.pop() {
        let own = |key| {
            node.get(key)
                .and_then(Node::str)
                .filter(|text| !text.is_empty())
        };
        let api_version = own("apiVersion").unwrap_or(api_version);
        let kind = own("kind").unwrap_or(kind);
        let list = match node.value() {
            Value::Sequence => Some((node, "", "")),
            _ if is_template(api_version, kind) => {
                let objects = node.get("objects");
                objects
                    .filter(|objects| objects.value() == Value::Sequence)
                    .map(|objects| (objects, "", ""))
            }
            _ => node
                .get("items")
                .filter(|items| items.value() == Value::Sequence)
                .map(|items| (items, api_version, kind.strip_suffix("List").unwrap_or(""))),
        };
        if let Some((items, api_version, kind)) = list {
            let items: Vec<_> = items.items().collect();
            pending.extend(items.iter().rev().map(|&item| (item, api_version, kind)));
        } else if node.value() == Value::Mapping && !kind.is_empty() {
            objects.push(Object {
                api_version,
                kind,
                node,
            });
        }
    }
    objects
}

/// A Template of OpenShift; before version 4 its group had no name.
fn is_template(api_version: &str, kind: &str) -> bool {
    kind == "Template" && matches!(api_version, "template.openshift.io/v1" | "v1")
}

#[cfg(test)]
mod tests {
    use manifest_syntax::read;

    use super::objects;

    #[test]
    fn lists_and_arrays_are_taken_apart() {
        let list = "kind: List\napiVersion: v1\nitems:\n- {kind: A, apiVersion: x/v1}\n- kind: List\n  items: [{kind: B}]\n- {}\n";
        let typed = r#"{"kind": "IngressList", "apiVersion": "networking.k8s.io/v1", "items": [{"metadata": {}}, {"kind": "Z"}]}"#;
        let array = r#"[{"kind": "A", "apiVersion": "v1"}, 3, {"no": "kind"}]"#;
        let found = |text: &str| -> Vec<String> {
            let documents = read(text.as_bytes());
            let objects = objects(documents[0].tree().unwrap());
            let told = objects.iter().map(|object| {
                let (path, kind) = (object.node.path(), object.kind);
                format!("{} {kind} {}", path.as_str(), object.api_version)
            });
            told.collect()
        };
        assert_eq!(found(list), ["items[0] A x/v1", "items[1].items[0] B v1"]);
        assert_eq!(
            found(typed),
            [
                "items[0] Ingress networking.k8s.io/v1",
                "items[1] Z networking.k8s.io/v1"
            ]
        );
        assert_eq!(found(array), ["[0] A v1"]);
        let template = "kind: Template\napiVersion: template.openshift.io/v1\nobjects:\n- {kind: Route, apiVersion: route.openshift.io/v1}\n";
        assert_eq!(found(template), ["objects[0] Route route.openshift.io/v1"]);
        let other = "kind: Template\napiVersion: example.com/v1\nobjects: [{kind: Route, apiVersion: v1}]\n";
        assert_eq!(found(other), [" Template example.com/v1"]);
        assert_eq!(
            found("kind: Ingress\napiVersion: v1\nspec: {items: [1]}\n"),
            [" Ingress v1"]
        );
    }
}
