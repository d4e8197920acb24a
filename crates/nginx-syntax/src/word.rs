//! One word of a directive: its place, and its text once unescaped.
//!
//! Most words say exactly what is written, so a word keeps only its span; text of its own is kept
//! where unescaping changed something.

use crate::Span;

/// One word: a directive's name, or an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    span: Span,
    unescaped: Option<Box<[u8]>>,
    form: Form,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Bare,
    Quoted,
    /// The closing quote is missing; the word was cut where it probably belongs.
    Unclosed,
}

impl Word {
    pub(crate) fn new(source: &[u8], span: Span, form: Form) -> Self {
        let mut word = Self {
            span,
            unescaped: None,
            form,
        };
        word.unescaped = unescape(word.content().of(source));
        word
    }

    /// The place of the word, with its quotes.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The word as it is written, with quotes and backslashes.
    #[must_use]
    pub fn raw<'a>(&self, source: &'a [u8]) -> &'a [u8] {
        self.span.of(source)
    }

    /// The word as nginx reads it: without quotes, unescaped.
    ///
    /// `\"`, `\'` and `\\` lose the backslash and `\t`, `\r`, `\n` become control bytes, with or
    /// without quotes; every other backslash stays, so a regex keeps its `\.` and `\d`.
    #[must_use]
    pub fn text<'a>(&'a self, source: &'a [u8]) -> &'a [u8] {
        match &self.unescaped {
            Some(text) => text,
            None => self.content().of(source),
        }
    }

    /// True when the word is in double or single quotes.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.form != Form::Bare
    }

    /// The bytes of the source that made the byte of [`Word::text`] at `text_offset`.
    ///
    /// An escape is two bytes long. At and after the end of the text this is the empty span
    /// before the closing quote.
    #[must_use]
    pub fn locate(&self, source: &[u8], text_offset: usize) -> Span {
        let content = self.content();
        let start = content.start as usize;
        if self.unescaped.is_none() {
            let at = text_offset.min(content.len());
            return Span::new(start + at, start + (at + 1).min(content.len()));
        }
        let bytes = content.of(source);
        let mut at = 0;
        for _ in 0..text_offset.min(bytes.len()) {
            at += step(&bytes[at..]).0;
        }
        Span::new(start + at, start + at + step(&bytes[at..]).0)
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// The word without its quotes, still escaped.
    fn content(&self) -> Span {
        let Span { start, end } = self.span;
        match self.form {
            Form::Bare => self.span,
            Form::Quoted => Span {
                start: start + 1,
                end: end - 1,
            },
            Form::Unclosed => Span {
                start: start + 1,
                end,
            },
        }
    }
}

/// The unescaped text, where it differs.
fn unescape(mut rest: &[u8]) -> Option<Box<[u8]>> {
    let first = memchr::memchr(b'\\', rest)?;
    let length = rest.len();
    let mut text = Vec::with_capacity(length);
    text.extend_from_slice(&rest[..first]);
    rest = &rest[first..];
    while let (taken @ 1.., byte) = step(rest) {
        text.push(byte);
        rest = &rest[taken..];
    }
    (text.len() != length).then(|| text.into_boxed_slice())
}

/// How many bytes make the next byte of the text, and that byte; (0, 0) at the end.
fn step(bytes: &[u8]) -> (usize, u8) {
    match *bytes {
        [b'\\', byte @ (b'"' | b'\'' | b'\\'), ..] => (2, byte),
        [b'\\', b't', ..] => (2, b'\t'),
        [b'\\', b'r', ..] => (2, b'\r'),
        [b'\\', b'n', ..] => (2, b'\n'),
        [byte, ..] => (1, byte),
        [] => (0, 0),
    }
}
