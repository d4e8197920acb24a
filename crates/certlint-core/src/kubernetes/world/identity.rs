//! The identity of an object, and whether two texts say the same of it.

use manifest_syntax::{Node, Span, Value, read};

use crate::kubernetes::Object;
use crate::kubernetes::facts::Namespacing;

/// Group, kind, namespace and name; `None` for an object whose name only the cluster or a tool
/// knows.
pub(in crate::kubernetes) fn identity(
    object: &Object<'_>,
    namespacing: Namespacing<'_>,
) -> Option<Box<str>> {
    let name = object.node.get("metadata")?.get("name")?.text()?;
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'_');
    if name.is_empty() || !name.bytes().all(is_plain) {
        return None;
    }
    let group = match object.api_version.split_once('/') {
        // The same objects under their first name.
        Some(("extensions", _)) => "networking.k8s.io",
        Some((group, _)) => group,
        None => "",
    };
    let namespace = namespacing.of(object.node);
    Some(
        [group, "/", object.kind, "/", namespace, "/", name]
            .concat()
            .into(),
    )
}

/// An object in its text.
#[derive(Clone, Copy)]
pub(super) struct Written<'t> {
    pub(super) text: &'t [u8],
    pub(super) span: Span,
}

impl Written<'_> {
    /// Both say the same, however they are written.
    pub(super) fn is_same(self, other: Self) -> bool {
        if self.span.of(self.text) == other.span.of(other.text) {
            return true;
        }
        let (own, other) = (self.alone(), other.alone());
        let (own, other) = (read(&own), read(&other));
        match (own.as_slice(), other.as_slice()) {
            ([own], [other]) => match (own.tree(), other.tree()) {
                (Some(own), Some(other)) => is_equal(own.root(), other.root()),
                _ => false,
            },
            _ => false,
        }
    }

    /// The object as a text of its own, indented as it is.
    fn alone(self) -> Vec<u8> {
        let start = self.span.start as usize;
        let before = self.text.get(..start).unwrap_or_default();
        let line = memchr::memrchr(b'\n', before).map_or(0, |line| line + 1);
        let mut alone = vec![b' '; start - line];
        alone.extend_from_slice(self.span.of(self.text));
        alone
    }
}

/// No value is nested deeper than the reader allows.
fn is_equal(left: Node<'_>, right: Node<'_>) -> bool {
    match (left.value(), right.value()) {
        (Value::Mapping, Value::Mapping) => {
            let (left, right) = (sorted(left), sorted(right));
            left.len() == right.len()
                && left
                    .into_iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && is_equal(left.1, right.1))
        }
        (Value::Sequence, Value::Sequence) => {
            let (mut left, mut right) = (left.items(), right.items());
            loop {
                match (left.next(), right.next()) {
                    (Some(left), Some(right)) if is_equal(left, right) => {}
                    (None, None) => return true,
                    _ => return false,
                }
            }
        }
        (left, right) => left == right,
    }
}

fn sorted<'n>(mapping: Node<'n>) -> Vec<(&'n str, Node<'n>)> {
    let entries = mapping.entries().map(|(key, value)| (key.text(), value));
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable_by_key(|&(key, _)| key);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_counts_and_not_its_form() {
        let whole = |text: &'static str| Written {
            text: text.as_bytes(),
            span: Span::new(0, text.len()),
        };
        let block = "kind: A\nspec:\n  tls:\n  - hosts: [a, 'b']\n  on: 1\n";
        for same in [
            "{\"spec\": {\"true\": 1, \"tls\": [{\"hosts\": [\"a\", \"b\"]}]}, \"kind\": \"A\"}",
            "# a comment\nspec:\n    tls:\n    - hosts:\n      - a\n      - b\n    on: 1\nkind: A",
        ] {
            assert!(whole(block).is_same(whole(same)), "{same}");
        }
        for other in [
            "kind: A\nspec:\n  tls:\n  - hosts: [b, a]\n  on: 1\n",
            "kind: A\nspec:\n  tls:\n  - hosts: [a, b]\n",
            "kind: A\nspec:\n  tls:\n  - hosts: [a, b]\n  on: '1'\n",
        ] {
            assert!(!whole(block).is_same(whole(other)), "{other}");
        }
        let list = "- kind: A\n  x: 1\n";
        let item = Written {
            text: list.as_bytes(),
            span: Span::new(2, list.len() - 1),
        };
        assert!(item.is_same(whole("kind: A\nx: 1\n")));
    }
}
