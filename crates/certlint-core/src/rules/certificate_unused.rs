//! `certificate-unused`: certificates in a server that never speaks TLS.

use std::collections::BTreeSet;

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::{Fragment, ListenAddress, Server};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "certificate-unused",
    summary: "a server has certificates, and none of its addresses speaks TLS",
    docs: include_str!("docs/certificate-unused.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for fragment in &subject.model.fragments {
        // In a piece of a configuration another server may bring `ssl` to the address.
        if fragment.complete {
            check_fragment(fragment, findings);
        }
    }
}

fn check_fragment(fragment: &Fragment, findings: &mut Vec<Finding>) {
    let (speaking, silent): (Vec<&Server>, Vec<&Server>) = fragment
        .servers
        .iter()
        .filter(|server| !server.certificates.is_empty() && !server.inherits_certificates)
        .partition(|server| speaks_tls(fragment, server));
    if silent.is_empty() {
        return;
    }
    // An included snippet may bring one and the same line to servers with and without TLS.
    let served: BTreeSet<&Location> = speaking
        .iter()
        .flat_map(|server| server.certificates.iter().map(|pair| &pair.at))
        .collect();
    for server in silent {
        let (Some(pair), Some(listen)) = (server.certificates.first(), server.listens.first())
        else {
            continue;
        };
        // What was not read may listen with `ssl`.
        if server.open_ended {
            continue;
        }
        if served.contains(&pair.at) {
            continue;
        }
        let https = server
            .listens
            .iter()
            .find(|listen| is_https_port(&fragment.listener(listen.listener).address));
        let mut finding = RULE.finding(
            format!(
                "certificate `{}` is never served: no `listen` of this server says `ssl`",
                pair.path
            ),
            pair.at.clone(),
            "never served",
        );
        let listen = https.unwrap_or(listen);
        let label = &fragment.listener(listen.listener).label;
        finding
            .related
            .push(Label::new(listen.at.clone(), "plain text, no `ssl`"));
        if https.is_some() {
            // Another server may bring `ssl` to the address.
            if !fragment.servers.iter().any(|server| server.open_ended) {
                finding.level = Level::Error;
            }
            finding.help = Some(format!(
                "add `ssl` to `listen {label}`: clients that speak TLS get an error now"
            ));
        } else {
            finding.help = Some("add `listen 443 ssl;`, or remove the certificate: nginx still needs its files to start".to_owned());
        }
        findings.push(finding);
    }
}

fn speaks_tls(fragment: &Fragment, server: &Server) -> bool {
    server
        .listens
        .iter()
        .any(|listen| fragment.listener(listen.listener).tls)
}

/// Ports at which everybody expects TLS.
fn is_https_port(address: &ListenAddress) -> bool {
    match address {
        ListenAddress::Inet { address, .. } => matches!(address.port(), 443 | 8443),
        ListenAddress::Named(_) | ListenAddress::Unix(_) => false,
    }
}
