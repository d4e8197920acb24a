//! From the text to the typed form, with a place for everything that does not fit.

use manifest_syntax::{Body, Document, Node, Value};
use serde_yaml::Value as Yaml;

use super::{FILE_NAME, mistake, raw};
use crate::finding::Finding;
use crate::source::{Locate as _, Location, SourceId, Span};

/// The one document of the text that is not empty.
pub(super) fn only_tree<'t>(
    source: SourceId,
    documents: &'t [Document<'t>],
) -> Result<Option<Node<'t>>, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut only = None;
    for document in documents {
        match &document.body {
            Body::Empty => {}
            Body::Template(span) => findings.push(mistake(
                Location::new(source, *span),
                format!("`{FILE_NAME}` is not a template"),
                "nobody renders this",
                None,
            )),
            Body::Broken(error) => findings.push(mistake(
                Location::new(source, error.span),
                error.message.clone(),
                "no YAML",
                error.help.map(str::to_owned),
            )),
            Body::Tree(tree) => {
                let root = tree.root();
                if only.is_some() {
                    findings.push(mistake(
                        first(root, source),
                        format!("`{FILE_NAME}` has one document only"),
                        "the second one",
                        None,
                    ));
                }
                findings.extend(tree.duplicates().iter().map(|duplicate| {
                    mistake(
                        Location::new(source, duplicate.key),
                        format!("`{}` is there twice", duplicate.path),
                        "there before",
                        None,
                    )
                }));
                if root.value() != Value::Mapping {
                    findings.push(mistake(
                        root.at(source),
                        format!("`{FILE_NAME}` consists of keys and values"),
                        "no key",
                        None,
                    ));
                }
                only.get_or_insert(root);
            }
        }
    }
    match findings.is_empty() {
        true => Ok(only),
        false => Err(findings),
    }
}

/// Reads the typed form.
pub(super) fn typed(
    source: SourceId,
    text: &[u8],
    root: Node<'_>,
) -> Result<raw::Document, Vec<Finding>> {
    serde_yaml::from_slice(text).map_err(|error| {
        let at = error
            .location()
            .map(|it| place(text, it.line(), it.column()));
        let at = at.map_or_else(
            || Location::whole(source),
            |offset| narrowest(root, offset).at(source),
        );
        let message = error.to_string();
        // Path and place are in the label.
        let start = message.find("invalid ").unwrap_or(0);
        let end = message.rfind(" at line ").unwrap_or(message.len());
        let message = message.get(start..end).unwrap_or(&message).to_owned();
        vec![mistake(at, message, "of the wrong type", None)]
    })
}

/// Keys that certlint does not know, with those that it does.
pub(super) fn unknown_keys(
    source: SourceId,
    root: Node<'_>,
    document: &raw::Document,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Written out again, the typed form has every key that there is.
    if let Ok(known) = serde_yaml::to_value(document) {
        compare(source, root, &known, &mut findings);
    }
    findings
}

fn compare(source: SourceId, node: Node<'_>, known: &Yaml, findings: &mut Vec<Finding>) {
    match known {
        Yaml::Mapping(known) => {
            for (key, child) in node.entries() {
                if let Some(known) = known.get(key.text()) {
                    compare(source, child, known, findings);
                    continue;
                }
                let words: Vec<&str> = known.keys().filter_map(Yaml::as_str).collect();
                findings.push(mistake(
                    at_key(child, source),
                    format!("unknown key `{}`", key.text()),
                    "unknown key",
                    Some(did_you_mean(key.text(), &words, "keys")),
                ));
            }
        }
        Yaml::Sequence(known) => {
            for (child, known) in node.items().zip(known) {
                compare(source, child, known, findings);
            }
        }
        // serde knows nothing of `<<`, the tree does.
        Yaml::Null if !node.is_null() => findings.push(mistake(
            node.at(source),
            format!("`{FILE_NAME}` is read without merge keys"),
            "merged with `<<`",
            Some("write it where it belongs".to_owned()),
        )),
        _ => {}
    }
}

/// The place of a value's key.
pub(super) fn at_key(node: Node<'_>, source: SourceId) -> Location {
    let mut at = node.at(source);
    if let Some(key) = node.key() {
        at.span = Some(key.span());
    }
    at
}

/// The first word of a value.
pub(super) fn first(node: Node<'_>, source: SourceId) -> Location {
    let mut at = node.at(source);
    if let Some((key, _)) = node.entries().next() {
        at.span = Some(key.span());
    }
    at
}

/// `did you mean …`, or what there is to choose from; `words` is not empty.
pub(super) fn did_you_mean(word: &str, words: &[&str], what: &str) -> String {
    let distances = words
        .iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), *known));
    match distances.min() {
        // A third of the word may be wrong; more is another word.
        Some((distance, near)) if distance * 3 <= near.len() => format!("did you mean `{near}`?"),
        _ => format!("the {what} are `{}`", words.join("`, `")),
    }
}

/// The byte of a line and column, both from 1; columns count characters.
fn place(text: &[u8], line: usize, column: usize) -> u32 {
    let mut lines = text.split_inclusive(|&byte| byte == b'\n');
    let before: usize = lines
        .by_ref()
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let line = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let characters = line.chars().take(column.saturating_sub(1));
    let offset = before + characters.map(char::len_utf8).sum::<usize>();
    Span::new(offset, offset).start
}

/// The innermost value at a byte, or the one whose first sign, such as `-`, is there.
fn narrowest(root: Node<'_>, offset: u32) -> Node<'_> {
    let mut node = root;
    loop {
        // A value that is not there has an empty span.
        let ends_behind = |child: &Node<'_>| child.span().end.max(child.span().start + 1) > offset;
        let values = node.entries().map(|(_, value)| value);
        let Some(child) = values.chain(node.items()).find(ends_behind) else {
            return node;
        };
        if child.span().start >= offset {
            return child;
        }
        node = child;
    }
}
