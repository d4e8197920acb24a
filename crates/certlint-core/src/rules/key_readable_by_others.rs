//! `key-readable-by-others`: a private key that more than its owner may read.

use super::words::{list, with_more};
use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::KeyId;
use crate::x509::KeyOutcome;

pub(super) static RULE: Rule = Rule {
    id: "key-readable-by-others",
    summary: "a private-key file that others than its owner may read",
    docs: include_str!("docs/key-readable-by-others.md"),
    level: Level::Info,
    check,
};

/// Permission bits of the group and of everybody else.
const OTHERS: u32 = 0o077;

/// One finding for all: permissions come from whatever put the files there.
fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut files = Vec::new();
    let mut first = None;
    for (id, key) in (0u32..).map(KeyId).zip(&subject.model.keys) {
        let open = key.mode.is_some_and(|mode| mode & OTHERS != 0);
        let is_key = !matches!(key.file.outcome, KeyOutcome::Refused(_));
        let (true, true, Some(place)) = (open, is_key, subject.key_places(id).first()) else {
            continue;
        };
        files.push(subject.model.sources.get(key.source).name());
        if first.is_none_or(|first| place < first) {
            first = Some(place);
        }
    }
    let Some(first) = first else { return };
    files.sort_unstable();
    let mut finding = RULE.finding(
        format!("others than the owner may read {}", list(&files, 3)),
        first.clone(),
        with_more("a private key", files.len()),
    );
    finding.help = Some(format!(
        "chmod 600 {}: nginx reads keys as root, before it drops its rights",
        files[0]
    ));
    findings.push(finding);
}
