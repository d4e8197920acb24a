//! Which server answers a name, which certificate it serves, and whether that covers the name.
//!
//! Answers come from the same tables that the rules use.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::ledger::unknown_part;
use crate::model::{
    self, BundleId, CertRef, Fragment, HostTable, ListenAddress, Listener, ListenerId, MatchedBy,
    Model, NameId, Selection, Served, ServerName, Serving, why,
};
use crate::name::{HostPattern, covers};
use crate::source::Location;

/// The answer to a client that asks for one name at one listener.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The name as it was asked for; empty for a client without SNI.
    pub name: String,
    /// The listener's label.
    pub listen: String,
    /// Its port, where it listens on an address.
    pub port: Option<u16>,
    /// The outcome.
    pub outcome: Outcome,
    /// Why, for [`Outcome::Unknown`] and [`Outcome::NoCertificate`].
    pub why: Option<String>,
    /// The `server` word of the server that answers.
    pub server: Location,
    /// The name of that server that matched, or its first one; empty for none.
    pub server_name: String,
    /// How the server was found.
    pub matched_by: MatchedBy,
    /// The served certificates; several for several key types.
    pub certificates: Vec<AnswerCertificate>,
    /// For [`Outcome::Pending`]: what will write the certificate, and whether it asks for the name.
    pub pending: Option<Pending>,
}

/// A certificate that is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its supplier.
    pub supplier: String,
    /// `covered` or `not-covered`, by the names that it asks for.
    pub verdict: &'static str,
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

/// The outcome of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake fails: there is no usable certificate.
    NoCertificate,
    /// A controller answers with its own self-signed certificate.
    Placeholder,
    /// Something in the input will write the certificate.
    Pending,
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
            Self::Pending => "pending",
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
/// The empty name, and an address, mean a client that sends no SNI (RFC 6066 section 3 allows
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
    let reached = connect.map(|address| reached(fragment, address));
    let is_asked = |listener: &Listener| match reached {
        Some(reached) => reached.is_some_and(|reached| std::ptr::eq(reached, listener)),
        None => listener.tls,
    };
    let asked = Asked {
        name,
        host: &host,
        sni,
    };
    (0..)
        .map(ListenerId)
        .zip(&fragment.listeners)
        .filter(|(_, listener)| is_asked(listener))
        .map(|(id, listener)| match &listener.hosts {
            Some(hosts) => host_answer(model, fragment, id, hosts, asked),
            None => answer(model, fragment, id, listener, asked),
        })
        .collect()
}

/// What a client asks for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    name: &'a str,
    host: &'a HostPattern,
    sni: Option<&'a str>,
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

fn port(listener: &Listener) -> Option<u16> {
    match &listener.address {
        ListenAddress::Inet { address, .. } => Some(address.port()),
        ListenAddress::Named(_) | ListenAddress::Unix(_) => None,
    }
}

fn answer(
    model: &Model,
    fragment: &Fragment,
    id: ListenerId,
    listener: &Listener,
    asked: Asked<'_>,
) -> Answer {
    let selection = listener.select(asked.sni);
    let server = fragment.server(selection.server);
    // With a single server there are no tables, and its names are its own all the same.
    let is_its_own = || {
        let mut names = server.names.iter();
        asked.sni.is_some() && names.any(|name| matches_one(&name.pattern, asked.host))
    };
    let may_be_elsewhere = || fragment.servers.iter().any(|server| server.open_ended);
    let is_guess = selection.matched_by == MatchedBy::Default
        && (!listener.default_known || (asked.sni.is_some() && may_be_elsewhere()))
        && !is_its_own();
    let matched = selection
        .name
        .and_then(|index| server.names.get(index as usize));
    let shown = matched.or_else(|| server.names.first());
    let found = match row(fragment, id, listener, selection, asked) {
        Some(row) => Found::of_row(model, fragment, row),
        None if is_guess => Found::unknown("servers that were not read may answer it"),
        None => {
            let evaluated = listener.evaluated.get(asked.name);
            let serving = evaluated.or_else(|| listener.serving.get(&selection.server));
            Found::of_serving(model, fragment, serving)
        }
    };
    let outcome = if listener.tls {
        found.outcome
    } else {
        Outcome::Plain
    };
    Answer {
        name: asked.name.to_owned(),
        listen: listener.label.clone(),
        port: port(listener),
        outcome,
        why: found.why.filter(|_| listener.tls),
        server: server.at.clone(),
        server_name: shown.map_or_else(String::new, |name| name.text.to_string()),
        matched_by: selection.matched_by,
        certificates: certificates(model, fragment, found.serving, outcome, asked),
        pending: found.pending,
    }
}

/// The row of the very name that is asked for, or of the pattern that takes it where what is served
/// does not depend on the name.
fn row<'m>(
    fragment: &'m Fragment,
    id: ListenerId,
    listener: &Listener,
    selection: Selection,
    asked: Asked<'_>,
) -> Option<&'m model::Outcome> {
    let names = &fragment.server(selection.server).names;
    let is_asked = |name: &ServerName| match (&name.pattern, asked.host) {
        (HostPattern::Exact(name), HostPattern::Exact(host)) => name == host,
        _ => false,
    };
    // Where there is one server only, its names are not looked at.
    let alone = || {
        let index = names.iter().position(is_asked)?;
        (listener.members.len() == 1).then(|| u32::try_from(index).ok())?
    };
    let name = selection.name.or_else(alone)?;
    let server = selection.server;
    let outcome = fragment.outcome(NameId { server, name }, id)?;
    let is_pending = matches!(outcome, model::Outcome::Pending { .. });
    (is_pending || is_asked(&names[name as usize])).then_some(outcome)
}

/// What happens to a handshake, and why.
struct Found<'m> {
    outcome: Outcome,
    why: Option<String>,
    serving: Option<&'m Serving>,
    pending: Option<Pending>,
}

impl<'m> Found<'m> {
    fn of_serving(model: &Model, fragment: &Fragment, serving: Option<&'m Serving>) -> Self {
        let (outcome, why) = match serving {
            Some(serving) => outcome(model, fragment, serving),
            None => no_certificate(),
        };
        Self {
            outcome,
            why,
            serving,
            pending: None,
        }
    }

    fn unknown(why: &str) -> Self {
        Self {
            why: Some(why.to_owned()),
            ..Self::plainly(Outcome::Unknown)
        }
    }

    fn plainly(outcome: Outcome) -> Self {
        Self {
            outcome,
            why: None,
            serving: None,
            pending: None,
        }
    }

    fn of_row(model: &Model, fragment: &Fragment, row: &'m model::Outcome) -> Self {
        match row {
            model::Outcome::Answered {
                undecided: Some(unknown),
                ..
            } => Self::unknown(&unknown.why()),
            model::Outcome::Answered { serving, .. } => {
                Self::of_serving(model, fragment, Some(serving))
            }
            model::Outcome::Pending {
                supplier,
                asks_for_name,
            } => Self {
                pending: Some(Pending {
                    supplier: supplier.to_string(),
                    verdict: if *asks_for_name {
                        "covered"
                    } else {
                        "not-covered"
                    },
                }),
                ..Self::plainly(Outcome::Pending)
            },
            model::Outcome::Plain => Self::plainly(Outcome::Plain),
            model::Outcome::NotAsked | model::Outcome::Shadowed(_) => {
                Self::unknown("another listener or object takes it")
            }
        }
    }
}

fn no_certificate() -> (Outcome, Option<String>) {
    let why = "no certificate with its key can be loaded";
    (Outcome::NoCertificate, Some(why.to_owned()))
}

/// What happens to a handshake where this is served, and why.
fn outcome(model: &Model, fragment: &Fragment, serving: &Serving) -> (Outcome, Option<String>) {
    match serving {
        Serving::NoCertificate => no_certificate(),
        Serving::Placeholder => (Outcome::Placeholder, None),
        Serving::Rejected => (Outcome::Rejected, None),
        Serving::Unknown(unknown) => (Outcome::Unknown, Some(unknown.why())),
        Serving::Certificates { certificates, .. } => {
            let unknown = certificates.iter().find_map(|one| unknown_part(model, one));
            match unknown {
                Some((cause, what)) => (Outcome::Unknown, Some(why(cause, &what))),
                // Where the program does not start at all, that is reported, and this is what will
                // be served once it does.
                None if serving.fails() && fragment.refusals.is_empty() => no_certificate(),
                None => (Outcome::Served, None),
            }
        }
    }
}

fn certificates(
    model: &Model,
    fragment: &Fragment,
    serving: Option<&Serving>,
    outcome: Outcome,
    asked: Asked<'_>,
) -> Vec<AnswerCertificate> {
    match outcome {
        Outcome::Served | Outcome::NoCertificate => {
            verdicts(model, &served(fragment, serving), asked.name, asked.host)
        }
        _ => Vec::new(),
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
    id: ListenerId,
    hosts: &HostTable,
    asked: Asked<'_>,
) -> Answer {
    let listener = fragment.listener(id);
    let found = asked.sni.and_then(|sni| hosts.find(sni));
    let row = found.and_then(|(_, host)| fragment.outcome(host.name, id));
    let said = match row {
        Some(row) => Found::of_row(model, fragment, row),
        None => Found::of_serving(model, fragment, Some(&hosts.fallback)),
    };
    let server = found.map_or(listener.default, |(_, host)| host.owner);
    Answer {
        name: asked.name.to_owned(),
        listen: listener.label.clone(),
        port: port(listener),
        outcome: said.outcome,
        why: said.why,
        server: fragment.server(server).at.clone(),
        server_name: found.map_or_else(String::new, |(name, _)| name.to_owned()),
        matched_by: match found {
            None => MatchedBy::Default,
            Some((name, _)) if name.starts_with("*.") => MatchedBy::LeadingWildcard,
            Some(_) => MatchedBy::Exact,
        },
        certificates: certificates(model, fragment, said.serving, said.outcome, asked),
        pending: said.pending,
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
