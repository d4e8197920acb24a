//! `certificate-missing`: a certificate file that the tree ought to have.

use std::collections::{BTreeMap, BTreeSet};

use super::words::with_more;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::{CertRef, Serving, Unavailable};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "certificate-missing",
    summary: "a certificate file does not exist",
    docs: include_str!("docs/certificate-missing.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut missing: BTreeMap<&str, Vec<&Location>> = BTreeMap::new();
    for pair in subject.pairs() {
        if pair.certificate == CertRef::Unavailable(Unavailable::Missing) {
            missing.entry(&pair.path).or_default().push(&pair.at);
        }
    }
    for (path, mut places) in missing {
        places.sort_unstable();
        places.dedup();
        let mut finding = RULE.finding(
            format!("certificate file `{path}` does not exist"),
            places[0].clone(),
            with_more("no such file", places.len()),
        );
        finding.help = Some(
            "correct the path (relative ones start from the directory of the main configuration file) \
             or put the file there; `--root DIR` and `--map-path FROM=TO` say where absolute paths lie"
                .to_owned(),
        );
        findings.push(finding);
    }
    missing_for_names(subject, findings);
}

/// Names for which a path with variables leads to no file.
fn missing_for_names(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<&Location> = BTreeSet::new();
    for entry in subject.entries() {
        if !entry.serving().is_some_and(Serving::fails) {
            continue;
        }
        let pairs = &entry.fragment.server(entry.server()).certificates;
        let dynamic = pairs.iter().find(|pair| {
            matches!(
                pair.certificate,
                CertRef::Unavailable(Unavailable::Dynamic(_))
            )
        });
        let name = entry.name();
        let Some(pair) = dynamic.filter(|_| told.insert(&name.at)) else {
            continue;
        };
        let mut finding = RULE.finding(
                format!(
                    "`{}` leads to no usable certificate and key for `{}`: every handshake for it fails",
                    pair.path, name.text
                ),
                name.at.clone(),
                "no certificate for this name",
            );
        finding.related.push(Label::new(
            pair.at.clone(),
            "evaluated during the handshake",
        ));
        finding.help = Some(
                "put the certificate and its key where the path leads for this name, or remove the name"
                    .to_owned(),
            );
        finding.facts.names.push(name.text.to_string());
        findings.push(finding);
    }
}
