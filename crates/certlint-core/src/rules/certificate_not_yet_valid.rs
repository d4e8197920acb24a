//! `certificate-not-yet-valid`: the validity of a certificate has not begun.

use super::words::{day, duration};
use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::BundleId;
use crate::x509::Certificate;
use crate::x509::profile::{Expiry, expiry};

pub(super) static RULE: Rule = Rule {
    id: "certificate-not-yet-valid",
    summary: "the validity of a certificate has not begun, so every client refuses it",
    docs: include_str!("docs/certificate-not-yet-valid.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Validity(check),
};

/// Nearer than this, the certificate may well be meant for a deployment of tomorrow.
const SOON: i64 = 86_400;

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, now: i64) -> Option<Finding> {
    let Expiry::NotYetValid { starts_in } = expiry(leaf, now) else {
        return None;
    };
    let start = day(leaf.not_before);
    let mut finding = bundle::finding(
        &RULE,
        subject,
        id,
        format!(
            "certificate becomes valid in {}, on {start}",
            duration(starts_in)
        ),
        "brings a certificate of the future",
        format!("valid from {start}"),
    );
    if starts_in <= SOON {
        finding.level = Level::Warning;
    }
    finding.help = Some(
        "keep the old certificate until then, or issue one that is valid now; is the clock right?"
            .to_owned(),
    );
    Some(finding)
}
