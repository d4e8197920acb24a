//! Address groups: all `listen` directives of all servers, by exact address.
//!
//! `ssl` is a property of the group: on when any member says so. The default server is the marked
//! one, else the first (`ngx_http_add_addresses`, measured on nginx 1.22.1 and 1.31.5).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::model::{Diagnosis, ListenAddress, Member, ServerId};
use crate::source::Location;

use super::config::{Block, ServerListen};
use super::listen::{self, Listen, Protocol};
use super::{Version, walk::Walker};

/// Bound on (server, address) pairs: a range of 65,535 ports in each of thousands of servers is no
/// configuration but an attack.
const MAX_MEMBERS: usize = 2_000_000;

/// An address with its servers.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) address: ListenAddress,
    pub(super) label: String,
    pub(super) members: Vec<Member>,
    pub(super) tls: bool,
    pub(super) dual_stack: bool,
    /// The `listen` that marks the default server, and its server.
    pub(super) default: Option<(ServerId, Location)>,
    has_socket_options: bool,
}

impl Group {
    /// The server that answers what nobody else takes.
    pub(super) fn default_server(&self) -> Option<ServerId> {
        match &self.default {
            Some((server, _)) => Some(*server),
            None => self.members.first().map(|member| member.server),
        }
    }
}

/// Groups the listens of a block; what nginx refuses is pushed to the walker.
pub(super) fn collect(
    walker: &mut Walker<'_, '_>,
    block: &Block,
    protocol: Protocol,
    version: Version,
) -> Vec<Group> {
    let mut groups = Groups {
        list: Vec::new(),
        index: HashMap::new(),
        members: 0,
    };
    for (id, server) in (0..).map(ServerId).zip(&block.servers) {
        let implied;
        let listens = match (server.listens.as_slice(), protocol) {
            // What was not read may say where it listens.
            ([], _) if server.scope.open_ended => continue,
            ([], Protocol::Http) => {
                // "If the directive is not present then either *:80 is used …"
                implied = [ServerListen {
                    listen: port_80(),
                    at: server.at.clone(),
                }];
                &implied[..]
            }
            ([], Protocol::Mail | Protocol::Stream) => {
                let message = match protocol {
                    Protocol::Mail => "no `listen` is defined for the mail server",
                    _ => "no `listen` is defined for the stream server",
                };
                let message = message.to_owned();
                walker.refuse(server.at.clone(), message, None);
                continue;
            }
            (listens, _) => listens,
        };
        let forced = server.scope.ssl_on.or(block.scope.ssl_on) == Some(true)
            || server.scope.starttls.or(block.scope.starttls) == Some(true);
        for entry in listens {
            if entry.listen.port_is_implied && entry.listen.tls && protocol == Protocol::Http {
                walker.diagnoses.push(Diagnosis::ListenerTlsOnPort80 {
                    at: entry.at.clone(),
                    address: match entry.listen.addresses.first() {
                        Some(address) => {
                            let label = listen::label(address, false);
                            label.strip_suffix(":80").unwrap_or(&label).to_owned()
                        }
                        None => String::new(),
                    },
                });
            }
            groups.add(walker, id, entry, forced, (protocol, version));
        }
    }
    groups.list
}

struct Groups {
    list: Vec<Group>,
    index: HashMap<ListenAddress, usize>,
    members: usize,
}

impl Groups {
    fn add(
        &mut self,
        walker: &mut Walker<'_, '_>,
        server: ServerId,
        entry: &ServerListen,
        forced: bool,
        (protocol, version): (Protocol, Version),
    ) {
        let ServerListen { listen, at } = entry;
        let tls = listen.tls || forced;
        for address in &listen.addresses {
            if self.members == MAX_MEMBERS {
                return;
            }
            self.members += 1;
            let is_quic = listen.tls && matches!(address, ListenAddress::Inet { udp: true, .. });
            let index = *self.index.entry(address.clone()).or_insert_with(|| {
                self.list.push(Group {
                    address: address.clone(),
                    label: listen::label(address, is_quic),
                    members: Vec::new(),
                    tls: false,
                    dual_stack: false,
                    default: None,
                    has_socket_options: false,
                });
                self.list.len() - 1
            });
            let group = &mut self.list[index];
            // Servers come in order, so that only the last member can be this very server.
            let is_twice = group
                .members
                .last()
                .is_some_and(|last| last.server == server);
            let is_old_stream = protocol == Protocol::Stream && version < Version::new(1, 25, 5);
            let is_shared = is_old_stream || protocol == Protocol::Mail;
            if is_twice {
                let message = format!("a duplicate `listen {}` in one server", group.label);
                walker.refuse(at.clone(), message, None);
                continue;
            }
            // Which of the files a main file includes is not known: only one server is surely itself.
            let is_proof = !walker.guessed_together;
            if is_shared && !group.members.is_empty() && is_proof {
                let why = match protocol {
                    Protocol::Mail => "mail servers cannot share one",
                    _ => "stream servers share one since 1.25.5",
                };
                let message = format!("duplicate address and port pair `{}`: {why}", group.label);
                walker.refuse(at.clone(), message, None);
                continue;
            }
            if listen.socket_options && group.has_socket_options && is_proof {
                let message = format!("duplicate `listen` options for `{}`", group.label);
                let help = "set socket options such as `ipv6only`, `backlog` or `reuseport` in one \
                            server only";
                walker.refuse(at.clone(), message, Some(help.to_owned()));
            }
            group.has_socket_options |= listen.socket_options;
            if listen.default_server {
                match &group.default {
                    Some(_) if !is_proof => {}
                    Some((_, first)) => {
                        let first = first.clone();
                        let message = format!("a duplicate default server for `{}`", group.label);
                        walker.refuse_beside(at.clone(), message, (first, "marked here first"));
                    }
                    None => group.default = Some((server, at.clone())),
                }
            }
            group.tls |= tls;
            group.dual_stack |= listen.dual_stack;
            group.members.push(Member {
                server,
                at: at.clone(),
                tls,
            });
        }
    }
}

fn port_80() -> Listen {
    Listen {
        addresses: vec![ListenAddress::Inet {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 80),
            udp: false,
        }],
        tls: false,
        default_server: false,
        socket_options: false,
        dual_stack: false,
        port_is_implied: true,
    }
}
