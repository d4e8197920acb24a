//! The YAML that programs write: one document of indented keys, lists, one-line values and literal
//! blocks, in ASCII.
//!
//! Nearly all manifests are of this kind (`helm template`, `kustomize build`, `kubectl get -o yaml`),
//! and reading them line by line is many times faster than through a parser for all of YAML. What is
//! not surely of this kind, also every error, is left to that parser: tests hold that whatever is
//! read here is read there with the same result.

use std::borrow::Cow;

use super::build::Builder;
use super::node::Style;
use super::{Body, Document};
use crate::source::Span;

/// A document in the simple form; `None` where it is anything else.
pub(super) fn read(text: &str, base: u32) -> Option<Document<'_>> {
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
    /// The last line ended behind the colon of a key.
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
            // The dashes of a list may stand below the first letter of its key.
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

    /// A key, and its value where that stands on the same line.
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

    /// The colon behind a key of simple letters.
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

    /// A value on the line of its key or dash, which stands at `column`.
    fn value(&mut self, at: usize, end: usize, column: usize) -> Option<()> {
        match self.bytes[at] {
            quote @ (b'"' | b'\'') => self.quoted(quote, at, end),
            b'|' => self.literal(at, end, column),
            b'[' if self.bytes.get(at + 1) == Some(&b']') => self.empty(false, at, end),
            b'{' if self.bytes.get(at + 1) == Some(&b'}') => self.empty(true, at, end),
            b'-' if at + 1 == end || self.bytes[at + 1] == b' ' => None,
            b'&' | b'*' | b'!' | b'>' | b'%' | b'@' | b'`' | b'?' | b':' | b',' | b'[' | b']'
            | b'{' | b'}' => None,
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
        let inner = &self.bytes[at + 1..end];
        let length = memchr::memchr(quote, inner)?;
        if quote == b'"' && memchr::memchr(b'\\', &inner[..length]).is_some()
            || quote == b'\'' && inner.get(length + 1) == Some(&quote)
        {
            return None;
        }
        let close = at + 1 + length + 1;
        self.scalar(at, close, Style::Quoted)?;
        self.tail(close, end)
    }

    /// `[]` or `{}`.
    fn empty(&mut self, is_mapping: bool, at: usize, end: usize) -> Option<()> {
        let span = self.builder.span(at, at + 2);
        self.builder.begin(is_mapping, span).ok()?;
        self.builder.end(Some(span.end));
        self.tail(at + 2, end)
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

    /// Behind a value only spaces may stand, and a comment after at least one.
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
mod tests {
    use proptest::prelude::*;

    use super::super::yaml;
    use super::*;

    /// All that a document holds, entry by entry.
    fn dump(document: &Document<'_>) -> String {
        let tree = match &document.body {
            Body::Tree(tree) => tree,
            other => return format!("{other:?} {:?}", document.comments),
        };
        let entries = (0..).zip(&tree.nodes).map(|(index, entry)| {
            let kind = match entry.kind {
                super::super::node::Kind::Scalar { style, .. } => format!("{style:?}"),
                collection => format!("{collection:?}"),
            };
            let text = tree.text_of(index);
            let Span { start, end } = entry.span;
            let (parent, place, lost) = (entry.parent, entry.place, entry.overridden);
            format!("{index}: {kind} {text:?} {start}..{end} in {parent}[{place}] {lost}\n")
        });
        let entries: String = entries.collect();
        let (duplicates, comments) = (tree.duplicates(), &document.comments);
        format!("{entries}{duplicates:?} {comments:?}")
    }

    /// What is read here is read the same by the parser for all of YAML.
    fn agrees(text: &str) -> bool {
        let Some(document) = read(text, 7) else {
            return false;
        };
        let others = yaml::read(text, 7);
        let [other] = &others[..] else {
            panic!("{} documents in {text:?}", others.len());
        };
        assert_eq!(dump(&document), dump(other), "{text:?}");
        true
    }

    #[test]
    fn manifests_of_programs_are_read_here_and_alike() {
        for text in [
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  labels: {}\ndata:\n  tls.crt: QUJD\n",
            "---\n# Source: chart/templates/ingress.yaml\nspec:\n  tls:\n    - hosts:\n        - a.example # why\n      secretName: \"a\"\n  rules: []\n",
            "spec:\n  tls:\n  - hosts:\n    - '*.a.example'\n    - b.example\n    secretName: x\n  empty:\n  rules:\n  - host: c\n",
            "data:\n  nginx.conf: |\n    server {\n      listen 443 ssl;\n\n    }\n  b: |-\n    x\n\n  c: |+\n    y\n\n# end\n",
            "a: 1\na: 2\nb:\n  a: x\n  a: y\nyes: 1\ntrue: 2\n0x10: 3\n",
            "--- # head\na: http://x:80/#y\nb: x # c\n\n# d\nargs:\n- --a=b\n- -1\n",
            "- a\n- b: 1\n  c:\n- d:\n  e: |\n   f\n",
            "# nur ä\n",
            "a: ö — x # ß\n",
            "---\n",
            "a:",
            "a: 10:20\nb: a:b\nc: x,y [z] {q}\n",
        ] {
            assert!(agrees(text), "not read: {text:?}");
        }
    }

    #[test]
    fn whatever_may_mean_more_is_left_to_the_parser_for_all_of_yaml() {
        for text in [
            "",
            "a: &x 1\n",
            "b: *x\n",
            "<<: {a: 1}\n",
            "a: !!str 1\n",
            "a: >\n  x\n",
            "a: [1]\n",
            "a: x\n  y\n",
            "a: \"x\\n\"\n",
            "a: 'x''y'\n",
            "'a': 1\n",
            "? a\n",
            "a:\tb\n",
            "a: \u{a0}\n",
            "a: |+\n  x\n  ",
            "ä: a\n",
            "a: |2\n    x\n",
            "a: |\n\n  x\n",
            "a: |\n  x",
            "a: |\n  x\n    \n",
            "a: 1\r\n",
            " a: 1\n",
            "a: b: c\n",
            "a: 1\n b: 2\n",
            "- a\nb: 1\n",
            "a:\n  b: 1\n c: 2\n",
            "...\n",
            "%YAML 1.2\n",
            "-\n",
            "- - a\n",
            "a: 'x' y\n",
            "a: \"x\"#y\n",
            "~: 1\n",
            "null: 1\n",
            "--- a\n",
            "x\n",
        ] {
            assert!(read(text, 0).is_none(), "{text:?}");
        }
    }

    const PIECES: &[&str] = &[
        "a: 1",
        "b:",
        "c: x y",
        "- x",
        "- c: 2",
        "- d:",
        "- |",
        "- >",
        "k: |",
        "l: |-",
        "m: |+",
        "n: | ",
        "text",
        "# note",
        "",
        "   ",
        "a: 'q'",
        "b: \"q\" # c",
        "- - x",
        "a: b: c",
        "e: []",
        "- {}",
        "f: {}",
        "x # y",
        "a:b",
        "a: x#y",
        "---",
        "...",
        "yes: no",
        "'q': v",
        "a: -",
        "a: - b",
        "-",
        "a: &x 1",
        "<<: 1",
        "a: x ",
        "null: 1",
        "- -1",
        "a: ---",
        "a: #",
        "a: :",
        "b : c",
        "- # c",
        "- a # c",
        "0x1: 2",
        "a: \"\"",
        "a: ''",
        "a: 'it''s'",
        "a: \"x\" y",
        "a: |  # c",
        "a: \"x",
        "- 'y",
        "a:  z",
        "-  a: 1",
        "a:\u{20}",
        "? a",
        "! x",
        "a: *x",
        "#",
        "a: x  # c  ",
        "---  # c",
        "{}",
        "a: {",
        "}",
        "a: |-x",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30_000))]

        #[test]
        fn what_is_read_here_is_read_alike_by_the_other_parser(
            lines in prop::collection::vec((0_usize..6, 0..PIECES.len(), 0_u8..10), 1..12),
            ends_with_break in any::<bool>(),
        ) {
            let mut column = 0;
            let lines: Vec<String> = lines
                .into_iter()
                .map(|(step, piece, keeps)| {
                    // Mostly neighbours, so that a good part of the documents is right.
                    column = match keeps {
                        0..6 => column,
                        6 | 7 => column + 2,
                        8 => step,
                        _ => 0,
                    };
                    " ".repeat(column) + PIECES[piece]
                })
                .collect();
            let mut text = lines.join("\n");
            if ends_with_break {
                text.push('\n');
            }
            agrees(&text);
        }
    }
}
