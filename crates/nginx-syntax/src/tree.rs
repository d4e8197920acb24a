//! The syntax tree: a flat arena of words and directives.
//!
//! Directives are in the order of the source (pre-order), each with the index after its last
//! descendant, so a tree needs two vectors however deep it is, and walking it needs no recursion.

use crate::{Span, SyntaxError, Word};

/// The result of [`parse`](crate::parse) for one source.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(crate) words: Vec<Word>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) errors: Vec<SyntaxError>,
    pub(crate) comments: Vec<Span>,
    pub(crate) template: Option<Span>,
}

/// One directive in the arena.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Half-open range in `Tree::words`; never empty.
    pub(crate) words: (u32, u32),
    pub(crate) span: Span,
    /// Offset of the `{`.
    pub(crate) open: Option<u32>,
    /// Index of the first node after the descendants.
    pub(crate) end: u32,
    pub(crate) body: Body,
}

/// The end of a directive, after its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A `;`.
    Simple,
    /// A block of directives.
    Block,
    /// A block whose first words are data, not directive names: `map`, `geo`, `types` …
    Data,
    /// A block of Lua code, which is not looked into.
    Lua,
}

impl Tree {
    /// The directives at the top level, in order.
    #[must_use]
    pub fn directives(&self) -> Directives<'_> {
        Directives {
            tree: self,
            next: 0,
            end: self.nodes.len(),
        }
    }

    /// The faults that nginx would refuse, in the order in which it would come across them; at most
    /// [`MAX_ERRORS`](crate::MAX_ERRORS).
    #[must_use]
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// The comments, in order, from `#` up to the line feed, which is not included.
    #[must_use]
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// The first `{{`, `{%` or `<%` where a word or a block begins: the source is
    /// a Jinja, Helm or ERB template, not a configuration.
    #[must_use]
    pub fn template(&self) -> Option<Span> {
        self.template
    }
}

/// One directive of a [`Tree`].
#[derive(Clone, Copy)]
pub struct Directive<'t> {
    tree: &'t Tree,
    index: usize,
}

impl<'t> Directive<'t> {
    /// The first word.
    #[must_use]
    pub fn name(self) -> &'t Word {
        &self.tree.words[self.node().words.0 as usize]
    }

    /// The words after the name.
    #[must_use]
    pub fn arguments(self) -> &'t [Word] {
        let (first, end) = self.node().words;
        &self.tree.words[first as usize + 1..end as usize]
    }

    /// From the name up to and including the `;` or `}`.
    #[must_use]
    pub fn span(self) -> Span {
        self.node().span
    }

    /// The `{`, when there is one.
    #[must_use]
    pub fn open(self) -> Option<Span> {
        let start = self.node().open? as usize;
        Some(Span::new(start, start + 1))
    }

    /// The end, after the words.
    #[must_use]
    pub fn body(self) -> Body {
        self.node().body
    }

    /// The directives of the block, or the entries of a data block; none for the other bodies.
    #[must_use]
    pub fn children(self) -> Directives<'t> {
        Directives {
            tree: self.tree,
            next: self.index + 1,
            end: self.node().end as usize,
        }
    }

    fn node(self) -> &'t Node {
        &self.tree.nodes[self.index]
    }
}

impl std::fmt::Debug for Directive<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directive")
            .field("name", self.name())
            .field("arguments", &self.arguments())
            .field("span", &self.span())
            .field("body", &self.body())
            .field("children", &self.children())
            .finish()
    }
}

/// The directives of one block, in order.
#[derive(Clone)]
pub struct Directives<'t> {
    tree: &'t Tree,
    next: usize,
    end: usize,
}

impl<'t> Iterator for Directives<'t> {
    type Item = Directive<'t>;

    fn next(&mut self) -> Option<Directive<'t>> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        self.next = self.tree.nodes[index].end as usize;
        Some(Directive {
            tree: self.tree,
            index,
        })
    }
}

impl std::fmt::Debug for Directives<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
