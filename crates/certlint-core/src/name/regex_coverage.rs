//! Whether a certificate covers the hosts of a regular expression.
//!
//! Decided where the language is plain: few names, or one label in front of a fixed name. For the
//! rest, the names that the certificate lists are tried; a guess is never an error.

use super::coverage::entries_below;
use super::label::check_host;
use super::regex_language::{LabelsBelow, Language};
use super::regex_reach::Automaton;
use super::{CoveredBy, Partial, PartialReason, Regex, SanSet, UnknownReason, Verdict};

/// Labels that are tried for the star of a certificate's wildcard.
const LIKELY_LABELS: [&str; 4] = ["www", "a", "a1", "1"];

/// Certificates with more wildcards are not looked into.
const WILDCARDS_MAX: usize = 100;

pub(super) fn covers(san: &SanSet, regex: &Regex) -> Verdict {
    if regex.compile().is_err() {
        return Verdict::Unknown(UnknownReason::RegexInvalid);
    }
    let structure = regex.structure();
    let Some(anchored) = structure.is_anchored() else {
        return Verdict::Unknown(UnknownReason::RegexUnsupported);
    };
    match structure.hosts() {
        _ if !anchored => unanchored(san, regex),
        Some(hosts) => plain(san, regex, hosts),
        None => listed(san, regex).map_or_else(too_costly, undecided_unless),
    }
}

/// More than one end is open: it matches names that nobody thought of.
fn unanchored(san: &SanSet, regex: &Regex) -> Verdict {
    match matching_entries(san, regex) {
        None => too_costly(),
        Some(covered) if covered.is_empty() => Verdict::NotCovered,
        Some(covered) => Verdict::Partial(Partial {
            reason: PartialReason::Unanchored,
            covered,
            missing: Vec::new(),
        }),
    }
}

/// Anchored, and without other assertions.
fn plain(san: &SanSet, regex: &Regex, hosts: &Language) -> Verdict {
    if let Some(names) = hosts.names() {
        return each(
            san,
            names.into_iter().filter(|name| check_host(name).is_ok()),
        );
    }
    match hosts
        .labels_below()
        .filter(|below| check_host(&below.base).is_ok())
    {
        Some(below) => labels_below(san, regex, &below),
        None => match listed(san, regex) {
            None => too_costly(),
            Some(covered) if covered.is_empty() && is_out_of_reach(san, hosts) => {
                Verdict::NotCovered
            }
            Some(covered) => undecided_unless(covered),
        },
    }
}

/// No wildcard of the certificate covers any host of the language, and it has hosts.
fn is_out_of_reach(san: &SanSet, hosts: &Language) -> bool {
    let Some(automaton) = Automaton::new(hosts) else {
        return false;
    };
    let wildcards = san.wildcards();
    wildcards.len() <= WILDCARDS_MAX
        && !wildcards.iter().any(|base| automaton.reaches_below(base))
        && hosts.samples().iter().any(|host| check_host(host).is_ok())
}

/// Few names: each is judged by itself.
fn each(san: &SanSet, names: impl Iterator<Item = String>) -> Verdict {
    let (covered, missing): (Vec<_>, Vec<_>) = names.partition(|name| san.covering(name).is_some());
    match (covered.is_empty(), missing.is_empty()) {
        // Nothing that it matches is a host name: there is nothing to cover.
        (true, true) => Verdict::NotApplicable,
        (false, true) => Verdict::Covered(CoveredBy::RegexFinite),
        (true, false) => Verdict::NotCovered,
        (false, false) => Verdict::Partial(Partial {
            reason: PartialReason::RegexFinite,
            covered,
            missing,
        }),
    }
}

/// As `*.base`, but a listed name counts only when the expression matches it.
fn labels_below(san: &SanSet, regex: &Regex, below: &LabelsBelow) -> Verdict {
    let base = &below.base;
    if san.has_wildcard(base) {
        return if below.deep {
            Verdict::Partial(Partial {
                reason: PartialReason::WildcardDepth,
                covered: vec![format!("*.{base}")],
                missing: Vec::new(),
            })
        } else {
            Verdict::Covered(CoveredBy::RegexOneLabel)
        };
    }
    let Some(mut covered) = listed(san, regex) else {
        return too_costly();
    };
    if below.deep {
        covered.extend(
            entries_below(san, base)
                .into_iter()
                .filter(|name| name.starts_with('*')),
        );
        covered.sort_unstable();
    }
    super::coverage::listed_only(covered, vec![format!("*.{base}")])
}

/// The exact names of a certificate that the expression matches. `None` when that takes too much
/// work.
fn listed(san: &SanSet, regex: &Regex) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for name in san.exact() {
        if regex.is_match(name.as_bytes())? {
            names.push(name.to_string());
        }
    }
    Some(names)
}

/// The entries of a certificate that cover some host that the expression matches: exact names, and
/// wildcards for which a witness is found.
fn matching_entries(san: &SanSet, regex: &Regex) -> Option<Vec<String>> {
    let mut entries = listed(san, regex)?;
    let samples = regex.structure().samples();
    for base in san.wildcards() {
        let below = |label: &str| format!("{label}.{base}");
        let mut witnesses = LIKELY_LABELS
            .into_iter()
            .chain(samples.iter().map(String::as_str))
            .map(below)
            .chain(samples.iter().cloned());
        let mut found = false;
        while !found && let Some(host) = witnesses.next() {
            let covered = host
                .split_once('.')
                .is_some_and(|(_, rest)| rest == &**base);
            found = covered && check_host(&host).is_ok() && regex.is_match(host.as_bytes())?;
        }
        if found {
            entries.push(format!("*.{base}"));
        }
    }
    entries.sort_unstable();
    Some(entries)
}

fn undecided_unless(covered: Vec<String>) -> Verdict {
    if covered.is_empty() {
        return Verdict::Unknown(UnknownReason::RegexUndecided);
    }
    Verdict::Partial(Partial {
        reason: PartialReason::ListedNamesOnly,
        covered,
        missing: Vec::new(),
    })
}

const fn too_costly() -> Verdict {
    Verdict::Unknown(UnknownReason::RegexTooCostly)
}
