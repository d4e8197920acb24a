//! The second look at a name that is not covered: what in the certificate comes near to it?
//!
//! Slower than [`super::covers`], and only asked after it has said no.

use std::net::IpAddr;

use super::hint::{Hint, HintKind};
use super::label::{a_label, address};
use super::presented::{self, Presented};
use super::{HostPattern, InvalidReason, SanSet};

/// More hints than this confuse.
const HINTS_MAX: usize = 2;

/// An entry is repaired at most so often: `https://www.example.com./` takes two steps.
const REPAIRS_MAX: u8 = 3;

/// From this length on, two wrong characters are still a typing error.
const LONG_NAME: usize = 12;

/// Looks for what comes near to a pattern that is not covered, or covered in part: at most two
/// hints, the most telling first, or [`HintKind::None`] alone.
///
/// `served` tells whether another name is served by the same input: then it is no misspelling.
pub fn hints(san: &SanSet, pattern: &HostPattern, served: &dyn Fn(&str) -> bool) -> Vec<Hint> {
    let certain = [
        common_name(san, pattern),
        address_entry(san, pattern),
        apex(san, pattern),
        one_label_only(san, pattern),
        www(san, pattern),
        wildcard_missing(san, pattern),
        repaired(san, pattern),
    ];
    let mut hints: Vec<Hint> = certain.into_iter().flatten().take(HINTS_MAX).collect();
    // A guess only helps where nothing is certain.
    if hints.is_empty() {
        hints.extend(typo(san, pattern, served).or_else(|| other_tld(san, pattern)));
    }
    if hints.is_empty() {
        hints.extend(hint(HintKind::None, ""));
    }
    hints
}

fn hint(kind: HintKind, entry: impl Into<String>) -> Option<Hint> {
    Some(Hint {
        kind,
        entry: entry.into(),
    })
}

/// The demand of a pattern, as far as single entries can answer it.
enum Wanted<'a> {
    Address(IpAddr),
    Host(&'a str),
    Below(&'a str),
}

fn wanted(pattern: &HostPattern) -> Option<Wanted<'_>> {
    match pattern {
        HostPattern::Address(address) => Some(Wanted::Address(*address)),
        HostPattern::Exact(host) => Some(Wanted::Host(host)),
        HostPattern::LeadingWildcard { base, .. } | HostPattern::DotPrefix(base) => {
            Some(Wanted::Below(base))
        }
        _ => None,
    }
}

fn common_name(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    let wanted = wanted(pattern)?;
    let name = san.common_names().iter().find(|name| match wanted {
        Wanted::Address(wanted) => address(name) == Some(wanted),
        Wanted::Host(_) | Wanted::Below(_) => would_match(name.as_bytes(), &wanted, REPAIRS_MAX),
    })?;
    let kind = if san.has_dns() {
        HintKind::CnIgnored
    } else {
        HintKind::CnOnly
    };
    hint(kind, &**name)
}

fn address_entry(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    let HostPattern::Address(wanted) = pattern else {
        return None;
    };
    let as_dns = san.unusable().iter().find(|entry| {
        entry.reason == InvalidReason::IpInDns
            && str::from_utf8(&entry.raw).ok().and_then(address) == Some(*wanted)
    });
    if let Some(entry) = as_dns {
        return hint(HintKind::IpInDns, entry.text());
    }
    let other_form = match wanted {
        IpAddr::V4(address) => IpAddr::V6(address.to_ipv6_mapped()),
        IpAddr::V6(address) => IpAddr::V4(address.to_ipv4_mapped()?),
    };
    if san.has_address(other_form) {
        return hint(HintKind::IpMapped, other_form.to_string());
    }
    None
}

fn apex(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    let (HostPattern::Exact(base) | HostPattern::DotPrefix(base)) = pattern else {
        return None;
    };
    if san.has_wildcard(base) && san.covering(base).is_none() {
        return hint(HintKind::ApexNeedsOwnEntry, format!("*.{base}"));
    }
    None
}

fn one_label_only(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    // `*.x` covers what is one label below x; a host pattern `*.a.x` begins two labels below.
    let mut rest = match wanted(pattern)? {
        Wanted::Address(_) => return None,
        Wanted::Host(host) => host.split_once('.')?.1,
        Wanted::Below(base) if san.has_wildcard(base) => return None,
        Wanted::Below(base) => base,
    };
    while let Some((_, base)) = rest.split_once('.') {
        if san.has_wildcard(base) {
            return hint(HintKind::WildcardOneLabelOnly, format!("*.{base}"));
        }
        rest = base;
    }
    None
}

fn www(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    let HostPattern::Exact(host) = pattern else {
        return None;
    };
    let other = match host.strip_prefix("www.") {
        Some(apex) => apex.to_owned(),
        None => format!("www.{host}"),
    };
    if san.has_exact(&other) {
        hint(HintKind::WwwVsApex, other)
    } else {
        None
    }
}

fn wildcard_missing(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    let Some(Wanted::Below(base)) = wanted(pattern) else {
        return None;
    };
    if san.has_exact(base) && !san.has_wildcard(base) {
        return hint(HintKind::WildcardMissing, base);
    }
    None
}

fn repaired(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    let wanted = wanted(pattern).filter(|wanted| !matches!(wanted, Wanted::Address(_)))?;
    let mut found: Vec<Hint> = san
        .unusable()
        .iter()
        .filter_map(|entry| {
            let kind = kind_of(entry.reason)?;
            would_match(&entry.raw, &wanted, REPAIRS_MAX).then(|| Hint {
                kind,
                entry: entry.text(),
            })
        })
        .collect();
    found.sort_by_key(|hint| hint.kind);
    found.into_iter().next()
}

const fn kind_of(reason: InvalidReason) -> Option<HintKind> {
    match reason {
        InvalidReason::TrailingDot => Some(HintKind::SanTrailingDot),
        InvalidReason::Whitespace => Some(HintKind::SanWhitespace),
        InvalidReason::Url => Some(HintKind::SanIsUrl),
        InvalidReason::Port => Some(HintKind::SanHasPort),
        InvalidReason::PartialWildcard => Some(HintKind::PartialWildcard),
        InvalidReason::WildcardPosition => Some(HintKind::WildcardNotLeftmost),
        InvalidReason::WildcardTld => Some(HintKind::WildcardOnTld),
        InvalidReason::NonAscii => Some(HintKind::SanNotAscii),
        InvalidReason::Nul => Some(HintKind::SanNul),
        _ => None,
    }
}

/// Whether an entry, valid or repaired, matches.
fn would_match(raw: &[u8], wanted: &Wanted<'_>, repairs: u8) -> bool {
    let reason = match (presented::read(raw), wanted) {
        (Ok(Presented::Exact(name)), Wanted::Host(host)) => return *name == **host,
        (Ok(Presented::Wildcard(base)), Wanted::Host(host)) => {
            return host.split_once('.').is_some_and(|(_, rest)| rest == &*base);
        }
        (Ok(Presented::Wildcard(base)), Wanted::Below(below)) => return *base == **below,
        (Ok(_), _) => return false,
        (Err(reason), _) => reason,
    };
    let Some(repairs) = repairs.checked_sub(1) else {
        return false;
    };
    let again = |part: &[u8]| part != raw && would_match(part, wanted, repairs);
    match reason {
        InvalidReason::TrailingDot => raw.strip_suffix(b".").is_some_and(again),
        InvalidReason::Whitespace => raw
            .split(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
            .any(again),
        InvalidReason::Url => url_host(raw).is_some_and(again),
        InvalidReason::Port => raw
            .iter()
            .rposition(|&byte| byte == b':')
            .is_some_and(|colon| again(&raw[..colon])),
        InvalidReason::NonAscii => a_label(raw).is_some_and(|name| again(name.as_bytes())),
        InvalidReason::Nul => raw.split(|&byte| byte == 0).next().is_some_and(again),
        InvalidReason::PartialWildcard
        | InvalidReason::WildcardPosition
        | InvalidReason::WildcardTld => {
            matches!(wanted, Wanted::Host(host) if stars_match(raw, host.as_bytes()))
        }
        _ => false,
    }
}

/// The host of a URL, with its port.
fn url_host(raw: &[u8]) -> Option<&[u8]> {
    let start = raw
        .windows(3)
        .position(|window| window == b"://")
        .map_or(0, |place| place + 3);
    raw[start..].split(|&byte| byte == b'/').next()
}

/// Label by label, with a star for any part of a label: what old clients did.
fn stars_match(pattern: &[u8], host: &[u8]) -> bool {
    let labels = |name: &[u8]| name.iter().filter(|&&byte| byte == b'.').count();
    labels(pattern) == labels(host)
        && pattern
            .split(|&byte| byte == b'.')
            .zip(host.split(|&byte| byte == b'.'))
            .all(|(pattern, label)| label_matches(pattern, label))
}

fn label_matches(pattern: &[u8], label: &[u8]) -> bool {
    let mut parts = pattern.split(|&byte| byte == b'*');
    let first = parts.next().unwrap_or_default();
    let starts = |text: &[u8], part: &[u8]| {
        text.get(..part.len())
            .is_some_and(|front| front.eq_ignore_ascii_case(part))
    };
    if !starts(label, first) {
        return false;
    }
    let mut rest = &label[first.len()..];
    let mut last: Option<&[u8]> = None;
    for part in parts {
        if let Some(middle) = last {
            let Some(place) = (0..=rest.len()).find(|&place| starts(&rest[place..], middle)) else {
                return false;
            };
            rest = &rest[place + middle.len()..];
        }
        last = Some(part);
    }
    match last {
        None => rest.is_empty(),
        Some(end) => {
            rest.len() >= end.len() && rest[rest.len() - end.len()..].eq_ignore_ascii_case(end)
        }
    }
}

fn typo(san: &SanSet, pattern: &HostPattern, served: &dyn Fn(&str) -> bool) -> Option<Hint> {
    let below = |base: &str| format!("*.{base}");
    let (text, entries): (String, Vec<String>) = match wanted(pattern)? {
        Wanted::Address(_) => return None,
        Wanted::Host(host) => (
            host.to_owned(),
            san.exact().iter().map(ToString::to_string).collect(),
        ),
        Wanted::Below(base) => (
            below(base),
            san.wildcards().iter().map(|base| below(base)).collect(),
        ),
    };
    let allowed = if text.len() >= LONG_NAME { 2 } else { 1 };
    entries
        .into_iter()
        .filter(|entry| entry.len().abs_diff(text.len()) <= allowed)
        .map(|entry| (strsim::osa_distance(&entry, &text), entry))
        .filter(|(distance, entry)| {
            (1..=allowed).contains(distance)
                && !differ_in_digits_only(entry, &text)
                && !are_www_pair(entry, &text)
                && !served(entry)
        })
        .min()
        .and_then(|(_, entry)| hint(HintKind::Typo, entry))
}

/// `node1` and `node2` are two machines, not one misspelt.
fn differ_in_digits_only(left: &str, right: &str) -> bool {
    let letters = |name: &str| -> String {
        name.chars()
            .filter(|character| !character.is_ascii_digit())
            .collect()
    };
    letters(left) == letters(right)
}

fn are_www_pair(left: &str, right: &str) -> bool {
    left.strip_prefix("www.") == Some(right) || right.strip_prefix("www.") == Some(left)
}

fn other_tld(san: &SanSet, pattern: &HostPattern) -> Option<Hint> {
    let (name, entries): (&str, &[Box<str>]) = match wanted(pattern)? {
        Wanted::Address(_) => return None,
        Wanted::Host(host) => (host, san.exact()),
        Wanted::Below(base) => (base, san.wildcards()),
    };
    let (front, tld) = name.rsplit_once('.')?;
    let found = entries.iter().find(|entry| {
        entry
            .rsplit_once('.')
            .is_some_and(|(other, end)| other == front && end != tld)
    })?;
    let star = if matches!(pattern, HostPattern::Exact(_)) {
        ""
    } else {
        "*."
    };
    hint(HintKind::OtherTld, format!("{star}{found}"))
}
