//! The loop that turns tokens into directives and blocks.
//!
//! ```text
//! word … word ;        a directive      words pending, then one node
//! word … word {        opens a block    a node, and a frame until its `}`
//! ```
//!
//! Each refusal of nginx is recorded and parsing goes on: `recover` holds the guesses for that.
//! Blocks are kept on a stack of our own, so depth costs no call stack.

use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::tree::{Body, Node, Tree};
use crate::word::{Form, Word};
use crate::{Span, lex, lua};

/// How deep blocks may be nested; deeper ones are read as if they were at this level.
pub const MAX_DEPTH: usize = 256;

/// How many errors a [`Tree`] holds at most.
pub const MAX_ERRORS: usize = 100;

/// The size of nginx's read buffer, in bytes: a token has to fit with the byte that ends it.
pub(crate) const BUFFER: usize = 4096;

/// Reads a configuration as nginx does.
///
/// Never fails: what nginx would refuse is in [`Tree::errors`], and the rest of the source is read
/// on from there. Sources over 4 GiB are not supported, a [`Span`] cannot hold their offsets.
#[must_use]
pub fn parse(source: &[u8]) -> Tree {
    let mut parser = Parser::new(source);
    parser.byte_order_mark();
    while let Some(&byte) = parser.next_byte() {
        parser.step(byte);
    }
    parser.finish()
}

/// The state of one run.
pub(crate) struct Parser<'s> {
    pub(crate) source: &'s [u8],
    /// Offset of the next byte to read.
    pub(crate) at: usize,
    pub(crate) tree: Tree,
    /// Index of the first word of the directive that is being read.
    pub(crate) first_word: usize,
    pub(crate) frames: Vec<Frame>,
    /// Offset after the last `;`, `{` or `}`, or where one was missing.
    pub(crate) behind: usize,
    /// Opened beyond `MAX_DEPTH`, and therefore not on the stack.
    too_deep: usize,
}

/// A block that is open.
pub(crate) struct Frame {
    /// Its directive; none for a `{` that has no name.
    pub(crate) node: Option<usize>,
    pub(crate) data: bool,
}

impl<'s> Parser<'s> {
    fn new(source: &'s [u8]) -> Self {
        // Ordinary configuration has a word for every dozen bytes; other sources may be large and
        // have none.
        let length = source.len().min(16 << 20);
        let tree = Tree {
            words: Vec::with_capacity(length / 12),
            nodes: Vec::with_capacity(length / 32),
            ..Tree::default()
        };
        Self {
            source,
            at: 0,
            tree,
            first_word: 0,
            frames: Vec::new(),
            behind: 0,
            too_deep: 0,
        }
    }

    /// Reads the token that begins with `byte`, at `self.at`.
    fn step(&mut self, byte: u8) {
        match byte {
            b'#' => self.comment(),
            b';' => self.semicolon(),
            b'{' => self.open(),
            b'}' => self.close(),
            b'"' | b'\'' => self.quoted(byte),
            _ => self.bare(),
        }
    }

    /// The first byte after the blanks.
    fn next_byte(&mut self) -> Option<&'s u8> {
        self.advance(lex::blanks);
        self.source.get(self.at)
    }

    fn bare(&mut self) {
        let start = self.at;
        self.advance(lex::bare);
        if self.source[start..].starts_with(b"<%") {
            self.template(start, b"%>");
        }
        // A blank ends the word, but the buffer holds it until the byte after the blank is read.
        let blank = self.source.get(self.at).copied().is_some_and(lex::is_blank);
        self.check_length(start, start, self.at + usize::from(blank));
        self.push_word(start, self.at, Form::Bare);
    }

    fn quoted(&mut self, quote: u8) {
        let start = self.at;
        let content = start + 1;
        self.at = content;
        self.advance(lex::quoted(quote));
        let end = self.at;
        if end == self.source.len() {
            return self.unclosed(start, quote);
        }
        let after = self.source.get(end + 1).copied();
        let regular = after.is_none_or(|byte| lex::is_blank(byte) || b";{)".contains(&byte));
        if end >= content + BUFFER {
            self.error_at(
                Span::new(start, start + 1),
                SyntaxErrorKind::QuoteTooLong { quote },
                start,
            );
            if !regular {
                return self.cut_quote(start);
            }
        } else {
            let blank = after.is_some_and(lex::is_blank);
            let fits = self.check_length(start, content, end + 1 + usize::from(blank));
            // A `}` here is told as a missing `;`, by `close`.
            if fits && !regular && after != Some(b'}') {
                let byte = after.unwrap_or_default();
                let kind = SyntaxErrorKind::AfterQuote { byte };
                self.error_at(Span::new(end + 1, end + 2), kind, end + 2);
            }
            let lines = memchr::memchr(b'\n', &self.source[content..end]).is_some();
            if lines && !regular && after != Some(b'}') {
                return self.cut_quote(start);
            }
        }
        self.at = end + 1;
        self.push_word(start, end + 1, Form::Quoted);
    }

    fn comment(&mut self) {
        let start = self.at;
        self.advance(lex::comment);
        self.check_length(start, start, self.at);
        self.tree.comments.push(Span::new(start, self.at));
    }

    fn semicolon(&mut self) {
        if self.has_words() {
            self.push_node(Body::Simple, None, self.at + 1);
        } else {
            self.error(self.at, SyntaxErrorKind::UnexpectedSemicolon);
        }
        self.at += 1;
    }

    fn open(&mut self) {
        let brace = self.at;
        match self.source.get(brace + 1) {
            Some(b'{') => self.template(brace, b"}}"),
            Some(b'%') => self.template(brace, b"%}"),
            _ => {}
        }
        if !self.has_words() {
            self.error(brace, SyntaxErrorKind::UnexpectedOpen);
            self.at += 1;
            return self.push_frame(None, self.in_data());
        }
        if self.recover_open() {
            return;
        }
        let name = self.tree.words[self.first_word].text(self.source);
        let body = if self.in_data() {
            Body::Block
        } else {
            body_of(name)
        };
        let data = self.in_data() || body == Body::Data;
        let node = self.push_node(body, Some(brace), brace + 1);
        self.at = brace + 1;
        if body == Body::Lua {
            self.lua(node);
        } else {
            self.push_frame(Some(node), data);
        }
    }

    fn close(&mut self) {
        if self.has_words() {
            self.error(self.at, SyntaxErrorKind::MissingSemicolon);
            self.push_node(Body::Simple, None, self.last_word_end());
        }
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if self.frames.is_empty() {
            self.error(self.at, SyntaxErrorKind::UnexpectedClose);
        } else {
            self.pop_frame(self.at + 1);
        }
        self.at += 1;
    }

    fn finish(mut self) -> Tree {
        let end = self.source.len();
        if self.has_words() {
            let last = self.last_word_end();
            let span = self.tree.words[self.tree.words.len() - 1].span();
            self.error_at(span, SyntaxErrorKind::EndInDirective, end);
            self.push_node(Body::Simple, None, last);
        } else if let Some(frame) = self.frames.last() {
            let (span, block) = match frame.node {
                Some(node) => {
                    let node = &self.tree.nodes[node];
                    let name = &self.tree.words[node.words.0 as usize];
                    (name.span(), self.printable(name))
                }
                None => (Span::new(end, end), String::new()),
            };
            self.error_at(span, SyntaxErrorKind::EndInBlock { block }, end);
        }
        while !self.frames.is_empty() {
            self.pop_frame(end);
        }
        self.tree
    }

    /// A Lua block is one opaque piece; `self.at` is after its `{`.
    fn lua(&mut self, node: usize) {
        let end = self.source.len();
        let name = &self.tree.words[self.tree.nodes[node].words.0 as usize];
        let name_span = name.span();
        let open = self.at;
        self.at = match lua::block_end(self.source, self.at) {
            lua::End::Closed(at) => at,
            lua::End::Missing => {
                let block = self.printable(name);
                self.error_at(name_span, SyntaxErrorKind::EndInLua { block }, open);
                end
            }
            lua::End::LongBracket { at, level } => {
                let span = Span::new(at, at + 1);
                self.error_at(span, SyntaxErrorKind::LuaBracket { level }, at);
                end
            }
        };
        self.tree.nodes[node].span.end = Span::new(0, self.at).end;
    }

    /// nginx does not know the byte order mark: it becomes part of the first word.
    fn byte_order_mark(&mut self) {
        if !self.source.starts_with(b"\xEF\xBB\xBF") {
            return;
        }
        // What nginx says depends on the first directive that it makes of that word.
        let mut probe = Parser::new(self.source);
        while probe.tree.nodes.is_empty()
            && probe.tree.errors.is_empty()
            && let Some(&byte) = probe.next_byte()
        {
            probe.step(byte);
        }
        let (nginx, read) = if let Some(error) = probe.tree.errors.first() {
            (error.nginx(), error.read as usize)
        } else if let Some(node) = probe.tree.nodes.first() {
            let word = probe.printable(&probe.tree.words[node.words.0 as usize]);
            (format!("unknown directive \"{word}\""), probe.at)
        } else {
            (SyntaxErrorKind::EndInDirective.nginx(), self.source.len())
        };
        let kind = SyntaxErrorKind::ByteOrderMark { nginx };
        self.error_at(Span::new(0, 3), kind, read);
        self.at = 3;
    }

    /// Moves past the text that the parser takes.
    pub(crate) fn advance<O>(&mut self, parser: impl Fn(&'s [u8]) -> nom::IResult<&'s [u8], O>) {
        if let Ok((rest, _)) = parser(self.source.get(self.at..).unwrap_or_default()) {
            self.at = self.source.len() - rest.len();
        }
    }

    /// Reports a token that nginx's buffer cannot hold: `start` is its first byte, `kept` the
    /// first byte that has to stay in the buffer, `held` the byte whose reading releases it.
    fn check_length(&mut self, start: usize, kept: usize, held: usize) -> bool {
        let limit = kept + BUFFER;
        // A source that ends there is not refused: nothing more has to be read.
        if held < limit || self.source.len() <= limit {
            return true;
        }
        let mut first = [0; 10];
        first.copy_from_slice(&self.source[kept..kept + 10]);
        let comment = self.source[start] == b'#';
        let kind = SyntaxErrorKind::TooLong {
            comment,
            start: first,
        };
        self.error_at(Span::new(start, held), kind, start);
        false
    }

    pub(crate) fn has_words(&self) -> bool {
        self.tree.words.len() > self.first_word
    }

    pub(crate) fn in_data(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.data)
    }

    pub(crate) fn last_word_end(&self) -> usize {
        self.tree.words.last().map_or(0, |w| w.span().end as usize)
    }

    pub(crate) fn push_word(&mut self, start: usize, end: usize, form: Form) {
        let word = Word::new(self.source, Span::new(start, end), form);
        self.tree.words.push(word);
    }

    /// Makes the pending words a directive that ends at `end`.
    pub(crate) fn push_node(&mut self, body: Body, open: Option<usize>, end: usize) -> usize {
        self.behind = end;
        let words = Span::new(self.first_word, self.tree.words.len());
        let index = self.tree.nodes.len();
        let start = self.tree.words[self.first_word].span().start;
        self.tree.nodes.push(Node {
            words: (words.start, words.end),
            span: Span::new(start as usize, end),
            open: open.map(|open| Span::new(open, open).start),
            end: Span::new(0, index + 1).end,
            body,
        });
        self.first_word = self.tree.words.len();
        index
    }

    pub(crate) fn push_frame(&mut self, node: Option<usize>, data: bool) {
        if self.frames.len() < MAX_DEPTH {
            self.frames.push(Frame { node, data });
            return;
        }
        if self.too_deep == 0 {
            self.error(self.at - 1, SyntaxErrorKind::TooDeep);
        }
        self.too_deep += 1;
    }

    /// Ends the innermost block at `end`.
    pub(crate) fn pop_frame(&mut self, end: usize) {
        self.behind = end;
        let Some(node) = self.frames.pop().and_then(|frame| frame.node) else {
            return;
        };
        let behind = Span::new(self.tree.nodes.len(), end);
        self.tree.nodes[node].end = behind.start;
        self.tree.nodes[node].span.end = behind.end;
    }

    /// Takes note of a template's mark, when it is closed on the same line: `http {{` is a typo.
    fn template(&mut self, start: usize, close: &[u8]) {
        // Bounded, so that megabytes of open braces stay linear.
        const LONGEST: usize = 200;
        if self.tree.template.is_some() {
            return;
        }
        let rest = &self.source[start + 2..];
        let rest = &rest[..rest.len().min(LONGEST)];
        let inside = memchr::memchr(b'\n', rest).map_or(rest, |end| &rest[..end]);
        if memchr::memmem::find(inside, close).is_some() {
            self.tree.template = Some(Span::new(start, start + 2));
        }
    }

    /// A word as text for a message, shortened.
    pub(crate) fn printable(&self, word: &Word) -> String {
        const LONGEST: usize = 200;
        let text = word.text(self.source);
        String::from_utf8_lossy(&text[..text.len().min(LONGEST)]).into_owned()
    }

    /// Records an error about the one byte at `at`.
    fn error(&mut self, at: usize, kind: SyntaxErrorKind) {
        self.error_at(Span::new(at, at + 1), kind, at + 1);
    }

    /// Records an error; `read` is how far nginx has read when it reports this.
    pub(crate) fn error_at(&mut self, span: Span, kind: SyntaxErrorKind, read: usize) {
        if self.tree.errors.len() == MAX_ERRORS {
            return;
        }
        let pending = self.tree.words.get(self.first_word);
        let seen = match kind {
            SyntaxErrorKind::EndInBlock { .. } => read,
            _ => pending.map_or(span, Word::span).start.min(span.start) as usize,
        };
        self.tree.errors.push(SyntaxError {
            span,
            kind,
            read: Span::new(0, read).end,
            seen: Span::new(0, seen).end,
        });
    }
}

/// Which grammar the block of a directive has.
fn body_of(name: &[u8]) -> Body {
    match name {
        b"types" | b"map" | b"geo" | b"split_clients" | b"charset_map" | b"acme_issuer" => {
            Body::Data
        }
        _ if lua::is_lua_block(name) => Body::Lua,
        _ => Body::Block,
    }
}
