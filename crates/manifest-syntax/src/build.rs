//! Puts a tree together from what a reader meets, in the order of writing.
//!
//! All readers share it: block YAML, any YAML, JSON. It knows where a value belongs, holds the
//! limits, finds keys that are written twice, and hands over to [`expand`](super::expand) where
//! there are aliases.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::Span;
use crate::expand::expand;
use crate::node::{Duplicate, Entry, Kind, Style, TextId, Tree, push_key, text_of};
use crate::scalar;
use crate::syntax_error::SyntaxError;

/// How deep values may be nested. The deepest schema of Kubernetes itself stays below 30.
pub const MAX_DEPTH: usize = 128;

/// As many bytes of a manifest make an entry, or more; room is made for so many at once.
const BYTES_PER_ENTRY: usize = 10;

/// Most manifests are nested no deeper.
const USUAL_DEPTH: usize = 16;

/// Collects the entries of one document. Offsets are relative to the section.
pub(crate) struct Builder<'t> {
    tree: Tree<'t>,
    open: Vec<Open>,
    /// Replacements and the entries that they replace, sorted.
    aliases: Vec<(u32, u32)>,
    /// Keys that are `<<`, sorted.
    merges: Vec<u32>,
}

/// A mapping or sequence that is not yet closed.
struct Open {
    index: u32,
    is_mapping: bool,
    /// Keys and values, or items, so far.
    children: u32,
}

/// Where the next value belongs.
struct Place {
    parent: u32,
    place: u32,
    is_key: bool,
}

impl<'t> Builder<'t> {
    pub(crate) fn new(text: &'t str, base: u32) -> Self {
        Self {
            tree: Tree {
                text,
                base,
                nodes: Vec::with_capacity(text.len() / BYTES_PER_ENTRY),
                owned: Vec::new(),
                duplicates: Vec::new(),
            },
            open: Vec::with_capacity(USUAL_DEPTH),
            aliases: Vec::new(),
            merges: Vec::new(),
        }
    }

    /// Absolute bytes from offsets in the section.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let base = self.tree.base as usize;
        Span::new(base + start, base + end)
    }

    /// The index that the next entry gets.
    pub(crate) fn next_index(&self) -> u32 {
        index_of(self.tree.nodes.len())
    }

    /// The next value is a key.
    pub(crate) fn expects_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.is_mapping && open.children.is_multiple_of(2))
    }

    /// The scalars so far, in the order of writing.
    pub(crate) fn scalars(&self) -> impl Iterator<Item = Span> {
        self.tree.nodes.iter().filter_map(|entry| match entry.kind {
            Kind::Scalar { .. } => Some(entry.span),
            _ => None,
        })
    }

    /// Adds a scalar; `text` where it differs from the text at the span (without its quotes).
    pub(crate) fn scalar(
        &mut self,
        span: Span,
        style: Style,
        text: Option<String>,
    ) -> Result<(), SyntaxError> {
        let place = self.place();
        let owned = text.map(|text| self.own(text));
        let (mut style, mut owned) = (style, owned);
        if place.is_key && style == Style::Plain {
            (style, owned) = self.key(span, owned)?;
        }
        self.push(span, &place, Kind::Scalar { style, owned });
        Ok(())
    }

    /// Adds a scalar of which the text is known; it is kept only where it differs from the source.
    ///
    /// The span of a block is cut to its content: line breaks after it are not worth pointing at.
    pub(crate) fn written_scalar(
        &mut self,
        mut span: Span,
        style: Style,
        text: Cow<'_, str>,
    ) -> Result<(), SyntaxError> {
        let tree = &self.tree;
        if matches!(style, Style::Literal | Style::Folded) {
            span.end = span.start + index_of(tree.written(span).trim_end().len());
        }
        let source = text_of(tree.text, tree.base, &[], span, style, None);
        let own = (source != text).then(|| text.into_owned());
        self.scalar(span, style, own)
    }

    /// Adds the value that is not there: after its key, or at `at`.
    pub(crate) fn nothing(&mut self, at: Span) -> Result<(), SyntaxError> {
        let is_value = self.open.last().is_some_and(|open| open.is_mapping) && !self.expects_key();
        let at = match self.tree.nodes.last() {
            Some(key) if is_value => Span {
                start: key.span.end,
                end: key.span.end,
            },
            _ => Span {
                start: at.start,
                end: at.start,
            },
        };
        self.scalar(at, Style::Plain, None)
    }

    /// Adds the key `<<`: the entries of its value become those of the mapping around it.
    pub(crate) fn merge_key(&mut self, span: Span) -> Result<(), SyntaxError> {
        self.merges.push(self.next_index());
        self.scalar(span, Style::Tagged, None)
    }

    /// Adds a replacement for an earlier entry.
    pub(crate) fn alias(&mut self, span: Span, target: u32) -> Result<(), SyntaxError> {
        if self.open.iter().any(|open| open.index == target) {
            return Err(SyntaxError::new(span, "an anchored value contains itself"));
        }
        let place = self.place();
        self.aliases.push((self.next_index(), target));
        let kind = Kind::Scalar {
            style: Style::Tagged,
            owned: None,
        };
        self.push(span, &place, kind);
        Ok(())
    }

    /// Opens a mapping or a sequence at its bracket, or at the first byte of its content.
    pub(crate) fn begin(&mut self, is_mapping: bool, at: Span) -> Result<(), SyntaxError> {
        let place = self.place();
        if place.is_key {
            return Err(SyntaxError::new(at, "a key must be a text")
                .with_help("kubectl refuses a mapping or a list as a key"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(SyntaxError::new(
                at,
                format!("values are nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let index = self.next_index();
        let kind = if is_mapping {
            Kind::Mapping { next: index }
        } else {
            Kind::Sequence { next: index }
        };
        self.push(at, &place, kind);
        self.open.push(Open {
            index,
            is_mapping,
            children: 0,
        });
        Ok(())
    }

    /// Closes the innermost mapping or sequence after its bracket; a block has none and spans its
    /// content.
    pub(crate) fn end(&mut self, bracket_end: Option<u32>) {
        let Some(open) = self.open.pop() else { return };
        let next = self.next_index();
        if open.is_mapping {
            for (lost, key) in duplicates(&self.tree, open.index, next, &self.merges) {
                let duplicate = self.duplicate(lost, key);
                self.tree.duplicates.push(duplicate);
                self.tree.nodes[lost as usize].overridden = true;
            }
        }
        let entry = &mut self.tree.nodes[open.index as usize];
        match &mut entry.kind {
            Kind::Mapping { next: end } | Kind::Sequence { next: end } => *end = next,
            Kind::Scalar { .. } => {}
        }
        match bracket_end {
            Some(end) => entry.span.end = end,
            None => self.span_content(open.index),
        }
    }

    /// A block collection reaches from its first to its last child, which are closed already.
    fn span_content(&mut self, index: u32) {
        let nodes = &mut self.tree.nodes;
        let mut last_end = None;
        let first = nodes.get(index as usize + 1).map(|child| child.span.start);
        // The last entry is a scalar or lies in collections that end where it does; a flow
        // collection ends at its bracket, so look at the ancestors below `index` as well.
        let mut at = nodes.len() - 1;
        while at > index as usize {
            let entry = &nodes[at];
            last_end = last_end.max(Some(entry.span.end));
            at = entry.parent as usize;
        }
        let span = &mut nodes[index as usize].span;
        if let (Some(start), Some(end)) = (first, last_end) {
            *span = Span { start, end };
        }
    }

    /// The finished tree; `None` where nothing was added.
    pub(crate) fn finish(mut self) -> Result<Option<Tree<'t>>, SyntaxError> {
        if self.tree.nodes.is_empty() {
            return Ok(None);
        }
        if !self.aliases.is_empty() || !self.merges.is_empty() {
            self.tree.nodes = expand(&mut self.tree, &self.aliases, &self.merges)?;
        }
        Ok(Some(self.tree))
    }

    /// Keeps a text that is not in the source.
    fn own(&mut self, text: String) -> TextId {
        own(&mut self.tree.owned, text)
    }

    /// A bare word as a key becomes the text that kubectl makes of it.
    fn key(
        &mut self,
        span: Span,
        owned: Option<TextId>,
    ) -> Result<(Style, Option<TextId>), SyntaxError> {
        let tree = &mut self.tree;
        let word = text_of(tree.text, tree.base, &tree.owned, span, Style::Plain, owned);
        match scalar::key(word) {
            Some(None) => Ok((Style::Tagged, owned)),
            Some(Some(spelling)) => Ok((Style::Tagged, Some(self.own(spelling)))),
            None => Err(bad_key(span, word)),
        }
    }

    fn duplicate(&self, lost: u32, key: u32) -> Duplicate {
        let mut path = String::new();
        for open in &self.open {
            if let Some(child) = self.child(open) {
                let entry = &self.tree.nodes[child as usize];
                if open.is_mapping {
                    push_key(&mut path, self.tree.text_of(child - 1));
                } else {
                    path.push_str(&format!("[{}]", entry.place));
                }
            }
        }
        push_key(&mut path, self.tree.text_of(key));
        Duplicate {
            lost: self.tree.nodes[lost as usize].span,
            key: self.tree.nodes[key as usize].span,
            path,
        }
    }

    /// The child of an open collection that is being read.
    fn child(&self, open: &Open) -> Option<u32> {
        let mut at = index_of(self.tree.nodes.len()).checked_sub(1)?;
        while at > open.index {
            let parent = self.tree.nodes[at as usize].parent;
            if parent == open.index {
                return Some(at);
            }
            at = parent;
        }
        None
    }

    fn place(&mut self) -> Place {
        let Some(open) = self.open.last_mut() else {
            return Place {
                parent: 0,
                place: 0,
                is_key: false,
            };
        };
        let index = open.children;
        open.children += 1;
        Place {
            parent: open.index,
            place: if open.is_mapping { 0 } else { index },
            is_key: open.is_mapping && index.is_multiple_of(2),
        }
    }

    fn push(&mut self, span: Span, place: &Place, kind: Kind) {
        self.tree.nodes.push(Entry {
            span,
            parent: place.parent,
            place: place.place,
            overridden: false,
            kind,
        });
    }
}

/// The error for a bare word that kubectl does not take as a key.
pub(crate) fn bad_key(span: Span, word: &str) -> SyntaxError {
    let message = if word.is_empty() {
        "a key is missing".to_owned()
    } else {
        format!("`{word}` is no key")
    };
    SyntaxError::new(span, message).with_help("write the key in quotes")
}

pub(crate) fn own(owned: &mut Vec<Box<str>>, text: String) -> TextId {
    owned.push(text.into_boxed_str());
    TextId(NonZeroU32::new(index_of(owned.len())).unwrap_or(NonZeroU32::MAX))
}

/// A source is below 4 GiB and every entry takes a byte of it, or is counted by [`expand`].
pub(crate) fn index_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Pairs of keys of one mapping that are the same: an earlier one and the next.
///
/// `next` is the index after the mapping; merge keys may repeat.
pub(crate) fn duplicates(
    tree: &Tree<'_>,
    mapping: u32,
    next: u32,
    merges: &[u32],
) -> Vec<(u32, u32)> {
    /// Up to here comparing all pairs is faster than hashing.
    const FEW: usize = 12;
    let mut few = [(0, ""); FEW];
    let mut count = 0;
    let mut many: HashMap<&str, u32> = HashMap::new();
    let mut found = Vec::new();
    let mut at = mapping + 1;
    while at < next {
        let key = at;
        at = tree.nodes[key as usize + 1].next(key + 1);
        if merges.binary_search(&key).is_ok() {
            continue;
        }
        let text = tree.text_of(key);
        let earlier = if many.is_empty() {
            let same = few[..count].iter_mut().find(|(_, other)| *other == text);
            same.map(|(index, _)| std::mem::replace(index, key))
        } else {
            many.insert(text, key)
        };
        match earlier {
            Some(earlier) => found.push((earlier, key)),
            None if !many.is_empty() => {}
            None if count < FEW => {
                few[count] = (key, text);
                count += 1;
            }
            None => {
                many.extend(few.iter().map(|&(index, text)| (text, index)));
                many.insert(text, key);
            }
        }
    }
    found
}
