//! Label selectors of namespaces (API reference, LabelSelector).
//!
//! The labels of a Namespace that is in the input are those that it has there; of any other one
//! only its name is known.

use std::collections::BTreeMap;

use manifest_syntax::Node;

/// The label that every namespace has: its own name.
const NAME: &str = "kubernetes.io/metadata.name";

/// Conditions that must all hold.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Selector(Vec<Condition>);

#[derive(Clone, Debug)]
enum Condition {
    /// The label is there, or is not.
    Exists(String, bool),
    /// The label has one of these values, or has none of them.
    In(String, Vec<String>, bool),
    /// Of an operator that is not known.
    Unknown,
}

impl Selector {
    pub(in crate::kubernetes) fn read(selector: Option<Node<'_>>) -> Self {
        let Some(selector) = selector else {
            return Self(vec![Condition::Unknown]);
        };
        let items = |key| selector.get(key).into_iter();
        let labels = items("matchLabels").flat_map(Node::entries);
        let labels = labels.map(|(key, value)| match value.text() {
            Some(value) => Condition::In(key.text().to_owned(), vec![value.to_owned()], true),
            None => Condition::Unknown,
        });
        let expressions = items("matchExpressions").flat_map(Node::items);
        Self(labels.chain(expressions.map(expression)).collect())
    }

    /// Whether a namespace is selected; `None` where that depends on labels that are not known.
    pub(in crate::kubernetes) fn selects(
        &self,
        namespace: &str,
        labels: Option<&BTreeMap<String, String>>,
    ) -> Option<bool> {
        let mut all = Some(true);
        for condition in &self.0 {
            match condition.holds(namespace, labels) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => all = None,
            }
        }
        all
    }
}

impl Condition {
    fn holds(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Option<bool> {
        let value = |key: &str| match (key, labels) {
            (NAME, _) => Some(Some(namespace)),
            (_, None) => None,
            (key, Some(labels)) => Some(labels.get(key).map(String::as_str)),
        };
        match self {
            Self::Exists(key, wanted) => Some(value(key)?.is_some() == *wanted),
            Self::In(key, values, wanted) => {
                let value = value(key)?;
                let is_in = value.is_some_and(|value| values.iter().any(|one| one == value));
                Some(is_in == *wanted)
            }
            Self::Unknown => None,
        }
    }
}

fn expression(node: Node<'_>) -> Condition {
    let text = |key| node.get(key).and_then(Node::text);
    let Some(key) = text("key").map(str::to_owned) else {
        return Condition::Unknown;
    };
    let values = || {
        let values = node.get("values").into_iter().flat_map(Node::items);
        values.filter_map(Node::text).map(str::to_owned).collect()
    };
    match text("operator") {
        Some("In") => Condition::In(key, values(), true),
        Some("NotIn") => Condition::In(key, values(), false),
        Some("Exists") => Condition::Exists(key, true),
        Some("DoesNotExist") => Condition::Exists(key, false),
        _ => Condition::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest_syntax::read;

    #[test]
    fn labels_decide_where_they_are_known() {
        let known = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
        for (selector, with_labels, without) in [
            ("{}", Some(true), Some(true)),
            ("{matchLabels: {team: shop}}", Some(true), None),
            ("{matchLabels: {team: x}}", Some(false), None),
            ("{matchLabels: {other: x}}", Some(false), None),
            (
                "{matchLabels: {kubernetes.io/metadata.name: own}}",
                Some(true),
                Some(true),
            ),
            (
                "{matchLabels: {kubernetes.io/metadata.name: x}}",
                Some(false),
                Some(false),
            ),
            (
                "{matchLabels: {team: shop, kubernetes.io/metadata.name: x}}",
                Some(false),
                Some(false),
            ),
            (
                "{matchExpressions: [{key: team, operator: In, values: [x, shop]}]}",
                Some(true),
                None,
            ),
            (
                "{matchExpressions: [{key: team, operator: NotIn, values: [shop]}]}",
                Some(false),
                None,
            ),
            (
                "{matchExpressions: [{key: other, operator: NotIn, values: [x]}]}",
                Some(true),
                None,
            ),
            (
                "{matchExpressions: [{key: team, operator: Exists}]}",
                Some(true),
                None,
            ),
            (
                "{matchExpressions: [{key: team, operator: DoesNotExist}]}",
                Some(false),
                None,
            ),
            (
                "{matchExpressions: [{key: team, operator: New}]}",
                None,
                None,
            ),
        ] {
            let text = format!("selector: {selector}\n");
            let documents = read(text.as_bytes());
            let root = documents[0].tree().expect("it can be read").root();
            let read = Selector::read(root.get("selector"));
            assert_eq!(read.selects("own", Some(&known)), with_labels, "{selector}");
            assert_eq!(read.selects("own", None), without, "{selector}");
        }
        assert_eq!(Selector::read(None).selects("own", Some(&known)), None);
    }
}
