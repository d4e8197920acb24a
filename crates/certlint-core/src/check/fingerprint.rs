//! Tells findings apart from one run to the next: by rule, logical place and names.
//!
//! Lines, columns, days and counts take no part, so that a baseline or a code-scanning service knows
//! a finding again after lines were inserted above it or a week went by.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::finding::Finding;
use crate::source::{Location, Sources};

/// Bytes of a fingerprint.
const LENGTH: usize = 16;

/// A text longer than this is no name of anything.
const TEXT_MAX: usize = 300;

/// The fingerprints that were given out in one run.
#[derive(Debug, Default)]
pub struct Fingerprints {
    /// How many findings have the same rule, place and names.
    given: BTreeMap<[u8; LENGTH], u32>,
}

impl Fingerprints {
    /// Gives a finding its fingerprint; further ones at the same logical place are numbered.
    pub fn assign(&mut self, finding: &mut Finding, sources: &Sources) {
        let own = digest(&parts(finding, sources));
        let number = self.given.entry(own).or_default();
        *number += 1;
        let fingerprint = match *number {
            1 => own,
            number => digest(&[&own, &number.to_be_bytes()]),
        };
        finding.fingerprint = fingerprint
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
}

/// The parts that identify a finding.
fn parts<'f>(finding: &'f Finding, sources: &'f Sources) -> Vec<&'f [u8]> {
    let at = &finding.primary.at;
    let mut parts: Vec<&[u8]> = vec![
        finding.rule.as_bytes(),
        sources.get(at.source).name().as_bytes(),
    ];
    match &finding.object {
        Some(object) => {
            parts.push(object.kind.as_bytes());
            parts.push(object.namespace.as_deref().unwrap_or_default().as_bytes());
            parts.push(object.name.as_bytes());
            parts.extend(fields(at.path.as_str()));
        }
        None => parts.extend(text(at, sources)),
    }
    match &finding.cause {
        // How many names there are may change.
        Some(cause) => parts.push(cause.key.as_bytes()),
        None => parts.extend(finding.facts.names.iter().map(String::as_bytes)),
    }
    parts
}

/// The steps of a field path without positions in lists, which change when an item is inserted.
fn fields(path: &str) -> impl Iterator<Item = &[u8]> {
    path.split(['.', '[', ']'])
        .filter(|step| !step.is_empty() && !step.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::as_bytes)
}

/// The word that is pointed at.
fn text<'s>(at: &Location, sources: &'s Sources) -> Option<&'s [u8]> {
    let span = at.span?;
    let text = sources.get(at.source).text()?;
    text.get(span.start as usize..span.end as usize)
        .filter(|word| word.len() <= TEXT_MAX)
}

fn digest(parts: &[&[u8]]) -> [u8; LENGTH] {
    let mut hasher = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts look the same.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut fingerprint = [0; LENGTH];
    fingerprint.copy_from_slice(&hasher.finalize()[..LENGTH]);
    fingerprint
}
