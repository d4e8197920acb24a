//! The tokens of nginx configuration, as nom parsers over bytes.
//!
//! Each parser takes the rest of the source and returns what is left after the token; none of them
//! fails. Which token starts at a byte, and what may follow it, is decided in `parse`: the answer
//! depends on the words before it.

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_till1, take_while};
use nom::combinator::opt;
use nom::multi::many0_count;
use nom::sequence::preceded;
use nom::{IResult, Parser as _};

/// A word without quotes: up to a blank, `;` or `{`.
///
/// A backslash takes the next byte along whatever it is, and a `{` directly after `$` is part of
/// the word: `${name}` is one word although nobody looks for the closing brace.
pub(crate) fn bare(input: &[u8]) -> IResult<&[u8], usize> {
    let dollar = (tag(&b"$"[..]), take_while(|byte| byte == b'{')).map(|(dollar, _)| dollar);
    let more = many0_count((alt((dollar, escape)), take_while(is_plain)));
    preceded(take_while(is_plain), more).parse(input)
}

/// The content of a quoted word, up to its closing quote or the end of the source.
pub(crate) fn quoted(quote: u8) -> impl Fn(&[u8]) -> IResult<&[u8], usize> {
    move |input| {
        many0_count(alt((
            take_till1(|byte| byte == quote || byte == b'\\'),
            escape,
        )))
        .parse(input)
    }
}

/// A comment: up to LF, and nothing else ends it.
pub(crate) fn comment(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take(memchr::memchr(b'\n', input).unwrap_or(input.len())).parse(input)
}

/// Blanks between words.
pub(crate) fn blanks(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_till(|byte| !is_blank(byte)).parse(input)
}

/// A backslash and the byte after it, which a source may lack at its end.
fn escape(input: &[u8]) -> IResult<&[u8], &[u8]> {
    (tag(&b"\\"[..]), opt(take(1_usize)))
        .map(|(backslash, _)| backslash)
        .parse(input)
}

/// The four bytes that separate words; vertical tab, form feed and NUL do not.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A byte that neither ends a bare word nor changes how the next one is read.
fn is_plain(byte: u8) -> bool {
    const PLAIN: [bool; 256] = {
        let mut table = [true; 256];
        let special = b" \t\r\n;{\\$";
        let mut i = 0;
        while i < special.len() {
            table[special[i] as usize] = false;
            i += 1;
        }
        table
    };
    PLAIN[usize::from(byte)]
}
