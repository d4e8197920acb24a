//! From the objects of a cluster to the model: Secrets, Ingresses, and what clients get.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cluster::{Cluster, Kept};
use super::controller::{Choice, Controller, class_of, controller_of};
use super::facts::{Fault, Ingress, Request, TlsEntry};
use super::gateway;
use super::ingress_nginx::{self, Cause, Slot};
use super::lower::Options;
use super::object;
use super::secret_use::{
    Judge, Known, Unverifiable, Use, kept_covers, no_secret_name, request_covers, serving,
    shim_hosts, shim_owner,
};
use crate::finding::Level;
use crate::loader::Loader;
use crate::model::{
    Bundle, CertRef, CertificatePair, Endpoint, Fragment, HostAnswer, HostTable, Key, KeyPart,
    KeyRef, ListenAddress, Listener, ListenerId, NameTable, PlaceholderReason, Problem, Server,
    ServerId, ServerName, Serving,
};
use crate::name::HostPattern;
use crate::source::{Location, Spanned};

/// Fills the fragment with what the objects say.
pub(super) fn assemble(
    mut cluster: Cluster,
    loader: &Loader<'_>,
    options: &Options,
    fragment: &mut Fragment,
) {
    object::promote_generic_secrets(&mut cluster);
    let pairings = cluster.objects.take_pairings();
    take_in_secrets(&mut cluster, loader, fragment);
    requests(&cluster, fragment);
    let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, ingress) in cluster.ingresses.iter().enumerate() {
        if ingress.meta.is_acme_solver || ingress.meta.is_being_deleted {
            continue;
        }
        let class = class_of(ingress, &cluster.classes).unwrap_or_default();
        classes.entry(class.to_owned()).or_default().push(index);
    }
    let mut unverifiable = BTreeMap::new();
    for (class, members) in &classes {
        let listener = ListenerId(u32::try_from(fragment.listeners.len()).unwrap_or(u32::MAX));
        let ingresses: Vec<_> = members
            .iter()
            .map(|&index| &cluster.ingresses[index])
            .collect();
        let mut lowering = Class {
            cluster: &cluster,
            options,
            fragment,
            unverifiable: &mut unverifiable,
            listener,
            servers: Vec::new(),
        };
        let hosts = lowering.run(&ingresses);
        let Some(&default) = lowering.servers.first() else {
            continue;
        };
        fragment.listeners.push(Listener {
            label: format!("ingress/{class}"),
            address: ListenAddress::Named(format!("ingress/{class}")),
            tls: true,
            members: Vec::new(),
            default,
            default_marked: true,
            names: NameTable::default(),
            dual_stack: false,
            reg_name_sni: true,
            serving: BTreeMap::new(),
            evaluated: BTreeMap::new(),
            hosts: Some(hosts),
        });
    }
    gateway::lower(&cluster, options, fragment, &mut unverifiable);
    object::lower(
        pairings,
        &cluster,
        loader,
        options,
        fragment,
        &mut unverifiable,
    );
    for ((kind, what), (at, count)) in unverifiable {
        fragment.problems.push(Problem::Unverifiable {
            at,
            kind,
            what,
            count,
        });
    }
}

/// Gives the model the certificates and keys of all Secrets, with a server each that holds them.
fn take_in_secrets(cluster: &mut Cluster, loader: &Loader<'_>, fragment: &mut Fragment) {
    let mut pending: BTreeSet<String> = cluster.requests.keys().cloned().collect();
    for ingress in cluster
        .ingresses
        .iter()
        .filter(|ingress| ingress.meta.has_shim())
    {
        let secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
        let namespace = &ingress.meta.namespace;
        pending.extend(secrets.map(|secret| format!("{namespace}/{}", secret.value)));
    }
    for (name, kept) in &mut cluster.secrets {
        if !kept.secret.is_tls {
            continue;
        }
        let pending = pending.contains(name);
        let fault = |at: &Location, key: &str, fault: Fault| {
            (fault != Fault::Encrypted).then(|| Problem::SecretMalformed {
                at: at.clone(),
                secret: name.clone(),
                message: format!("`{key}` {}", words(fault)),
                help: cure(fault, key).map(str::to_owned),
                pending,
            })
        };
        let missing = |key: &str| Problem::SecretMalformed {
            at: kept.secret.meta.at.clone(),
            secret: name.clone(),
            message: format!("`{key}` is not there"),
            help: None,
            pending,
        };
        let certificate = kept.secret.certificate.take();
        let key = kept.secret.key.take();
        let mut pair = None;
        match certificate {
            None => fragment.problems.push(missing("tls.crt")),
            Some(part) => match part.value {
                Err(why) => fragment.problems.extend(fault(&part.at, "tls.crt", why)),
                Ok(file) => {
                    let id = loader.keep_bundle(Bundle {
                        source: part.at.source,
                        field: Some(part.at.clone()),
                        secret: Some(name.as_str().into()),
                        file,
                    });
                    kept.bundle = Some(id);
                    pair = Some((id, part.at));
                }
            },
        }
        let mut key_part = None;
        match key {
            None => fragment.problems.push(missing("tls.key")),
            Some(part) => match part.value {
                Err(why) => fragment.problems.extend(fault(&part.at, "tls.key", why)),
                Ok(file) => {
                    let id = loader.keep_key(Key {
                        source: part.at.source,
                        field: Some(part.at.clone()),
                        mode: None,
                        file,
                    });
                    kept.key = Some(id);
                    key_part = Some(KeyPart {
                        key: KeyRef::File(id),
                        path: format!("{name} tls.key").into(),
                        at: part.at,
                        has_password: false,
                    });
                }
            },
        }
        if let Some((id, at)) = pair {
            fragment.servers.push(Server {
                at: kept.secret.meta.at.clone(),
                names: Vec::new(),
                certificates: Arc::new([CertificatePair {
                    certificate: CertRef::Bundle(id),
                    path: name.as_str().into(),
                    at,
                    key: key_part,
                }]),
                inherits_certificates: false,
                rejects_handshakes: false,
                listens: Vec::new(),
            });
        }
    }
}

fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::BadBase64 => "is not base64",
        Fault::DoubleBase64 => "is base64 of base64",
        Fault::Empty => "is empty",
        Fault::Encrypted => "is encrypted",
        Fault::NoPem => "holds no PEM block",
        Fault::NotText => "is not a text",
    }
}

fn cure(fault: Fault, key: &str) -> Option<&'static str> {
    match (fault, key) {
        (Fault::BadBase64, _) => {
            Some("encode the file with `base64 -w0`, or put it into `stringData`")
        }
        (Fault::DoubleBase64, _) => Some("encode the PEM file once: `base64 -w0 FILE`"),
        (Fault::NoPem, "tls.crt") => Some(
            "put the PEM certificate there, leaf first: `kubectl create secret tls NAME --cert=FILE --key=FILE`",
        ),
        _ => None,
    }
}

/// Certificates that write the same Secret.
fn requests(cluster: &Cluster, fragment: &mut Fragment) {
    for (secret, requests) in &cluster.requests {
        if let [first, others @ ..] = requests.as_slice() {
            for other in others {
                fragment.problems.push(Problem::SecretClaimedTwice {
                    at: other.secret.at.clone(),
                    first: first.secret.at.clone(),
                    secret: secret.clone(),
                });
            }
        }
    }
}

/// The Ingresses of one class.
struct Class<'a> {
    cluster: &'a Cluster,
    options: &'a Options,
    fragment: &'a mut Fragment,
    unverifiable: &'a mut Unverifiable,
    listener: ListenerId,
    servers: Vec<ServerId>,
}

impl<'a> Class<'a> {
    fn run(&mut self, ingresses: &[&'a Ingress]) -> HostTable {
        let mut table = HostTable::default();
        let mut external = false;
        for ingress in ingresses {
            let controller = controller_of(ingress, &self.cluster.classes);
            let server = self.server(ingress);
            self.shim(ingress);
            match controller.choice {
                Choice::External => external = true,
                Choice::IngressNginx => {}
                _ => self.listed(ingress, server, controller, ingresses, &mut table),
            }
            if controller.choice != Choice::External {
                self.impossible(ingress);
            }
        }
        let is_nginx = |ingress: &&&Ingress| {
            controller_of(ingress, &self.cluster.classes).choice == Choice::IngressNginx
        };
        let nginx: Vec<usize> = (0..ingresses.len())
            .filter(|&index| is_nginx(&&ingresses[index]))
            .collect();
        if !nginx.is_empty() {
            let members: Vec<_> = nginx.iter().map(|&index| ingresses[index]).collect();
            let servers: Vec<_> = nginx.iter().map(|&index| self.servers[index]).collect();
            self.ingress_nginx(&members, &servers, &mut table);
        }
        table.fallback = match external {
            true => Serving::Unknown(Cow::Borrowed(
                "the controller takes its certificates elsewhere",
            )),
            false => Serving::Placeholder,
        };
        table
    }

    /// An Ingress as a server that holds its hosts.
    fn server(&mut self, ingress: &Ingress) -> ServerId {
        let id = ServerId(u32::try_from(self.fragment.servers.len()).unwrap_or(u32::MAX));
        self.fragment.servers.push(Server {
            at: ingress.meta.at.clone(),
            names: Vec::new(),
            certificates: Arc::new([]),
            inherits_certificates: false,
            rejects_handshakes: false,
            listens: Vec::new(),
        });
        self.servers.push(id);
        id
    }

    /// Adds a name to an Ingress' server.
    fn name(&mut self, server: ServerId, host: &Spanned<String>) -> u32 {
        let names = &mut self.fragment.servers[server.0 as usize].names;
        names.push(ServerName {
            text: host.value.as_str().into(),
            pattern: HostPattern::ingress(&host.value),
            at: host.at.clone(),
        });
        u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
    }

    fn endpoint(
        &mut self,
        server: ServerId,
        host: &Spanned<String>,
        kept: &Kept,
        at: &Location,
        doubt: Option<String>,
    ) {
        let Some(bundle) = kept.bundle else {
            return;
        };
        let name = self.name(server, host);
        self.fragment.endpoints.push(Endpoint {
            server,
            name,
            listeners: vec![self.listener],
            serving: serving(bundle, at),
            doubt: doubt.map(Into::into),
        });
    }

    /// Controllers that serve a listed host with the Secret of its entry, or with one of a pool.
    fn listed(
        &mut self,
        ingress: &'a Ingress,
        server: ServerId,
        controller: Controller,
        all: &[&'a Ingress],
        table: &mut HostTable,
    ) {
        for entry in &ingress.tls {
            for host in &entry.hosts {
                self.tls_host_without_rule(ingress, host);
                let Some(secret) = &entry.secret else {
                    let problem = no_secret_name(host, controller.name);
                    self.fragment.problems.push(problem);
                    continue;
                };
                let key = format!("{}/{}", ingress.meta.namespace, secret.value);
                self.claim(host, &key, (server, controller.choice), table);
                let pattern = HostPattern::ingress(&host.value);
                let one = using(ingress, host, &pattern, secret, &key);
                let Known::Certificate(kept) = self.known(ingress, &one) else {
                    continue;
                };
                if controller.choice == Choice::Exact && !kept.secret.has_tls_type {
                    self.fragment.problems.push(Problem::SecretMalformed {
                        at: kept.secret.type_at.clone(),
                        secret: key.clone(),
                        message: "type is not `kubernetes.io/tls`, and F5 NGINX rejects handshakes"
                            .to_owned(),
                        help: Some(
                            "make the Secret anew with `type: kubernetes.io/tls`".to_owned(),
                        ),
                        pending: false,
                    });
                    continue;
                }
                if self.judge().request_is_to_blame(&one, kept) {
                    continue;
                }
                let doubt = match controller.choice {
                    Choice::Likely => Some(format!(
                        "how {} chooses is not known in detail",
                        controller.name
                    )),
                    Choice::Pool => match self.pool_covers(ingress, host, all) {
                        Some(other) if other != key => Some(format!(
                            "{} serves any Secret that covers the host, and `{other}` does",
                            controller.name
                        )),
                        Some(_) => None,
                        None if self.pool_is_known(ingress, all) => {
                            self.placeholder(
                                host,
                                controller,
                                kept,
                                &key,
                                PlaceholderReason::NoneCovers,
                            );
                            continue;
                        }
                        None => Some("other Secrets of the pool are not known".to_owned()),
                    },
                    _ => self.judge().pending(&one),
                };
                self.endpoint(server, host, kept, &secret.at, doubt);
            }
        }
        // Without `hosts` the controller decides what the entry is for.
        let is_open = controller.choice == Choice::Contract
            && ingress.tls.iter().any(|entry| entry.hosts.is_empty());
        for host in unlisted(ingress, controller.choice == Choice::Exact) {
            let in_pool = || {
                controller.choice == Choice::Pool
                    && (self.pool_covers(ingress, &host, all).is_some()
                        || !self.pool_is_known(ingress, all))
            };
            if !ingress.tls.is_empty() && !is_open && !in_pool() {
                self.fragment.problems.push(Problem::HostWithoutTls {
                    at: host.at.clone(),
                    host: host.value.clone(),
                });
            }
        }
    }

    /// The Secret of a host: what is known, with what is wrong noted on the way.
    fn known(&mut self, ingress: &Ingress, one: &Use<'_>) -> Known<'a> {
        if ingress.meta.has_shim() && !self.cluster.secrets.contains_key(one.key) {
            return self.shim_will_have(ingress, one);
        }
        self.judge().known(one)
    }

    /// Whether the Certificate that ingress-shim makes will have a host: it is left alone where it
    /// belongs to somebody else (cert-manager's `sync.go`).
    fn shim_will_have(&mut self, ingress: &Ingress, one: &Use<'_>) -> Known<'a> {
        let mut entries = ingress.tls.iter();
        let Some(entry) =
            entries.find(|entry| entry.hosts.iter().any(|other| other.at == one.host.at))
        else {
            return Known::Pending;
        };
        let requests = self.cluster.requests.get(one.key);
        let is_owned = |request: &&Request| {
            let mut owners = request.meta.owners.iter();
            owners.any(|(kind, name)| kind == "Ingress" && *name == ingress.meta.name)
        };
        let unowned = requests
            .and_then(|all| all.first())
            .filter(|request| !is_owned(request));
        let other =
            shim_owner(self.cluster, one.key).filter(|(owner, _)| owner.meta.at != ingress.meta.at);
        let message = match (unowned, other) {
            (Some(request), _) if !request_covers(request, one.pattern) => format!(
                "cert-manager leaves Certificate `{}` alone, which does not belong to this Ingress",
                request.meta.name
            ),
            (None, Some((owner, _)))
                if !shim_hosts(owner, one.key)
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&one.host.value)) =>
            {
                format!(
                    "the Certificate of this Secret belongs to Ingress `{}`, and cert-manager leaves it alone",
                    owner.meta.name
                )
            }
            _ => return Known::Pending,
        };
        let is_said =
            self.fragment.problems.iter().any(
                |problem| matches!(problem, Problem::NeverIssued { at, .. } if *at == entry.at),
            );
        if !is_said {
            self.fragment.problems.push(Problem::NeverIssued {
                at: entry.at.clone(),
                message,
                help: "give the entry a `secretName` of its own".to_owned(),
            });
        }
        Known::Said
    }

    /// Judges the use of a Secret; see [`Judge`].
    fn judge(&mut self) -> Judge<'a, '_> {
        Judge {
            cluster: self.cluster,
            options: self.options,
            problems: &mut self.fragment.problems,
            unverifiable: self.unverifiable,
        }
    }

    /// A Secret of the namespace pool that covers the host.
    fn pool_covers(
        &self,
        ingress: &Ingress,
        host: &Spanned<String>,
        all: &[&Ingress],
    ) -> Option<String> {
        let pattern = HostPattern::ingress(&host.value);
        pool(ingress, all).into_iter().find(|key| {
            let kept = self.cluster.secrets.get(key);
            kept.is_some_and(|kept| kept_covers(kept, &pattern))
        })
    }

    /// Every Secret of the pool is in the input and readable.
    fn pool_is_known(&self, ingress: &Ingress, all: &[&Ingress]) -> bool {
        pool(ingress, all).iter().all(|key| {
            self.cluster
                .secrets
                .get(key)
                .is_some_and(|kept| kept.leaf.is_some())
        })
    }

    fn placeholder(
        &mut self,
        host: &Spanned<String>,
        controller: Controller,
        kept: &Kept,
        key: &str,
        why: PlaceholderReason,
    ) {
        self.fragment.problems.push(Problem::PlaceholderServed {
            at: host.at.clone(),
            host: host.value.clone(),
            controller: controller.name,
            why,
            secret: Some((key.to_owned(), kept.bundle)),
            level: Level::Error,
        });
    }

    fn tls_host_without_rule(&mut self, ingress: &Ingress, host: &Spanned<String>) {
        let mut rules = ingress.rules.iter();
        let has_rule = rules.any(|rule| {
            rule.host.as_ref().is_none_or(|rule| {
                rule.value.eq_ignore_ascii_case(&host.value)
                    || takes(&rule.value, &host.value)
                    || takes(&host.value, &rule.value)
            })
        });
        if !has_rule && !ingress.rules.is_empty() {
            self.fragment.problems.push(Problem::TlsHostWithoutRule {
                at: host.at.clone(),
                host: host.value.clone(),
            });
        }
    }

    /// A host with its Secret, for `resolve` and for hosts that two Ingresses claim.
    fn claim(
        &mut self,
        host: &Spanned<String>,
        key: &str,
        (server, choice): (ServerId, Choice),
        table: &mut HostTable,
    ) {
        let name = host.value.to_ascii_lowercase();
        let bundle = self.cluster.secrets.get(key).and_then(|kept| kept.bundle);
        let serving = match bundle {
            Some(bundle) => serving(bundle, &host.at),
            None => Serving::Unknown(Cow::Owned(format!("Secret `{key}` is not known here"))),
        };
        if let Some(first) = table.hosts.get(&name) {
            let differs = first.secret.as_deref() != Some(key);
            // The contract holds for each entry by itself; the controllers take the first.
            if differs && (first.server != server || choice == Choice::Listed) {
                self.fragment.problems.push(Problem::HostClaimedTwice {
                    host: host.value.clone(),
                    loser: host.at.clone(),
                    winner: first.at.clone(),
                    secrets: (key.to_owned(), first.secret.clone().unwrap_or_default()),
                    decided: false,
                });
            }
            return;
        }
        table.hosts.insert(
            name,
            HostAnswer {
                server,
                at: host.at.clone(),
                secret: Some(key.to_owned()),
                serving,
            },
        );
    }

    /// Preconditions of cert-manager's ingress-shim (its `sync.go`): else no certificate ever comes.
    fn shim(&mut self, ingress: &Ingress) {
        if !ingress.meta.has_shim() {
            return;
        }
        let mut seen = BTreeSet::new();
        for entry in &ingress.tls {
            let fault = match &entry.secret {
                None => Some(("`secretName` is missing", "add a `secretName`")),
                Some(_) if entry.hosts.is_empty() => {
                    Some(("`hosts` is empty", "list the hosts under `hosts`"))
                }
                Some(secret) if !seen.insert(secret.value.clone()) => Some((
                    "another entry has the same `secretName`",
                    "give each entry a `secretName` of its own",
                )),
                Some(_) => None,
            };
            if let Some((why, help)) = fault {
                self.fragment.problems.push(Problem::NeverIssued {
                    at: entry.at.clone(),
                    message: format!("cert-manager makes no certificate for this entry: {why}"),
                    help: help.to_owned(),
                });
            }
        }
    }

    /// Hosts that the API server takes and no certificate can carry.
    fn impossible(&mut self, ingress: &Ingress) {
        let listed = ingress.tls.iter().flat_map(|entry| &entry.hosts);
        let rules = ingress.rules.iter().filter_map(|rule| rule.host.as_ref());
        let mut seen = BTreeSet::new();
        for host in listed.chain(rules) {
            let name = host.value.strip_prefix("*.").unwrap_or(&host.value);
            let reason = if name.split('.').any(|label| label.len() > 63) {
                "a label is longer than the 63 bytes that DNS and certificates allow"
            } else if host.value.starts_with("*.") && !name.contains('.') {
                "no client takes a wildcard directly below a top-level domain"
            } else {
                continue;
            };
            if seen.insert(host.value.clone()) {
                self.fragment.problems.push(Problem::HostImpossible {
                    at: host.at.clone(),
                    host: host.value.clone(),
                    reason,
                });
            }
        }
    }

    fn ingress_nginx(
        &mut self,
        members: &[&'a Ingress],
        servers: &[ServerId],
        hosts: &mut HostTable,
    ) {
        let table = ingress_nginx::table(members, self.cluster);
        for (name, host) in &table.hosts {
            let Some((annotation, Some(secret))) = &host.extra else {
                continue;
            };
            let ingress = members.get(host.ingress);
            let at = ingress.and_then(|ingress| ingress.meta.annotation(annotation));
            if let (None, Some(at)) = (&host.slot, at) {
                let kept = self.cluster.secrets.get(secret);
                self.fragment.problems.push(Problem::PlaceholderServed {
                    at: at.at.clone(),
                    host: name.clone(),
                    controller: "ingress-nginx",
                    why: PlaceholderReason::NotCovered,
                    secret: Some((secret.clone(), kept.and_then(|kept| kept.bundle))),
                    level: Level::Error,
                });
            }
        }
        for (name, host) in &table.hosts {
            let Some(slot) = &host.slot else {
                continue;
            };
            if name == "_" {
                continue;
            }
            let Some((&ingress, &server)) =
                members.get(host.ingress).zip(servers.get(host.ingress))
            else {
                continue;
            };
            self.nginx_host(name, slot, ingress, server);
            let at = place(ingress, name).map_or_else(|| ingress.meta.at.clone(), |host| host.at);
            let undecided = table.undecided.get(name);
            let (secret, serving) = self.nginx_serving(slot, &at);
            let serving = match undecided {
                Some(&(first, second)) => Serving::Unknown(Cow::Owned(format!(
                    "Ingress `{}` and Ingress `{}` compete, and the older one wins",
                    members[first].meta.key(),
                    members[second].meta.key()
                ))),
                None => serving,
            };
            hosts.hosts.insert(
                name.clone(),
                HostAnswer {
                    server,
                    at,
                    secret,
                    serving,
                },
            );
        }
        for (host, winner, loser) in &table.lost {
            let (Some(first), Some(second)) =
                (place(members[*winner], host), place(members[*loser], host))
            else {
                continue;
            };
            let secret =
                |ingress: &Ingress| ingress_nginx::named_secret(ingress, host).unwrap_or_default();
            self.fragment.problems.push(Problem::HostClaimedTwice {
                host: host.clone(),
                loser: second.at,
                winner: first.at,
                secrets: (secret(members[*loser]), secret(members[*winner])),
                decided: !table.undecided.contains_key(host),
            });
        }
        let controller = Controller {
            name: "ingress-nginx",
            choice: Choice::IngressNginx,
        };
        for (index, ingress) in members.iter().enumerate() {
            if ingress_nginx::is_canary(ingress) {
                continue;
            }
            for entry in &ingress.tls {
                for host in &entry.hosts {
                    self.nginx_listed(ingress, servers[index], entry, host, controller);
                }
            }
            let is_open = |host: &Spanned<String>| {
                let slot = table
                    .hosts
                    .get(&host.value)
                    .and_then(|host| host.slot.as_ref());
                matches!(
                    slot,
                    Some(Slot::Unknown(_) | Slot::Placeholder(Cause::NoSecret)) | None
                )
            };
            for host in unlisted(ingress, true).into_iter().filter(is_open) {
                if !ingress.tls.is_empty() && !self.is_said(&host.at) {
                    self.fragment.problems.push(Problem::HostWithoutTls {
                        at: host.at.clone(),
                        host: host.value.clone(),
                    });
                }
            }
        }
    }

    fn is_said(&self, at: &Location) -> bool {
        self.fragment.problems.iter().any(
            |problem| matches!(problem, Problem::PlaceholderServed { at: said, .. } if said == at),
        )
    }

    /// A host that the controller makes a server for.
    fn nginx_host(&mut self, name: &str, slot: &Slot, ingress: &'a Ingress, server: ServerId) {
        let Some(host) = place(ingress, name) else {
            return;
        };
        let said = |why, key: &str, bundle| Problem::PlaceholderServed {
            at: host.at.clone(),
            host: host.value.clone(),
            controller: "ingress-nginx",
            why,
            secret: Some((key.to_owned(), bundle)),
            level: Level::Error,
        };
        match slot {
            Slot::Secret(key) => {
                if let Some(kept) = self.cluster.secrets.get(key) {
                    let at = host.at.clone();
                    let by_common_name = kept
                        .leaf
                        .as_ref()
                        .is_some_and(|leaf| ingress_nginx::is_by_common_name(leaf, &host.value));
                    let doubt = by_common_name
                        .then(|| "ingress-nginx still takes the common name".to_owned());
                    self.endpoint(server, &host, kept, &at, doubt);
                }
            }
            Slot::Placeholder(Cause::NotCovered(key)) => {
                let kept = self.cluster.secrets.get(key);
                let bundle = kept.and_then(|kept| kept.bundle);
                let mut problem = said(PlaceholderReason::NotCovered, key, bundle);
                let pattern = HostPattern::ingress(&host.value);
                let one = using(ingress, &host, &pattern, &host, key);
                if self.judge().pending(&one).is_some()
                    && let Problem::PlaceholderServed { level, .. } = &mut problem
                {
                    *level = Level::Warning;
                }
                self.fragment.problems.push(problem);
            }
            Slot::Placeholder(Cause::NoSecret) => {
                let mut secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
                let is_listed = ingress.tls.iter().flat_map(|entry| &entry.hosts);
                let is_listed = is_listed
                    .into_iter()
                    .any(|listed| listed.value.eq_ignore_ascii_case(&host.value));
                if !is_listed && let Some(secret) = secrets.next_back() {
                    let key = format!("{}/{}", ingress.meta.namespace, secret.value);
                    let kept = self.cluster.secrets.get(&key);
                    let bundle = kept.and_then(|kept| kept.bundle);
                    self.fragment
                        .problems
                        .push(said(PlaceholderReason::NoneCovers, &key, bundle));
                }
            }
            Slot::Placeholder(Cause::Unusable(_)) | Slot::Unknown(_) => {}
        }
    }

    /// A host that a `tls` entry lists.
    fn nginx_listed(
        &mut self,
        ingress: &'a Ingress,
        server: ServerId,
        entry: &'a TlsEntry,
        host: &Spanned<String>,
        controller: Controller,
    ) {
        let mut rules = ingress.rules.iter().filter_map(|rule| rule.host.as_ref());
        let has_rule = rules.any(|rule| rule.value.eq_ignore_ascii_case(&host.value));
        let Some(secret) = &entry.secret else {
            let problem = no_secret_name(host, controller.name);
            return self.fragment.problems.push(problem);
        };
        let key = format!("{}/{}", ingress.meta.namespace, secret.value);
        let pattern = HostPattern::ingress(&host.value);
        let one = using(ingress, host, &pattern, secret, &key);
        let known = self.known(ingress, &one);
        if has_rule {
            return;
        }
        if ingress.rules.iter().all(|rule| rule.host.is_none()) {
            self.fragment.problems.push(Problem::PlaceholderServed {
                at: host.at.clone(),
                host: host.value.clone(),
                controller: controller.name,
                why: PlaceholderReason::NoServer,
                secret: Some((key, None)),
                level: Level::Error,
            });
            return;
        }
        self.tls_host_without_rule(ingress, host);
        let _ = (known, server);
    }

    fn nginx_serving(&self, slot: &Slot, at: &Location) -> (Option<String>, Serving) {
        match slot {
            Slot::Placeholder(_) => (None, Serving::Placeholder),
            Slot::Secret(key) => {
                let kept = self.cluster.secrets.get(key);
                let serving = kept
                    .and_then(|kept| kept.bundle)
                    .map_or(Serving::NoCertificate, |bundle| serving(bundle, at));
                (Some(key.clone()), serving)
            }
            // As the input stands there is no such Secret, and that is what the controller does.
            Slot::Unknown(key) => (Some(key.clone()), Serving::Placeholder),
        }
    }
}

/// The use of a Secret by a host of an Ingress.
fn using<'u>(
    ingress: &Ingress,
    host: &'u Spanned<String>,
    pattern: &'u HostPattern,
    secret: &'u Spanned<String>,
    key: &'u str,
) -> Use<'u> {
    Use {
        host,
        pattern,
        key,
        at: &secret.at,
        issued_for: ingress.meta.has_shim().then_some("Ingress"),
    }
}

/// Where a host of an Ingress stands: in `tls`, else in a rule, else in an annotation.
fn place(ingress: &Ingress, host: &str) -> Option<Spanned<String>> {
    let listed = ingress.tls.iter().flat_map(|entry| &entry.hosts);
    let rules = ingress.rules.iter().filter_map(|rule| rule.host.as_ref());
    let mut hosts = listed.chain(rules);
    hosts
        .find(|candidate| candidate.value.eq_ignore_ascii_case(host))
        .cloned()
}

/// Rule hosts that no `tls` entry lists, each once; `literally`: a listed wildcard takes nothing.
fn unlisted(ingress: &Ingress, literally: bool) -> Vec<Spanned<String>> {
    let is_listed = |host: &str| {
        let mut listed = ingress.tls.iter().flat_map(|entry| &entry.hosts);
        listed.any(|listed| {
            listed.value.eq_ignore_ascii_case(host) || (!literally && takes(&listed.value, host))
        })
    };
    let mut seen = BTreeSet::new();
    ingress
        .rules
        .iter()
        .filter_map(|rule| rule.host.as_ref())
        .filter(|host| !is_listed(&host.value) && seen.insert(host.value.clone()))
        .cloned()
        .collect()
}

/// A wildcard host of an Ingress takes exactly one label.
fn takes(pattern: &str, host: &str) -> bool {
    let base = pattern.strip_prefix("*.");
    base.zip(host.split_once('.'))
        .is_some_and(|(base, (first, rest))| first != "*" && rest.eq_ignore_ascii_case(base))
}

/// The Secrets that the Ingresses of one namespace name.
fn pool(ingress: &Ingress, all: &[&Ingress]) -> BTreeSet<String> {
    let namespace = &ingress.meta.namespace;
    let same = all
        .iter()
        .filter(|other| other.meta.namespace == *namespace);
    same.flat_map(|other| &other.tls)
        .filter_map(|entry| entry.secret.as_ref())
        .map(|secret| format!("{namespace}/{}", secret.value))
        .collect()
}
