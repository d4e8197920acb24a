//! Tells a template that was not rendered from a manifest with an error.
//!
//! Helm writes `{{ … }}` and Jinja `{% … %}` where a value or a line starts; YAML reads that as the
//! start of a mapping. Inside quotes, blocks and comments both are text, unless a quote of the
//! template ends that of the value too early: `"{{ include "name" . }}"`.

use crate::Span;

/// The first template mark at the start of a value or a line, between `start` and the end of the
/// line of an error at `error`; offsets are relative to `base`.
///
/// `scalars` are the scalars read so far, in order: their content is text.
pub(super) fn find(
    text: &str,
    base: u32,
    start: usize,
    error: usize,
    scalars: impl Iterator<Item = Span>,
) -> Option<Span> {
    let bytes = text.as_bytes();
    let end = memchr::memchr(b'\n', bytes.get(error..)?).map_or(bytes.len(), |line| error + line);
    if let Some(mark) = cut_short(text, error) {
        let at = base as usize + mark;
        return Some(Span::new(at, at + 2));
    }
    let mut scalars = scalars.peekable();
    memchr::memchr_iter(b'{', bytes.get(start..end)?)
        .map(|at| start + at)
        .filter(|&at| matches!(bytes.get(at + 1), Some(b'{' | b'%')))
        .filter(|&at| starts_value(bytes, at))
        .map(|at| Span::new(base as usize + at, base as usize + at + 2))
        .find(|mark| {
            while scalars.next_if(|scalar| scalar.end <= mark.start).is_some() {}
            scalars
                .peek()
                .is_none_or(|scalar| scalar.start > mark.start)
        })
}

/// A mark in quotes that is not closed before the error on its line.
fn cut_short(text: &str, error: usize) -> Option<usize> {
    let before = text.get(..error)?;
    let line = before.rfind('\n').map_or(0, |line| line + 1);
    let before = &before[line..];
    let mark = before.rfind("{{")?;
    let is_comment = before.trim_start().starts_with('#');
    let is_quoted = before[..mark].contains(['"', '\'']);
    let is_open = is_quoted && !is_comment && !before[mark..].contains("}}");
    is_open.then_some(line + mark)
}

/// Before `at` are only indentation and dashes, or a key with its colon, or a bracket or comma.
fn starts_value(bytes: &[u8], at: usize) -> bool {
    let line = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |line| line + 1);
    let before = &bytes[line..at];
    if before.trim_ascii_start().starts_with(b"#") {
        return false;
    }
    let content = before.trim_ascii_end();
    match content.last() {
        None | Some(b'[') => true,
        Some(b':' | b'-' | b',') => content.len() < before.len(),
        Some(_) => false,
    }
}
