//! `certificate-expired`: the validity of a certificate is over.

use super::words::{day, duration};
use super::{Rule, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::x509::profile::{Expiry, expiry};

pub(super) static RULE: Rule = Rule {
    id: "certificate-expired",
    summary: "a certificate has expired, so every client refuses it",
    docs: include_str!("docs/certificate-expired.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for (id, leaf) in subject.leaves() {
        let Expiry::Expired { ago } = expiry(leaf, subject.now) else {
            continue;
        };
        let end = day(leaf.not_after);
        let mut finding = bundle::finding(
            &RULE,
            subject,
            id,
            format!("certificate expired {} ago, on {end}", duration(ago)),
            "brings an expired certificate",
            format!("valid until {end}"),
        );
        finding.help = Some(super::certificate_expiring::renew(subject, id));
        findings.push(finding);
    }
}
