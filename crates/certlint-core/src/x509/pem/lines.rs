//! The lines of a file as OpenSSL's reader gets them.
//!
//! It reads into a buffer of 255 bytes, so a longer line comes in pieces; a NUL byte hides the
//! rest of its piece, and a piece that begins with one ends the reading. White space at the end of
//! a piece is stripped, and with it every byte above 0x7f, which OpenSSL compares as a negative
//! number where `char` is signed (x86).

use text_span::Span;

/// The most bytes of one piece.
const PIECE: usize = 254;

/// A line, or a piece of a long one.
pub(super) struct Line<'a> {
    /// Without the line end and white space before it.
    pub(super) text: &'a [u8],
    /// The place of `text`.
    pub(super) at: Span,
    /// A colon is in the piece.
    pub(super) has_colon: bool,
    /// The line goes on in the next piece.
    pub(super) continues: bool,
}

/// The iterator over the lines of a file.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `bytes` from `position` on.
    pub(super) fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    /// Offset of the first byte that has not been read.
    pub(super) fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let start = self.position;
        let rest = &self.bytes[start..];
        let window = &rest[..rest.len().min(PIECE)];
        let newline = memchr::memchr(b'\n', window);
        let piece = &window[..newline.map_or(window.len(), |at| at + 1)];
        let visible = &piece[..memchr::memchr(0, piece).unwrap_or(piece.len())];
        if visible.is_empty() {
            return None;
        }
        self.position += piece.len();
        let stripped = |byte: &u8| *byte <= b' ' || *byte > 0x7f;
        let length = visible
            .iter()
            .rposition(|byte| !stripped(byte))
            .map_or(0, |last| last + 1);
        Some(Line {
            text: &visible[..length],
            at: Span::new(start, start + length),
            has_colon: memchr::memchr(b':', visible).is_some(),
            continues: visible.len() == PIECE && !visible.ends_with(b"\n"),
        })
    }
}
