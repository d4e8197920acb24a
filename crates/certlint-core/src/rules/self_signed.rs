//! `self-signed`: a certificate that vouches for itself.

use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::BundleId;
use crate::x509::Certificate;

pub(super) static RULE: Rule = Rule {
    id: "self-signed",
    summary: "a self-signed certificate is served, which no client trusts by itself",
    docs: include_str!("docs/self-signed.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Certificate(check),
};

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, findings: &mut Vec<Finding>) {
    if !leaf.is_self_signed() {
        return;
    }
    let mut finding = bundle::finding(
        &RULE,
        subject,
        id,
        format!("certificate `{}` is self-signed", leaf.subject()),
        "brings a self-signed certificate",
        "issuer and subject are the same",
    );
    if leaf.extensions.is_ca && is_for_development(bundle::file(subject, id)) {
        finding.level = Level::Info;
    }
    finding.help = Some(
        "get one from an authority that the clients trust, or make all clients trust this one"
            .to_owned(),
    );
    findings.push(finding);
}

/// A file whose name says that nobody is meant to trust it.
fn is_for_development(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file).to_ascii_lowercase();
    name.split(|character: char| !character.is_ascii_alphanumeric())
        .any(|word| matches!(word, "dev" | "snakeoil"))
}
