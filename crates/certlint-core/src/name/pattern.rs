//! What a configuration asks for.

use std::net::IpAddr;

/// How many labels the star of a host pattern stands for. It is a property of the source.
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
    /// Can never match; a finding of its own.
    Invalid(InvalidReason),
    /// `*.x`. Holds `x`, lower case, A-labels.
    LeadingWildcard {
        /// The part behind `*.`.
        base: Box<str>,
        /// How many labels the star stands for.
        depth: Depth,
    },
    /// `~…` of nginx.
    Regex(Regex),
    /// `p.*` of nginx. Holds `p`.
    TrailingWildcard(Box<str>),
    /// A value that only run time knows, as written.
    Variable(Box<str>),
}

/// Why a host can never match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvalidReason {
    /// stub
    TrailingDot,
}

/// stub
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regex {
    pattern: Box<str>,
}
