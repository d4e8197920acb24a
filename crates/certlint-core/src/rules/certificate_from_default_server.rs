//! `certificate-from-default-server`: a TLS server without a certificate of its own.
//!
//! nginx then answers with the certificates of the listener's default server, without a word
//! (semantics measured on nginx 1.22.1 and 1.31.5).

use std::collections::BTreeMap;

use super::coverage::{facts, fails, is_from_default, judge_one};
use super::words::list;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Cause, Finding, Label, Level};
use crate::model::{BundleId, Endpoint, Fragment, ServerId, Serving};
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
    for fragment in &subject.model.fragments {
        // In a piece of a configuration the certificate may stand in an outer block.
        if !fragment.complete {
            continue;
        }
        let mut servers: BTreeMap<ServerId, Vec<&Endpoint>> = BTreeMap::new();
        for endpoint in &fragment.endpoints {
            let name = fragment.name(endpoint);
            // Nobody asks for a catch-all by name, and addresses always get the default.
            let asked = !matches!(
                name.pattern,
                HostPattern::Address(_) | HostPattern::CatchAll | HostPattern::Invalid(_)
            );
            if asked && is_from_default(endpoint) {
                servers.entry(endpoint.server).or_default().push(endpoint);
            }
        }
        for (server, endpoints) in servers {
            findings.extend(finding(subject, fragment, server, &endpoints));
        }
    }
}

fn finding(
    subject: &Subject<'_>,
    fragment: &Fragment,
    server: ServerId,
    endpoints: &[&Endpoint],
) -> Option<Finding> {
    let mut uncovered: BTreeMap<&Location, &str> = BTreeMap::new();
    let mut known: Option<(&Location, BundleId)> = None;
    let mut provable = true;
    for endpoint in endpoints {
        let name = fragment.name(endpoint);
        let judgements = judge_one(subject.all_leaves(), fragment, endpoint);
        provable &= judgements.len() == endpoint.serving.certificates().len()
            && !judgements
                .iter()
                .any(|one| matches!(one.verdict, Verdict::Unknown(_)));
        let failing = judgements.iter().find(|one| fails(&one.verdict));
        if let Some(one) = failing {
            uncovered.insert(&name.at, &name.text);
            known = Some((&one.served.at, one.bundle));
        }
    }
    let default = endpoints
        .iter()
        .find_map(|endpoint| match endpoint.serving {
            Serving::Certificates { from_default, .. } => from_default,
            _ => None,
        })?;
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
    let at = fragment.server(server).at.clone();
    let mut finding = RULE.finding(message, at, "no `ssl_certificate` in effect");
    if names.is_empty() {
        finding.level = Level::Info;
        finding.cause = Some(Cause {
            key: fragment.listener(endpoints[0].listeners[0]).label.clone(),
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
    let served = endpoints[0].serving.certificates().first();
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
