//! `default-server-implicit`: which server answers unknown names is an accident of order.

use std::collections::{BTreeMap, BTreeSet};

use super::words::list;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::{Listener, ServerId};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "default-server-implicit",
    summary: "several servers, none marked as default: the first one answers unknown names",
    docs: include_str!("docs/default-server-implicit.md"),
    level: Level::Info,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for fragment in &subject.model.fragments {
        // In a piece of a configuration the marked server may be elsewhere.
        if !fragment.complete {
            continue;
        }
        // The same servers mostly listen on several addresses: IPv4 and IPv6, a range of ports.
        let mut groups: BTreeMap<Vec<ServerId>, Vec<&Listener>> = BTreeMap::new();
        for listener in &fragment.listeners {
            let is_accident =
                listener.tls && !listener.default_marked && listener.members.len() > 1;
            // A first server that rejects unknown names is meant to be the first.
            let rejects = fragment.server(listener.default).rejects_handshakes;
            if is_accident && listener.default_known && !rejects {
                let servers = listener.members.iter().map(|member| member.server);
                groups.entry(servers.collect()).or_default().push(listener);
            }
        }
        findings.extend(groups.values().filter_map(|group| finding(group)));
    }
}

fn finding(listeners: &[&Listener]) -> Option<Finding> {
    let listener = listeners.first()?;
    let of_default = |listener: &Listener| {
        let mut members = listener.members.iter();
        let member = members.find(|member| member.server == listener.default)?;
        Some(member.at.clone())
    };
    let labels: Vec<&str> = listeners.iter().map(|it| it.label.as_str()).collect();
    let first = of_default(listener)?;
    let mut finding = RULE.finding(
        format!(
            "{} servers listen on {} and none is the `default_server`: the first one answers unknown names",
            listener.members.len(),
            list(&labels, 3)
        ),
        first.clone(),
        "default by its position only",
    );
    let others: BTreeSet<Location> = listeners.iter().filter_map(|it| of_default(it)).collect();
    for at in others.into_iter().filter(|at| *at != first).take(2) {
        finding.related.push(Label::new(at, "here, too"));
    }
    let mut members = listener.members.iter();
    if let Some(second) = members.find(|member| member.server != listener.default) {
        finding
            .related
            .push(Label::new(second.at.clone(), "the next candidate"));
    }
    finding.help = Some(
        "write `default_server` on the `listen` of the server that ought to answer them; \
         a server with `ssl_reject_handshake on;` turns unknown names away without a certificate"
            .to_owned(),
    );
    Some(finding)
}
