//! `chain-incomplete`: the certificate that leads from the leaf to the root is not sent.
//!
//! Only where that is provable: public authorities may not sign leaves with the keys of their roots
//! (TLS BR 6.1.7), and an authority that another file has as an intermediate is no root.

use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::{Bundle, BundleId};
use crate::x509::Certificate;
use crate::x509::chain::lacks_issuer;

pub(super) static RULE: Rule = Rule {
    id: "chain-incomplete",
    summary: "the intermediate certificate is missing, so clients find no way to the root",
    docs: include_str!("docs/chain-incomplete.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Certificate(check),
};

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, findings: &mut Vec<Finding>) {
    if !lacks_issuer(subject.model.bundle(id).chain()) {
        return;
    }
    let issuer = subject
        .intermediates(leaf.raw_issuer())
        .iter()
        .find(|(_, issuer)| issuer.issued(leaf));
    if issuer.is_some() || leaf.is_public() {
        findings.push(finding(subject, id, leaf, issuer));
    }
}

fn finding(
    subject: &Subject<'_>,
    id: BundleId,
    leaf: &Certificate,
    issuer: Option<&(&Bundle, &Certificate)>,
) -> Finding {
    let mut finding = bundle::finding(
        &RULE,
        subject,
        id,
        format!(
            "the intermediate certificate `{}` is not in {}",
            leaf.issuer(),
            bundle::in_secret(subject.model.bundle(id)).unwrap_or_else(|| "the file".to_owned())
        ),
        "sent without its issuer",
        format!("issued by `{}`", leaf.issuer()),
    );
    let file = subject
        .written(id)
        .unwrap_or_else(|| bundle::file(subject, id));
    let fullchain = file
        .strip_suffix("cert.pem")
        .filter(|folder| folder.is_empty() || folder.ends_with('/'));
    if let Some((other, certificate)) = issuer {
        bundle::point(
            &mut finding,
            other.at(certificate.at),
            "the missing certificate",
        );
    }
    finding.help = Some(match (issuer, fullchain) {
        (_, Some(folder)) => format!("use `{folder}fullchain.pem`, which has both"),
        (Some((other, certificate)), None) => {
            let has_leaf = other.chain().iter().any(|it| it.sha256 == leaf.sha256);
            let there = bundle::shown_bundle(subject, other);
            if has_leaf {
                format!("use {there}, which has both")
            } else {
                let number = other
                    .chain()
                    .iter()
                    .position(|it| it.sha256 == certificate.sha256);
                format!(
                    "append {} of {there} to {}: the leaf first, then its issuer",
                    ordinal(number.unwrap_or_default()),
                    bundle::shown(subject, id)
                )
            }
        }
        (None, None) if subject.model.bundle(id).field.is_some() => {
            "append the authority's intermediate certificate behind the leaf".to_owned()
        }
        (None, None) => format!(
            "append the authority's intermediate certificate to the file: cat intermediate.pem >> {file}"
        ),
    });
    finding
}

/// "the first certificate", by its index in a file.
fn ordinal(index: usize) -> &'static str {
    match index {
        0 => "the first certificate",
        1 => "the second certificate",
        2 => "the third certificate",
        _ => "the certificate of the issuer",
    }
}
