//! From an offset in the text of a scalar back to the byte it was written at.
//!
//! A PEM block in `stringData` or an nginx configuration in a ConfigMap is a text inside a text:
//! indented, or with `\n` for its line breaks. Findings inside it must still point at the right
//! bytes of the manifest.

use crate::Span;

/// Leads from offsets in the text of one scalar back to the source.
#[derive(Clone, Debug)]
pub struct TextMap {
    whole: Span,
    /// Offsets in the text and in the source from where on both run side by side; sorted.
    pieces: Vec<(u32, u32)>,
    /// Between two pieces lies source that is not text: the indentation of a literal block.
    has_gaps: bool,
}

impl TextMap {
    /// For a scalar of which only the whole can be pointed at: lines that were folded.
    pub(crate) fn whole(whole: Span) -> Self {
        Self {
            whole,
            pieces: Vec::new(),
            has_gaps: false,
        }
    }

    /// For a text that is in the source as it is, after `skipped` bytes (a quote).
    pub(crate) fn as_written(whole: Span, skipped: usize) -> Self {
        let mut map = Self::whole(whole);
        map.push(0, skipped);
        map
    }

    /// For a literal block.
    pub(crate) fn literal(whole: Span, text: &str, written: &str) -> Self {
        let mut map = Self::whole(whole);
        map.lines(text, written);
        map
    }

    /// For one line in quotes with escapes.
    pub(crate) fn escaped(whole: Span, text: &str, written: &str) -> Self {
        let mut map = Self::whole(whole);
        map.escapes(text, written);
        map
    }

    /// The bytes of a part of the text; the whole scalar where lines were folded.
    #[must_use]
    pub fn locate(&self, part: Span) -> Span {
        let Some(start) = self.byte(part.start) else {
            return self.whole;
        };
        let end = if part.end <= part.start {
            Some(start)
        } else if self.has_gaps {
            self.byte(part.end - 1).map(|byte| byte + 1)
        } else {
            self.byte(part.end)
        };
        let end = end.unwrap_or(start);
        Span {
            start,
            end: end.clamp(start, self.whole.end.max(start)),
        }
    }

    fn byte(&self, offset: u32) -> Option<u32> {
        let after = self.pieces.partition_point(|&(text, _)| text <= offset);
        let (text, source) = *self.pieces.get(after.checked_sub(1)?)?;
        Some(source + (offset - text))
    }

    /// Both offsets are relative: `text` to the text, `written` to the span.
    fn push(&mut self, text: usize, written: usize) {
        let at = Span::new(text, written);
        self.pieces.push((at.start, self.whole.start + at.end));
    }

    /// A literal block: line by line, each without its indentation.
    fn lines(&mut self, text: &str, written: &str) {
        self.has_gaps = true;
        // Empty lines at the top are before the first byte of content.
        let content = text.trim_start_matches('\n');
        let mut at = text.len() - content.len();
        if at > 0 {
            self.push(0, 0);
        }
        let mut start = 0;
        for (line, source) in content.split('\n').zip(written.split('\n')) {
            let source_line = source.strip_suffix('\r').unwrap_or(source);
            let indentation = source_line.len().saturating_sub(line.len());
            self.push(at, start + indentation);
            at += line.len() + 1;
            start += source.len() + 1;
        }
    }

    /// One line in quotes: a piece after each escape.
    fn escapes(&mut self, text: &str, written: &str) {
        let bytes = written.as_bytes();
        let escape = if bytes.first() == Some(&b'"') {
            b'\\'
        } else {
            b'\''
        };
        let (mut at, mut from) = (0, 1);
        self.push(0, 1);
        for found in memchr::memchr_iter(escape, bytes) {
            if found < from || found + 1 >= bytes.len() {
                continue;
            }
            at += found - from;
            let character = text.get(at..).and_then(|rest| rest.chars().next());
            let length = match bytes[found + 1] {
                _ if escape == b'\'' => 2,
                b'x' => 4,
                b'u' if character.is_some_and(|character| character > '\u{ffff}') => 12,
                b'u' => 6,
                b'U' => 10,
                _ => 2,
            };
            self.push(at, found);
            at += character.map_or(0, char::len_utf8);
            from = found + length;
            self.push(at, from);
        }
    }
}
