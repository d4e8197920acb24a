//! `chain-incomplete`: the certificate that leads from the leaf to the root is not sent.
//!
//! Only where that is provable: public authorities may not sign leaves with the keys of their roots
//! (TLS BR 6.1.7), and an authority that another file has as an intermediate is no root.

use std::collections::BTreeMap;

use super::{Rule, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::BundleId;
use crate::x509::Certificate;
use crate::x509::chain::lacks_issuer;

pub(super) static RULE: Rule = Rule {
    id: "chain-incomplete",
    summary: "the intermediate certificate is missing, so clients find no way to the root",
    docs: include_str!("docs/chain-incomplete.md"),
    level: Level::Error,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut known = None;
    for (id, leaf) in subject.whole_leaves() {
        if !lacks_issuer(subject.model.bundle(id).chain()) {
            continue;
        }
        let known = known.get_or_insert_with(|| intermediates(subject));
        let issuer = known
            .get(leaf.raw_issuer())
            .and_then(|known| known.iter().find(|(_, issuer)| issuer.issued(leaf)));
        if issuer.is_some() || leaf.is_public() {
            findings.push(finding(subject, id, leaf, issuer));
        }
    }
}

type Known<'m> = (BundleId, &'m Certificate);

/// Every intermediate in any file, by its name.
fn intermediates<'m>(subject: &Subject<'m>) -> BTreeMap<&'m [u8], Vec<Known<'m>>> {
    let mut known: BTreeMap<&[u8], Vec<Known<'_>>> = BTreeMap::new();
    for (id, bundle) in (0u32..).map(BundleId).zip(&subject.model.bundles) {
        for certificate in bundle.chain() {
            if certificate.extensions.is_ca && !certificate.is_self_issued() {
                let same_name = known.entry(certificate.raw_subject()).or_default();
                // Hundreds of files have the same intermediate.
                if same_name
                    .iter()
                    .all(|(_, other)| other.sha256 != certificate.sha256)
                {
                    same_name.push((id, certificate));
                }
            }
        }
    }
    known
}

fn finding(
    subject: &Subject<'_>,
    id: BundleId,
    leaf: &Certificate,
    issuer: Option<&Known<'_>>,
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
    let file = bundle::file(subject, id);
    let fullchain = file
        .strip_suffix("cert.pem")
        .filter(|folder| folder.is_empty() || folder.ends_with('/'));
    finding.help = Some(match (issuer, fullchain) {
        (_, Some(folder)) => format!("use `{folder}fullchain.pem`, which has both"),
        (Some((other, certificate)), None) => {
            let at = subject.model.bundle(*other).at(certificate.at);
            bundle::point(&mut finding, at, "the missing certificate");
            format!(
                "append the second certificate of {} to {}: the leaf first, then its issuer",
                bundle::shown(subject, *other),
                bundle::shown(subject, id)
            )
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
