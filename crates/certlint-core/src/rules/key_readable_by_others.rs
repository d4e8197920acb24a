//! `key-readable-by-others`: a private key that more than its owner may read.

use super::words::with_more;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level, command_line};
use crate::model::KeyId;
use crate::x509::KeyOutcome;

pub(super) static RULE: Rule = Rule {
    id: "key-readable-by-others",
    summary: "a private-key file that others than its owner may read",
    docs: include_str!("docs/key-readable-by-others.md"),
    level: Level::Info,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

/// Permission bits of the group and of everybody else.
const OTHERS: u32 = 0o077;

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for (id, key) in (0u32..).map(KeyId).zip(&subject.model.keys) {
        let places = subject.key_places(id);
        let (Some(mode), Some(first)) = (key.mode, places.first()) else {
            continue;
        };
        let is_key = !matches!(key.file.outcome, KeyOutcome::Refused(_));
        if mode & OTHERS == 0 || !is_key {
            continue;
        }
        let file = subject.model.sources.get(key.source).name();
        let mut finding = RULE.finding(
            format!(
                "others than its owner may read key file `{file}` (mode {:o})",
                mode & 0o777
            ),
            first.clone(),
            with_more("a private key", places.len()),
        );
        finding.help = Some(format!(
            "let its owner alone read it, as nginx reads keys as root, before it drops its rights: {}",
            command_line(&format!("chmod 600 {file}"))
        ));
        findings.push(finding);
    }
}
