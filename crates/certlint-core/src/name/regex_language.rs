//! The language of a regular expression over the bytes that host names are made of.
//!
//! Small enough to answer three questions: which names are in it, if they are few; whether it is
//! "something, a dot, a fixed name"; and some likely members. Every answer is bounded in work.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::label::NAME_MAX;

/// A finite language is listed up to this many names.
const NAMES_MAX: usize = 256;

/// Texts that may be built while listing a language, so that nested repetitions end soon.
const WORK_MAX: usize = 50_000;

/// Likely members that are looked for.
const SAMPLES_MAX: usize = 32;

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.";

/// A set of the bytes that host names are made of: `a-z 0-9 - _ .`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostBytes(u64);

impl HostBytes {
    /// The host bytes within a range; whatever else is in it never arrives in a valid host.
    pub(super) fn of(range: RangeInclusive<u8>) -> Self {
        Self(
            ALPHABET
                .iter()
                .enumerate()
                .filter(|(_, byte)| range.contains(byte))
                .fold(0, |set, (index, _)| set | 1 << index),
        )
    }

    const DOT: Self = Self(1 << (ALPHABET.len() - 1));

    const fn has_dot(self) -> bool {
        self.0 & Self::DOT.0 != 0
    }

    pub(super) const fn has_other_than_dot(self) -> bool {
        self.0 & !Self::DOT.0 != 0
    }

    pub(super) fn contains(self, byte: char) -> bool {
        self.iter().any(|other| other == byte)
    }

    fn iter(self) -> impl Iterator<Item = char> {
        ALPHABET
            .iter()
            .enumerate()
            .filter(move |(index, _)| self.0 & (1 << index) != 0)
            .map(|(_, &byte)| char::from(byte))
    }

    fn single(self) -> Option<char> {
        self.iter().next().filter(|_| self.0.count_ones() == 1)
    }
}

impl FromIterator<Self> for HostBytes {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        sets.into_iter()
            .fold(Self(0), |all, set| Self(all.0 | set.0))
    }
}

/// A set of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// One byte of a set; an empty set matches nothing.
    Set(HostBytes),
    /// One after the other. Never directly inside another one.
    Concat(Vec<Self>),
    /// Any of them.
    Alternation(Vec<Self>),
    /// Several times over.
    Repeat {
        /// The repeated part.
        language: Box<Self>,
        /// At least so often.
        min: u32,
        /// At most so often; `None` is without end.
        max: Option<u32>,
    },
}

/// "Something, a dot, a fixed name": `^[^.]+\.example\.com$`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LabelsBelow {
    /// The fixed name.
    pub base: String,
    /// Whether more than one label may be in front of it.
    pub deep: bool,
}

impl Language {
    /// The empty text only.
    pub(super) const EMPTY: Self = Self::Concat(Vec::new());

    /// No text at all.
    pub(super) const NEVER: Self = Self::Set(HostBytes(0));

    pub(super) fn concatenation(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Concat(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::Concat(flat)
    }

    pub(super) const fn alternation(branches: Vec<Self>) -> Self {
        Self::Alternation(branches)
    }

    /// Every member that fits into a host name, if there are at most 256.
    pub(super) fn names(&self) -> Option<BTreeSet<String>> {
        let mut work = WORK_MAX;
        self.list(&mut work)
    }

    fn list(&self, work: &mut usize) -> Option<BTreeSet<String>> {
        match self {
            Self::Set(set) => Some(set.iter().map(String::from).collect()),
            Self::Concat(parts) => {
                let mut texts = BTreeSet::from([String::new()]);
                for part in parts {
                    texts = product(&texts, &part.list(work)?, work)?;
                }
                Some(texts)
            }
            Self::Alternation(branches) => {
                let mut texts = BTreeSet::new();
                for branch in branches {
                    texts.append(&mut branch.list(work)?);
                    if texts.len() > NAMES_MAX {
                        return None;
                    }
                }
                Some(texts)
            }
            Self::Repeat { language, min, max } => {
                let mut once = language.list(work)?;
                // More turns through the empty text add nothing, but `min` turns are then no
                // minimum of length.
                let min = if once.remove("") { 0 } else { *min };
                if once.is_empty() {
                    return Some(if min == 0 {
                        BTreeSet::from([String::new()])
                    } else {
                        once
                    });
                }
                let max = (*max)?;
                let mut texts = BTreeSet::from([String::new()]);
                let mut all = BTreeSet::new();
                for turn in 0..=max {
                    if turn >= min {
                        all.extend(texts.iter().cloned());
                    }
                    if all.len() > NAMES_MAX {
                        return None;
                    }
                    // Every turn adds a byte, so this ends when no text fits into a name.
                    if turn == max || texts.is_empty() {
                        break;
                    }
                    texts = product(&texts, &once, work)?;
                }
                Some(all)
            }
        }
    }

    /// Reads the language as "something, a dot, a fixed name", where the something can be a single
    /// label.
    ///
    /// It may also be empty: that gives a host with a leading dot, which no client sends.
    pub(super) fn labels_below(&self) -> Option<LabelsBelow> {
        let Self::Concat(parts) = self else {
            return None;
        };
        let fixed_from = parts
            .iter()
            .rposition(|part| part.fixed().is_none())
            .map_or(0, |last_loose| last_loose + 1);
        let dot = fixed_from
            + parts[fixed_from..]
                .iter()
                .position(|part| part.fixed() == Some('.'))?;
        let (front, tail) = (&parts[..dot], &parts[dot + 1..]);
        if front.is_empty() || !front.iter().all(|part| part.can_do_without_dot()) {
            return None;
        }
        Some(LabelsBelow {
            base: tail.iter().filter_map(Self::fixed).collect(),
            deep: front.iter().any(Self::has_dot),
        })
    }

    /// The one byte that this always is.
    fn fixed(&self) -> Option<char> {
        match self {
            Self::Set(set) => set.single(),
            _ => None,
        }
    }

    /// Whether some member has no dot.
    fn can_do_without_dot(&self) -> bool {
        match self {
            Self::Set(set) => set.has_other_than_dot(),
            Self::Concat(parts) => parts.iter().all(Self::can_do_without_dot),
            Self::Alternation(branches) => branches.iter().any(Self::can_do_without_dot),
            Self::Repeat { language, min, .. } => *min == 0 || language.can_do_without_dot(),
        }
    }

    /// Whether some member may have a dot.
    fn has_dot(&self) -> bool {
        match self {
            Self::Set(set) => set.has_dot(),
            Self::Concat(parts) | Self::Alternation(parts) => parts.iter().any(Self::has_dot),
            Self::Repeat { language, max, .. } => *max != Some(0) && language.has_dot(),
        }
    }

    /// Some members, a few for each branch, the shortest repetitions. For finding a witness; not
    /// complete.
    pub(super) fn samples(&self) -> Vec<String> {
        match self {
            Self::Set(set) => set.iter().next().map(String::from).into_iter().collect(),
            Self::Concat(parts) => {
                let mut texts = vec![String::new()];
                for part in parts {
                    let next = part.samples();
                    texts = texts
                        .iter()
                        .flat_map(|text| next.iter().map(move |more| format!("{text}{more}")))
                        .filter(|text| text.len() <= NAME_MAX)
                        .take(SAMPLES_MAX)
                        .collect();
                }
                texts
            }
            Self::Alternation(branches) => branches
                .iter()
                .flat_map(Self::samples)
                .take(SAMPLES_MAX)
                .collect(),
            Self::Repeat { language, min, max } => {
                let times = usize::try_from(if *max == Some(0) { 0 } else { (*min).max(1) })
                    .unwrap_or(NAME_MAX);
                let mut texts: Vec<String> = language
                    .samples()
                    .into_iter()
                    .filter(|text| text.len().saturating_mul(times) <= NAME_MAX)
                    .map(|text| text.repeat(times.min(NAME_MAX)))
                    .collect();
                if *min == 0 && texts.len() < SAMPLES_MAX {
                    texts.push(String::new());
                }
                texts
            }
        }
    }
}

/// Every text of one set followed by every text of another, without those that are longer than
/// any name. `None` when there are too many.
fn product(
    front: &BTreeSet<String>,
    back: &BTreeSet<String>,
    work: &mut usize,
) -> Option<BTreeSet<String>> {
    *work = work.checked_sub(front.len() * back.len())?;
    let texts: BTreeSet<String> = front
        .iter()
        .flat_map(|text| back.iter().map(move |more| format!("{text}{more}")))
        .filter(|text| text.len() <= NAME_MAX)
        .collect();
    (texts.len() <= NAMES_MAX).then_some(texts)
}
