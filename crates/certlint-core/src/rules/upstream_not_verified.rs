//! `upstream-not-verified`: TLS to a backend that may be anybody.
//!
//! nginx does not verify backends unless it is told to and has a certificate authority for it.

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::{NotVerified, Problem};

pub(super) static RULE: Rule = Rule {
    id: "upstream-not-verified",
    summary: "a backend is spoken to over TLS, and its certificate is not verified",
    docs: include_str!("docs/upstream-not-verified.md"),
    level: Level::Info,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for problem in subject.problems() {
        let Problem::UpstreamNotVerified { at, protocol, why } = problem else {
            continue;
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
            (_, NotVerified::NoAuthority(secret)) => {
                Some(format!("put the backend's certificate authority into `ca.crt` of Secret `{secret}`"))
            }
            _ => Some(
                "set `proxy-ssl-verify: \"on\"`, `proxy-ssl-secret` to a Secret with `ca.crt`, and \
                 `proxy-ssl-name` to the name in the backend's certificate"
                    .to_owned(),
            ),
        };
        findings.push(finding);
    }
}
