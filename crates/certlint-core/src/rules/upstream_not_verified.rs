//! `upstream-not-verified`: TLS to a backend that may be anybody.
//!
//! nginx does not verify backends unless it is told to and has a certificate authority for it.

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::{Diagnosis, NotVerified};

pub(super) static RULE: Rule = Rule {
    id: "upstream-not-verified",
    summary: "a backend is spoken to over TLS, and its certificate is not verified",
    docs: include_str!("docs/upstream-not-verified.md"),
    level: Level::Info,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Kubernetes,
    check: Check::Diagnosis(check),
};

fn check(_: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::UpstreamNotVerified { at, protocol, why } = diagnosis else {
        return None;
    };
    let (reason, label) = match why {
        NotVerified::NotAsked => ("`proxy-ssl-verify` is off".to_owned(), "not verified"),
        NotVerified::NoSecret => (
            "`proxy-ssl-verify` needs a `proxy-ssl-secret` with `ca.crt`".to_owned(),
            "has no effect",
        ),
        NotVerified::NoAuthority(secret) => (
            format!("Secret `{secret}` has no `ca.crt`"),
            "has no effect",
        ),
        NotVerified::Unsupported => (
            "ingress-nginx can verify HTTPS backends only".to_owned(),
            "has no effect",
        ),
    };
    let mut finding = RULE.finding(
        format!("the certificate of the {protocol} backend is not verified: {reason}"),
        at.clone(),
        label,
    );
    finding.help = match (*protocol, why) {
        // There is nothing that these annotations could do.
        ("GRPCS", _) => None,
        (_, NotVerified::NoAuthority(secret)) => Some(format!(
            "put the backend's certificate authority into `ca.crt` of Secret `{secret}`"
        )),
        _ => Some(
            "set `proxy-ssl-verify: \"on\"`, `proxy-ssl-secret` to a Secret with `ca.crt`, and \
                 `proxy-ssl-name` to the name in the backend's certificate"
                .to_owned(),
        ),
    };
    Some(finding)
}
