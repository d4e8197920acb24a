//! `chain-misordered`: certificates in an order that nginx sends as it is.

use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::BundleId;
use crate::x509::Certificate;
use crate::x509::chain::{ChainOrder, order};

pub(super) static RULE: Rule = Rule {
    id: "chain-misordered",
    summary: "the certificates of a file are not in the order leaf, issuer, its issuer",
    docs: include_str!("docs/chain-misordered.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for (id, bundle) in subject.whole() {
        let chain = bundle.chain();
        match order(chain) {
            ChainOrder::InOrder | ChainOrder::Unrelated { .. } => {}
            ChainOrder::LeafNotFirst { leaf } => {
                let begins = if bundle.field.is_some() {
                    "the first certificate is that of an authority, which is served as if it were the server's"
                } else {
                    "the file begins with the certificate of an authority, which nginx takes for the server's"
                };
                let mut finding = finding(
                    subject,
                    id,
                    begins,
                    &chain[leaf],
                    "the server's certificate",
                );
                finding.level = Level::Error;
                finding.help = Some("put the server's certificate first: cat server.crt intermediate.crt > chain.crt".to_owned());
                findings.push(finding);
            }
            ChainOrder::Misordered { index } => {
                let mut finding = finding(
                    subject,
                    id,
                    "the certificates of the chain are not in order",
                    &chain[index],
                    "comes before what it issued",
                );
                finding.help = Some(
                    "order them: the leaf, then its issuer, then the issuer of that one".to_owned(),
                );
                findings.push(finding);
            }
        }
    }
}

fn finding(
    subject: &Subject<'_>,
    id: BundleId,
    message: &str,
    stray: &Certificate,
    text: &str,
) -> Finding {
    let mut finding = bundle::finding(
        &RULE,
        subject,
        id,
        message,
        "sent as the file has it",
        "first in the file",
    );
    bundle::point(&mut finding, subject.model.bundle(id).at(stray.at), text);
    finding
}
