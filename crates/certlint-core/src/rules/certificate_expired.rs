//! `certificate-expired`: the validity of a certificate is over.

use super::words::{day, duration};
use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::BundleId;
use crate::x509::Certificate;
use crate::x509::profile::{Expiry, expiry};

pub(super) static RULE: Rule = Rule {
    id: "certificate-expired",
    summary: "a certificate has expired, so every client refuses it",
    docs: include_str!("docs/certificate-expired.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Validity(check),
};

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, now: i64) -> Option<Finding> {
    let Expiry::Expired { ago } = expiry(leaf, now) else {
        return None;
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
    Some(finding)
}
