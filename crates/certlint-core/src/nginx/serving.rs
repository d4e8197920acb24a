//! The served certificates: for each server of a listener, and for each name that is really answered.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{
    Cause, Conflict, IdVec, Listener, ListenerId, NameId, Outcome, OutcomeId, Row, Served, Server,
    ServerId, Serving, Unknown,
};
use crate::name::HostPattern;

use super::assemble::{Assembled, Assembler, Own};
use super::listen::Protocol;
use super::names::Filled;
use super::tls::Store;
use super::variable::{Handshake, Sni};

/// Why nothing is known of a certificate.
const UNREAD: &str = "an include that was not read may set the certificate";

/// Why a name of a mail server may not be the one that clients verify.
const MAIL: &str = "clients of mail may use another name than `server_name`";

impl Assembler<'_, '_, '_> {
    /// The certificates of each server of the listener, and the answers to the asked names.
    pub(super) fn serve(
        &self,
        listener: &mut Listener,
        owns: &[Own<'_>],
        servers: &[Server],
        store: &Store<'_, '_>,
    ) {
        let members: Vec<_> = listener
            .members
            .iter()
            .map(|member| member.server)
            .collect();
        for server in members {
            let serving = self.serving(listener, server, None, owns, servers, store);
            // Own certificates are looked up in the server itself: only the others are listed.
            listener.serving.insert(server, serving);
        }
        for name in &self.options.names {
            // Clients send no address as SNI.
            let is_address = matches!(HostPattern::host(name), HostPattern::Address(_));
            let sni = (!name.is_empty() && !is_address).then_some(name.as_str());
            let selected = listener.select(sni).server;
            if self.is_dynamic(listener, selected, owns) {
                let sni = sni.unwrap_or_default();
                let sni = Sni::Name(sni.as_bytes());
                let serving = self.serving(listener, selected, Some(sni), owns, servers, store);
                listener.evaluated.insert(name.clone(), serving);
            }
        }
    }

    fn is_dynamic(&self, listener: &Listener, server: ServerId, owns: &[Own<'_>]) -> bool {
        let own = &owns[server.0 as usize];
        match own.none {
            true => owns[listener.default.0 as usize].dynamic,
            false => own.dynamic,
        }
    }

    /// The answer to a client that selected `server`; `sni` lets variables be evaluated.
    fn serving(
        &self,
        listener: &Listener,
        server: ServerId,
        sni: Option<Sni<'_>>,
        owns: &[Own<'_>],
        servers: &[Server],
        store: &Store<'_, '_>,
    ) -> Serving {
        if servers[server.0 as usize].rejects_handshakes {
            return Serving::Rejected;
        }
        let own = &owns[server.0 as usize];
        if own.unread {
            return unread(UNREAD);
        }
        let (own, from_default) = match own.none && server != listener.default {
            // Certificates may still come from what is not known here.
            true if !self.complete => {
                return set_elsewhere();
            }
            true if !listener.default_known => {
                return unread(
                    "an include that was not read may say which server is the default one",
                );
            }
            true if owns[listener.default.0 as usize].unread => {
                return unread(UNREAD);
            }
            true => (&owns[listener.default.0 as usize], Some(listener.default)),
            false => (own, None),
        };
        if own.none {
            return match self.complete {
                true => Serving::NoCertificate,
                false => set_elsewhere(),
            };
        }
        let serving = match (own.dynamic, sni) {
            (false, _) => own.serving.clone(),
            (true, None) => {
                let why = "the certificate's path depends on the connection";
                return Serving::Unknown(Unknown::new(Cause::RunTime, why));
            }
            (true, Some(sni)) => {
                let first = servers[server.0 as usize].names.first();
                let handshake = Handshake {
                    sni,
                    server_name: first.map_or(b"", |name| name.text.as_bytes()),
                    address: &listener.address,
                };
                let pairs = store.pairs(&own.effective, Some(handshake));
                match store.serve(&pairs, &own.effective) {
                    (serving, refusals) if refusals.is_empty() => serving,
                    (serving, _) => failing(serving),
                }
            }
        };
        match serving {
            Serving::Certificates { certificates, .. } => Serving::Certificates {
                certificates,
                from_default,
            },
            other => other,
        }
    }

    /// Every name of every server, at every listener of the server.
    pub(super) fn rows(
        &self,
        led: &Led,
        assembled: &Assembled,
        owns: &[Own<'_>],
        store: &Store<'_, '_>,
    ) -> (Vec<Row>, IdVec<OutcomeId, Outcome>) {
        let (mut rows, mut outcomes) = (Vec::new(), IdVec::default());
        let plain = outcomes.push(Outcome::Plain);
        let not_asked = outcomes.push(Outcome::NotAsked);
        for (server, id) in assembled.servers.iter().zip((0..).map(ServerId)) {
            let mut listens: Vec<_> = server.listens.iter().map(|it| it.listener).collect();
            listens.sort_unstable();
            listens.dedup();
            for (index, name) in (0..).zip(&server.names) {
                let name_id = NameId {
                    server: id,
                    name: index,
                };
                let first = rows.len();
                for &listener_id in &listens {
                    let listener = &assembled.listeners[listener_id.0 as usize];
                    let outcome = match &name.pattern {
                        _ if !listener.tls => plain,
                        HostPattern::CatchAll | HostPattern::Invalid(_) => not_asked,
                        _ => match led.get(name_id, listener_id) {
                            Some(None) => not_asked,
                            Some(Some(by)) => outcomes.push(Outcome::Shadowed(by)),
                            None => {
                                let serving =
                                    self.answered(name_id, listener, assembled, owns, store);
                                let of_name: &[Row] = &rows[first..];
                                let known = of_name.iter().map(|row| row.outcome);
                                let mut known =
                                    known.filter(|&id| is_same(&outcomes[id], &serving));
                                known.next_back().unwrap_or_else(|| {
                                    // Clients of mail send no name, and the person who set them up may
                                    // have used another.
                                    let doubt =
                                        (self.protocol == Protocol::Mail).then(|| MAIL.into());
                                    outcomes.push(Outcome::Answered {
                                        serving,
                                        doubt,
                                        undecided: None,
                                    })
                                })
                            }
                        },
                    };
                    rows.push(Row {
                        name: name_id,
                        outcome,
                        listener: listener_id,
                    });
                }
                rows[first..].sort_unstable();
            }
        }
        (rows, outcomes)
    }

    /// What clients get that ask for a name which leads to its own server.
    fn answered(
        &self,
        id: NameId,
        listener: &Listener,
        assembled: &Assembled,
        owns: &[Own<'_>],
        store: &Store<'_, '_>,
    ) -> Serving {
        let servers = &assembled.servers;
        let name = &servers[id.server.0 as usize].names[id.name as usize];
        let server = match &name.pattern {
            // Clients send no SNI for an address.
            HostPattern::Address(_) if self.protocol != Protocol::Mail => listener.default,
            _ => id.server,
        };
        let sni = match &name.pattern {
            HostPattern::Exact(host) => Some(Sni::Name(host.as_bytes())),
            HostPattern::DotPrefix(base) => Some(Sni::Below {
                base: base.as_bytes(),
                itself: true,
            }),
            HostPattern::LeadingWildcard { base, .. } => Some(Sni::Below {
                base: base.as_bytes(),
                itself: false,
            }),
            _ => None,
        };
        let mut serving = match sni {
            Some(_) if self.is_dynamic(listener, server, owns) => {
                self.serving(listener, server, sni, owns, servers, store)
            }
            _ => {
                let serving = listener.serving.get(&server).cloned();
                serving.unwrap_or(Serving::NoCertificate)
            }
        };
        if server != id.server
            && let Serving::Certificates { from_default, .. } = &mut serving
        {
            *from_default = Some(server);
        }
        serving
    }
}

/// The names that do not lead to their own server: the server that takes them, or none where nginx
/// refuses the name.
#[derive(Default)]
pub(super) struct Led(HashMap<(NameId, ListenerId), Option<ServerId>>);

impl Led {
    /// Notes what went wrong while the name table of a listener was filled.
    pub(super) fn note(&mut self, listener: ListenerId, filled: &Filled) {
        for &(name, conflict) in &filled.ignored {
            let by = match conflict {
                Conflict::Taken(winner) | Conflict::Shadowed { by: winner, .. } => {
                    Some(winner.server)
                }
                Conflict::Refused => None,
            };
            self.0.insert((name, listener), by);
        }
        for &name in &filled.refused {
            self.0.insert((name, listener), None);
        }
    }

    fn get(&self, name: NameId, listener: ListenerId) -> Option<Option<ServerId>> {
        self.0.get(&(name, listener)).copied()
    }
}

fn is_same(outcome: &Outcome, serving: &Serving) -> bool {
    matches!(outcome, Outcome::Answered { serving: other, .. } if same(other, serving))
}

fn unread(why: &str) -> Serving {
    Serving::Unknown(Unknown::new(Cause::IncludeOutside, why))
}

/// A piece of a configuration does not say it.
fn set_elsewhere() -> Serving {
    let why = "the certificate is set elsewhere";
    Serving::Unknown(Unknown::new(Cause::Elsewhere, why))
}

/// The same certificates where one thing that cannot be loaded lets every handshake fail.
fn failing(mut serving: Serving) -> Serving {
    if let Serving::Certificates { certificates, .. } = &mut serving {
        let keyless = certificates.iter().map(|served| Served {
            has_key: false,
            ..served.clone()
        });
        *certificates = keyless.collect();
    }
    serving
}

/// The same certificates in the same order.
pub(super) fn same(left: &Serving, right: &Serving) -> bool {
    match (left, right) {
        (
            Serving::Certificates {
                certificates: left,
                from_default: left_from,
            },
            Serving::Certificates {
                certificates: right,
                from_default: right_from,
            },
        ) => {
            let of = |served: &Served| (served.certificate.clone(), served.has_key);
            left_from == right_from
                && (Arc::ptr_eq(left, right) || left.iter().map(of).eq(right.iter().map(of)))
        }
        (Serving::Unknown(left), Serving::Unknown(right)) => left == right,
        (left, right) => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}
