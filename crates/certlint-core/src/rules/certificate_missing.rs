//! `certificate-missing`: a certificate file that the tree ought to have.

use std::collections::BTreeMap;

use super::words::with_more;
use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::{CertRef, Unavailable};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "certificate-missing",
    summary: "a certificate file does not exist",
    docs: include_str!("docs/certificate-missing.md"),
    level: Level::Error,
    check,
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
            with_more(
                &format!("certificate file `{path}` does not exist"),
                places.len(),
            ),
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
}
