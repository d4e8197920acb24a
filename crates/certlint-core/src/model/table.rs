//! Name tables of a listener, with nginx's order, conflicts and ghosts.

use super::{Selection, ServerId};

/// What kind of name selected a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// Nothing matched, or no SNI was sent.
    Default,
    /// The name itself.
    Exact,
    /// `*.x` or `.x`.
    LeadingWildcard,
    /// `~…`.
    Regex,
    /// `x.*`.
    TrailingWildcard,
}

impl MatchedBy {
    /// The word that JSON uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Exact => "exact",
            Self::LeadingWildcard => "leading-wildcard",
            Self::Regex => "regex",
            Self::TrailingWildcard => "trailing-wildcard",
        }
    }
}

/// Which name of which server answers.
#[derive(Debug, Default)]
pub struct NameTable {}

/// stub
#[derive(Debug)]
pub struct Conflict {}

impl NameTable {
    pub(crate) fn find(&self, _name: &str) -> Option<Selection> {
        let _ = ServerId(0);
        None
    }
}

/// stub
pub(super) fn normalise(name: &str) -> Option<String> {
    Some(name.to_owned())
}
