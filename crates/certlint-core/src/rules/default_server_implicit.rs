//! `default-server-implicit`: which server answers unknown names is an accident of order.

use std::collections::BTreeSet;

use super::{Rule, Subject};
use crate::finding::{Finding, Label, Level};

pub(super) static RULE: Rule = Rule {
    id: "default-server-implicit",
    summary: "several servers, none marked as default: the first one answers unknown names",
    docs: include_str!("docs/default-server-implicit.md"),
    level: Level::Info,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for fragment in &subject.model.fragments {
        // In a piece of a configuration the marked server may stand elsewhere.
        if !fragment.complete {
            continue;
        }
        // A port range makes many listeners of one directive.
        let mut said = BTreeSet::new();
        for listener in &fragment.listeners {
            let is_accident =
                listener.tls && !listener.default_marked && listener.members.len() >= 2;
            // A first server that rejects unknown names is meant to be the first.
            if !is_accident
                || !listener.default_known
                || fragment.server(listener.default).rejects_handshakes
            {
                continue;
            }
            let Some(first) = listener
                .members
                .iter()
                .find(|member| member.server == listener.default)
            else {
                continue;
            };
            if !said.insert(&first.at) {
                continue;
            }
            let mut finding = RULE.finding(
                format!(
                    "{} servers listen on `{}` and none is the `default_server`: the first one answers unknown names",
                    listener.members.len(),
                    listener.label
                ),
                first.at.clone(),
                "default by its position only",
            );
            if let Some(second) = listener
                .members
                .iter()
                .find(|member| member.server != listener.default)
            {
                finding
                    .related
                    .push(Label::new(second.at.clone(), "the next candidate"));
            }
            finding.help = Some(
                "write `default_server` on the `listen` of the server that ought to answer them; \
                 a server with `ssl_reject_handshake on;` turns unknown names away without a certificate"
                    .to_owned(),
            );
            findings.push(finding);
        }
    }
}
