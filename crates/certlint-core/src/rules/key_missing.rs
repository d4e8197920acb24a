//! `key-missing`: a private-key file that the tree ought to have.

use std::collections::BTreeMap;

use super::words::with_more;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::{CertificatePair, KeyPart, KeyRef, Unavailable};

pub(super) static RULE: Rule = Rule {
    id: "key-missing",
    summary: "a private-key file does not exist",
    docs: include_str!("docs/key-missing.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut missing: BTreeMap<&str, Vec<(&KeyPart, &CertificatePair)>> = BTreeMap::new();
    for pair in subject.pairs() {
        if let Some(part) = &pair.key
            && part.key == KeyRef::Unavailable(Unavailable::Missing)
        {
            missing.entry(&part.path).or_default().push((part, pair));
        }
    }
    for (path, mut places) in missing {
        places.sort_unstable_by_key(|(part, _)| &part.at);
        places.dedup_by_key(|(part, _)| &part.at);
        let (part, pair) = places[0];
        let mut finding = RULE.finding(
            format!("key file `{path}` does not exist"),
            part.at.clone(),
            with_more("no such file", places.len()),
        );
        finding
            .related
            .push(Label::new(pair.at.clone(), "the certificate it belongs to"));
        finding.help = Some(
            "correct the path or put the file there; where keys are deliberately not in the tree, \
             say so: `# certlint: ignore[key-missing] keys are deployed separately`"
                .to_owned(),
        );
        findings.push(finding);
    }
}
