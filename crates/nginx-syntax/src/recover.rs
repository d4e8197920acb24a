//! Guesses that keep one mistake from hiding the rest of a file.
//!
//! nginx stops at its first error. Here the error is recorded and the source is read on as the
//! author most probably meant it: a forgotten quote ends at its line, an unquoted regex with braces
//! is one word, and a block name at the beginning of a line begins a new directive.

use crate::error::SyntaxErrorKind;
use crate::parse::{BUFFER, Parser};
use crate::tree::Body;
use crate::word::{Form, Word};
use crate::{Span, directive, lex};

impl Parser<'_> {
    /// A quoted word without its closing quote; it begins at `start`.
    pub(crate) fn unclosed(&mut self, start: usize, quote: u8) {
        let end = self.source.len();
        // nginx gives up when its buffer is full, or at the end of the file, whichever is first.
        let (kind, read) = if end > start + 1 + BUFFER {
            (SyntaxErrorKind::QuoteTooLong { quote }, start)
        } else {
            (SyntaxErrorKind::EndInQuote { quote }, end)
        };
        self.error_at(Span::new(start, start + 1), kind, read);
        self.cut_quote(start);
    }

    /// Ends the quoted word that begins at `start` at the first `;` or at the end of its line.
    pub(crate) fn cut_quote(&mut self, start: usize) {
        let content = &self.source[start + 1..];
        let length = memchr::memchr2(b';', b'\n', content).unwrap_or(content.len());
        self.at = start + 1 + length;
        self.push_word(start, self.at, Form::Unclosed);
    }

    /// Handles a `{` that cannot open a block here; true when there is none left to open.
    pub(crate) fn recover_open(&mut self) -> bool {
        let words = &self.tree.words[self.first_word..];
        let [name, ..] = words else { return false };
        let known = directive::has_block(name.text(self.source));
        let last = &words[words.len() - 1];
        let adjacent = last.form() == Form::Bare && last.span().end as usize == self.at;
        if self.in_data() {
            if adjacent && (known != Some(true) || words.len() > 1) {
                let block = self.data_name();
                return self.join_braces(SyntaxErrorKind::BlockInData { block });
            }
            return self.recover_data(known == Some(true));
        }
        let regex = adjacent && words.len() > 1 && is_quantifier(&self.source[self.at..]);
        if regex && known.is_some() {
            let nginx = self.quantifier_as_block(known == Some(true));
            return self.join_braces(SyntaxErrorKind::UnquotedBrace { nginx });
        }
        if known != Some(false) || self.split_directive() {
            return false;
        }
        self.not_terminated();
        true
    }

    /// Reads the last word on through the `{` after it, and through all that follow.
    fn join_braces(&mut self, kind: SyntaxErrorKind) -> bool {
        let brace = self.at;
        let word = self.tree.words.pop().map(|word| word.span().start);
        let start = word.map_or(brace, |start| start as usize);
        while self.source.get(self.at) == Some(&b'{') {
            self.at += 1;
            self.advance(lex::bare);
        }
        self.push_word(start, self.at, Form::Bare);
        self.error_at(Span::new(start, self.at), kind, brace + 1);
        true
    }

    /// The text of nginx when it takes the quantifier of a regex for a block.
    fn quantifier_as_block(&self, known_block: bool) -> String {
        let words = &self.tree.words[self.first_word..];
        let (name, last) = (&words[0], &words[words.len() - 1]);
        if !known_block {
            let name = self.printable(name);
            return format!("directive \"{name}\" is not terminated by \";\"");
        }
        if name.text(self.source) == b"if" {
            return format!("invalid condition \"{}\"", self.printable(last));
        }
        // The block is opened, and `2}$` is its first directive.
        let inside = self.source.get(self.at + 1..).unwrap_or_default();
        let length = lex::bare(inside).map_or(0, |(rest, _)| inside.len() - rest.len());
        let word = Word::new(
            self.source,
            Span::new(self.at + 1, self.at + 1 + length),
            Form::Bare,
        );
        format!("unknown directive \"{}\"", self.printable(&word))
    }

    /// A directive that has no block is before a `{`. When a block name begins a line among
    /// the last words, a `;` was forgotten before it: makes two directives of the words.
    fn split_directive(&mut self) -> bool {
        const LONGEST_BLOCK: usize = 8;
        let words = &self.tree.words[self.first_word..];
        let begins_line = |pair: &[Word]| {
            let gap = Span {
                start: pair[0].span().end,
                end: pair[1].span().start,
            };
            memchr::memchr(b'\n', gap.of(self.source)).is_some()
                && directive::has_block(pair[1].text(self.source)) == Some(true)
        };
        let first = words.len().saturating_sub(LONGEST_BLOCK);
        let Some(found) = words[first..].windows(2).rposition(begins_line) else {
            return false;
        };
        let last = words[first + found].span();
        let directive = self.printable(&words[0]);
        let rest = self.first_word + first + found + 1;
        self.error_at(
            last,
            SyntaxErrorKind::NotTerminated { directive },
            self.at + 1,
        );
        let rest = self.tree.words.split_off(rest);
        self.push_node(Body::Simple, None, last.end as usize);
        self.tree.words.extend(rest);
        true
    }

    /// A directive that has no block is before a `{`, and there is no telling why. What is
    /// closed again on the same line is text in want of quotes; else the block counts for nothing.
    fn not_terminated(&mut self) {
        const LONGEST: usize = 1024;
        let brace = self.at;
        let directive = self.printable(&self.tree.words[self.first_word]);
        let kind = SyntaxErrorKind::NotTerminated { directive };
        self.error_at(Span::new(brace, brace + 1), kind, brace + 1);
        let rest = &self.source[brace..self.source.len().min(brace + LONGEST)];
        let line = memchr::memchr2(b';', b'\n', rest).unwrap_or(0);
        if let Some(close) = memchr::memrchr(b'}', &rest[..line]) {
            self.at = brace + close + 1;
            self.advance(lex::bare);
            self.push_word(brace, self.at, Form::Bare);
        } else {
            self.push_node(Body::Simple, None, self.last_word_end());
            self.at = brace + 1;
            self.push_frame(None, false);
        }
    }

    /// A block inside a data block. When its name is one that nginx knows as a block, the `}` of
    /// the data block was forgotten.
    fn recover_data(&mut self, known_block: bool) -> bool {
        let block = self.data_name();
        let brace = self.at;
        let kind = SyntaxErrorKind::BlockInData { block };
        self.error_at(Span::new(brace, brace + 1), kind, brace + 1);
        while known_block && self.in_data() {
            self.pop_frame(self.behind);
        }
        false
    }

    /// The name of the data block that is open.
    fn data_name(&self) -> String {
        let node = self.frames.last().and_then(|frame| frame.node);
        node.map_or_else(String::new, |node| {
            let name = &self.tree.words[self.tree.nodes[node].words.0 as usize];
            self.printable(name)
        })
    }
}

/// True when the bytes at a `{` are the quantifier of a regex: `{2}`, `{1,}`, `{1,3}`.
fn is_quantifier(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| {
        bytes
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let first = digits(&bytes[1..]);
    let rest = &bytes[1 + first..];
    let rest = match rest {
        [b',', behind @ ..] => &behind[digits(behind)..],
        _ => rest,
    };
    first > 0 && rest.first() == Some(&b'}')
}
