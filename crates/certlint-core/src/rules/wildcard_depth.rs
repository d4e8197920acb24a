//! `wildcard-depth`: names are answered that lie deeper than a certificate's wildcard reaches.
//!
//! Nearly everybody who uses wildcards has this, so it is said once in a run.

use std::collections::BTreeSet;

use super::words::with_more;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::ServerName;
use crate::name::{PartialReason, Verdict};

pub(super) static RULE: Rule = Rule {
    id: "wildcard-depth",
    summary: "a wildcard answers names that lie deeper than the certificate's wildcard reaches",
    docs: include_str!("docs/wildcard-depth.md"),
    level: Level::Info,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut names: Vec<(&ServerName, &str)> = Vec::new();
    let mut places = BTreeSet::new();
    for judged in subject.judged() {
        let wildcard = judged
            .certificates
            .iter()
            .find_map(|one| match &one.verdict {
                Verdict::Partial(partial) if partial.reason == PartialReason::WildcardDepth => {
                    partial.covered.iter().find(|entry| entry.starts_with("*."))
                }
                _ => None,
            });
        if let Some(wildcard) = wildcard
            && !judged.is_from_default()
            && places.insert(&judged.name().at)
        {
            names.push((judged.name(), wildcard));
        }
    }
    let Some((first, wildcard)) = names.iter().min_by_key(|(name, _)| &name.at) else {
        return;
    };
    let text = &first.text;
    let base = wildcard.trim_start_matches("*.");
    let mut finding = RULE.finding(
        format!(
            "`{text}` answers `a.b.{base}`, too, and the certificate's `*.{base}` covers one label only"
        ),
        first.at.clone(),
        with_more("answers at any depth", names.len()),
    );
    finding.help = Some(format!(
        "nothing needs to change while no client asks for names below `*.{base}`"
    ));
    finding.facts.names.push(text.to_string());
    findings.push(finding);
}
