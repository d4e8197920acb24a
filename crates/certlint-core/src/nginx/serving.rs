//! What clients get: for each server of a listener, and for each name that is really answered.

use std::sync::Arc;

use crate::model::{Endpoint, Listener, ListenerId, NameId, Served, Server, ServerId, Serving};
use crate::name::HostPattern;

use super::assemble::{Assembled, Assembler, Own};
use super::listen::Protocol;
use super::tls::Store;
use super::variable::{Handshake, Sni};

/// Why nothing is known of a certificate.
const UNREAD: &str = "an include that was not read may set the certificate";

impl Assembler<'_, '_, '_> {
    /// What each server of the listener serves, and what the asked names come to.
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

    /// What a client gets that selected `server`; `sni` lets variables be evaluated.
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
            return Serving::Unknown(UNREAD.into());
        }
        let (own, from_default) = match own.none && server != listener.default {
            // Certificates may still come from what is not known here.
            true if !self.complete => {
                return Serving::Unknown("the certificate is set elsewhere".into());
            }
            true if !listener.default_known => {
                return Serving::Unknown(
                    "an include that was not read may say which server is the default one".into(),
                );
            }
            true if owns[listener.default.0 as usize].unread => {
                return Serving::Unknown(UNREAD.into());
            }
            true => (&owns[listener.default.0 as usize], Some(listener.default)),
            false => (own, None),
        };
        if own.none {
            return match self.complete {
                true => Serving::NoCertificate,
                false => Serving::Unknown("the certificate is set elsewhere".into()),
            };
        }
        let serving = match (own.dynamic, sni) {
            (false, _) => own.serving.clone(),
            (true, None) => {
                return Serving::Unknown("the certificate's path depends on the connection".into());
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

    pub(super) fn endpoints(
        &self,
        mut answered: Vec<(NameId, ListenerId)>,
        assembled: &Assembled,
        owns: &[Own<'_>],
        store: &Store<'_, '_>,
    ) -> Vec<Endpoint> {
        answered.sort_unstable();
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for (id, listener_id) in answered {
            let listener = &assembled.listeners[listener_id.0 as usize];
            let name = &assembled.servers[id.server.0 as usize].names[id.name as usize];
            let server = match &name.pattern {
                HostPattern::CatchAll | HostPattern::Invalid(_) => continue,
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
                    self.serving(listener, server, sni, owns, &assembled.servers, store)
                }
                _ => match listener.serving.get(&server) {
                    Some(serving) => serving.clone(),
                    None => continue,
                },
            };
            if server != id.server
                && let Serving::Certificates { from_default, .. } = &mut serving
            {
                *from_default = Some(server);
            }
            let last = endpoints
                .iter_mut()
                .rev()
                .take_while(|endpoint| (endpoint.server, endpoint.name) == (id.server, id.name));
            match last
                .into_iter()
                .find(|endpoint| same(&endpoint.serving, &serving))
            {
                Some(endpoint) => endpoint.listeners.push(listener_id),
                None => endpoints.push(Endpoint {
                    server: id.server,
                    name: id.name,
                    listeners: vec![listener_id],
                    serving,
                    // Clients of mail send no name, and whoever set them up may have used another.
                    doubt: (self.protocol == Protocol::Mail)
                        .then(|| "clients of mail may use another name than `server_name`".into()),
                }),
            }
        }
        endpoints
    }
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
