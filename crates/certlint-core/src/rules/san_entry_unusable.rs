//! `san-entry-unusable`: subjectAltName entries that match nothing, or spoil the certificate.

use std::collections::BTreeMap;

use super::words::{list, series};
use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level};
use crate::model::BundleId;
use crate::name::{InvalidReason, UnusableEntry};
use crate::x509::Certificate;

pub(super) static RULE: Rule = Rule {
    id: "san-entry-unusable",
    summary: "a subjectAltName entry matches nothing, or makes clients refuse the certificate",
    docs: include_str!("docs/san-entry-unusable.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Certificate(check),
};

fn check(subject: &Subject<'_>, id: BundleId, leaf: &Certificate, findings: &mut Vec<Finding>) {
    let mut by_reason: BTreeMap<InvalidReason, Vec<&UnusableEntry>> = BTreeMap::new();
    for entry in leaf.names.unusable() {
        by_reason.entry(entry.reason).or_default().push(entry);
    }
    for (reason, entries) in by_reason {
        let texts: Vec<String> = entries.iter().map(|entry| entry.text()).collect();
        let refused_by = reason.refused_by();
        let what = format!("{} {}", list(&texts, 3), reason.explanation());
        let message = if refused_by.is_empty() {
            format!("entry {what}, so it matches nothing")
        } else {
            format!(
                "entry {what}, so {} refuse the whole certificate",
                series(refused_by)
            )
        };
        let label = "certificate with an unusable entry";
        let mut finding =
            bundle::finding(&RULE, subject, id, message, label, "the entry stands here");
        if !refused_by.is_empty() {
            finding.level = Level::Error;
        }
        finding.help = Some(cure(reason, &entries[0].text()));
        findings.push(finding);
    }
}

/// The entry for the next certificate instead.
fn cure(reason: InvalidReason, entry: &str) -> String {
    let cure = match reason {
        InvalidReason::AddressLength => "reissue it: an IP entry has 4 octets, or 16 for IPv6",
        InvalidReason::IpInDns => {
            return format!(
                "reissue it with the address as an IP entry: `IP:{entry}`, not `DNS:{entry}`"
            );
        }
        InvalidReason::AddressRange => {
            let address = entry.split('/').next().unwrap_or_default();
            return format!("reissue it with an IP entry for each address, such as `IP:{address}`");
        }
        InvalidReason::NonAscii => "reissue it with the A-label form of the name: `xn--…`",
        InvalidReason::TrailingDot => "reissue it with the name without its last dot",
        InvalidReason::Url | InvalidReason::Port => {
            "reissue it with the bare host name: no scheme, port or path"
        }
        InvalidReason::PartialWildcard
        | InvalidReason::DoubleWildcard
        | InvalidReason::WildcardPosition
        | InvalidReason::WildcardTld => {
            "reissue it: `*` stands alone as the first label, with two labels behind it: `*.example.com`"
        }
        _ => "reissue it without this entry, or with the host name that was meant",
    };
    cure.to_owned()
}
