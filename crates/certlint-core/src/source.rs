//! Where a fact was written: source texts, spans in them, and field paths.
//!
//! A [`Location`] carries both a byte span (files) and a field path (Kubernetes objects). It is
//! filled once, while lowering, from the very node that was read, and resolved to lines and
//! columns only when a report is written.

use std::sync::{Arc, OnceLock};

pub use manifest_syntax::FieldPath;
use manifest_syntax::Node;
pub use text_span::Span;

/// Index of a [`Source`] in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// Every text that was read, in the order of reading.
#[derive(Debug, Default)]
pub struct Sources {
    sources: Vec<Source>,
}

impl Sources {
    /// Adds a text under the name that reports show.
    ///
    /// Pass `None` as `text` for a source that must not be shown again, such as a private key:
    /// findings then name the file only.
    pub fn add(&mut self, name: String, text: Option<Arc<[u8]>>) -> SourceId {
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source {
            name,
            text,
            lines: OnceLock::new(),
            marks: OnceLock::new(),
        });
        id
    }

    /// The source with this id.
    ///
    /// # Panics
    /// When `id` comes from another `Sources`.
    #[must_use]
    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// All sources with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0u32..).map(SourceId).zip(&self.sources)
    }
}

/// One text that was read, or the mere name of one that may not be shown.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: Option<Arc<[u8]>>,
    lines: OnceLock<Vec<u32>>,
    /// For texts with long lines: offsets, and how many characters are before each.
    marks: OnceLock<Vec<(usize, usize)>>,
}

impl Source {
    /// The name as reports show it: a path relative to the working directory, with `/`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes; `None` for a source that must not be shown.
    #[must_use]
    pub fn text(&self) -> Option<&Arc<[u8]>> {
        self.text.as_ref()
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    ///
    /// Bytes that are not UTF-8 count as one character each. Without a text it is 1:1.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let Some(text) = &self.text else {
            return Position { line: 1, column: 1 };
        };
        let lines = self.line_starts();
        let offset = (offset as usize).min(text.len());
        let index = lines.partition_point(|&start| start as usize <= offset) - 1;
        let start = lines[index] as usize;
        let column = match offset - start {
            0..=MARK_STEP => characters(&text[start..offset]),
            _ => self.characters_before(text, offset) - self.characters_before(text, start),
        };
        Position {
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }

    /// Counts from the last mark, so that many findings in one long line stay cheap.
    fn characters_before(&self, text: &[u8], offset: usize) -> usize {
        let marks = self.marks.get_or_init(|| marks(text));
        let after = marks.partition_point(|&(at, _)| at <= offset);
        let (at, count) = after.checked_sub(1).map_or((0, 0), |last| marks[last]);
        count + characters(&text[at..offset])
    }

    /// Offsets of the first byte of every line; the first is always 0. Computed once.
    #[must_use]
    pub fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let text = self.text.as_deref().unwrap_or_default();
            std::iter::once(0)
                .chain(memchr::memchr_iter(b'\n', text).map(|at| Span::new(at + 1, at + 1).start))
                .collect()
        })
    }
}

/// Bytes between two marks, more or less.
const MARK_STEP: usize = 4096;

fn characters(text: &[u8]) -> usize {
    text.utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
}

fn marks(text: &[u8]) -> Vec<(usize, usize)> {
    let mut marks = Vec::new();
    let (mut at, mut count, mut next) = (0, 0, MARK_STEP);
    for chunk in text.utf8_chunks() {
        let characters = chunk.valid().chars().map(char::len_utf8);
        for length in characters.chain(chunk.invalid().iter().map(|_| 1)) {
            if at >= next {
                marks.push((at, count));
                next = at + MARK_STEP;
            }
            at += length;
            count += 1;
        }
    }
    marks
}

/// A line and a column, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The text that holds it.
    pub source: SourceId,
    /// The bytes; `None` where only the file or object as a whole is meant.
    pub span: Option<Span>,
    /// The field of the object; empty for plain files.
    pub path: FieldPath,
}

impl Location {
    /// A span in a plain file.
    #[must_use]
    pub fn new(source: SourceId, span: Span) -> Self {
        Self {
            source,
            span: Some(span),
            path: FieldPath::default(),
        }
    }

    /// A file as a whole.
    #[must_use]
    pub fn whole(source: SourceId) -> Self {
        Self {
            source,
            span: None,
            path: FieldPath::default(),
        }
    }

    /// The first byte, 0 for a whole file.
    #[must_use]
    pub fn start(&self) -> u32 {
        self.span.map_or(0, |span| span.start)
    }
}

/// Gives the place of a value of a manifest.
pub trait Locate {
    /// The place of the value, to point at.
    #[must_use]
    fn at(self, source: SourceId) -> Location;
}

impl Locate for Node<'_> {
    fn at(self, source: SourceId) -> Location {
        Location {
            source,
            span: Some(self.span()),
            path: self.path(),
        }
    }
}

/// A value with the place it was written at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: Location,
}

impl<T> Spanned<T> {
    /// Joins a value and its place.
    pub fn new(value: T, at: Location) -> Self {
        Self { value, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_long_lines_count_characters_too() {
        let mut text = "x\n".to_owned() + &"é€x".repeat(5_000);
        text.push('\n');
        let mut bytes = text.clone().into_bytes();
        bytes.extend([0xff; 9_000]);
        let mut sources = Sources::default();
        let id = sources.add(String::new(), Some(bytes.into()));
        let column = |offset: usize| {
            let position = sources.get(id).position(u32::try_from(offset).unwrap());
            (position.line, position.column)
        };
        assert_eq!(column(2), (2, 1));
        assert_eq!(column(2 + 6 * 100), (2, 301));
        assert_eq!(column(2 + 6 * 4_999), (2, 14_998));
        assert_eq!(column(2 + 6 * 5_000), (2, 15_001));
        assert_eq!(column(2 + 6 * 5_000 + 1), (3, 1));
        assert_eq!(column(2 + 6 * 5_000 + 1 + 8_000), (3, 8_001));
    }
}
