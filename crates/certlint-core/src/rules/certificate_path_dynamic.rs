//! `certificate-path-dynamic`: variables in certificate paths that cannot work.
//!
//! Such files are opened during the handshake, when no request is known: captures of the
//! `server_name` and variables of `set` are still empty (measured on nginx 1.22.1 and 1.31.5).

use std::collections::BTreeSet;

use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::{
    CertRef, CertificatePair, Fragment, KeyRef, ListenerId, Server, ServerId, Unavailable,
};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "certificate-path-dynamic",
    summary: "a variable in a certificate path is empty, or up to the client, during the handshake",
    docs: include_str!("docs/certificate-path-dynamic.md"),
    level: Level::Error,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<&Location> = BTreeSet::new();
    for fragment in &subject.model.fragments {
        let ids = (0u32..).map(ServerId);
        for (id, server) in ids.zip(&fragment.servers) {
            for pair in server.certificates.iter() {
                for (reason, path, at) in unavailable(pair) {
                    let finding = match reason {
                        Unavailable::AlwaysEmpty(variable) => Some(always_empty(variable, at)),
                        Unavailable::Dynamic(_) if names_sni(path) => {
                            default_listener(fragment, id, server)
                                .map(|listener| from_client(fragment, listener, at))
                        }
                        _ => None,
                    };
                    // One word about the certificate is enough: its key mostly has the same path.
                    if let Some(finding) = finding {
                        if told.insert(&pair.at) {
                            findings.push(finding);
                        }
                        break;
                    }
                }
            }
        }
    }
}

/// The certificate and the key of a pair, as far as no file was read, with path and place.
fn unavailable(pair: &CertificatePair) -> impl Iterator<Item = (&Unavailable, &str, &Location)> {
    let certificate = match &pair.certificate {
        CertRef::Unavailable(reason) => Some((reason, &*pair.path, &pair.at)),
        CertRef::Bundle(_) => None,
    };
    let key = pair.key.as_ref().and_then(|part| match &part.key {
        KeyRef::Unavailable(reason) => Some((reason, &*part.path, &part.at)),
        KeyRef::File(_) => None,
    });
    certificate.into_iter().chain(key)
}

fn always_empty(variable: &str, at: &Location) -> Finding {
    let mut finding = RULE.finding(
        format!("`{variable}` is still empty during the handshake, so the file is not found and every handshake fails"),
        at.clone(),
        "empty during the handshake",
    );
    finding.help = Some(
        "use `$ssl_server_name`, or a `map` over it; captures of the `server_name` and variables of `set` come too late"
            .to_owned(),
    );
    finding
}

fn from_client(fragment: &Fragment, listener: ListenerId, at: &Location) -> Finding {
    let listener = fragment.listener(listener);
    let mut finding = RULE.finding(
        format!(
            "in the default server of `{}` any client chooses the value of `$ssl_server_name`, or leaves it empty",
            listener.label
        ),
        at.clone(),
        "whatever the client sends",
    );
    finding.level = Level::Warning;
    if let Some(member) = listener
        .members
        .iter()
        .find(|member| member.server == listener.default)
    {
        finding
            .related
            .push(Label::new(member.at.clone(), "answers unknown names"));
    }
    finding.help = Some(
        "move it into a server with a `server_name`, and let a default server with `ssl_reject_handshake on;` \
         turn away the rest; or map the known names to files"
            .to_owned(),
    );
    finding
}

/// The path is made of the name that the client sends.
fn names_sni(path: &str) -> bool {
    path.contains("$ssl_server_name") || path.contains("${ssl_server_name}")
}

/// A TLS listener of which this server is the default.
fn default_listener(fragment: &Fragment, id: ServerId, server: &Server) -> Option<ListenerId> {
    server
        .listens
        .iter()
        .map(|listen| listen.listener)
        .find(|&listener| {
            let listener = fragment.listener(listener);
            fragment.complete && listener.tls && listener.default == id
        })
}
