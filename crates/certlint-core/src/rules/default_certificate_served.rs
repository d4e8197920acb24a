//! `default-certificate-served`: the controller has no certificate for a host and shows its own.
//!
//! The controllers do so without an error that anybody would see before the clients do.

use super::coverage::facts;
use super::hint;
use super::words::list;
use super::{Check, Rule, Scope, Status, Subject, help};
use crate::finding::{Finding, Label, Level};
use crate::model::{Diagnosis, PlaceholderReason};
use crate::name::{HostPattern, Verdict};

pub(super) static RULE: Rule = Rule {
    id: "default-certificate-served",
    summary: "clients of a host get the own certificate of the controller",
    docs: include_str!("docs/default-certificate-served.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for diagnosis in subject.diagnoses() {
        let Diagnosis::PlaceholderServed {
            at,
            host,
            controller,
            certificate,
            why,
            secret,
            level,
        } = diagnosis
        else {
            continue;
        };
        let seen = certificate.map_or_else(String::new, |name| {
            format!(" (`{name}`, unless it was given another one)")
        });
        let name = secret.as_ref().map(|(name, _)| name.as_str());
        let mut finding = RULE.finding(
            format!(
                "clients of `{host}` get the default certificate of {controller}{seen}: {}",
                reason(*why, name)
            ),
            at.clone(),
            "not served with a Secret",
        );
        finding.level = *level;
        finding.help = Some(cure(*why, host, name));
        finding.facts.names.push(host.clone());
        if let Some((_, Some(id))) = secret
            && let Some(leaf) = subject.leaf(*id)
        {
            let names = leaf.names.names();
            if !names.is_empty() {
                let at = subject.model.bundle(*id).at(leaf.at);
                let covers = format!("covers {}", list(&names, 5));
                finding.related.push(Label::new(at, covers));
            }
            finding.facts.certificate = facts(subject.model, *id);
            if *why == PlaceholderReason::NotCovered {
                let asked = HostPattern::ingress(host);
                let missing = help::missing(&asked, &Verdict::NotCovered);
                let hints = subject.neighbours().hints(subject, &asked, *id, leaf);
                let help = hint::help(subject, &hints, (*id, leaf), &asked, &missing);
                finding.help = help.or(finding.help);
                finding.facts.hint = hints.first().map(|hint| hint.as_str());
            }
        }
        findings.push(finding);
    }
}

fn reason(why: PlaceholderReason, secret: Option<&str>) -> String {
    let secret = secret.map_or_else(
        || "its Secret".to_owned(),
        |name| format!("Secret `{name}`"),
    );
    match why {
        PlaceholderReason::NoSecretName => "its `tls` names no Secret".to_owned(),
        PlaceholderReason::NoServer => "no rule names it, so that no Secret is used".to_owned(),
        PlaceholderReason::NoneCovers => "no Secret that is tried covers it".to_owned(),
        PlaceholderReason::OtherStore => {
            format!("{secret} is in a TLSStore that is not called `default`, the only one that is used")
        }
        PlaceholderReason::PatternAlias => {
            "the text of an alias is looked up in the certificate, and a regular expression is in none"
                .to_owned()
        }
        PlaceholderReason::NotCovered => format!("{secret} does not cover it"),
        PlaceholderReason::Unusable => format!("{secret} cannot be used"),
    }
}

fn cure(why: PlaceholderReason, host: &str, secret: Option<&str>) -> String {
    match (why, secret) {
        (PlaceholderReason::NoSecretName, _) => {
            "name one there; if the default certificate is meant, see that it has this name"
                .to_owned()
        }
        (PlaceholderReason::NoServer, _) => format!("add a rule with `host: {}`", help::yaml(host)),
        (PlaceholderReason::OtherStore, _) => {
            "set `metadata.name` of the TLSStore to `default`".to_owned()
        }
        (PlaceholderReason::PatternAlias, _) => {
            "list the hosts in `rules` and `tls` in place of the alias; a host `*.DOMAIN` takes all of one level"
                .to_owned()
        }
        (PlaceholderReason::NotCovered, _) => {
            format!("put a certificate for `{host}` into the Secret")
        }
        (PlaceholderReason::Unusable, Some(secret)) => {
            format!("write the Secret anew: {}", help::kubectl_replace(secret))
        }
        (PlaceholderReason::NoneCovers | PlaceholderReason::Unusable, _) => {
            format!("add a `tls` entry for `{host}` with a Secret that covers it")
        }
    }
}
