//! What all readers begin with: the node of an object, its metadata, its texts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use manifest_syntax::{Node, Span, Value};

use super::facts::{Fault, Meta, Namespacing};
use crate::name::has_placeholder;
use crate::source::{Locate as _, Location, SourceId, Spanned};
use crate::x509::Encryption;

/// An object that is read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) node: Node<'a>,
    pub(super) source: SourceId,
    pub(super) namespace: Namespacing<'a>,
}

impl<'a> Reading<'a> {
    pub(super) fn meta(self) -> Meta {
        meta(self.node, self.source, self.namespace)
    }

    /// A field below `spec`.
    pub(super) fn spec(self, name: &str) -> Option<Node<'a>> {
        self.node.get("spec")?.get(name)
    }

    /// The items of a list below `spec`.
    pub(super) fn items(self, name: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.spec(name).into_iter().flat_map(Node::items)
    }

    /// A mapping below `spec` that is there, if only as `{}`.
    pub(super) fn mapping(self, name: &str) -> Option<Node<'a>> {
        self.spec(name)
            .filter(|node| node.value() == Value::Mapping)
    }

    /// A text below `spec`; see [`text`].
    pub(super) fn text(self, name: &str) -> Option<Spanned<String>> {
        text(self.spec(name)?, self.source)
    }
}

/// The metadata of an object.
pub(super) fn meta<'a>(node: Node<'a>, source: SourceId, namespace: Namespacing<'a>) -> Meta {
    let metadata = node.get("metadata");
    let field = |name| metadata.and_then(|metadata| metadata.get(name));
    let text = |name| {
        field(name)
            .and_then(Node::text)
            .filter(|text| !text.is_empty())
    };
    let name = field("name").filter(|name| name.text().is_some());
    let solver = field("labels").and_then(|labels| labels.get(SOLVER));
    Meta {
        name: text("name").unwrap_or("unnamed").to_owned(),
        namespace: namespace.of(node).to_owned(),
        at: name.unwrap_or(node).at(source),
        created: text("creationTimestamp").map(str::to_owned),
        annotations: field("annotations")
            .into_iter()
            .flat_map(Node::entries)
            .filter(|(key, _)| is_read(key.text()))
            .filter_map(|(key, value)| {
                let text = Spanned::new(value.text()?.to_owned(), value.at(source));
                Some((key.text().to_owned(), text))
            })
            .collect(),
        owners: field("ownerReferences")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|owner| {
                let text = |key| Some(owner.get(key)?.text()?.to_owned());
                Some((text("kind")?, text("name")?))
            })
            .collect(),
        is_being_deleted: field("deletionTimestamp").is_some_and(|time| !time.is_null()),
        is_acme_solver: solver.and_then(Node::text) == Some("true"),
    }
}

/// The prefixes of the annotations that some reader uses.
const ANNOTATIONS: &[&str] = &[
    "acme.cert-manager.io/",
    "appgw.ingress.kubernetes.io/",
    "cert-manager.io/",
    "certlint.io/",
    "haproxy-ingress.github.io/",
    "ingress.gcp.kubernetes.io/",
    "ingressclass.kubernetes.io/",
    "kubernetes.io/ingress.class",
    "kubernetes.io/tls-acme",
    "networking.gke.io/",
    "nginx.ingress.kubernetes.io/",
    "projectcontour.io/",
    "reflector.v1.k8s.emberstack.com/",
    "replicator.v1.mittwald.de/",
    "traefik.ingress.kubernetes.io/",
];

/// Whether somebody reads an annotation.
pub(super) fn is_read(annotation: &str) -> bool {
    ANNOTATIONS.iter().any(|own| annotation.starts_with(own))
}

/// The label of the Ingress by which cert-manager answers a challenge.
pub(super) const SOLVER: &str = "acme.cert-manager.io/http01-solver";

/// The value at the end of a way of keys.
pub(super) fn path<'a>(node: Node<'a>, keys: &[&str]) -> Option<Node<'a>> {
    keys.iter().try_fold(node, |node, key| node.get(key))
}

/// The items of a list. Most lists of manifests are short, and there are very many:
/// they get room for what they hold, not for what a vector grows to.
pub(super) fn each<'a, T>(
    list: Option<Node<'a>>,
    make: impl FnMut(Node<'a>) -> Option<T>,
) -> Vec<T> {
    let items = || list.into_iter().flat_map(Node::items);
    let mut all = Vec::with_capacity(items().count());
    all.extend(items().filter_map(make));
    all
}

/// Labels, or a selector of labels.
pub(super) fn labels(node: Option<Node<'_>>) -> BTreeMap<String, String> {
    let entries = node.into_iter().flat_map(Node::entries);
    entries
        .filter_map(|(key, value)| Some((key.text().to_owned(), value.text()?.to_owned())))
        .collect()
}

/// A text that is not empty, and no template that was not rendered: `{{` in a plain word is valid
/// YAML.
pub(super) fn text(node: Node<'_>, source: SourceId) -> Option<Spanned<String>> {
    let text = node.text()?;
    let is_text = !node.is_null() && !text.is_empty() && !text.contains("{{");
    is_text.then(|| Spanned::new(text.to_owned(), node.at(source)))
}

/// A field that is a scalar and not empty.
pub(super) fn field<'a>(node: Node<'a>, name: &str) -> Option<&'a str> {
    let field = node.get(name).filter(|field| !field.is_null())?;
    field.text().filter(|text| !text.is_empty())
}

pub(super) fn is_true(node: Node<'_>, key: &str) -> bool {
    node.get(key)
        .is_some_and(|value| value.value() == Value::Bool(true))
}

/// The value is a mapping, if only `{}`.
pub(super) fn is_mapping(node: Node<'_>, key: &str) -> bool {
    node.get(key)
        .is_some_and(|value| value.value() == Value::Mapping)
}

/// A part of a scalar, with its own bytes.
pub(super) fn part(node: Node<'_>, source: SourceId, part: &str, start: usize) -> Spanned<String> {
    let mut at = node.at(source);
    let span = Span::new(start, start + part.len());
    at.span = Some(node.text_map().locate(span));
    Spanned::new(part.to_owned(), at)
}

/// The key is replaced by a value of hundreds of characters, or of many lines.
pub(super) fn at_key(node: Node<'_>, source: SourceId) -> Location {
    let mut at = node.at(source);
    at.span = node.key().map_or(at.span, |key| Some(key.span()));
    at
}

/// Base64 as Go's decoder takes it: padding needed, line ends passed over.
pub(super) fn decode(node: Node<'_>, is_encoded: bool) -> Result<Vec<u8>, Fault> {
    let text = match node.value() {
        Value::Text(text) => text,
        Value::Null => "",
        _ => return Err(Fault::NotText),
    };
    if Encryption::hides_value(text) || is_filled_in_later(text) {
        return Err(Fault::Encrypted);
    }
    if !is_encoded {
        return Ok(text.as_bytes().to_vec());
    }
    base64_of(text.as_bytes()).ok_or(Fault::BadBase64)
}

/// Neither base64 nor PEM has the marks of a placeholder.
fn is_filled_in_later(text: &str) -> bool {
    has_placeholder(text) && !text.contains("-----BEGIN ")
}

pub(super) fn base64_of(text: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
    if !text.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return engine.decode(text).ok();
    }
    let lines = text
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'));
    engine.decode(lines.collect::<Vec<_>>()).ok()
}
