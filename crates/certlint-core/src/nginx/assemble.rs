//! From collected directives to the model: servers, listeners, rows, and what is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::loader::Loader;
use crate::model::{
    CertRef, CertificatePair, IdVec, KeyRef, Listen, Listener, ListenerId, NameId, Outcome,
    OutcomeId, Refusal, Row, Server, ServerId, ServerName, Serving, Unavailable, UnverifiableKind,
};
use crate::name::HostPattern;
use crate::source::Location;

use super::config::{self, Block};
use super::groups::{self, Group};
use super::listen::Protocol;
use super::names;
use super::serving::{Led, same};
use super::tls::{Effective, Store};
use super::walk::Walker;
use super::{Options, Version, lossy};

/// The model parts of one `http` or `stream` block.
#[derive(Default)]
pub(super) struct Assembled {
    pub(super) servers: Vec<Server>,
    pub(super) listeners: Vec<Listener>,
    /// In the order of servers and names.
    pub(super) rows: Vec<Row>,
    pub(super) outcomes: IdVec<OutcomeId, Outcome>,
}

impl Assembled {
    /// Appends the servers and listeners of another block to these: their ids move up.
    pub(super) fn append(&mut self, mut other: Self) {
        let servers = u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
        let listeners = u32::try_from(self.listeners.len()).unwrap_or(u32::MAX);
        let up = |id: ServerId| ServerId(id.0 + servers);
        let serving_up = |serving: &mut Serving| {
            if let Serving::Certificates { from_default, .. } = serving {
                *from_default = from_default.map(up);
            }
        };
        for server in &mut other.servers {
            for listen in &mut server.listens {
                listen.listener.0 += listeners;
            }
        }
        for listener in &mut other.listeners {
            for member in &mut listener.members {
                member.server = up(member.server);
            }
            listener.default = up(listener.default);
            listener.names.shift(servers);
            let serving = std::mem::take(&mut listener.serving);
            listener.serving = serving
                .into_iter()
                .map(|(server, mut serving)| {
                    serving_up(&mut serving);
                    (up(server), serving)
                })
                .collect();
            listener.evaluated.values_mut().for_each(serving_up);
        }
        for row in &mut other.rows {
            row.name.server = up(row.name.server);
            row.listener.0 += listeners;
            row.outcome = row.outcome.behind(&self.outcomes);
        }
        for outcome in other.outcomes.iter_mut() {
            match outcome {
                Outcome::Answered { serving, .. } => serving_up(serving),
                Outcome::Shadowed(by) => *by = up(*by),
                Outcome::Pending { .. } | Outcome::Plain | Outcome::NotAsked => {}
            }
        }
        self.servers.append(&mut other.servers);
        self.listeners.append(&mut other.listeners);
        self.rows.append(&mut other.rows);
        self.outcomes.append(other.outcomes);
    }
}

/// Lowers one block.
pub(super) struct Assembler<'a, 'l, 'f> {
    pub(super) walker: &'a mut Walker<'l, 'f>,
    pub(super) loader: &'l Loader<'f>,
    pub(super) options: &'a Options,
    pub(super) prefix: &'a [u8],
    pub(super) protocol: Protocol,
    /// All servers are known, and so is everything that they inherit.
    pub(super) complete: bool,
}

/// The certificates of a server itself.
pub(super) struct Own<'c> {
    pub(super) effective: Effective<'c>,
    pub(super) serving: Serving,
    pub(super) dynamic: bool,
    /// It has no certificates, and there is nothing that may still bring some.
    pub(super) none: bool,
    /// What it includes and was not read may bring certificates, its own or others than those of
    /// the outer block.
    pub(super) unread: bool,
}

impl Assembler<'_, '_, '_> {
    pub(super) fn run(&mut self, block: &Block, variables: &config::Variables) -> Assembled {
        let store = Store {
            loader: self.loader,
            prefix: self.prefix,
            variables,
            has_store_keys: self.options.version >= Version::new(1, 29, 0),
        };
        let effective: Vec<_> = block
            .servers
            .iter()
            .map(|server| {
                let literal = self.protocol == Protocol::Mail;
                Effective::new(&block.scope, &server.scope, self.complete, literal)
            })
            .collect();
        self.load(&effective);

        let raw: Vec<Vec<Box<[u8]>>> = block.servers.iter().map(raw_names).collect();
        let mut servers = Vec::with_capacity(block.servers.len());
        let mut owns = Vec::with_capacity(block.servers.len());
        let mut shared = SharedPairs::default();
        for ((server, effective), raw) in block.servers.iter().zip(effective).zip(&raw) {
            let is_unused = self.ignores_certificates(block, server);
            let pairs = match is_unused && self.protocol == Protocol::Mail {
                true => Arc::default(),
                false => shared.get(&store, &effective),
            };
            let lowered = self.server(server, &block.scope, &effective, pairs.clone(), raw);
            if self.protocol != Protocol::Mail {
                let (diagnoses, refusals) = names::refusals(&lowered, raw);
                self.walker.diagnoses.extend(diagnoses);
                self.walker.refusals.extend(refusals);
            }
            let dynamic = effective.is_dynamic();
            let (serving, refusals) = match dynamic || is_unused {
                true => (Serving::NoCertificate, Vec::new()),
                false => store.serve(&pairs, &effective),
            };
            // A piece may inherit what it does not say.
            let is_whole = self.complete && !server.scope.open_ended;
            let known = |refusal: &Refusal| is_whole || !refusal.reason.starts_with("no `");
            self.walker
                .refusals
                .extend(refusals.into_iter().filter(known));
            if !is_unused {
                self.note_missing_keys(&pairs, &effective, is_whole);
            }
            self.note_unverifiable(&pairs);
            self.note_replaced(&effective);
            owns.push(Own {
                unread: server.scope.open_ended
                    && (pairs.is_empty() || effective.inherited)
                    && effective.replaced_by.is_none(),
                none: pairs.is_empty() && effective.replaced_by.is_none(),
                effective,
                serving,
                dynamic,
            });
            servers.push(lowered);
        }

        let groups = groups::collect(self.walker, block, self.protocol, self.options.version);
        for (index, group) in (0..).map(ListenerId).zip(&groups) {
            for member in &group.members {
                servers[member.server.0 as usize].listens.push(Listen {
                    listener: index,
                    at: member.at.clone(),
                    tls: member.tls,
                });
            }
        }
        self.mixed(&groups);
        let mut assembled = self.listeners(groups, servers, &owns, &raw, &store);
        self.hidden(&assembled);
        self.families(&assembled);
        assembled.rows.shrink_to_fit();
        assembled
    }

    /// Reads all certificate and key files, in parallel.
    fn load(&self, effective: &[Effective<'_>]) {
        let mut paths: Vec<_> = Vec::new();
        let mut last: Option<&Effective<'_>> = None;
        for effective in effective {
            // Servers that inherit the same lists bring nothing new.
            if last.is_some_and(|last| last.is_same_list(effective)) {
                continue;
            }
            paths.extend(effective.static_paths(self.prefix));
            last = Some(effective);
        }
        let mut seen = std::collections::HashSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        self.loader.read_pems(&paths);
    }

    /// Fewer keys than certificates: nginx refuses the server.
    fn note_missing_keys(
        &mut self,
        pairs: &[CertificatePair],
        effective: &Effective<'_>,
        is_whole: bool,
    ) {
        if !is_whole {
            return;
        }
        // nginx names the last certificate.
        if let Some(pair) = pairs.iter().find(|pair| pair.key.is_none()) {
            let message = format!("no `ssl_certificate_key` for certificate `{}`", pair.path);
            let help = "add the `ssl_certificate_key` that belongs to it, in the same block";
            self.walker
                .problem_syntax(pair.at.clone(), message, Some(help));
            if effective.is_dynamic() {
                let reason = format!("no `ssl_certificate_key` for certificate `{}`", pair.path);
                let at = pair.at.clone();
                self.walker.refusals.push(Refusal { at, reason });
            }
        }
        for argument in effective.invalid() {
            let message = format!("invalid variable name in `{}`", lossy(&argument.text));
            self.walker.refuse(argument.at.clone(), message, None);
        }
    }

    /// The program that chooses the certificate cannot be run here.
    fn note_replaced(&mut self, effective: &Effective<'_>) {
        if let Some(directive) = effective.replaced_by {
            let what = lossy(&directive.text);
            self.walker
                .note_unverifiable(UnverifiableKind::Dynamic, what, &directive.at);
        }
    }

    /// Some servers without TLS never look at their certificates: those of mail, and those of
    /// stream before 1.25.5.
    fn ignores_certificates(&self, block: &Block, server: &config::Server) -> bool {
        let has_ssl = server.listens.iter().any(|entry| entry.listen.tls);
        match self.protocol {
            Protocol::Http => false,
            Protocol::Mail => {
                let says = |own: Option<bool>, outer: Option<bool>| own.or(outer) == Some(true);
                !has_ssl
                    && !says(server.scope.starttls, block.scope.starttls)
                    && !says(server.scope.ssl_on, block.scope.ssl_on)
            }
            Protocol::Stream => self.options.version < Version::new(1, 25, 5) && !has_ssl,
        }
    }

    /// Which server is the default one rests on all of them being read, unless one says so.
    fn knows_default(&self, group: &Group, servers: &[Server]) -> bool {
        group.default.is_some() || !servers.iter().any(|server| server.open_ended)
    }

    fn note_unverifiable(&mut self, pairs: &[CertificatePair]) {
        for pair in pairs {
            match &pair.certificate {
                CertRef::Unavailable(Unavailable::Denied) => self.walker.note_denied(&pair.at),
                CertRef::Unavailable(Unavailable::Outside) => self.walker.note_unverifiable(
                    UnverifiableKind::Certificate,
                    pair.path.to_string(),
                    &pair.at,
                ),
                CertRef::Unavailable(Unavailable::Dynamic(what)) => self.walker.note_unverifiable(
                    UnverifiableKind::Dynamic,
                    what.to_string(),
                    &pair.at,
                ),
                _ => {}
            }
            let Some(key) = &pair.key else {
                continue;
            };
            match &key.key {
                KeyRef::Unavailable(Unavailable::Denied) => self.walker.note_denied(&key.at),
                KeyRef::Unavailable(Unavailable::Outside) => {
                    let path = key.path.to_string();
                    self.walker
                        .note_unverifiable(UnverifiableKind::Key, path, &key.at);
                }
                _ => {}
            }
        }
    }

    /// Name tables, default servers, and what is served for each name.
    fn listeners(
        &mut self,
        groups: Vec<Group>,
        servers: Vec<Server>,
        owns: &[Own<'_>],
        raw: &[Vec<Box<[u8]>>],
        store: &Store<'_, '_>,
    ) -> Assembled {
        let mut listeners = Vec::with_capacity(groups.len());
        let mut led = Led::default();
        let mut ignored = Vec::new();
        for group in &groups {
            let Some(default) = group.default_server() else {
                continue;
            };
            let default_known = self.complete && self.knows_default(group, &servers);
            if default_known {
                self.check_default(group, default, &servers, owns);
            }
            let filled = names::fill(group, &servers, raw);
            for &id in &filled.refused {
                let name = &servers[id.server.0 as usize].names[id.name as usize];
                let reason = format!("not a valid server name or wildcard on {}", group.label);
                self.walker.refusals.push(names::refusal(name, &reason));
                let diagnosis = names::refused(name, reason, false);
                self.walker.diagnoses.push(diagnosis);
            }
            if names::is_lone(group, &servers) && self.protocol != Protocol::Mail {
                let index = default.0 as usize;
                let dormant = names::dormant(&servers[index], &raw[index]);
                self.walker.diagnoses.extend(dormant);
            }
            let id = ListenerId(u32::try_from(listeners.len()).unwrap_or(u32::MAX));
            led.note(id, &filled);
            ignored.push((group, filled.ignored));
            let mut listener = Listener {
                label: group.label.clone(),
                address: group.address.clone(),
                tls: group.tls,
                members: group.members.clone(),
                default,
                default_marked: group.default.is_some(),
                default_known,
                names: filled.table,
                dual_stack: group.dual_stack,
                reg_name_sni: self.options.version >= Version::new(1, 29, 4),
                serving: BTreeMap::new(),
                evaluated: BTreeMap::new(),
                hosts: None,
            };
            if group.tls {
                self.serve(&mut listener, owns, &servers, store);
            }
            listeners.push(listener);
        }
        for entry in names::gather(ignored) {
            let of = |id: NameId| &owns[id.server.0 as usize].serving;
            let differ = entry.on_tls && !same(of(entry.loser), of(entry.winner));
            let guessed = self.walker.guessed_together;
            let problem = names::problem(entry, &servers, differ, guessed);
            self.walker.diagnoses.push(problem);
        }
        let mut assembled = Assembled {
            servers,
            listeners,
            ..Assembled::default()
        };
        (assembled.rows, assembled.outcomes) = self.rows(&led, &assembled, owns, store);
        assembled
    }

    /// Only the default server must have certificates (`ngx_http_ssl_init`).
    fn check_default(
        &mut self,
        group: &Group,
        default: ServerId,
        servers: &[Server],
        owns: &[Own<'_>],
    ) {
        let (own, server) = (&owns[default.0 as usize], &servers[default.0 as usize]);
        if !group.tls || server.open_ended {
            return;
        }
        let tls_listen = group.members.iter().find(|member| member.tls);
        let turned_on = match self.protocol {
            Protocol::Mail => "TLS is offered here",
            _ => "`ssl` is turned on here",
        };
        let ssl = tls_listen.map(|member| (member.at.clone(), turned_on));
        let message = |label: &str| {
            format!("no `ssl_certificate` for the server that answers TLS on `{label}`")
        };
        if own.effective.certificates.is_empty() && !server.rejects_handshakes {
            let at = server.at.clone();
            match ssl {
                Some(ssl) => self.walker.refuse_beside(at, message(&group.label), ssl),
                None => self.walker.refuse(at, message(&group.label), None),
            }
        } else if own.effective.certificates.is_empty() {
            // The default rejects everybody, so that nobody can fall back to it.
            for member in &group.members {
                let index = member.server.0 as usize;
                if owns[index].effective.certificates.is_empty()
                    && !servers[index].rejects_handshakes
                    && !servers[index].open_ended
                {
                    let at = servers[index].at.clone();
                    self.walker.refuse_beside(
                        at,
                        message(&group.label),
                        (server.at.clone(), "the default server rejects handshakes"),
                    );
                }
            }
        }
    }
}

/// Servers that have the same lists share their pairs.
#[derive(Default)]
struct SharedPairs {
    inherited: Option<Arc<[CertificatePair]>>,
}

impl SharedPairs {
    fn get(&mut self, store: &Store<'_, '_>, effective: &Effective<'_>) -> Arc<[CertificatePair]> {
        if !effective.inherits_everything {
            return store.pairs(effective, None);
        }
        self.inherited
            .get_or_insert_with(|| store.pairs(effective, None))
            .clone()
    }
}

fn raw_names(server: &config::Server) -> Vec<Box<[u8]>> {
    match server.names.as_slice() {
        [] => vec![Box::default()],
        names => names.iter().map(|name| name.text.clone()).collect(),
    }
}

impl Assembler<'_, '_, '_> {
    /// A server as rules see it.
    fn server(
        &self,
        server: &config::Server,
        outer: &config::Scope,
        effective: &Effective<'_>,
        certificates: Arc<[CertificatePair]>,
        raw: &[Box<[u8]>],
    ) -> Server {
        let place = |index: usize| -> Location {
            let name = server.names.get(index);
            name.map_or_else(|| server.at.clone(), |name| name.at.clone())
        };
        Server {
            at: server.at.clone(),
            names: raw
                .iter()
                .enumerate()
                .map(|(index, text)| ServerName {
                    text: lossy(text).into(),
                    pattern: self.pattern(text),
                    at: place(index),
                })
                .collect(),
            inherits_certificates: effective.inherited && !certificates.is_empty(),
            certificates,
            rejects_handshakes: server
                .scope
                .reject_handshake
                .or(outer.reject_handshake)
                .unwrap_or_default(),
            open_ended: server.scope.open_ended,
            listens: Vec::with_capacity(server.listens.len()),
        }
    }

    /// Mail greets with its one name, whatever is in it; a name without a dot is that of a machine.
    fn pattern(&self, text: &[u8]) -> HostPattern {
        if self.protocol != Protocol::Mail {
            return HostPattern::nginx(text);
        }
        match text.contains(&b'.') {
            true => HostPattern::host(&lossy(text)),
            false => HostPattern::CatchAll,
        }
    }
}
