//! Parts that an excerpt must not quote: a Secret may be beside the line in question, and a report is
//! read by more people than the Secret is.
//!
//! Hidden are private keys in any place, and all that Secrets hold but certificates. Where a
//! document is no object that can be read, nobody knows what is what, so every long run of base64 is
//! hidden there. Only the documents that are shown are read for this.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use certlint_core::kubernetes::{looks_like_manifest, objects};
use certlint_core::model::Model;
use certlint_core::source::{SourceId, Span};
use manifest_syntax::{Body, Document, Node, read, sections};

/// No word of a manifest is as long, and hardly any key is shorter, in bytes.
const LONG_RUN: usize = 40;

/// Where `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The hidden spans of all sources that were shown so far.
#[derive(Default)]
pub(super) struct Hidden {
    by_source: RefCell<BTreeMap<SourceOf, Vec<Section>>>,
}

/// Models number their sources each for itself.
type SourceOf = (*const Model, SourceId);

/// A part of a text that is read for itself.
struct Section {
    bytes: Range<usize>,
    /// The hidden parts, once it was read.
    spans: Option<Vec<Span>>,
}

impl Hidden {
    /// The hidden spans of a source, sorted: all that touch `shown`, and maybe more.
    pub(super) fn of(&self, model: &Model, source: SourceId, shown: &Range<usize>) -> Vec<Span> {
        let Some(text) = model.sources.get(source).text() else {
            return Vec::new();
        };
        let key = (std::ptr::from_ref(model), source);
        let mut by_source = self.by_source.borrow_mut();
        let sections = by_source.entry(key).or_insert_with(|| cut(text));
        let first = sections.partition_point(|section| section.bytes.end <= shown.start);
        let touched = sections[first..].iter_mut();
        touched
            .take_while(|section| section.bytes.start < shown.end)
            .flat_map(|section| section.spans(text))
            .copied()
            .collect()
    }
}

/// Nothing is hidden in what is no manifest.
fn cut(text: &[u8]) -> Vec<Section> {
    if !looks_like_manifest(text) {
        return Vec::new();
    }
    let section = |bytes| Section { bytes, spans: None };
    sections(text).into_iter().map(section).collect()
}

impl Section {
    fn spans(&mut self, text: &[u8]) -> &[Span] {
        self.spans
            .get_or_insert_with(|| find(&text[self.bytes.clone()], self.bytes.start))
    }
}

/// A line that starts at `start` with stars for what is hidden; its length stays.
pub(super) fn mask<'l>(line: &'l [u8], start: usize, hidden: &[Span]) -> Cow<'l, [u8]> {
    let end = start + line.len();
    let first = hidden.partition_point(|span| span.end as usize <= start);
    let here = hidden[first..].iter();
    let here = here.take_while(|span| (span.start as usize) < end);
    let mut line = Cow::Borrowed(line);
    for span in here {
        let from = (span.start as usize).saturating_sub(start);
        let to = (span.end as usize - start).min(line.len());
        for byte in &mut line.to_mut()[from..to] {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    line
}

/// The hidden parts of a section that starts at `base` of its source.
fn find(section: &[u8], base: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    for document in read(section) {
        spans.extend(in_document(&document).unwrap_or_else(|| long_runs(section)));
    }
    let at = |offset: u32| base + offset as usize;
    let spans = joined(spans).into_iter();
    spans
        .map(|span| Span::new(at(span.start), at(span.end)))
        .collect()
}

/// Sorted, and none inside of another one, so that their ends are sorted, too.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

/// The data of a document's Secrets, and private keys; `None` for a document that cannot be read,
/// or is no object: a `---` at the wrong place cuts a Secret in two.
fn in_document(document: &Document<'_>) -> Option<Vec<Span>> {
    let tree = match &document.body {
        Body::Tree(tree) => tree,
        Body::Empty => return Some(Vec::new()),
        Body::Broken(_) | Body::Template(_) => return None,
    };
    let objects = objects(tree);
    if objects.is_empty() {
        return None;
    }
    let mut spans = private_keys(tree.root());
    for object in objects {
        if object.kind != "Secret" {
            continue;
        }
        for field in ["data", "stringData"] {
            let entries = object.node.get(field).into_iter();
            for (key, value) in entries.flat_map(|field| field.entries()) {
                if !key.text().ends_with(".crt") {
                    spans.push(value.span());
                }
            }
        }
        let annotations = object.node.get("metadata");
        let annotations = annotations.and_then(|metadata| metadata.get("annotations"));
        let copy = annotations.and_then(|annotations| annotations.get(LAST_APPLIED));
        spans.extend(copy.map(|copy| copy.span()));
    }
    Some(spans)
}

/// Private keys in PEM, in whatever field: a Route has one in `spec.tls.key`.
fn private_keys(root: Node<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        match node.text() {
            Some(text) if text.contains("PRIVATE KEY-----") => spans.push(node.span()),
            Some(_) => {}
            None => {
                pending.extend(node.items());
                pending.extend(node.entries().map(|(_, value)| value));
            }
        }
    }
    spans
}

fn long_runs(text: &[u8]) -> Vec<Span> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let mut runs = Vec::new();
    let mut start = 0;
    for run in text.split(|byte| !is_base64(byte)) {
        let end = start + run.len();
        if run.len() >= LONG_RUN {
            runs.push(Span::new(start, end));
        }
        start = end + 1;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as it may be shown.
    fn shown(text: &str) -> String {
        let mut model = Model::default();
        let bytes = text.as_bytes();
        let source = model.sources.add("a.yaml".to_owned(), Some(bytes.into()));
        let spans = Hidden::default().of(&model, source, &(0..bytes.len()));
        let shown = mask(text.as_bytes(), 0, &spans).into_owned();
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn of_secrets_only_certificates_are_shown() {
        let text = "\
apiVersion: v1
kind: Secret
metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: copy}}
data:
  tls.crt: Y2VydA==
  tls.key: c2VjcmV0
  password: eA==
stringData:
  more.key: |
    two
    lines
---
apiVersion: v1
kind: ConfigMap
data:
  tls.key: c2VjcmV0
";
        let expected = text
            .replace(": copy", ": ****")
            .replacen("c2VjcmV0", "********", 1)
            .replace("eA==", "****")
            .replace("two", "***")
            .replace("lines", "*****");
        assert_eq!(shown(text), expected);
        let json = r#"{"apiVersion":"v1","items":[{"kind":"Secret","data":{"a":"eA=="}}]}"#;
        assert_eq!(shown(json), json.replace(r#""eA==""#, "******"));
    }

    #[test]
    fn private_keys_are_hidden_in_any_object() {
        let key = r#""-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----""#;
        let text = format!("apiVersion: v1\nkind: Route\nspec: {{tls: {{host: a, key: {key}}}}}\n");
        let letters = |text: &str| {
            let stars = text.chars().map(|c| if c == ' ' { ' ' } else { '*' });
            stars.collect::<String>()
        };
        assert_eq!(shown(&text), text.replace(key, &letters(key)));
    }

    #[test]
    fn what_cannot_be_read_shows_nothing_long() {
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQ3+Uwb9vykhtFD8H";
        let text = format!("apiVersion: v1\nkind: Secret\ndata: [\n  tls.key: {key}\n");
        assert_eq!(shown(&text), text.replace(key, &"*".repeat(key.len())));
    }

    #[test]
    fn a_secret_that_is_cut_in_two_shows_nothing_long() {
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQ3+Uwb9vykhtFD8H";
        let text = format!("apiVersion: v1\nkind: Secret\ndata:\n---\n  tls.key: {key}\n");
        assert_eq!(shown(&text), text.replace(key, &"*".repeat(key.len())));
    }

    #[test]
    fn what_is_shown_is_read_and_nothing_else() {
        let secret = "apiVersion: v1\nkind: Secret\ndata: {a: eA==}\n---\n";
        let text = secret.repeat(3);
        let mut model = Model::default();
        let source = model
            .sources
            .add("a.yaml".to_owned(), Some(text.as_bytes().into()));
        let hidden = Hidden::default();
        let second = text.match_indices("eA==").nth(1).unwrap().0;
        for _ in 0..2 {
            let spans = hidden.of(&model, source, &(second..second + 1));
            assert_eq!(spans, [Span::new(second, second + 4)]);
        }
        let by_source = hidden.by_source.borrow();
        let sections = by_source.values().flatten();
        let read = sections.filter(|section| section.spans.is_some());
        assert_eq!(read.count(), 1);
    }

    #[test]
    fn lines_keep_their_length() {
        let hidden = [Span::new(2, 4), Span::new(6, 30)];
        assert_eq!(*mask(b"abcd", 1, &hidden), *b"a**d");
        assert_eq!(*mask(b"a b", 7, &hidden), *b"* *");
        assert_eq!(*mask(b"ab", 40, &hidden), *b"ab");
        assert!(matches!(mask(b"a", 0, &hidden), Cow::Borrowed(_)));
    }
}
