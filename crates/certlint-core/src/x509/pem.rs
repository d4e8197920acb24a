//! Finds PEM blocks exactly where OpenSSL finds them, and says where it does not.
//!
//! nginx reads certificates and keys with OpenSSL, whose reader is more lenient in some places
//! (byte order mark, text around blocks, spaces) and stricter in others (blank lines, the END line)
//! than other readers; a linter that reads differently judges another certificate than the one
//! that is served. The behaviour is measured on OpenSSL 3.0 with nginx 1.22.1.
//!
//! ```text
//! bytes ─ Lines ─▶ pieces of at most 254 bytes ─ Blocks ─▶ Block │ Malformed, and Near misses
//! ```

mod lines;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use text_span::Span;
use zeroize::Zeroizing;

use lines::{Line, Lines};

/// How many blocks of a file are read.
pub const MAX_BLOCKS: usize = 1000;
/// How many near misses of a file are remembered; one is enough to find the mistake.
const MAX_NEAR_MISSES: usize = 8;

/// Whether the first block is a certificate, which is all that programs written in Go look at.
#[must_use]
pub fn is_certificate_first(bytes: &[u8]) -> bool {
    let first = scan(bytes).next();
    first.is_some_and(|block| block.is_ok_and(|block| block.is_certificate()))
}

/// Reads the blocks of a file in order. After one that is malformed it goes on after the line at
/// fault, as OpenSSL does for keys; for certificates OpenSSL gives up there.
///
/// At most [`MAX_BLOCKS`] blocks are read; [`Blocks::is_cut_off`] tells whether there was more.
#[must_use]
pub fn scan(bytes: &[u8]) -> Blocks<'_> {
    Blocks {
        bytes,
        lines: Lines::new(bytes, 0),
        found: 0,
        near_misses: Vec::new(),
    }
}

/// A block: `-----BEGIN label-----` … `-----END label-----`.
pub struct Block<'a> {
    /// The label, mostly in capitals.
    pub label: &'a [u8],
    /// From the BEGIN line to the end of the END line.
    pub at: Span,
    /// The lines before the first blank line, as written; mostly empty.
    pub header: &'a [u8],
    /// The decoded content. It may be a private key, so it is wiped when dropped.
    pub der: Zeroizing<Vec<u8>>,
}

impl Block<'_> {
    /// True for every label of a private key, encrypted or not.
    #[must_use]
    pub fn is_private_key(&self) -> bool {
        self.label.ends_with(b"PRIVATE KEY")
    }

    /// True for the labels under which OpenSSL looks for a certificate.
    #[must_use]
    pub fn is_certificate(&self) -> bool {
        matches!(
            self.label,
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE"
        )
    }
}

/// The content stays out: it may be a private key.
impl std::fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block")
            .field("label", &String::from_utf8_lossy(self.label))
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Why OpenSSL gives up on a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line at fault; the BEGIN line where the END line is missing.
    pub at: Span,
    /// Its fault.
    pub kind: MalformedKind,
}

/// A fault of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedKind {
    /// The content is not base64, or its padding is wrong.
    Base64,
    /// A second blank line, or lines of uneven length after a blank line.
    BlankLine,
    /// Nothing is between the BEGIN and the END line.
    Empty,
    /// The END line and the next BEGIN line are on one line.
    Glued,
    /// Header lines without the blank line that ends them.
    Header,
    /// The END line has another label, or something follows on it.
    WrongEnd,
    /// The file ends before the END line.
    NoEnd,
}

/// A line that was meant as a BEGIN line, and that OpenSSL skips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The line.
    pub at: Span,
    /// Its fault.
    pub kind: NearMissKind,
}

/// Why a line is no BEGIN line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NearMissKind {
    /// Spaces or other text are before it.
    NotAtLineStart,
    /// Small letters, too few or too many dashes, something after it.
    Spelling,
    /// It is inside of another block, where everything after a dash is ignored.
    Swallowed,
    /// It follows a line that begins with a NUL byte, where OpenSSL stops reading.
    AfterNul,
}

/// The iterator over the blocks of a file; see [`scan`].
pub struct Blocks<'a> {
    bytes: &'a [u8],
    lines: Lines<'a>,
    found: usize,
    near_misses: Vec<NearMiss>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.found == MAX_BLOCKS {
            return None;
        }
        let (begin, label) = self.next_begin()?;
        self.found += 1;
        Some(self.read_block(&begin, label))
    }
}

impl<'a> Blocks<'a> {
    /// Lines that were meant as BEGIN lines, among what has been read so far.
    #[must_use]
    pub fn near_misses(&self) -> &[NearMiss] {
        &self.near_misses
    }

    /// True when there are more than [`MAX_BLOCKS`] blocks. Moves on, so ask at the end.
    #[must_use]
    pub fn is_cut_off(&mut self) -> bool {
        self.found == MAX_BLOCKS && self.next_begin().is_some()
    }

    /// Skips to the next BEGIN line; gives the line and its label.
    fn next_begin(&mut self) -> Option<(Line<'a>, &'a [u8])> {
        let mut first = true;
        while let Some(mut line) = self.lines.next() {
            // OpenSSL looks for a mark before every block, so files can be concatenated.
            if std::mem::take(&mut first)
                && let Some(text) = line.text.strip_prefix(b"\xef\xbb\xbf")
            {
                line.text = text;
                line.at.start += 3;
            }
            let label = line
                .text
                .strip_prefix(b"-----BEGIN ")
                .and_then(|rest| rest.strip_suffix(b"-----"));
            if let Some(label) = label {
                return Some((line, label));
            }
            if let Some(kind) = near_miss(line.text) {
                self.remember(&line, kind);
            }
        }
        let rest = &self.bytes[self.lines.position()..];
        if let Some(offset) = memmem::find(rest, b"-----BEGIN ") {
            let start = self.lines.position() + offset;
            self.near_misses.push(NearMiss {
                at: Span::new(start, start + b"-----BEGIN".len()),
                kind: NearMissKind::AfterNul,
            });
        }
        None
    }

    fn remember(&mut self, line: &Line<'_>, kind: NearMissKind) {
        if self.near_misses.len() < MAX_NEAR_MISSES {
            self.near_misses.push(NearMiss { at: line.at, kind });
        }
    }

    /// Reads up to the END line. Follows OpenSSL: lines up to a first blank line are a header (if
    /// there is none, all is content); after a blank line all lines but the last have 64 characters.
    fn read_block(&mut self, begin: &Line<'_>, label: &'a [u8]) -> Result<Block<'a>, Malformed> {
        let malformed = |at, kind| Err(Malformed { at, kind });
        let start = self.lines.position();
        let mut content = start;
        let mut header = start..start;
        let mut part = Part::Unknown;
        let mut short_line_seen = false;
        let mut continues = false;
        let end = loop {
            let Some(line) = self.lines.next() else {
                return malformed(begin.at, MalformedKind::NoEnd);
            };
            let line_continues = std::mem::replace(&mut continues, line.continues);
            if part == Part::Unknown && line.has_colon {
                part = Part::Header;
            }
            if line.text.is_empty() {
                if line_continues {
                    continue;
                }
                if part == Part::Content {
                    return malformed(line.at, MalformedKind::BlankLine);
                }
                part = Part::Content;
                content = self.lines.position();
                continue;
            }
            if let Some(rest) = line.text.strip_prefix(b"-----END ") {
                if rest.strip_suffix(b"-----") != Some(label) {
                    let glued = memmem::find(rest, b"-----BEGIN ").is_some();
                    let kind = if glued {
                        MalformedKind::Glued
                    } else {
                        MalformedKind::WrongEnd
                    };
                    return malformed(line.at, kind);
                }
                break line;
            }
            if part != Part::Content {
                header.end = line.at.end as usize;
            }
            if short_line_seen {
                return malformed(line.at, MalformedKind::BlankLine);
            }
            if part == Part::Content {
                if line.text.len() > 64 {
                    return malformed(line.at, MalformedKind::BlankLine);
                }
                short_line_seen = line.text.len() < 64;
            }
            if line.text.starts_with(b"-----BEGIN ") {
                self.remember(&line, NearMissKind::Swallowed);
            }
        };
        let at = end.at;
        let end = at.start as usize;
        match part {
            // Neither colon nor blank line: there is no header, and all is content.
            Part::Unknown => header.end = start,
            // A header that no blank line ends leaves no content.
            Part::Header => content = end,
            Part::Content => {}
        }
        let lines = Lines::new(&self.bytes[..end], content);
        match decode(lines, end - content) {
            None => malformed(begin.at, MalformedKind::Base64),
            Some(der) if der.is_empty() && part == Part::Header => {
                malformed(begin.at, MalformedKind::Header)
            }
            Some(der) if der.is_empty() => malformed(begin.at, MalformedKind::Empty),
            Some(der) => Ok(Block {
                label,
                at: Span {
                    start: begin.at.start,
                    end: at.end,
                },
                header: &self.bytes[header],
                der,
            }),
        }
    }
}

/// Where the reader is inside a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// No colon and no blank line so far.
    Unknown,
    /// After a line with a colon.
    Header,
    /// After a blank line.
    Content,
}

/// Decodes as OpenSSL does: white space is skipped, a dash ends the content, padding is needed.
fn decode(lines: Lines<'_>, size: usize) -> Option<Zeroizing<Vec<u8>>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    // Full size from the start: a vector that grows would leave copies of a key in memory.
    let mut symbols = Zeroizing::new(Vec::with_capacity(size));
    for line in lines {
        let end = memchr::memchr(b'-', line.text);
        let text = &line.text[..end.unwrap_or(line.text.len())];
        // Spaces inside of a line are rare, and whole lines are copied much faster.
        if text.iter().any(|&byte| byte <= b' ') {
            let symbol = |byte: &&u8| !matches!(byte, b' ' | b'\t' | b'\r');
            symbols.extend(text.iter().filter(symbol));
        } else {
            symbols.extend_from_slice(text);
        }
        if end.is_some() {
            break;
        }
    }
    let mut der = Zeroizing::new(Vec::with_capacity(base64::decoded_len_estimate(
        symbols.len(),
    )));
    ENGINE.decode_vec(&*symbols, &mut der).ok()?;
    Some(der)
}

/// Whether a line outside of blocks was meant as the BEGIN line of a certificate or key.
fn near_miss(line: &[u8]) -> Option<NearMissKind> {
    let dash = memchr::memchr(b'-', line)?;
    // A block that is commented out is meant to be skipped.
    if line.trim_ascii_start().starts_with(b"#") {
        return None;
    }
    let names_block = |text: &[u8]| {
        let text = text.to_ascii_uppercase();
        let begins = text.trim_ascii_start().starts_with(b"BEGIN");
        begins
            && [&b"CERTIFICATE"[..], b"PRIVATE KEY"]
                .iter()
                .any(|label| memmem::find(&text, label).is_some())
    };
    if let Some(start) = memmem::find(line, b"-----BEGIN ")
        && start > 0
        && line[start - 1] != b'-'
    {
        return names_block(&line[start + 5..]).then_some(NearMissKind::NotAtLineStart);
    }
    if !line[..dash].trim_ascii().is_empty() {
        return None;
    }
    let dashes = line[dash..]
        .iter()
        .take_while(|&&byte| byte == b'-')
        .count();
    names_block(&line[dash + dashes..]).then_some(NearMissKind::Spelling)
}
