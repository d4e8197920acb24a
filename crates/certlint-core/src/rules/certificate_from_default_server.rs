//! `certificate-from-default-server`: a TLS server without a certificate of its own.
//!
//! nginx then answers with the certificates of the listener's default server, without a word
//! (semantics measured on nginx 1.22.1 and 1.31.5).

use std::collections::BTreeMap;

use super::coverage::{Judged as Entry, facts, fails};
use super::words::list;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Cause, Finding, Label, Level};
use crate::model::{BundleId, ServerId};
use crate::name::{HostPattern, Verdict};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "certificate-from-default-server",
    summary: "a TLS server without a certificate of its own: the default server's is served",
    docs: include_str!("docs/certificate-from-default-server.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let same = |a: &Entry<'_>, b: &Entry<'_>| std::ptr::eq(a.fragment, b.fragment);
    for entries in subject.entries().chunk_by(same) {
        // In a piece of a configuration the certificate may be in an outer block.
        if !entries[0].fragment.complete {
            continue;
        }
        let mut servers: BTreeMap<ServerId, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in entries {
            // Nobody asks for a catch-all by name, and addresses always get the default.
            let is_address = matches!(entry.name().pattern, HostPattern::Address(_));
            // What controllers do is a matter of `default-certificate-served`.
            if !is_address && entry.is_from_default() && !entry.is_from_manifest() {
                servers.entry(entry.server()).or_default().push(entry);
            }
        }
        for entries in servers.values() {
            findings.extend(finding(subject, entries));
        }
    }
}

fn finding(subject: &Subject<'_>, entries: &[&Entry<'_>]) -> Option<Finding> {
    let first = entries.first()?;
    let fragment = first.fragment;
    let mut uncovered: BTreeMap<&Location, &str> = BTreeMap::new();
    let mut known: Option<(&Location, BundleId)> = None;
    let mut provable = true;
    for entry in entries {
        let (name, judgements) = (entry.name(), &entry.certificates);
        let served = entry
            .serving()
            .map_or(0, |serving| serving.certificates().len());
        provable &= judgements.len() == served
            && !judgements
                .iter()
                .any(|one| matches!(one.verdict, Verdict::Unknown(_)));
        let failing = judgements.iter().find(|one| fails(&one.verdict));
        if let Some(one) = failing {
            uncovered.insert(&name.at, &name.text);
            known = Some((&one.served.at, one.bundle));
        }
    }
    let default = first.borrowed_from()?;
    let names: Vec<&str> = uncovered.values().copied().collect();
    let message = if !names.is_empty() {
        format!(
            "this server has no certificate, and that of the default server does not cover {}",
            list(&names, 3)
        )
    } else if provable {
        "this server has no certificate; that of the default server happens to cover its names"
            .to_owned()
    } else {
        "this server has no certificate: clients get that of the default server".to_owned()
    };
    let at = fragment.server(first.server()).at.clone();
    let mut finding = RULE.finding(message, at, "no `ssl_certificate` in effect");
    if names.is_empty() {
        finding.level = Level::Info;
        finding.cause = Some(Cause {
            key: fragment.listener(first.rows[0].listener).label.clone(),
            what: "servers",
            help: Some(
                "give each of these servers its own `ssl_certificate` and `ssl_certificate_key`, or put them into the `http` block for all servers"
                    .to_owned(),
            ),
        });
    }
    for at in uncovered.keys().take(3) {
        finding
            .related
            .push(Label::new((*at).clone(), "not in that certificate"));
    }
    let served = first
        .serving()
        .and_then(|serving| serving.certificates().first());
    if let Some(at) = known
        .map(|(at, _)| at)
        .or_else(|| served.map(|served| &served.at))
    {
        finding
            .related
            .push(Label::new(at.clone(), "served instead"));
    }
    finding.related.push(Label::new(
        fragment.server(default).at.clone(),
        "the default server",
    ));
    finding.help = Some(
        "give this server its own `ssl_certificate` and `ssl_certificate_key`, or put them into the `http` block for all servers"
            .to_owned(),
    );
    finding.facts.names = names.iter().map(|&name| name.to_owned()).collect();
    finding.facts.certificate = known.and_then(|(_, bundle)| facts(subject.model, bundle));
    Some(finding)
}
