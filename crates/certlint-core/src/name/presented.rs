//! One dNSName entry of a certificate: what it presents, or why it presents nothing.
//!
//! RFC 9525 section 6.3: one star, only as the whole left-most label; whatever else has a star is
//! invalid and ignored. No trailing dot, no A-label conversion, no address in text form.

use super::InvalidReason;
use super::label::{address, check_labels, has_port, has_whitespace, slash_fault};

/// A valid dNSName, lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    /// A host name.
    Exact(Box<str>),
    /// `*.base`, where the base has at least two labels.
    Wildcard(Box<str>),
}

/// Reads the bytes of a dNSName.
pub(super) fn read(raw: &[u8]) -> Result<Presented, InvalidReason> {
    let Some(text) = str::from_utf8(raw).ok().filter(|text| text.is_ascii()) else {
        return Err(InvalidReason::NonAscii);
    };
    let text = text.to_ascii_lowercase();
    if text.is_empty() {
        return Err(InvalidReason::Empty);
    }
    if text.contains('\0') {
        return Err(InvalidReason::Nul);
    }
    if has_whitespace(text.as_bytes()) {
        return Err(InvalidReason::Whitespace);
    }
    if text.contains('/') {
        return Err(slash_fault(&text));
    }
    if address(&text).is_some() {
        return Err(InvalidReason::IpInDns);
    }
    if has_port(&text) {
        return Err(InvalidReason::Port);
    }
    if text.ends_with('.') {
        return Err(InvalidReason::TrailingDot);
    }
    if text == "*" {
        return Err(InvalidReason::WildcardTld);
    }
    match text.strip_prefix("*.") {
        Some(base) => read_base(base).map(|()| Presented::Wildcard(base.into())),
        None => read_exact(&text).map(|()| Presented::Exact(text.into())),
    }
}

fn read_exact(text: &str) -> Result<(), InvalidReason> {
    if text.contains('*') {
        let first = text.split('.').next().unwrap_or_default();
        return Err(if first.contains('*') {
            InvalidReason::PartialWildcard
        } else {
            InvalidReason::WildcardPosition
        });
    }
    check_name(text)
}

fn read_base(base: &str) -> Result<(), InvalidReason> {
    if base.contains('*') {
        return Err(InvalidReason::WildcardPosition);
    }
    check_name(base)?;
    if base.contains('.') {
        Ok(())
    } else {
        Err(InvalidReason::WildcardTld)
    }
}

fn check_name(name: &str) -> Result<(), InvalidReason> {
    // An empty label has no word of its own for certificate entries: it is one of wrong length.
    check_labels(name).map_err(|reason| match reason {
        InvalidReason::EmptyLabel => InvalidReason::LabelLength,
        other => other,
    })?;
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidReason::NumericTld);
    }
    Ok(())
}
