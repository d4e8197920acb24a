//! The parts of a host name: labels, addresses, A-labels.
//!
//! Shared by host patterns and certificate entries. A label has 1 to 63 of `a-z 0-9 - _`, and no
//! hyphen at either end (RFC 5890 section 2.3.1, plus the underscore that all clients but Java
//! accept); a name has at most 253 bytes, and does not end in a label of digits.

use std::net::IpAddr;

use super::InvalidReason;

/// The longest host name in text form, without a trailing dot (RFC 1035 section 2.3.4).
pub(super) const NAME_MAX: usize = 253;

/// Longer input is not handed to IDNA: its cost grows with the text, and 253 bytes of A-labels
/// never need this much.
const IDNA_INPUT_MAX: usize = 4096;

/// Checks a whole host name: lower case, without a trailing dot.
pub(super) fn check_host(name: &str) -> Result<(), InvalidReason> {
    if host_is_valid(name.as_bytes()) {
        return Ok(());
    }
    Err(fault(name))
}

/// Checks the labels of a part of a name, where the last label may be digits.
pub(super) fn check_labels(name: &str) -> Result<(), InvalidReason> {
    if name.is_empty() {
        return Err(InvalidReason::Empty);
    }
    if name.len() > NAME_MAX {
        return Err(InvalidReason::LabelLength);
    }
    name.split('.')
        .try_for_each(|label| check_label(label.as_bytes()))
}

fn host_is_valid(name: &[u8]) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name
            .split(|&byte| byte == b'.')
            .all(|label| check_label(label).is_ok())
        && !last_label_is_numeric(name)
}

fn check_label(label: &[u8]) -> Result<(), InvalidReason> {
    match label {
        [] => Err(InvalidReason::EmptyLabel),
        [b'-', ..] | [.., b'-'] => Err(InvalidReason::BadCharacter),
        _ if !label.iter().all(|&byte| is_label_byte(byte)) => Err(InvalidReason::BadCharacter),
        _ if label.len() > 63 => Err(InvalidReason::LabelLength),
        _ => Ok(()),
    }
}

const fn is_label_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')
}

fn last_label_is_numeric(name: &[u8]) -> bool {
    name.rsplit(|&byte| byte == b'.')
        .next()
        .is_some_and(|label| !label.is_empty() && label.iter().all(u8::is_ascii_digit))
}

/// The reason why a name is not a host, most telling first: somebody who wrote a URL should hear
/// "URL", not "bad character".
fn fault(name: &str) -> InvalidReason {
    common_fault(name).unwrap_or_else(|| match check_labels(name) {
        Err(reason) => reason,
        Ok(()) => InvalidReason::NumericTld,
    })
}

/// What a name with a slash is meant to be.
pub(super) fn slash_fault(name: &str) -> InvalidReason {
    match name.split_once('/') {
        Some((address, length))
            if address.parse::<std::net::IpAddr>().is_ok() && length.parse::<u8>().is_ok() =>
        {
            InvalidReason::AddressRange
        }
        _ => InvalidReason::Url,
    }
}

/// The faults that are told apart before any label is looked at.
pub(super) fn common_fault(name: &str) -> Option<InvalidReason> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        Some(InvalidReason::Empty)
    } else if !bytes.is_ascii() {
        Some(InvalidReason::NonAscii)
    } else if bytes.contains(&0) {
        Some(InvalidReason::Nul)
    } else if bytes.contains(&b'/') {
        Some(slash_fault(name))
    } else if bytes.contains(&b',') {
        Some(InvalidReason::Comma)
    } else if has_whitespace(bytes) {
        Some(InvalidReason::Whitespace)
    } else if has_port(name) {
        Some(InvalidReason::Port)
    } else if bytes.contains(&b'*') {
        Some(star_fault(name))
    } else if name.len() > 1 && name.ends_with('.') && !name.ends_with("..") {
        Some(InvalidReason::TrailingDot)
    } else {
        None
    }
}

/// The fault of a star that is not a whole first label.
fn star_fault(name: &str) -> InvalidReason {
    if name.matches('*').count() > 1 {
        InvalidReason::DoubleWildcard
    } else if name.split('.').any(|label| label == "*") {
        InvalidReason::WildcardPosition
    } else {
        InvalidReason::PartialWildcard
    }
}

pub(super) fn has_whitespace(text: &[u8]) -> bool {
    text.iter()
        .any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

/// `name:8443` or `[::1]:8443`, but not a bare IPv6 address.
pub(super) fn has_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')))
    })
}

/// An IPv4 or IPv6 literal, the latter with or without brackets. No zone, no leading zeros, no
/// short forms: those are read differently by different clients.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// The A-label form of a name with non-ASCII labels (UTS 46, non-transitional), as a browser would
/// send it. `None` when it has none, or when the text is no UTF-8.
///
/// ```
/// use certlint_core::name::a_label;
/// assert_eq!(a_label("bücher.example".as_bytes()).as_deref(), Some("xn--bcher-kva.example"));
/// ```
#[must_use]
pub fn a_label(text: &[u8]) -> Option<String> {
    if text.len() > IDNA_INPUT_MAX {
        return None;
    }
    idna::domain_to_ascii_cow(text, idna::AsciiDenyList::EMPTY)
        .ok()
        .map(|name| name.into_owned())
}
