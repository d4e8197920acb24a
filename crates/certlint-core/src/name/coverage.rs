//! Whether a certificate covers what a configuration asks for.
//!
//! Only what is provable is said: a host or an address is covered or not; a wildcard of any depth
//! never is as a whole, because a certificate's star matches exactly one label (RFC 9525
//! section 6.3); a regular expression only where its language is plain.

use super::{Depth, HostPattern, SanSet, regex_coverage};

/// The answer to "does this certificate cover this host pattern?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every client accepts the certificate for every host of the pattern.
    Covered(CoveredBy),
    /// No host of the pattern is covered; [`super::hints`] tells what is near.
    NotCovered,
    /// Some hosts of the pattern are covered.
    Partial(Partial),
    /// There is no name to check: a catch-all.
    NotApplicable,
    /// It cannot be told here, and why. Never an error. For an invalid pattern the reason is a
    /// finding of its own.
    Unknown(UnknownReason),
}

/// The cover of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoveredBy {
    /// An iPAddress entry.
    Address,
    /// A dNSName entry of the same text.
    Exact,
    /// Every name that a regular expression can match is covered.
    RegexFinite,
    /// A regular expression matches one label under the base of a wildcard entry.
    RegexOneLabel,
    /// A wildcard entry.
    Wildcard,
}

/// A pattern of which some hosts are covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Which part.
    pub reason: PartialReason,
    /// Names and certificate wildcards that are covered, sorted.
    pub covered: Vec<String>,
    /// The rest, where it has a name, sorted: names, or a wildcard for all names one label
    /// below.
    pub missing: Vec<String>,
}

/// Which part of a pattern is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartialReason {
    /// `.x`, of which `x` is not covered.
    ApexMissing,
    /// Only names that the certificate lists one by one.
    ListedNamesOnly,
    /// Some of the few names that a regular expression can match.
    RegexFinite,
    /// A regular expression without anchors: it matches what the certificate has, and more.
    Unanchored,
    /// One label below the base, while the pattern also takes deeper names.
    WildcardDepth,
    /// `.x`, of which the names below `x` are not all covered.
    WildcardMissing,
}

/// Why it cannot be told whether a pattern is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnknownReason {
    /// The pattern can never match; [`HostPattern::Invalid`] says why.
    InvalidName,
    /// A placeholder may hold anything.
    Placeholder,
    /// The regular expression does not compile, so nginx does not start.
    RegexInvalid,
    /// Matching the regular expression takes too much work.
    RegexTooCostly,
    /// The regular expression matches more than can be listed, and no listed name.
    RegexUndecided,
    /// The regular expression uses forms that we do not look into.
    RegexUnsupported,
    /// A variable is there.
    Variable,
}

/// Judges one certificate against one host pattern.
///
/// A server with several certificates (RSA and ECDSA) must be covered by each: the client picks.
#[must_use]
pub fn covers(san: &SanSet, pattern: &HostPattern) -> Verdict {
    match pattern {
        HostPattern::Address(address) if san.has_address(*address) => {
            Verdict::Covered(CoveredBy::Address)
        }
        HostPattern::Address(_) => Verdict::NotCovered,
        HostPattern::CatchAll => Verdict::NotApplicable,
        HostPattern::DotPrefix(base) => apex_and_below(san, base),
        HostPattern::Exact(host) => san
            .covering(host)
            .map_or(Verdict::NotCovered, Verdict::Covered),
        HostPattern::Invalid(_) => Verdict::Unknown(UnknownReason::InvalidName),
        HostPattern::LeadingWildcard {
            base,
            depth: Depth::Any,
        } => any_depth(san, base),
        HostPattern::LeadingWildcard {
            base,
            depth: Depth::One,
        } => one_label(san, base),
        HostPattern::Placeholder(_) => Verdict::Unknown(UnknownReason::Placeholder),
        HostPattern::Regex(regex) => regex_coverage::covers(san, regex),
        HostPattern::TrailingWildcard(prefix) => trailing(san, prefix),
        HostPattern::Variable(_) => Verdict::Unknown(UnknownReason::Variable),
    }
}

/// `*.base`, one label deep.
fn one_label(san: &SanSet, base: &str) -> Verdict {
    if san.has_wildcard(base) {
        return Verdict::Covered(CoveredBy::Wildcard);
    }
    let listed = san
        .exact()
        .iter()
        .filter(|name| name.split_once('.').is_some_and(|(_, rest)| rest == base))
        .map(ToString::to_string)
        .collect();
    listed_only(listed, vec![format!("*.{base}")])
}

/// `*.base`, however deep.
fn any_depth(san: &SanSet, base: &str) -> Verdict {
    if san.has_wildcard(base) {
        return Verdict::Partial(Partial {
            reason: PartialReason::WildcardDepth,
            covered: vec![format!("*.{base}")],
            missing: Vec::new(),
        });
    }
    listed_only(entries_below(san, base), vec![format!("*.{base}")])
}

/// `.base`: the apex and everything below.
fn apex_and_below(san: &SanSet, base: &str) -> Verdict {
    let apex = san.covering(base).is_some();
    let below = san.has_wildcard(base);
    let wildcard = format!("*.{base}");
    let (reason, covered, missing) = match (apex, below) {
        (true, true) => (
            PartialReason::WildcardDepth,
            vec![wildcard, base.to_owned()],
            vec![],
        ),
        (false, true) => (
            PartialReason::ApexMissing,
            vec![wildcard],
            vec![base.to_owned()],
        ),
        (apex, false) => {
            let mut covered = entries_below(san, base);
            let mut missing = vec![wildcard];
            if apex { &mut covered } else { &mut missing }.push(base.to_owned());
            covered.sort_unstable();
            if covered.is_empty() {
                return Verdict::NotCovered;
            }
            (PartialReason::WildcardMissing, covered, missing)
        }
    };
    Verdict::Partial(Partial {
        reason,
        covered,
        missing,
    })
}

/// `prefix.*`: a certificate's star is left-most only, so at best some names are covered.
fn trailing(san: &SanSet, prefix: &str) -> Verdict {
    let starts = |name: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'))
    };
    // The star of an entry can match the first label of the prefix, and nothing else in it.
    let first = prefix.split('.').next().unwrap_or_default();
    let mut entries: Vec<String> = san
        .exact()
        .iter()
        .filter(|name| starts(name))
        .map(ToString::to_string)
        .collect();
    entries.extend(
        san.wildcards()
            .iter()
            .filter(|base| starts(&format!("{first}.{base}")))
            .map(|base| format!("*.{base}")),
    );
    entries.sort_unstable();
    listed_only(entries, Vec::new())
}

/// The usable entries strictly below a name, sorted, wildcards with their star.
pub(super) fn entries_below(san: &SanSet, base: &str) -> Vec<String> {
    let below = |name: &str| {
        name.strip_suffix(base)
            .is_some_and(|front| front.len() > 1 && front.ends_with('.'))
    };
    let mut entries: Vec<String> = san
        .exact()
        .iter()
        .filter(|name| below(name))
        .map(ToString::to_string)
        .collect();
    entries.extend(
        san.wildcards()
            .iter()
            .filter(|name| below(name))
            .map(|name| format!("*.{name}")),
    );
    entries.sort_unstable();
    entries
}

/// Partial, when anything is listed.
pub(super) fn listed_only(covered: Vec<String>, missing: Vec<String>) -> Verdict {
    if covered.is_empty() {
        return Verdict::NotCovered;
    }
    Verdict::Partial(Partial {
        reason: PartialReason::ListedNamesOnly,
        covered,
        missing,
    })
}

impl Verdict {
    /// The word of this verdict in machine formats.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Covered(_) => "covered",
            Self::NotCovered => "not-covered",
            Self::Partial(_) => "partial",
            Self::NotApplicable => "not-applicable",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The word of the reason in machine formats, where the verdict needs one.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Covered(CoveredBy::RegexFinite) => Some("regex-finite"),
            Self::Covered(CoveredBy::RegexOneLabel) => Some("regex-one-label"),
            Self::Covered(_) | Self::NotCovered | Self::NotApplicable => None,
            Self::Partial(partial) => Some(partial.reason.as_str()),
            Self::Unknown(reason) => Some(reason.as_str()),
        }
    }
}

impl PartialReason {
    /// The word of this reason in machine formats.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApexMissing => "apex-missing",
            Self::ListedNamesOnly => "listed-names-only",
            Self::RegexFinite => "regex-finite",
            Self::Unanchored => "unanchored",
            Self::WildcardDepth => "wildcard-depth",
            Self::WildcardMissing => "wildcard-missing",
        }
    }
}

impl UnknownReason {
    /// The word of this reason in machine formats.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidName => "invalid-name",
            Self::Placeholder => "placeholder",
            Self::RegexInvalid => "regex-invalid",
            Self::RegexTooCostly => "regex-too-costly",
            Self::RegexUndecided => "regex-undecided",
            Self::RegexUnsupported => "regex-unsupported",
            Self::Variable => "variable",
        }
    }
}
