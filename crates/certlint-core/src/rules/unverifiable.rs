//! `unverifiable`: what cannot be known here, said once for each cause.

use std::collections::{BTreeMap, BTreeSet};

use super::words::with_more;
use super::{Check, Rule, Scope, Status, Subject, bundle};
use crate::finding::{Finding, Level, command_line};
use crate::model::{BundleId, Diagnosis, KeyId, UnverifiableKind};
use crate::name::{UnknownReason, Verdict};
use crate::source::Location;
use crate::x509::{KeyOutcome, Refusal};

/// `unverifiable`.
pub static RULE: Rule = Rule {
    id: "unverifiable",
    summary: "something cannot be known here, and why",
    docs: include_str!("docs/unverifiable.md"),
    level: Level::Info,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Any,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut causes: BTreeMap<(UnverifiableKind, &str), (&Location, usize)> = BTreeMap::new();
    for diagnosis in subject.diagnoses() {
        let Diagnosis::Unverifiable {
            at,
            kind,
            what,
            count,
        } = diagnosis
        else {
            continue;
        };
        let (first, places) = causes.entry((*kind, what)).or_insert((at, 0));
        *first = (*first).min(at);
        *places += count;
    }
    for ((kind, what), (at, places)) in causes {
        let (message, label, help) = words(kind, what);
        let mut finding = RULE.finding(message, at.clone(), with_more(label, places));
        let namesake = match kind {
            UnverifiableKind::Secret => subject.namesake(what),
            _ => None,
        };
        finding.help = Some(match (kind, namesake) {
            (UnverifiableKind::Patched, _) => {
                format!("check the result: `kustomize build {what} | certlint -`")
            }
            (_, Some(other)) => super::help::other_namespace(what, other),
            (_, None) => help.to_owned(),
        });
        findings.push(finding);
    }
    encrypted(subject, findings);
    undecided(subject, findings);
}

/// Certificates and keys that are encrypted as a whole: another text is deployed.
fn encrypted(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let encryption = |refusal: &Refusal| refusal.encryption();
    for (id, bundle) in (0u32..).map(BundleId).zip(&subject.model.bundles) {
        let refused = bundle.file.refused.as_ref().and_then(encryption);
        if let Some(encryption) = refused.filter(|_| subject.is_in_use(id)) {
            let title = bundle::title(subject, id);
            let places = subject.certificate_places(id);
            let message = format!("{title} is encrypted: the names in it are not known");
            let first = places.first().cloned().unwrap_or_else(|| bundle.whole());
            let mut finding = RULE.finding(message, first, with_more("encrypted", places.len()));
            let decrypt = command_line(&encryption.cure(bundle::file(subject, id)));
            finding.help = Some(format!(
                "pass its public certificate with `--certs DIR`, or decrypt it before checking: {decrypt}"
            ));
            findings.push(finding);
        }
    }
    for (id, key) in (0u32..).map(KeyId).zip(&subject.model.keys) {
        let KeyOutcome::Refused(refusal) = &key.file.outcome else {
            continue;
        };
        if let (Some(encryption), [first, ..]) = (refusal.encryption(), subject.key_places(id)) {
            let title = bundle::key_title(subject, key);
            let places = subject.key_places(id);
            let message =
                format!("{title} is encrypted: whether it fits its certificate is not known");
            let mut finding =
                RULE.finding(message, first.clone(), with_more("encrypted", places.len()));
            let file = subject.model.sources.get(key.source).name();
            let decrypt = command_line(&encryption.cure(file));
            finding.help = Some(format!("decrypt it before checking: {decrypt}"));
            findings.push(finding);
        }
    }
}

/// Names of which it cannot be told whether the certificate covers them.
fn undecided(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<&Location> = BTreeSet::new();
    for judged in subject.judged() {
        let name = judged.name();
        let reason = judged
            .certificates
            .iter()
            .find_map(|one| match one.verdict {
                Verdict::Unknown(reason) => Some(reason),
                _ => None,
            });
        let Some(why) = reason.and_then(why) else {
            continue;
        };
        if !told.insert(&name.at) {
            continue;
        }
        let mut finding = RULE.finding(
            format!(
                "whether the certificate covers what `{}` matches is not known: {why}",
                name.text
            ),
            name.at.clone(),
            "cannot be told",
        );
        finding.help =
            Some("ask for the names that are used: `certlint resolve --name NAME`".to_owned());
        finding.facts.names.push(name.text.to_string());
        findings.push(finding);
    }
}

/// Why a name cannot be judged; `None` where another rule says it.
fn why(reason: UnknownReason) -> Option<&'static str> {
    match reason {
        UnknownReason::InvalidName | UnknownReason::RegexInvalid => None,
        UnknownReason::Placeholder => Some("a placeholder may hold anything"),
        UnknownReason::RegexTooCostly => Some("matching takes too much work"),
        UnknownReason::RegexUndecided => Some("it matches more names than can be listed"),
        UnknownReason::RegexUnsupported => Some("it uses forms that are not looked into"),
        UnknownReason::Variable => Some("only the machine knows its name"),
    }
}

fn words(kind: UnverifiableKind, what: &str) -> (String, &'static str, &'static str) {
    const OUTSIDE: &str =
        "`--root DIR` or `--map-path FROM=TO` say where the file lies in this tree";
    match kind {
        UnverifiableKind::Certificate => (
            format!("certificate `{what}` is outside the checked tree: its names are not known"),
            "not in the tree",
            OUTSIDE,
        ),
        UnverifiableKind::Denied => (
            "some files are not readable for this user: what is in them is not known".to_owned(),
            "permission denied",
            "nginx reads them as root: run certlint as root, too, such as `sudo certlint`",
        ),
        UnverifiableKind::NotEnabled => (
            format!("{what} not enabled: nginx does not read what is in there"),
            "not enabled",
            "name the file to check it: `certlint FILE`",
        ),
        UnverifiableKind::Dynamic => (
            format!("`{what}` is known at run time only"),
            "decided at run time",
            "check the files that it can lead to with `certlint cert FILE --name NAME`",
        ),
        UnverifiableKind::EncryptedInclude => (
            format!("included file `{what}` is encrypted: it was not read"),
            "encrypted",
            "decrypt it before checking",
        ),
        UnverifiableKind::EncryptedKey => (
            format!(
                "`tls.key` of Secret `{what}` is encrypted: whether it fits its certificate is not known"
            ),
            "encrypted",
            "decrypt the Secret before checking to have the two compared",
        ),
        UnverifiableKind::Include => (
            format!("included file `{what}` is outside the checked tree: it was not read"),
            "not in the tree",
            OUTSIDE,
        ),
        UnverifiableKind::Key => (
            format!(
                "key `{what}` is outside the checked tree: whether it fits its certificate is not known"
            ),
            "not in the tree",
            OUTSIDE,
        ),
        UnverifiableKind::Placeholder => (
            format!(
                "`{what}` holds a placeholder: whether its certificate will have it is not known"
            ),
            "not filled in",
            "check what is deployed: the output of `helm template`, `envsubst` or `kustomize build`, as `… | certlint -`",
        ),
        UnverifiableKind::Gateway => (
            format!("Gateway `{what}` is not in the input: what serves its routes is not known"),
            "not in the input",
            "pass the Gateway too; where its manifest names no namespace, write it there or pass the rendered one",
        ),
        UnverifiableKind::Patched => (
            format!(
                "the kustomization in `{what}` changes objects: what becomes of them is not known"
            ),
            "changed later",
            "check the result of the kustomization",
        ),
        UnverifiableKind::Secret => (
            secret(what),
            "not in the input",
            "pass the Secret too, or the cert-manager Certificate that writes it, or `--certs DIR` with its public certificate",
        ),
    }
}

/// "Secret `shop/web` is not in the input"; after the name its supplier may follow in brackets.
fn secret(what: &str) -> String {
    let (name, supplier) = what.split_once(' ').unwrap_or((what, ""));
    let gap = if supplier.is_empty() { "" } else { " " };
    format!(
        "Secret `{name}`{gap}{supplier} is not in the input: the names of its certificate are not known"
    )
}
