//! Cuts a stream into sections at its `---` lines and reads each with the reader that fits.
//!
//! A `---` at the start of a line ends everything above it, even a block or a quote, so sections
//! can be read independently: side by side on all processors, and the good ones beside a broken one.

use std::ops::Range;

use rayon::prelude::*;

use crate::Span;
use crate::syntax_error::SyntaxError;
use crate::{Body, Document, block, json, yaml};

/// From this size on a stream is read on all processors, in bytes.
pub const PARALLEL_BYTES: usize = 128 * 1024;

/// Sections of one document each are small: so many are handed to a processor at once.
const SECTIONS_AT_ONCE: usize = 64;

/// Every document of a YAML stream or JSON text, in the order of writing.
///
/// Spans are in `text`, which may start with a byte order mark.
#[must_use]
pub fn read(text: &[u8]) -> Vec<Document<'_>> {
    read_with(text, |document| document)
}

/// Makes something of every document, in the order of writing, and drops its tree.
///
/// Large streams are read in parallel: memory stays small where `make` keeps little.
pub fn read_with<'t, T, F>(text: &'t [u8], make: F) -> Vec<T>
where
    T: Send,
    F: Fn(Document<'t>) -> T + Sync + Send,
{
    if let Some(error) = unreadable(text) {
        return vec![make(Document::new(Body::Broken(error), Vec::new()))];
    }
    let sections = sections(text);
    let read = |section: Range<usize>| {
        let documents = read_section(&text[section.clone()], section.start);
        documents.into_iter().map(&make)
    };
    if text.len() < PARALLEL_BYTES {
        return sections.into_iter().flat_map(read).collect();
    }
    sections
        .into_par_iter()
        .with_min_len(SECTIONS_AT_ONCE)
        .flat_map_iter(read)
        .collect()
}

/// Why a text cannot be read at all.
fn unreadable(text: &[u8]) -> Option<SyntaxError> {
    let is_utf16 = match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [first, second, ..] => (*first == 0) != (*second == 0),
        _ => false,
    };
    if is_utf16 {
        let span = Span::new(0, 2);
        return Some(SyntaxError::new(span, "the text is UTF-16").with_help("save it as UTF-8"));
    }
    // Offsets in spans have 32 bits.
    u32::try_from(text.len())
        .is_err()
        .then(|| SyntaxError::new(Span::new(0, 0), "the text is larger than 4 GiB"))
}

/// The parts of a text that [`read`] reads each for itself, after a byte order mark.
///
/// It is cut at every `---` line, but not between directives and their document.
#[must_use]
pub fn sections(text: &[u8]) -> Vec<Range<usize>> {
    let start = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let is_directive = |section: &[u8]| {
        section.starts_with(b"%") || memchr::memmem::find(section, b"\n%").is_some()
    };
    let has_directives = is_directive(&text[start..]);
    let mut sections = Vec::new();
    let (mut from, mut last_mark) = (start, start);
    for found in memchr::memmem::find_iter(&text[start..], b"\n---") {
        let at = start + found + 1;
        if !matches!(text.get(at + 3), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
            continue;
        }
        let above = &text[last_mark..at];
        last_mark = at;
        if has_directives && is_directive(above) {
            continue;
        }
        sections.push(from..at);
        from = at;
    }
    sections.push(from..text.len());
    sections
}

/// Reads one section, which starts at `base` in the source.
fn read_section(section: &[u8], base: usize) -> Vec<Document<'_>> {
    let start = Span::new(base, base).start;
    let text = match std::str::from_utf8(section) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let message = format!("byte 0x{:02X} is no UTF-8", section[at]);
            let span = Span::new(base + at, base + at + 1);
            let error = SyntaxError::new(span, message);
            return vec![Document::new(Body::Broken(error), Vec::new())];
        }
    };
    let (content, comments) = skip_comments(text);
    if text[content..].starts_with(['{', '[']) {
        let comments = comments.into_iter().map(|comment| {
            let at = base + comment.start;
            Span::new(at, at + comment.len())
        });
        return read_flow(text, start, content, comments.collect());
    }
    match block::read(text, start) {
        Some(document) => vec![document],
        None => yaml::read(text, start),
    }
}

/// The offset of the first content after the mark of a document, and the comments before it.
fn skip_comments(text: &str) -> (usize, Vec<Range<usize>>) {
    let mut content = text.strip_prefix("---").unwrap_or(text).trim_start();
    let mut comments = Vec::new();
    while content.starts_with('#') {
        let at = text.len() - content.len();
        let line = content.lines().next().unwrap_or(content);
        comments.push(at..at + line.len());
        content = content[line.len()..].trim_start();
    }
    (text.len() - content.len(), comments)
}

/// Reads what starts with a bracket: JSON, or YAML that looks like it.
///
/// As with kubectl, JSON is tried first, and a text of which a first value was read stays JSON.
fn read_flow(text: &str, base: u32, content: usize, comments: Vec<Span>) -> Vec<Document<'_>> {
    let mut documents = json::read(text, base, content);
    if let Some(first) = documents.first_mut() {
        first.comments = comments;
    }
    let is_broken = |document: &Document<'_>| matches!(document.body, Body::Broken(_));
    if !documents.first().is_some_and(is_broken) {
        return documents;
    }
    let as_yaml = yaml::read(text, base);
    if as_yaml.iter().any(is_broken) && json::looks_like_json(&text[content..]) {
        return documents;
    }
    as_yaml
}
