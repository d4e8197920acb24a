//! `certificate-expiring`: the end is nearer than any renewal by a program would let it come.

use super::words::{day, duration};
use super::{Check, Rule, Scope, Status, Subject, bundle, help};
use crate::finding::{Finding, Level, command_line};
use crate::model::BundleId;
use crate::x509::Certificate;
use crate::x509::profile::{Expiry, expiry};

pub(super) static RULE: Rule = Rule {
    id: "certificate-expiring",
    summary: "a certificate expires soon, measured by its lifetime",
    docs: include_str!("docs/certificate-expiring.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Validity(check),
};

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, now: i64) -> Option<Finding> {
    let (left, level) = match expiry(leaf, now) {
        Expiry::Imminent { left } => (left, Level::Error),
        Expiry::Soon { left } => (left, Level::Warning),
        _ => return None,
    };
    let end = day(leaf.not_after);
    let mut finding = bundle::finding(
        &RULE,
        subject,
        id,
        format!(
            "certificate expires in {}, on {end}; with a lifetime of {} it should have been renewed by now",
            duration(left),
            duration(leaf.not_after - leaf.not_before)
        ),
        "brings a certificate that ends soon",
        format!("valid until {end}"),
    );
    finding.level = level;
    finding.help = Some(renew(subject, id));
    Some(finding)
}

/// The command that renews a certificate.
pub(super) fn renew(subject: &Subject<'_>, id: BundleId) -> String {
    let bundle = subject.model.bundle(id);
    if let Some(secret) = &bundle.secret {
        return format!(
            "renew it with what writes the Secret, or put a new one there: {}",
            help::kubectl_replace(secret)
        );
    }
    match (help::lineage(subject, id), subject.leaf(id)) {
        (Some(lineage), _) => {
            let renew = command_line(&format!("certbot renew --cert-name {lineage}"));
            format!("renew it: {renew}")
        }
        (None, Some(leaf)) => format!("renew it: {}", help::command(subject, id, leaf, &[])),
        (None, None) => "renew it".to_owned(),
    }
}
