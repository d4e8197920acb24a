//! Which server answers a name, which certificate it serves, and whether that covers the name.
//!
//! Answers come from the same tables that the rules use.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::model::{
    BundleId, CertRef, Fragment, HostTable, ListenAddress, Listener, MatchedBy, Model, Served,
    Serving, Unavailable,
};
use crate::name::{HostPattern, covers};
use crate::source::Location;

/// What a client that asks for one name gets at one listener.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The name as it was asked for; empty for a client without SNI.
    pub name: String,
    /// The listener's label.
    pub listen: String,
    /// What happens.
    pub outcome: Outcome,
    /// Why, for [`Outcome::Unknown`] and [`Outcome::NoCertificate`].
    pub why: Option<String>,
    /// The `server` word of the server that answers.
    pub server: Location,
    /// The name of that server that matched, or its first one; empty for none.
    pub server_name: String,
    /// How the server was found.
    pub matched_by: MatchedBy,
    /// What is served; several for several key types.
    pub certificates: Vec<AnswerCertificate>,
}

/// A certificate in an [`Answer`].
#[derive(Clone, Debug)]
pub struct AnswerCertificate {
    /// The file it was read from.
    pub bundle: BundleId,
    /// The line that brings it.
    pub at: Location,
    /// Whether it covers the name, as one word: `covered`, `not-covered`, `partial`,
    /// `not-applicable`, `unknown`.
    pub verdict: &'static str,
}

/// What happens to a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake fails: there is no usable certificate.
    NoCertificate,
    /// A controller answers with its own self-signed certificate.
    Placeholder,
    /// No TLS there.
    Plain,
    /// `ssl_reject_handshake`.
    Rejected,
    /// A certificate is served.
    Served,
    /// Only run time knows.
    Unknown,
}

impl Outcome {
    /// The word that JSON uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Placeholder => "placeholder",
            Self::Plain => "plain",
            Self::Rejected => "rejected",
            Self::Served => "served",
            Self::Unknown => "unknown",
        }
    }
}

/// Answers for `name` at every TLS listener of `fragment`, or at the one that a connection to the
/// local address `connect` reaches.
///
/// The empty name, and an address, stand for a client that sends no SNI (RFC 6066 section 3 allows
/// no addresses there). Certificate paths with variables are known only for names that the fragment
/// was lowered with.
#[must_use]
pub fn resolve(
    model: &Model,
    fragment: &Fragment,
    name: &str,
    connect: Option<SocketAddr>,
) -> Vec<Answer> {
    let host = HostPattern::host(name);
    let sni = match host {
        _ if name.is_empty() => None,
        HostPattern::Address(_) => None,
        _ => Some(name),
    };
    let listeners: Vec<_> = match connect {
        Some(address) => reached(fragment, address).into_iter().collect(),
        None => fragment.listeners.iter().filter(|l| l.tls).collect(),
    };
    listeners
        .into_iter()
        .map(|listener| answer(model, fragment, listener, (name, &host, sni)))
        .collect()
}

/// The listener that a connection to a local address reaches: its own, else the wildcard.
fn reached(fragment: &Fragment, to: SocketAddr) -> Option<&Listener> {
    let find = |wanted: SocketAddr| {
        fragment.listeners.iter().find(move |listener| {
            let address = &listener.address;
            matches!(address, ListenAddress::Inet { address, udp: false } if *address == wanted)
        })
    };
    let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, to.port()));
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, to.port()));
    let dual_stack = || find(v6).filter(|listener| listener.dual_stack);
    find(to).or_else(|| match to.is_ipv4() {
        true => find(v4).or_else(dual_stack),
        false => find(v6),
    })
}

fn answer(
    model: &Model,
    fragment: &Fragment,
    listener: &Listener,
    (name, host, sni): (&str, &HostPattern, Option<&str>),
) -> Answer {
    if let Some(hosts) = &listener.hosts {
        return host_answer(model, fragment, (listener, hosts), (name, host, sni));
    }
    let selection = listener.select(sni);
    let server = fragment.server(selection.server);
    // With a single server there are no tables, and its names are its own all the same.
    let is_its_own = || {
        let mut names = server.names.iter();
        sni.is_some() && names.any(|name| matches_one(&name.pattern, host))
    };
    let may_be_elsewhere = || fragment.servers.iter().any(|server| server.open_ended);
    let is_guess = selection.matched_by == MatchedBy::Default
        && (!listener.default_known || (sni.is_some() && may_be_elsewhere()))
        && !is_its_own();
    let matched = selection
        .name
        .and_then(|index| server.names.get(index as usize));
    let shown = matched.or_else(|| server.names.first());
    let serving = listener
        .evaluated
        .get(name)
        .or_else(|| listener.serving.get(&selection.server));
    let (outcome, why) = match serving {
        _ if !listener.tls => (Outcome::Plain, None),
        _ if is_guess => (
            Outcome::Unknown,
            Some("servers that were not read may answer it".to_owned()),
        ),
        None | Some(Serving::NoCertificate) => (
            Outcome::NoCertificate,
            Some("no certificate with its key can be loaded".to_owned()),
        ),
        Some(Serving::Placeholder) => (Outcome::Placeholder, None),
        Some(Serving::Rejected) => (Outcome::Rejected, None),
        Some(Serving::Unknown(why)) => (Outcome::Unknown, Some(why.clone().into_owned())),
        Some(serving @ Serving::Certificates { certificates, .. }) => {
            match unknown_part(model, certificates) {
                // Where the program does not start at all, that is said, and this is what will be
                // served once it does.
                (Outcome::Served, _) if serving.fails() && fragment.refusals.is_empty() => (
                    Outcome::NoCertificate,
                    Some("no certificate with its key can be loaded".to_owned()),
                ),
                known => known,
            }
        }
    };
    let served = served(fragment, serving);
    Answer {
        name: name.to_owned(),
        listen: listener.label.clone(),
        outcome,
        why,
        server: server.at.clone(),
        server_name: shown.map_or_else(String::new, |name| name.text.to_string()),
        matched_by: selection.matched_by,
        certificates: match outcome {
            Outcome::Served | Outcome::NoCertificate => verdicts(model, &served, name, host),
            _ => Vec::new(),
        },
    }
}

/// The certificates that a client may get; without any, those that will be served once their keys
/// are right.
fn served(fragment: &Fragment, serving: Option<&Serving>) -> Vec<Served> {
    let all = serving.map(Serving::certificates).unwrap_or_default();
    let is_all = !fragment.refusals.is_empty() || all.iter().all(|served| !served.has_key);
    let mut served = all.to_vec();
    served.retain(|served| is_all || served.has_key);
    served
}

/// Whether a name of a server is, or takes in, a host.
fn matches_one(pattern: &HostPattern, host: &HostPattern) -> bool {
    let HostPattern::Exact(host) = host else {
        return false;
    };
    let below = |base: &str| {
        let rest = host.strip_suffix(base);
        rest.is_some_and(|rest| rest.ends_with('.'))
    };
    match pattern {
        HostPattern::Exact(own) => own == host,
        HostPattern::DotPrefix(base) => **host == **base || below(base),
        HostPattern::LeadingWildcard { base, .. } => below(base),
        _ => false,
    }
}

/// The same for a controller.
fn host_answer(
    model: &Model,
    fragment: &Fragment,
    (listener, hosts): (&Listener, &HostTable),
    (name, host, sni): (&str, &HostPattern, Option<&str>),
) -> Answer {
    let found = sni.and_then(|sni| hosts.find(sni));
    let serving = found.map_or(&hosts.fallback, |(_, answer)| &answer.serving);
    let (outcome, why) = match serving {
        Serving::Certificates { certificates, .. } => unknown_part(model, certificates),
        Serving::NoCertificate => (Outcome::NoCertificate, None),
        Serving::Placeholder => (Outcome::Placeholder, None),
        Serving::Rejected => (Outcome::Rejected, None),
        Serving::Unknown(why) => (Outcome::Unknown, Some(why.clone().into_owned())),
    };
    let server = found.map_or(listener.default, |(_, answer)| answer.server);
    Answer {
        name: name.to_owned(),
        listen: listener.label.clone(),
        outcome,
        why,
        server: fragment.server(server).at.clone(),
        server_name: found.map_or_else(String::new, |(name, _)| name.to_owned()),
        matched_by: match found {
            None => MatchedBy::Default,
            Some((name, _)) if name.starts_with("*.") => MatchedBy::LeadingWildcard,
            Some(_) => MatchedBy::Exact,
        },
        certificates: match outcome {
            Outcome::Served => verdicts(model, serving.certificates(), name, host),
            _ => Vec::new(),
        },
    }
}

fn verdicts(
    model: &Model,
    served: &[Served],
    name: &str,
    host: &HostPattern,
) -> Vec<AnswerCertificate> {
    let verdict = |served: &Served| {
        let CertRef::Bundle(bundle) = served.certificate else {
            return None;
        };
        let leaf = model.bundle(bundle).leaf()?;
        let verdict = match name {
            "" => "not-applicable",
            _ => covers(&leaf.names, host).word(),
        };
        Some(AnswerCertificate {
            bundle,
            at: served.at.clone(),
            verdict,
        })
    };
    served.iter().filter_map(verdict).collect()
}

/// Served, unless one of the certificates is not known here.
fn unknown_part(model: &Model, certificates: &[Served]) -> (Outcome, Option<String>) {
    let why = certificates
        .iter()
        .find_map(|served| match &served.certificate {
            CertRef::Bundle(id) if model.bundle(*id).leaf().is_some() => None,
            CertRef::Bundle(id) => Some(match &model.bundle(*id).file.refused {
                Some(refusal) if refusal.encryption().is_some() => {
                    "the certificate is encrypted".to_owned()
                }
                _ => "the certificate is beyond the limits here".to_owned(),
            }),
            CertRef::Unavailable(why) => Some(match why {
                Unavailable::AlwaysEmpty(name) => format!("`{name}` is empty during the handshake"),
                Unavailable::Denied => "the certificate is not readable for this user".to_owned(),
                Unavailable::Directory => "the certificate's path is a directory".to_owned(),
                Unavailable::Dynamic(what) => what.to_string(),
                Unavailable::Missing | Unavailable::Private => {
                    "the certificate is not there".to_owned()
                }
                Unavailable::Outside => "the certificate is outside the checked tree".to_owned(),
                Unavailable::Unreadable(cause) => {
                    format!("the certificate cannot be read: {cause}")
                }
            }),
        });
    match why {
        Some(why) => (Outcome::Unknown, Some(why)),
        None => (Outcome::Served, None),
    }
}
