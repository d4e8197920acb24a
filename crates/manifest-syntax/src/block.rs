//! The YAML that programs write: one document of indented keys, lists, one-line values and literal
//! blocks. One-line lists in brackets are in `flow.rs`.
//!
//! Nearly all manifests are of this kind (`helm template`, `kustomize build`, `kubectl get -o yaml`),
//! and reading them line by line is many times faster than through a parser for all of YAML. What is
//! not surely of this kind, also every error, is left to that parser: tests hold that whatever is
//! read here is read there with the same result.

mod flow;

use std::borrow::Cow;

use crate::Span;
use crate::build::Builder;
use crate::node::Style;
use crate::{Body, Document};

/// A document in the simple form; `None` where it is anything else.
pub(crate) fn read(text: &str, base: u32) -> Option<Document<'_>> {
    let bytes = text.as_bytes();
    let is_simple = |byte: u8| match byte {
        b' '..=b'~' | b'\n' => true,
        // The characters that YAML does not allow, or that end a line for some, start with these.
        0xc2 | 0xef => false,
        _ => byte >= 0x80,
    };
    // No early end: the whole is checked in wide steps.
    if !bytes.iter().fold(true, |all, &byte| all & is_simple(byte)) {
        return None;
    }
    let mut reader = Reader {
        text,
        bytes,
        at: 0,
        builder: Builder::new(text, base),
        levels: Vec::new(),
        needs_value: false,
        comments: Vec::new(),
    };
    reader.document()?;
    let body = match reader.builder.finish().ok()? {
        Some(tree) => Body::Tree(tree),
        None => Body::Empty,
    };
    Some(Document::new(body, reader.comments))
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The start of the next line.
    at: usize,
    builder: Builder<'t>,
    levels: Vec<Level>,
    /// The last line ended after the colon of a key.
    needs_value: bool,
    comments: Vec<Span>,
}

/// A mapping or list that is open, and the column of its keys or dashes.
#[derive(Clone, Copy)]
struct Level {
    column: usize,
    is_mapping: bool,
}

impl Reader<'_> {
    fn document(&mut self) -> Option<()> {
        let mut is_marked = false;
        if self.bytes.starts_with(b"---") {
            let end = self.line_end(0);
            self.tail(3, end)?;
            self.at = end + 1;
            is_marked = true;
        }
        while self.at < self.bytes.len() {
            let start = self.at;
            let end = self.line_end(start);
            self.at = end + 1;
            let content = self.skip_spaces(start, end);
            match self.bytes.get(content) {
                _ if content == end => {}
                Some(b'#') => self.comment(content, end),
                _ => self.line(start, content, end)?,
            }
        }
        if self.needs_value {
            self.nothing()?;
        }
        while self.levels.pop().is_some() {
            self.builder.end(None);
        }
        // Without a mark, a text without content is no document at all.
        let is_document = is_marked || self.builder.next_index() > 0 || !self.comments.is_empty();
        is_document.then_some(())
    }

    /// A line with content: a dash, or a key.
    fn line(&mut self, start: usize, content: usize, end: usize) -> Option<()> {
        let column = content - start;
        let is_item = self.is_dash(content, end);
        self.enter(column, is_item, content)?;
        if !is_item {
            return self.entry(content, end, column);
        }
        let value = self.skip_spaces(content + 1, end);
        if value == end || self.bytes[value] == b'#' || self.is_dash(value, end) {
            return None;
        }
        if self.key_end(value, end).is_none() {
            return self.value(value, end, column);
        }
        self.open(value - start, true, value)?;
        self.entry(value, end, value - start)
    }

    /// Opens and closes levels, so that the innermost is the one that a line belongs to.
    fn enter(&mut self, column: usize, is_item: bool, content: usize) -> Option<()> {
        if self.needs_value {
            let above = self.levels.last()?.column;
            // The dashes of a list may be below the first letter of its key.
            if column > above || is_item && column == above {
                self.needs_value = false;
                return self.open(column, !is_item, content);
            }
            self.nothing()?;
        }
        while let Some(level) = self.levels.last() {
            let is_over =
                level.column > column || level.column == column && !level.is_mapping && !is_item;
            if !is_over {
                break;
            }
            self.levels.pop();
            self.builder.end(None);
        }
        match self.levels.last() {
            None if self.builder.next_index() == 0 && column == 0 => {
                self.open(column, !is_item, content)
            }
            Some(level) => (level.column == column && level.is_mapping != is_item).then_some(()),
            None => None,
        }
    }

    fn open(&mut self, column: usize, is_mapping: bool, at: usize) -> Option<()> {
        let span = self.builder.span(at, at);
        self.builder.begin(is_mapping, span).ok()?;
        self.levels.push(Level { column, is_mapping });
        Some(())
    }

    /// A key, and its value where that is on the same line.
    fn entry(&mut self, at: usize, end: usize, column: usize) -> Option<()> {
        let colon = self.key_end(at, end)?;
        self.scalar(at, colon, Style::Plain)?;
        let value = self.skip_spaces(colon + 1, end);
        if value == end || self.bytes[value] == b'#' {
            self.needs_value = true;
            return self.tail(value, end);
        }
        self.value(value, end, column)
    }

    /// The colon after a key of simple letters.
    fn key_end(&self, at: usize, end: usize) -> Option<usize> {
        /// YAML has a limit of 1024 characters for a key.
        const MAX_KEY: usize = 1000;
        let line = &self.bytes[at..end];
        let first = line.first()?;
        if !first.is_ascii_alphanumeric() && !b"_./".contains(first) {
            return None;
        }
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./-".contains(byte);
        let length = line.iter().take_while(|byte| is_letter(byte)).count();
        let is_key = line.get(length) == Some(&b':')
            && line.get(length + 1).is_none_or(|&byte| byte == b' ')
            && length <= MAX_KEY;
        is_key.then_some(at + length)
    }

    /// A value on the line of its key or dash, which is at `column`.
    fn value(&mut self, at: usize, end: usize, column: usize) -> Option<()> {
        match self.bytes[at] {
            quote @ (b'"' | b'\'') => self.quoted(quote, at, end),
            b'|' => self.literal(at, end, column),
            b'[' | b'{' => {
                let close = self.flow(at, end)?;
                self.tail(close, end)
            }
            b'-' if at + 1 == end || self.bytes[at + 1] == b' ' => None,
            b'&' | b'*' | b'!' | b'>' | b'%' | b'@' | b'`' | b'?' | b':' | b',' | b']' | b'}' => {
                None
            }
            _ => self.plain(at, end),
        }
    }

    fn plain(&mut self, at: usize, end: usize) -> Option<()> {
        let line = &self.bytes[at..end];
        let mut length = line.len();
        for found in memchr::memchr2_iter(b':', b'#', line) {
            if line[found] == b'#' {
                if found > 0 && line[found - 1] == b' ' {
                    length = found;
                    break;
                }
            } else if line.get(found + 1).is_none_or(|&byte| byte == b' ') {
                return None;
            }
        }
        let value = line[..length].trim_ascii_end();
        self.scalar(at, at + value.len(), Style::Plain)?;
        self.tail(at + value.len(), end)
    }

    /// A value in quotes without any escape.
    fn quoted(&mut self, quote: u8, at: usize, end: usize) -> Option<()> {
        let close = self.quoted_end(quote, at, end)?;
        self.scalar(at, close, Style::Quoted)?;
        self.tail(close, end)
    }

    fn quoted_end(&self, quote: u8, at: usize, end: usize) -> Option<usize> {
        let inner = &self.bytes[at + 1..end];
        let length = memchr::memchr(quote, inner)?;
        if quote == b'"' && memchr::memchr(b'\\', &inner[..length]).is_some()
            || quote == b'\'' && inner.get(length + 1) == Some(&quote)
        {
            return None;
        }
        Some(at + 1 + length + 1)
    }

    /// A literal block. Its lines are indented deeper than `column`, all alike or more.
    fn literal(&mut self, at: usize, end: usize, column: usize) -> Option<()> {
        let chomping = match &self.bytes[at..end] {
            b"|" => None,
            b"|-" => Some(b'-'),
            b"|+" => Some(b'+'),
            _ => return None,
        };
        let first = self.at;
        let start = self.skip_spaces(first, self.line_end(first));
        let indentation = start - first;
        if indentation <= column {
            return None;
        }
        let mut text = String::new();
        let mut last = start;
        while self.at < self.bytes.len() {
            let line = self.at;
            let end = self.line_end(line);
            let content = self.skip_spaces(line, end);
            if end == self.bytes.len() {
                // How the text ends without a last line break is a matter of its own.
                return None;
            }
            if content == end {
                // Spaces beyond the indentation would be text, and a blank first line measures
                // nothing.
                if content - line > indentation || line == first {
                    return None;
                }
                text.push('\n');
            } else if content - line >= indentation {
                text.push_str(self.text.get(line + indentation..end)?);
                text.push('\n');
                last = end;
            } else if content - line > column {
                return None;
            } else {
                break;
            }
            self.at = end + 1;
        }
        if last == start {
            return None;
        }
        let trimmed = text.trim_end_matches('\n').len();
        match chomping {
            None => text.truncate(trimmed + 1),
            Some(b'-') => text.truncate(trimmed),
            Some(_) => {}
        }
        let span = self.builder.span(start, last);
        self.builder
            .written_scalar(span, Style::Literal, Cow::Owned(text))
            .ok()
    }

    fn scalar(&mut self, start: usize, end: usize, style: Style) -> Option<()> {
        let span = self.builder.span(start, end);
        self.builder.scalar(span, style, None).ok()
    }

    fn nothing(&mut self) -> Option<()> {
        self.needs_value = false;
        let span = self.builder.span(self.at, self.at);
        self.builder.nothing(span).ok()
    }

    /// Only spaces may follow a value, and a comment after at least one.
    fn tail(&mut self, at: usize, end: usize) -> Option<()> {
        let rest = self.skip_spaces(at, end);
        if rest == end {
            return Some(());
        }
        let is_comment = self.bytes[rest] == b'#' && self.bytes.get(rest - 1) == Some(&b' ');
        is_comment.then(|| self.comment(rest, end))
    }

    fn comment(&mut self, start: usize, end: usize) {
        self.comments.push(self.builder.span(start, end));
    }

    fn is_dash(&self, at: usize, end: usize) -> bool {
        self.bytes[at] == b'-' && (at + 1 == end || self.bytes[at + 1] == b' ')
    }

    fn line_end(&self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |length| start + length)
    }

    fn skip_spaces(&self, start: usize, end: usize) -> usize {
        let line = self.bytes.get(start..end).unwrap_or_default();
        start + line.iter().take_while(|&&byte| byte == b' ').count()
    }
}

#[cfg(test)]
mod tests;
