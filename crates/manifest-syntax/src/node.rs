//! One tree for manifests, whether they were written as YAML or as JSON.
//!
//! The nodes of a document lie in one vector, parents before children, each with the span it was
//! read from; texts stay in the source unless an escape or a fold changed them. Aliases and merge
//! keys are already replaced by the values they refer to, so every node has one parent and one path.
//! Where a key is written twice the last one counts, as it does for kubectl.

use std::fmt::Write as _;

use crate::scalar::{Word, resolve};
use crate::{FieldPath, Span, TextMap};

/// The data of one document.
#[derive(Debug)]
pub struct Tree<'t> {
    /// The section of the source that holds the document, and where the section starts.
    pub(crate) text: &'t str,
    pub(crate) base: u32,
    /// Parents before children; the first is the root, and there always is one.
    pub(crate) nodes: Vec<Entry>,
    /// Texts that are not in the source as they are.
    pub(crate) owned: Vec<Box<str>>,
    pub(crate) duplicates: Vec<Duplicate>,
}

/// One value, or one key, of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// In the whole source. For a mapping or sequence: from its first to its last byte of content.
    pub(crate) span: Span,
    pub(crate) parent: u32,
    /// The index in a sequence; 0 in a mapping.
    pub(crate) place: u32,
    /// A key whose mapping has the same key again further down.
    pub(crate) overridden: bool,
    pub(crate) kind: Kind,
}

/// The kind of an entry; `next` is the index after its last descendant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Mapping { next: u32 },
    Sequence { next: u32 },
    Scalar { style: Style, owned: Option<TextId> },
}

/// Index of a text in [`Tree::owned`], plus one: an `Option` of it takes no room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextId(pub(super) std::num::NonZeroU32);

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A bare word: text, number, boolean or nothing, whatever it looks like.
    Plain,
    /// In single or double quotes; every JSON string.
    Quoted,
    /// A literal block, `|`.
    Literal,
    /// A folded block, `>`.
    Folded,
    /// A bare word that a tag such as `!!str` makes a text, or that a tag was decoded into.
    Tagged,
}

/// A key that is written twice in one mapping. kubectl takes the last and says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The key that is lost.
    pub lost: Span,
    /// The next one of the same name.
    pub key: Span,
    /// The field that both name, as a path from the root of the document.
    pub path: String,
}

impl<'t> Tree<'t> {
    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node {
            tree: self,
            index: 0,
        }
    }

    /// Keys that are written twice, in the order of the second ones.
    #[must_use]
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    pub(crate) fn text_of(&self, index: u32) -> &str {
        let entry = &self.nodes[index as usize];
        match entry.kind {
            Kind::Scalar { style, owned } => {
                text_of(self.text, self.base, &self.owned, entry.span, style, owned)
            }
            _ => "",
        }
    }

    /// Whether an entry has this text.
    fn is_text(&self, index: u32, text: &str) -> bool {
        let entry = &self.nodes[index as usize];
        // Most keys differ in their length already.
        let length = (entry.span.end - entry.span.start) as usize;
        match entry.kind {
            Kind::Scalar {
                style: Style::Plain | Style::Tagged,
                owned: None,
            } if length != text.len() => false,
            _ => self.text_of(index) == text,
        }
    }

    /// The source text of a span.
    pub(crate) fn written(&self, span: Span) -> &'t str {
        let start = span.start.saturating_sub(self.base) as usize;
        let end = span.end.saturating_sub(self.base) as usize;
        self.text.get(start..end).unwrap_or_default()
    }
}

/// The text of a scalar: its own, or that at its span, without quotes.
pub(crate) fn text_of<'a>(
    text: &'a str,
    base: u32,
    owned: &'a [Box<str>],
    span: Span,
    style: Style,
    own: Option<TextId>,
) -> &'a str {
    if let Some(TextId(id)) = own {
        return owned.get(id.get() as usize - 1).map_or("", |text| text);
    }
    let quote = usize::from(style == Style::Quoted);
    let start = span.start.saturating_sub(base) as usize + quote;
    let end = (span.end.saturating_sub(base) as usize).saturating_sub(quote);
    text.get(start..end).unwrap_or_default()
}

/// A value in a [`Tree`]; cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    tree: &'a Tree<'a>,
    index: u32,
}

/// The value of a [`Node`], as kubectl sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing, `null` or `~`.
    Null,
    /// A boolean, also as `yes` or `on`.
    Bool(bool),
    /// A whole number, 64 bits, signed or not.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// Keys and values: [`Node::entries`].
    Mapping,
    /// A list: [`Node::items`].
    Sequence,
}

impl<'a> Node<'a> {
    /// The value.
    #[must_use]
    pub fn value(self) -> Value<'a> {
        match self.entry().kind {
            Kind::Mapping { .. } => Value::Mapping,
            Kind::Sequence { .. } => Value::Sequence,
            Kind::Scalar {
                style: Style::Plain,
                ..
            } => {
                let text = self.tree.text_of(self.index);
                match resolve(text) {
                    Word::Null => Value::Null,
                    Word::Bool(value) => Value::Bool(value),
                    Word::Integer(value) => Value::Integer(value),
                    Word::Float(value) => Value::Float(value),
                    Word::Text => Value::Text(text),
                }
            }
            Kind::Scalar { .. } => Value::Text(self.tree.text_of(self.index)),
        }
    }

    /// The text, where the value is one; a number or boolean is not.
    #[must_use]
    pub fn str(self) -> Option<&'a str> {
        match self.value() {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of any scalar as it was written, also of a number or boolean.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        matches!(self.entry().kind, Kind::Scalar { .. }).then(|| self.tree.text_of(self.index))
    }

    /// How a scalar was written.
    #[must_use]
    pub fn style(self) -> Option<Style> {
        match self.entry().kind {
            Kind::Scalar { style, .. } => Some(style),
            _ => None,
        }
    }

    /// Nothing, `null` or `~`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.value() == Value::Null
    }

    /// The value of a key, where this is a mapping that has it.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        self.entries()
            .find(|(name, _)| self.tree.is_text(name.index, key))
            .map(|(_, value)| value)
    }

    /// Keys and values in the order of writing, each key once; none where this is no mapping.
    pub fn entries(self) -> impl Iterator<Item = (Key<'a>, Self)> {
        let end = match self.entry().kind {
            Kind::Mapping { next } => next,
            _ => self.index,
        };
        let tree = self.tree;
        let mut at = self.index + 1;
        std::iter::from_fn(move || {
            while at < end {
                let (key, value) = (at, at + 1);
                at = tree.nodes[value as usize].next(value);
                if !tree.nodes[key as usize].overridden {
                    return Some((Key { tree, index: key }, Self { tree, index: value }));
                }
            }
            None
        })
    }

    /// The items of a sequence; none where this is no sequence.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let end = match self.entry().kind {
            Kind::Sequence { next } => next,
            _ => self.index,
        };
        let tree = self.tree;
        let mut at = self.index + 1;
        std::iter::from_fn(move || {
            let index = at;
            (index < end).then(|| {
                at = tree.nodes[index as usize].next(index);
                Self { tree, index }
            })
        })
    }

    /// The bytes of the value: with its quotes, without the header and indentation of a block.
    ///
    /// For an alias these are the bytes of the anchored value. A value that is not there has an
    /// empty span, after its key.
    #[must_use]
    pub fn span(self) -> Span {
        self.entry().span
    }

    /// The key that this is the value of.
    #[must_use]
    pub fn key(self) -> Option<Key<'a>> {
        let parent = self.tree.nodes.get(self.entry().parent as usize)?;
        let is_value = self.index > 0 && matches!(parent.kind, Kind::Mapping { .. });
        is_value.then(|| Key {
            tree: self.tree,
            index: self.index - 1,
        })
    }

    /// The way from the root of the document, as Kubernetes writes it: `spec.tls[0].hosts[1]`,
    /// `data[tls.crt]`, `items[3].spec`.
    #[must_use]
    pub fn path(self) -> FieldPath {
        // As long as most paths.
        let mut path = String::with_capacity(64);
        push_path(&mut path, self.tree, self.index);
        FieldPath::new(&path)
    }

    /// Leads from offsets in the text of this scalar back to the source.
    #[must_use]
    pub fn text_map(self) -> TextMap {
        let entry = self.entry();
        let whole = entry.span;
        let Kind::Scalar { style, owned } = entry.kind else {
            return TextMap::whole(whole);
        };
        let text = self.text().unwrap_or_default();
        let written = self.tree.written(whole);
        match style {
            Style::Quoted if owned.is_none() => TextMap::as_written(whole, 1),
            Style::Literal => TextMap::literal(whole, text, written),
            Style::Quoted if !written.contains('\n') => TextMap::escaped(whole, text, written),
            _ if owned.is_none() => TextMap::as_written(whole, 0),
            // Folded over several lines: a text in which only the whole can be pointed at.
            _ => TextMap::whole(whole),
        }
    }

    fn entry(self) -> &'a Entry {
        &self.tree.nodes[self.index as usize]
    }
}

/// A key of a mapping; always a text, as in JSON.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    tree: &'a Tree<'a>,
    index: u32,
}

impl<'a> Key<'a> {
    /// The key as kubectl spells it: `yes` is `true`, `0x10` is `16`.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.tree.text_of(self.index)
    }

    /// The bytes of the key, with its quotes.
    #[must_use]
    pub fn span(self) -> Span {
        self.tree.nodes[self.index as usize].span
    }
}

impl Entry {
    /// The index after this entry, which is at `index`, and its descendants.
    pub(crate) fn next(&self, index: u32) -> u32 {
        match self.kind {
            Kind::Mapping { next } | Kind::Sequence { next } => next,
            Kind::Scalar { .. } => index + 1,
        }
    }
}

/// Adds the path of a value; no value lies deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
fn push_path(path: &mut String, tree: &Tree<'_>, index: u32) {
    if index == 0 {
        return;
    }
    let entry = &tree.nodes[index as usize];
    push_path(path, tree, entry.parent);
    match tree.nodes[entry.parent as usize].kind {
        Kind::Mapping { .. } => push_key(path, tree.text_of(index - 1)),
        _ => {
            let _ = write!(path, "[{}]", entry.place);
        }
    }
}

/// Adds a key to a path: `.key`, or `[key]` where it is no plain word.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if key.is_empty() || !key.bytes().all(is_word) {
        path.push('[');
        path.push_str(key);
        path.push(']');
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}
