//! `server-name-impossible`: names that no client can ever ask for.

use std::collections::BTreeSet;

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::{Diagnosis, ServerName};
use crate::name::{HostPattern, InvalidReason, a_label};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "server-name-impossible",
    summary: "a name that no client can ask for, so it never matches",
    docs: include_str!("docs/server-name-impossible.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    // What nginx itself refuses has a finding already, and so has a name that comes twice.
    let mut told: BTreeSet<&Location> = subject
        .diagnoses()
        .filter_map(|diagnosis| match diagnosis {
            Diagnosis::NameRefused { at, .. } => Some(at),
            _ => None,
        })
        .collect();
    // Every server of nginx listens somewhere; hosts of manifests are judged by `host-impossible`.
    let servers = subject.servers().map(|(_, server)| server);
    for server in servers.filter(|server| !server.listens.is_empty()) {
        for name in &server.names {
            let finding = match &name.pattern {
                HostPattern::Invalid(reason) => invalid(name, *reason),
                HostPattern::Variable(text) if !text.eq_ignore_ascii_case("$hostname") => {
                    variable(name)
                }
                _ => continue,
            };
            if told.insert(&name.at) {
                findings.push(finding);
            }
        }
    }
}

fn invalid(name: &ServerName, reason: InvalidReason) -> Finding {
    let text = &name.text;
    let mut finding = RULE.finding(
        format!(
            "`{text}` {}, so no client ever asks for it",
            reason.explanation()
        ),
        name.at.clone(),
        "never matches",
    );
    finding.help = Some(cure(text, reason));
    finding.facts.names.push(text.to_string());
    finding
}

fn variable(name: &ServerName) -> Finding {
    let mut finding = RULE.finding(
        format!("nginx does not evaluate `{}` in a `server_name`", name.text),
        name.at.clone(),
        "never matches",
    );
    finding.help = Some(
        "write the names out; `$hostname` is the only variable that a `server_name` may have"
            .to_owned(),
    );
    finding.facts.names.push(name.text.to_string());
    finding
}

fn cure(text: &str, reason: InvalidReason) -> String {
    match reason {
        InvalidReason::AddressRange => {
            let address = text.split('/').next().unwrap_or_default();
            format!("write each address by itself: `{address}`")
        }
        InvalidReason::Comma => format!("separate names by blanks: `{}`", text.replace(',', " ")),
        InvalidReason::NonAscii => match a_label(text.as_bytes()) {
            Some(ascii) => format!("write it as clients send it: `{ascii}`"),
            None => "write the A-label form of the name: `xn--…`".to_owned(),
        },
        InvalidReason::Port => {
            let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
            format!("write `{host}`; the port stands in `listen`")
        }
        InvalidReason::TrailingDot => format!("write `{}`", text.trim_end_matches('.')),
        InvalidReason::Url => {
            let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
            let host = rest.split(['/', ':']).next().unwrap_or_default();
            if host.is_empty() {
                "write the bare host name".to_owned()
            } else {
                format!("write `{host}`: a `server_name` has no scheme and no path")
            }
        }
        _ => "correct the name, or remove it".to_owned(),
    }
}
