//! `weak-key`: keys that clients refuse, or that only some of them take.

use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level, command_line};
use crate::model::BundleId;
use crate::x509::Certificate;
use crate::x509::Curve;
use crate::x509::profile::{KeyWeakness, key_weakness};

pub(super) static RULE: Rule = Rule {
    id: "weak-key",
    summary: "the key of a certificate is too weak, or of a kind that clients do not take",
    docs: include_str!("docs/weak-key.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Certificate(check),
};

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, findings: &mut Vec<Finding>) {
    let Some(weakness) = key_weakness(leaf) else {
        return;
    };
    let (fact, inside) = words(weakness);
    let mut finding = bundle::finding(
        &RULE,
        subject,
        id,
        fact,
        "certificate with this key",
        inside,
    );
    if !weakness.is_refused() {
        finding.level = Level::Warning;
    }
    finding.help = Some(format!(
        "make a new key and request a certificate for it: {}\nor, for old clients: {}",
        command_line("openssl ecparam -genkey -name prime256v1 -noout -out site.key"),
        command_line("openssl genrsa -out site.key 2048")
    ));
    findings.push(finding);
}

/// The fact, and two to six words for the certificate itself.
fn words(weakness: KeyWeakness) -> (String, &'static str) {
    match weakness {
        KeyWeakness::RsaTooSmall { bits } => (
            format!("the key has only {bits} bits: clients and OpenSSL's default level refuse RSA below 2048"),
            "RSA key, too small",
        ),
        KeyWeakness::RsaExponentInvalid => (
            "the public exponent of the RSA key is even or below 3".to_owned(),
            "RSA key, invalid exponent",
        ),
        KeyWeakness::Dsa => ("the key is for DSA, which no client accepts".to_owned(), "DSA key"),
        KeyWeakness::Curve(curve) => (
            format!("the key is on {}, which browsers do not have", curve_name(curve)),
            "unusual curve",
        ),
        KeyWeakness::RsaOddSize { bits } => (
            format!("the RSA key has {bits} bits, which is no multiple of 8: public authorities may not certify it"),
            "RSA key of an odd size",
        ),
        KeyWeakness::RsaExponentSmall => (
            "the public exponent of the RSA key is below 65537".to_owned(),
            "RSA key, small exponent",
        ),
        KeyWeakness::P521 => (
            "the key is on P-521, which some clients cannot verify".to_owned(),
            "P-521 key",
        ),
        KeyWeakness::Edwards => (
            "the key is for EdDSA: public authorities may not certify it, and browsers do not offer it".to_owned(),
            "EdDSA key",
        ),
        KeyWeakness::RsaPss => (
            "the key is for RSA-PSS only: public authorities may not certify it".to_owned(),
            "RSA-PSS key",
        ),
    }
}

fn curve_name(curve: Curve) -> &'static str {
    match curve {
        Curve::Brainpool => "a Brainpool curve",
        Curve::Explicit => "a curve with explicit parameters",
        Curve::P192 => "P-192",
        Curve::P224 => "P-224",
        _ => "an unusual curve",
    }
}
