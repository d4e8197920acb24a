//! How nginx reads a `server_name` word, and what it refuses.
//!
//! Rules measured on nginx 1.22.1 and 1.31.5; the forms are those of the manual page
//! "Server names" (<https://nginx.org/en/docs/http/server_names.html>).

use super::label::{address, check_host, check_labels, common_fault};
use super::{Depth, HostPattern, InvalidReason, Regex};

/// When nginx refuses a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NginxRefusal {
    /// While it reads the directive: `server name "X" is invalid`, or `empty regex in server name`.
    Always,
    /// Only once the name tables of a listener are built, that is, as soon as a second server
    /// joins it: `invalid server name or wildcard "X" on ADDR`.
    WhenShared,
}

/// Whether nginx refuses this word of a `server_name`, after unescaping.
///
/// A name that is not refused can still be one that never matches; see [`HostPattern::nginx`].
/// Regular expressions are only checked for being empty here, see [`Regex::compile`].
#[must_use]
pub fn nginx_refusal(word: &[u8]) -> Option<NginxRefusal> {
    match word {
        b"~" | b"." | b"*" | b"*." => return Some(NginxRefusal::Always),
        [b'*', second, ..] if *second != b'.' => return Some(NginxRefusal::Always),
        [] | [b'~', ..] => return None,
        _ => {}
    }
    let stars = word.iter().filter(|&&byte| byte == b'*').count();
    let star_is_at_an_end = word.starts_with(b".")
        || (word.len() > 2 && (word.starts_with(b"*.") || word.ends_with(b".*")));
    let refused = stars > 1
        || (stars == 1 && !star_is_at_an_end)
        || word.windows(2).any(|pair| pair == b"..")
        || word.contains(&0);
    refused.then_some(NginxRefusal::WhenShared)
}

/// [`HostPattern::nginx`], here because the whole of it is nginx's own grammar.
pub(super) fn read(word: &[u8]) -> HostPattern {
    if let Some(pattern) = word.strip_prefix(b"~") {
        return if pattern.is_empty() {
            HostPattern::Invalid(InvalidReason::EmptyRegex)
        } else {
            HostPattern::Regex(Regex::new(pattern))
        };
    }
    if has_variable(word) {
        return HostPattern::Variable(String::from_utf8_lossy(word).into());
    }
    if word.is_empty() || is_catch_all(word) {
        return HostPattern::CatchAll;
    }
    // nginx compares bytes, and clients send A-labels: a name in UTF-8 is never asked for.
    let Some(text) = str::from_utf8(word).ok().filter(|text| text.is_ascii()) else {
        return HostPattern::Invalid(InvalidReason::NonAscii);
    };
    let name = text.to_ascii_lowercase();
    read_name(&name).unwrap_or_else(HostPattern::Invalid)
}

fn read_name(name: &str) -> Result<HostPattern, InvalidReason> {
    if let Some(address) = address(name) {
        return Ok(HostPattern::Address(address));
    }
    if let Some(base) = name.strip_prefix("*.") {
        return check_base(base).map(|()| HostPattern::LeadingWildcard {
            base: base.into(),
            depth: Depth::Any,
        });
    }
    if let Some(base) = name.strip_prefix('.') {
        return check_base(base).map(|()| HostPattern::DotPrefix(base.into()));
    }
    if let Some(prefix) = name.strip_suffix(".*") {
        return match common_fault(prefix).map_or_else(|| check_labels(prefix), Err) {
            Ok(()) => Ok(HostPattern::TrailingWildcard(prefix.into())),
            Err(InvalidReason::PartialWildcard | InvalidReason::WildcardPosition) => {
                Err(InvalidReason::DoubleWildcard)
            }
            Err(InvalidReason::TrailingDot) => Err(InvalidReason::EmptyLabel),
            Err(reason) => Err(reason),
        };
    }
    check_host(name).map(|()| HostPattern::Exact(name.into()))
}

/// The part after `*.` or `.`: a second star there has its own word, whatever its place.
fn check_base(base: &str) -> Result<(), InvalidReason> {
    match check_host(base) {
        Err(InvalidReason::Empty) => Err(InvalidReason::EmptyLabel),
        Err(InvalidReason::PartialWildcard | InvalidReason::WildcardPosition) => {
            Err(InvalidReason::DoubleWildcard)
        }
        result => result,
    }
}

/// `_`, `--`, `!@#`: the manual page calls these "invalid domain names which never intersect with
/// any real name", and they are how a catch-all server is written.
fn is_catch_all(word: &[u8]) -> bool {
    word.iter().all(|&byte| {
        byte.is_ascii_punctuation() && !matches!(byte, b'.' | b'*' | b'/' | b':' | b',')
    })
}

/// `$name` or `${name}`. nginx itself replaces only `$hostname`, but templates replace any.
fn has_variable(word: &[u8]) -> bool {
    word.windows(2).any(|pair| {
        pair[0] == b'$' && (pair[1].is_ascii_alphabetic() || matches!(pair[1], b'_' | b'{'))
    })
}
