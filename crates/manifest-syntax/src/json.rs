//! JSON: one value, or several one after another (`kubectl get -o json`, JSON lines).
//!
//! The grammar of RFC 8259, read as Kubernetes reads it: of a key that is there twice the last
//! counts, and half a surrogate pair becomes U+FFFD.

use crate::Span;
use crate::build::Builder;
use crate::node::Style;
use crate::syntax_error::SyntaxError;
use crate::{Body, Document};

/// After so many errors the rest is not looked at: it is no JSON.
const MAX_ERRORS: usize = 100;

/// Every value from `start` on. After an error reading goes on at the next line that opens a value.
pub(crate) fn read(text: &str, base: u32, start: usize) -> Vec<Document<'_>> {
    let bytes = text.as_bytes();
    let mut documents = Vec::new();
    let mut errors = 0;
    let mut at = start;
    loop {
        at = skip_white(bytes, at);
        if at >= bytes.len() {
            return documents;
        }
        let mut reader = Reader {
            text,
            bytes,
            at,
            builder: Builder::new(text, base),
        };
        let result = reader.value();
        at = reader.at;
        let body = match result.and_then(|()| reader.builder.finish()) {
            Ok(Some(tree)) if !tree.root().is_null() => Body::Tree(tree),
            Ok(_) => Body::Empty,
            Err(error) => Body::Broken(error),
        };
        if let Body::Broken(_) = body {
            errors += 1;
            at = next_opening(bytes, at);
        }
        documents.push(Document::new(body, Vec::new()));
        if errors == MAX_ERRORS {
            return documents;
        }
    }
}

/// The text opens like JSON does, which YAML would hardly be written like.
pub(crate) fn looks_like_json(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'{') => matches!(bytes.get(skip_white(bytes, 1)), Some(b'"' | b'}')),
        Some(b'[') => matches!(bytes.get(skip_white(bytes, 1)), Some(b'{')),
        _ => false,
    }
}

/// The next line after an error that opens a value without indentation.
fn next_opening(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', bytes.get(at..).unwrap_or_default())
        .map(|line| at + line + 1)
        .find(|&line| matches!(bytes.get(line), Some(b'{' | b'[')))
        .unwrap_or(bytes.len())
}

fn skip_white(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_white = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    at + rest.iter().take_while(is_white).count()
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    builder: Builder<'t>,
}

impl Reader<'_> {
    /// Reads one value with all that is in it.
    fn value(&mut self) -> Result<(), SyntaxError> {
        let mut open = Vec::new();
        loop {
            if self.opens(&mut open)? {
                continue;
            }
            while let Some(&is_object) = open.last() {
                let bracket = if is_object { b'}' } else { b']' };
                self.skip_white();
                if self.take(b',') {
                    if is_object {
                        self.key()?;
                    }
                    break;
                }
                if !self.take(bracket) {
                    let bracket = char::from(bracket);
                    return Err(self.error(format!("`,` or `{bracket}` is missing")));
                }
                self.close();
                open.pop();
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Reads a scalar or an empty collection, or opens one with something in it: then `true`.
    fn opens(&mut self, open: &mut Vec<bool>) -> Result<bool, SyntaxError> {
        self.skip_white();
        let start = self.at;
        match self.bytes.get(start) {
            Some(&bracket @ (b'{' | b'[')) => {
                let is_object = bracket == b'{';
                let span = self.builder.span(start, start + 1);
                self.builder.begin(is_object, span)?;
                self.at += 1;
                self.skip_white();
                if self.take(if is_object { b'}' } else { b']' }) {
                    self.close();
                    return Ok(false);
                }
                open.push(is_object);
                if is_object {
                    self.key()?;
                }
                Ok(true)
            }
            Some(b'"') => self.string().map(|()| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            Some(b't') => self.word("true").map(|()| false),
            Some(b'f') => self.word("false").map(|()| false),
            Some(b'n') => self.word("null").map(|()| false),
            _ => Err(self.error("a value is missing")),
        }
    }

    fn close(&mut self) {
        let end = self.builder.span(self.at, self.at).end;
        self.builder.end(Some(end));
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        self.skip_white();
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.error("a key in double quotes is missing"));
        }
        self.string()?;
        self.skip_white();
        if self.take(b':') {
            return Ok(());
        }
        Err(self.error("`:` is missing"))
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut at = start + 1;
        let mut own: Option<String> = None;
        // Where the part that is not yet in `own` starts.
        let mut from = at;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let Some(length) = rest.iter().position(is_special) else {
                return Err(self.error("this quote is not closed"));
            };
            at += length;
            match self.bytes[at] {
                b'"' => break,
                b'\\' => {
                    let text = own.get_or_insert_default();
                    text.push_str(self.text.get(from..at).unwrap_or_default());
                    let Some((character, length)) = escape(&self.bytes[at..]) else {
                        self.at = at;
                        return Err(self.error("this escape is unknown"));
                    };
                    text.push(character);
                    at += length;
                    from = at;
                }
                b'\n' | b'\r' => return Err(self.error("this quote is not closed")),
                control => {
                    self.at = at;
                    let message = format!("control character U+{control:04X} in a string");
                    return Err(self.error(message));
                }
            }
        }
        if let Some(text) = &mut own {
            text.push_str(self.text.get(from..at).unwrap_or_default());
        }
        self.at = at + 1;
        let span = self.builder.span(start, self.at);
        self.builder.scalar(span, Style::Quoted, own)
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let digits = |bytes: &[u8], at: usize| {
            let rest = bytes.get(at..).unwrap_or_default();
            rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let mut at = start + usize::from(self.bytes[start] == b'-');
        let whole = digits(self.bytes, at);
        let mut is_number = whole == 1 || whole > 1 && self.bytes[at] != b'0';
        at += whole;
        if self.bytes.get(at) == Some(&b'.') {
            let fraction = digits(self.bytes, at + 1);
            is_number &= fraction > 0;
            at += 1 + fraction;
        }
        if let Some(b'e' | b'E') = self.bytes.get(at) {
            at += 1 + usize::from(matches!(self.bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(self.bytes, at);
            is_number &= exponent > 0;
            at += exponent;
        }
        if !is_number {
            return Err(self.error("this is no number"));
        }
        self.scalar(at)
    }

    fn word(&mut self, word: &str) -> Result<(), SyntaxError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("a value is missing"));
        }
        self.scalar(self.at + word.len())
    }

    /// Adds a bare scalar that ends at `end`.
    fn scalar(&mut self, end: usize) -> Result<(), SyntaxError> {
        let span = self.builder.span(self.at, end);
        self.at = end;
        self.builder.scalar(span, Style::Plain, None)
    }

    fn skip_white(&mut self) {
        self.at = skip_white(self.bytes, self.at);
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// An error at the word here.
    fn error(&self, message: impl Into<String>) -> SyntaxError {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ends = |character: char| character.is_whitespace() || ",:]}".contains(character);
        let length = rest.find(ends).unwrap_or(rest.len());
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let span: Span = self.builder.span(self.at, self.at + length.max(first));
        SyntaxError::new(span, message)
    }
}

/// The character of an escape and the length of the escape.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let character = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(bytes),
        _ => return None,
    };
    Some((character, 2))
}

/// `\uXXXX`, or two of them that make a surrogate pair.
fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = hex(bytes)?;
    if !(0xd800..0xe000).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = bytes.get(6..).and_then(hex).unwrap_or_default();
    if first < 0xdc00 && (0xdc00..0xe000).contains(&second) {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return Some((char::from_u32(code)?, 12));
    }
    Some((char::REPLACEMENT_CHARACTER, 6))
}

/// The four digits of a `\uXXXX`.
fn hex(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |value, &digit| {
        Some(value * 16 + char::from(digit).to_digit(16)?)
    })
}
