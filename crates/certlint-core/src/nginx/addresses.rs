//! Faults between addresses: `ssl` on one `listen` only, a specific address that hides
//! the wildcard, a name that one address family lacks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::{Diagnosis, ListenAddress, Listener, Server, ServerId, ServerName};
use crate::name::HostPattern;

use super::assemble::{Assembled, Assembler};
use super::groups::Group;

/// Names shown of a server that a more specific address hides.
const SHOWN_NAMES: usize = 5;

impl Assembler<'_, '_, '_> {
    /// `listen` without `ssl` on an address that speaks TLS.
    pub(super) fn mixed(&mut self, groups: &[Group]) {
        for group in groups.iter().filter(|group| group.tls) {
            let Some(tls) = group.members.iter().find(|member| member.tls) else {
                continue;
            };
            for plain in group.members.iter().filter(|member| !member.tls) {
                self.walker.diagnoses.push(Diagnosis::ListenerTlsMixed {
                    plain: plain.at.clone(),
                    tls: tls.at.clone(),
                    listener: group.label.clone(),
                });
            }
        }
    }

    /// Servers of a wildcard address whose names a specific address of the same port takes away.
    pub(super) fn hidden(&mut self, assembled: &Assembled) {
        for (specific, wildcard) in pairs_of_addresses(&assembled.listeners) {
            let Some(first) = specific.members.first() else {
                continue;
            };
            let lost = wildcard.members.iter().filter_map(|member| {
                if assembled.servers[member.server.0 as usize].open_ended {
                    return None;
                }
                let names = lost_names(&assembled.servers, member.server, specific);
                (!names.is_empty()).then_some((member, names))
            });
            let mut lost = lost.peekable();
            if let Some((member, _)) = lost.peek() {
                let hidden = member.at.clone();
                let names = lost
                    .flat_map(|(_, names)| names)
                    .take(SHOWN_NAMES)
                    .collect();
                self.walker.diagnoses.push(Diagnosis::ListenerHidden {
                    specific: first.at.clone(),
                    listener: specific.label.clone(),
                    hidden,
                    names,
                });
            }
        }
    }

    /// Names that one address family has and the other, which the server's peers listen on, has not.
    pub(super) fn families(&mut self, assembled: &Assembled) {
        let wildcards: Vec<_> = assembled
            .listeners
            .iter()
            .filter(|listener| listener.tls)
            .filter_map(|listener| match &listener.address {
                ListenAddress::Inet {
                    address,
                    udp: false,
                } if address.ip().is_unspecified() => {
                    Some((listener, address.port(), address.is_ipv6()))
                }
                _ => None,
            })
            .collect();
        for &(present, port, is_v6) in &wildcards {
            let other = wildcards
                .iter()
                .find(|other| other.1 == port && other.2 != is_v6);
            let Some(&(missing, ..)) = other else {
                continue;
            };
            if present.dual_stack || missing.dual_stack {
                continue;
            }
            for member in &present.members {
                let server = &assembled.servers[member.server.0 as usize];
                // What was not read may listen on the other family.
                if server.open_ended {
                    continue;
                }
                let names = lost_names(&assembled.servers, member.server, missing);
                if let Some(name) = names.first() {
                    let at = server
                        .names
                        .iter()
                        .find(|candidate| *candidate.text == **name)
                        .map_or_else(|| server.at.clone(), |name| name.at.clone());
                    let default = &assembled.servers[missing.default.0 as usize];
                    self.walker.diagnoses.push(Diagnosis::FamilyMissing {
                        at,
                        name: name.clone(),
                        present: present.label.clone(),
                        missing: missing.label.clone(),
                        other: default.at.clone(),
                    });
                }
            }
        }
    }
}

/// Concrete names of a server that another listener answers with its default server.
fn lost_names(servers: &[Server], id: ServerId, listener: &Listener) -> Vec<String> {
    // A lone server has no tables: whether the name is its own, only its names tell.
    let default = &servers[listener.default.0 as usize];
    let is_default = |name: &ServerName| {
        let same = |other: &ServerName| other.pattern == name.pattern;
        default.names.iter().any(same)
    };
    let lost: Vec<_> = servers[id.0 as usize]
        .names
        .iter()
        .filter_map(|name| match &name.pattern {
            HostPattern::Exact(host) => {
                let selected = listener.select(Some(host));
                let lost = selected.name.is_none() && !is_default(name);
                lost.then(|| name.text.to_string())
            }
            _ => None,
        })
        .collect();
    // Looked at last: with thousands of members it is the dearer question.
    let is_member = || listener.members.iter().any(|member| member.server == id);
    match lost.is_empty() || is_member() {
        true => Vec::new(),
        false => lost,
    }
}

/// TLS listeners on a specific address, each with the wildcard of its family and port.
fn pairs_of_addresses(listeners: &[Listener]) -> Vec<(&Listener, &Listener)> {
    let inet = |listener: &Listener| match &listener.address {
        ListenAddress::Inet {
            address,
            udp: false,
        } => Some(*address),
        _ => None,
    };
    let wildcards: BTreeMap<_, _> = listeners
        .iter()
        .filter_map(|listener| {
            let address = inet(listener)?;
            let wanted = listener.tls && address.ip().is_unspecified();
            wanted.then_some(((address.is_ipv6(), address.port()), listener))
        })
        .collect();
    let specifics = listeners.iter().filter_map(|listener| {
        let address = inet(listener)?;
        // What comes over the loopback address is seldom meant for the public names.
        if address.ip().is_unspecified() || is_loopback(address.ip()) {
            return None;
        }
        let wildcard = wildcards.get(&(address.is_ipv6(), address.port()))?;
        Some((listener, *wildcard))
    });
    specifics.collect()
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.is_loopback()
}
