//! `certificates-disagree`: several certificates of one server that are not interchangeable.
//!
//! OpenSSL keeps one certificate per key type, and the client decides which type it gets (nginx
//! manual, ngx_http_ssl_module, `ssl_certificate`).

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::{Judgement, facts};
use super::words::{key_type_name, list};
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::{BundleId, CertRef, CertificatePair};
use crate::source::Location;
use crate::x509::Certificate;

pub(super) static RULE: Rule = Rule {
    id: "certificates-disagree",
    summary: "certificates of one server cover different names, or one of them is never served",
    docs: include_str!("docs/certificates-disagree.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    never_served(subject, findings);
    different_names(subject, findings);
}

/// Two certificates of one key type: the last one wins without a word.
fn never_served(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<(&Location, &Location)> = BTreeSet::new();
    for (_, server) in subject.servers() {
        if server.certificates.len() < 2 {
            continue;
        }
        let mut last: BTreeMap<&str, (&CertificatePair, BundleId)> = BTreeMap::new();
        for pair in server.certificates.iter().rev() {
            let CertRef::Bundle(id) = pair.certificate else {
                continue;
            };
            let Some(leaf) = subject.leaf(id) else {
                continue;
            };
            let key_type = leaf.public_key.key_type();
            let (winner, winner_id) = *last.entry(key_type.as_str()).or_insert((pair, id));
            // The same file twice does no harm.
            if winner_id == id || !told.insert((&pair.at, &winner.at)) {
                continue;
            }
            let kind = key_type_name(key_type);
            let mut finding = RULE.finding(
                format!(
                    "`{}` is never served: nginx keeps the last {kind} certificate of a server",
                    pair.path
                ),
                pair.at.clone(),
                "replaced by a later one",
            );
            finding
                .related
                .push(Label::new(winner.at.clone(), "this one is served"));
            finding.help = Some(
                "one certificate per key type: put all names into one, or make two servers with their own `server_name`"
                    .to_owned(),
            );
            finding.facts.names = leaf.names.names();
            finding.facts.certificate = facts(subject.model, id);
            findings.push(finding);
        }
    }
}

/// Certificates of different key types of which only some cover a name.
fn different_names(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut groups: BTreeMap<(&Location, &Location), Group<'_>> = BTreeMap::new();
    for judged in subject.judged() {
        if judged.is_from_default() || !judged.is_split() {
            continue;
        }
        let failing = judged.certificates.iter().filter(|one| one.fails());
        let Some(good) = judged.certificates.iter().find(|one| !one.fails()) else {
            continue;
        };
        for bad in failing {
            let group = groups
                .entry((&bad.served.at, &good.served.at))
                .or_insert_with(|| Group {
                    bad,
                    good: good.leaf,
                    names: BTreeMap::new(),
                });
            let name = judged.name();
            group.names.insert(&name.at, &name.text);
        }
    }
    for ((bad_at, good_at), group) in groups {
        let (bad, good) = (key_type(group.bad.leaf), key_type(group.good));
        let names: Vec<&str> = group.names.values().copied().collect();
        let mut finding = RULE.finding(
            format!(
                "{} is in the {good} certificate of this server, but not in its {bad} one",
                list(&names, 3)
            ),
            bad_at.clone(),
            format!("{bad}: lacks names"),
        );
        finding
            .related
            .push(Label::new(good_at.clone(), format!("{good}: has them")));
        for at in group.names.keys().take(3) {
            finding
                .related
                .push(Label::new((*at).clone(), "depends on the client's choice"));
        }
        finding.help = Some(
            "clients choose between the two by their algorithms: issue both for the same names"
                .to_owned(),
        );
        finding.facts.names = names.iter().map(|&name| name.to_owned()).collect();
        finding.facts.certificate = facts(subject.model, group.bad.bundle);
        findings.push(finding);
    }
}

/// Names that fail with one certificate and not with another.
struct Group<'s> {
    bad: &'s Judgement<'s>,
    good: &'s Certificate,
    names: BTreeMap<&'s Location, &'s str>,
}

fn key_type(leaf: &Certificate) -> &'static str {
    key_type_name(leaf.public_key.key_type())
}
