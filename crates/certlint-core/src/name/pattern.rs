//! Host patterns of a configuration: one host, an address, a wildcard of some kind, a regular
//! expression, everything, or nothing that could ever match.
//!
//! The same text means different things in different sources, so there is one constructor for
//! each: [`HostPattern::nginx`], [`HostPattern::ingress`], [`HostPattern::gateway`], and
//! [`HostPattern::host`] for a name that somebody typed.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use super::label::{a_label, address, check_host};
use super::placeholder::has_placeholder;
use super::{InvalidReason, Regex, nginx};

/// How many labels the star of a host pattern matches. It is a property of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Any number, at least one: nginx `*.x`, Gateway API.
    Any,
    /// Exactly one: Ingress.
    One,
}

/// A host name as a configuration asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// An IP address.
    Address(IpAddr),
    /// `""`, `_`, no host: whatever no other pattern takes.
    CatchAll,
    /// `.x` of nginx: `x` and everything below it. Holds `x`, lower case, A-labels.
    DotPrefix(Box<str>),
    /// One host name: lower case, A-labels, no trailing dot.
    Exact(Box<str>),
    /// Nobody can ask for it: nginx never matches it, or no DNS name and no certificate entry can
    /// be like that. A finding of its own.
    Invalid(InvalidReason),
    /// `*.x`. Holds `x`, lower case, A-labels.
    LeadingWildcard {
        /// The part after `*.`.
        base: Box<str>,
        /// How many labels the star matches.
        depth: Depth,
    },
    /// A name with something in it that a tool fills in before it is used, as written.
    Placeholder(Box<str>),
    /// `~…` of nginx.
    Regex(Regex),
    /// `p.*` of nginx. Holds `p`.
    TrailingWildcard(Box<str>),
    /// A value that only run time knows, as written.
    Variable(Box<str>),
}

impl HostPattern {
    /// Reads one word of an nginx `server_name`, after nginx's unescaping.
    ///
    /// `Variable` is given for every variable; nginx itself replaces only `$hostname`.
    #[must_use]
    pub fn nginx(word: &[u8]) -> Self {
        nginx::read(word)
    }

    /// Reads one plain host as a client would: brackets of an IPv6 literal and one trailing dot
    /// are removed, non-ASCII labels become A-labels (UTS 46, non-transitional).
    #[must_use]
    pub fn host(text: &str) -> Self {
        if let Some(address) = address(text) {
            return Self::Address(address);
        }
        read_dns(text).map_or_else(Self::Invalid, Self::Exact)
    }

    /// Reads the `host` of an Ingress rule or TLS entry: `*.x` is one label deep, no text is every
    /// host (Kubernetes API reference, `IngressRule`).
    #[must_use]
    pub fn ingress(text: &str) -> Self {
        Self::kubernetes(text, Depth::One)
    }

    /// Reads a `hostname` of the Gateway API: `*.x` is a suffix, however deep.
    #[must_use]
    pub fn gateway(text: &str) -> Self {
        Self::kubernetes(text, Depth::Any)
    }

    fn kubernetes(text: &str, depth: Depth) -> Self {
        if text.is_empty() {
            return Self::CatchAll;
        }
        if has_placeholder(text) {
            return Self::Placeholder(text.into());
        }
        let Some(base) = text.strip_prefix("*.") else {
            return Self::host(text);
        };
        match read_dns(base) {
            Ok(base) => Self::LeadingWildcard { base, depth },
            Err(InvalidReason::Empty) => Self::Invalid(InvalidReason::EmptyLabel),
            Err(InvalidReason::PartialWildcard | InvalidReason::WildcardPosition) => {
                Self::Invalid(InvalidReason::DoubleWildcard)
            }
            Err(reason) => Self::Invalid(reason),
        }
    }
}

/// A DNS host name, made lower case and A-labels.
fn read_dns(text: &str) -> Result<Box<str>, InvalidReason> {
    let mut name: Cow<'_, str> = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(a_label(text.as_bytes()).ok_or(InvalidReason::NonAscii)?)
    };
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name = Cow::Owned(name.to_ascii_lowercase());
    }
    let name = name.strip_suffix('.').unwrap_or(&name);
    check_host(name).map(|()| name.into())
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::CatchAll => f.write_str("_"),
            Self::DotPrefix(base) => write!(f, ".{base}"),
            Self::Exact(name) | Self::Placeholder(name) | Self::Variable(name) => f.write_str(name),
            Self::Invalid(reason) => write!(f, "<{reason}>"),
            Self::LeadingWildcard { base, .. } => write!(f, "*.{base}"),
            Self::Regex(regex) => write!(f, "~{regex}"),
            Self::TrailingWildcard(prefix) => write!(f, "{prefix}.*"),
        }
    }
}
