//! `not-a-server-certificate`: what makes clients refuse a certificate whatever its names are.

use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::BundleId;
use crate::x509::profile::{ServerFault, server_faults};
use crate::x509::{Certificate, SAN};

pub(super) static RULE: Rule = Rule {
    id: "not-a-server-certificate",
    summary: "clients refuse the certificate for a server, whatever its names are",
    docs: include_str!("docs/not-a-server-certificate.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Certificate(check),
};

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, findings: &mut Vec<Finding>) {
    let mut faults = server_faults(leaf);
    if leaf.is_self_signed() {
        // It needs explicit trust anyway, and is made by commands that set none of this.
        faults.retain(ServerFault::is_refused);
    }
    let Some(worst) = faults.first() else {
        return;
    };
    let texts: Vec<String> = faults.iter().map(text).collect();
    let mut finding = bundle::finding(
        &RULE,
        subject,
        id,
        texts.join("; "),
        "served to clients",
        "not fit for a server",
    );
    finding.level = level(worst, leaf);
    finding.help = Some(
            "reissue it as a server's certificate: extendedKeyUsage = serverAuth, keyUsage = digitalSignature, basicConstraints = CA:FALSE"
                .to_owned(),
        );
    findings.push(finding);
}

fn level(fault: &ServerFault, leaf: &Certificate) -> Level {
    let authority = *fault == ServerFault::Authority;
    if fault.is_refused() || (authority && leaf.is_public()) {
        Level::Error
    } else {
        Level::Warning
    }
}

fn text(fault: &ServerFault) -> String {
    match fault {
        ServerFault::NoServerAuth { any: false } => {
            "the extended key usage lacks serverAuth: all clients refuse the certificate".to_owned()
        }
        ServerFault::NoServerAuth { any: true } => {
            "the extended key usage is anyExtendedKeyUsage without serverAuth: Firefox, OpenSSL and rustls refuse the certificate".to_owned()
        }
        ServerFault::Version1 => {
            "the certificate is of version 1, without extensions: Go and rustls refuse it".to_owned()
        }
        ServerFault::UnknownCritical(oid) => {
            format!("the extension {oid} is critical and unknown: clients refuse the certificate")
        }
        ServerFault::DuplicateExtension(oid) => {
            format!("the extension {oid} is there twice: clients refuse the certificate")
        }
        ServerFault::UnreadableExtension(oid) if **oid == *SAN => {
            "the subjectAltName cannot be read: clients refuse the certificate".to_owned()
        }
        ServerFault::UnreadableExtension(oid) => {
            format!("the extension {oid} cannot be read: clients refuse the certificate")
        }
        ServerFault::EmptySubject => {
            "the subject is empty and the subjectAltName is not critical: Chromium and Java refuse the certificate".to_owned()
        }
        ServerFault::Authority => {
            "the certificate is that of an authority (CA:TRUE): Firefox and rustls refuse it for a server".to_owned()
        }
        ServerFault::NoDigitalSignature => {
            "the key usage lacks digitalSignature: strict clients refuse it".to_owned()
        }
        ServerFault::NoExtendedKeyUsage => {
            "the certificate has no extended key usage: Apple's clients refuse it".to_owned()
        }
    }
}
