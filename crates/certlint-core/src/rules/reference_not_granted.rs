//! `reference-not-granted`: a Secret of another namespace that nobody there allows to use.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::{Diagnosis, GrantKind};

/// `reference-not-granted`.
pub static RULE: Rule = Rule {
    id: "reference-not-granted",
    summary: "a Secret of another namespace is named, which does not allow it",
    docs: include_str!("docs/reference-not-granted.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::ReferenceNotGranted {
        at,
        kind,
        from,
        secret,
        grant,
        is_certain,
    } = diagnosis
    else {
        return None;
    };
    let (namespace, name) = secret.split_once('/').unwrap_or(("", secret));
    let (grant, help) = match grant {
        GrantKind::ReferenceGrant => (
            "ReferenceGrant",
            format!(
                "add a ReferenceGrant to namespace `{namespace}` with \
                 `from: [{{group: gateway.networking.k8s.io, kind: {kind}, namespace: {from}}}]` and \
                 `to: [{{group: \"\", kind: Secret, name: {name}}}]`"
            ),
        ),
        GrantKind::TlsCertificateDelegation => (
            "TLSCertificateDelegation",
            format!(
                "add a TLSCertificateDelegation to namespace `{namespace}` with \
                 `delegations: [{{secretName: {name}, targetNamespaces: [{from}]}}]`"
            ),
        ),
    };
    let article = if *kind == "Ingress" { "an" } else { "a" };
    let mut finding = RULE.finding(
            format!(
                "no {grant} of namespace `{namespace}` lets {article} {kind} of namespace `{from}` use Secret `{secret}`"
            ),
            at.clone(),
            "not granted",
        );
    if !is_certain {
        finding.level = Level::Warning;
        "not granted by anything in the input".clone_into(&mut finding.primary.text);
    }
    finding.help = Some(help);
    Some(finding)
}
