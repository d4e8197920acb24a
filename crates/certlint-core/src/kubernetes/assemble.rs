//! From the objects of a cluster to the model: Secrets, Ingresses, and what clients get.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::cluster::{Cluster, Kept};
use super::controller::{Choice, Controller, class_of, controller_of};
use super::facts::{Ingress, qualified};
use super::gateway;
use super::lower::Options;
use super::mounts;
use super::object;
use super::pool::Pools;
use super::public;
use super::secret_use::{Judge, Known, Unverifiable, Use, no_secret_name, serving};
use super::secrets::{requests, take_in_secrets};
use super::upstream;

use crate::finding::Level;
use crate::loader::Loader;
use crate::model::{
    Endpoint, Fragment, HostAnswer, HostTable, ListenerId, PlaceholderReason, Problem, ServerId,
    ServerName, Serving,
};
use crate::name::HostPattern;
use crate::source::{Location, Spanned};

/// Fills the fragment with what the objects say; what containers run gets fragments of its own.
pub(super) fn assemble(
    mut cluster: Cluster,
    loader: &Loader<'_>,
    options: &Options,
    fragment: &mut Fragment,
) -> Vec<Fragment> {
    object::promote_generic_secrets(&mut cluster);
    public::add(&mut cluster, loader);
    cluster.index_shims();
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
            pools: Pools::default(),
            said: HashSet::new(),
        };
        let hosts = lowering.run(&ingresses);
        let Some(&default) = lowering.servers.first() else {
            continue;
        };
        fragment.add_hosts(format!("ingress/{class}"), default, hosts);
    }
    upstream::not_verified(&cluster, fragment);
    gateway::lower(&cluster, options, fragment, &mut unverifiable);
    object::lower(
        pairings,
        &cluster,
        loader,
        options,
        fragment,
        &mut unverifiable,
    );
    mounts::lower_snippets(&cluster, loader, options, fragment);
    let pods = std::mem::take(&mut cluster.pods);
    let noted = (&mut fragment.problems, &mut unverifiable);
    let containers = mounts::lower(&pods, &mut cluster, loader, options, noted);
    for ((kind, what), (at, count)) in unverifiable {
        fragment.problems.push(Problem::Unverifiable {
            at,
            kind,
            what,
            count,
        });
    }
    containers
}

/// The Ingresses of one class.
pub(super) struct Class<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) options: &'a Options,
    pub(super) fragment: &'a mut Fragment,
    pub(super) unverifiable: &'a mut Unverifiable,
    pub(super) listener: ListenerId,
    pub(super) servers: Vec<ServerId>,
    /// Filled where a controller chooses from pools.
    pub(super) pools: Pools<'a>,
    /// Places of which a problem was told that must not be told twice.
    pub(super) said: HashSet<Location>,
}

impl<'a> Class<'a> {
    pub(super) fn run(&mut self, ingresses: &[&'a Ingress]) -> HostTable {
        let mut table = HostTable::default();
        let mut external = false;
        let (mut members, mut servers) = (Vec::new(), Vec::new());
        let controllers = ingresses.iter();
        let controllers: Vec<_> = controllers
            .map(|ingress| controller_of(ingress, &self.cluster.classes))
            .collect();
        if controllers.iter().any(|it| it.choice == Choice::Pool) {
            self.pools = Pools::new(ingresses, &controllers, self.cluster);
        }
        for (ingress, controller) in ingresses.iter().zip(controllers) {
            let server = self.server(ingress);
            self.shim(ingress);
            match controller.choice {
                Choice::External => external = true,
                Choice::IngressNginx => {
                    members.push(*ingress);
                    servers.push(server);
                }
                _ => self.listed(ingress, server, controller, &mut table),
            }
            if controller.choice != Choice::External {
                self.impossible(ingress);
            }
        }
        if !members.is_empty() {
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
    pub(super) fn server(&mut self, ingress: &Ingress) -> ServerId {
        let id = self.fragment.add_holder(ingress.meta.at.clone());
        self.servers.push(id);
        id
    }

    /// Adds a name to an Ingress' server.
    pub(super) fn name(&mut self, server: ServerId, host: &Spanned<String>) -> u32 {
        let names = &mut self.fragment.servers[server.0 as usize].names;
        names.push(ServerName {
            text: host.value.as_str().into(),
            pattern: HostPattern::ingress(&host.value),
            at: host.at.clone(),
        });
        u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn endpoint(
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
    pub(super) fn listed(
        &mut self,
        ingress: &'a Ingress,
        server: ServerId,
        controller: Controller,
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
                let Some(key) = self.located(ingress, secret, controller) else {
                    continue;
                };
                self.claim(host, &key, (server, controller.choice), table);
                let pattern = HostPattern::ingress(&host.value);
                let one = using(ingress, host, &pattern, secret, &key);
                let Known::Certificate(kept) = self.known(ingress, &one) else {
                    continue;
                };
                if controller.choice == Choice::Exact
                    && let Some(problem) = object::wrong_type(&key, kept)
                {
                    self.fragment.problems.push(problem);
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
                    Choice::Pool => match self.pool_covers(ingress, &pattern) {
                        Some(other) if other != key => Some(format!(
                            "{} serves any Secret that covers the host, and `{other}` does",
                            controller.name
                        )),
                        Some(_) => None,
                        None if self.pool_is_known(ingress) => {
                            // Traefik's default stores are not watched where a cluster is.
                            let has_store =
                                self.options.whole_cluster && controller.name == "Traefik";
                            let is_open = has_store || self.judge().pending(&one).is_some();
                            let level = if is_open {
                                Level::Warning
                            } else {
                                Level::Error
                            };
                            self.placeholder(host, controller, kept, &key, level);
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
            let pattern = HostPattern::ingress(&host.value);
            let in_pool = || {
                controller.choice == Choice::Pool
                    && (self.pool_covers(ingress, &pattern).is_some()
                        || !self.pool_is_known(ingress))
            };
            if !ingress.tls.is_empty() && !is_open && !in_pool() {
                self.fragment.problems.push(Problem::HostWithoutTls {
                    at: host.at.clone(),
                    host: host.value.clone(),
                });
            }
        }
    }

    /// The Secret of an entry as `NAMESPACE/NAME`; `None` where its namespace keeps it from this
    /// one, which is noted.
    fn located(
        &mut self,
        ingress: &Ingress,
        secret: &Spanned<String>,
        controller: Controller,
    ) -> Option<String> {
        if controller.name != "Contour" {
            return Some(qualified(&ingress.meta.namespace, &secret.value));
        }
        let found = object::delegated(ingress, secret, self.cluster);
        if let Err(key) = &found {
            self.fragment.problems.push(Problem::ReferenceNotGranted {
                at: secret.at.clone(),
                kind: "Ingress",
                from: ingress.meta.namespace.clone(),
                secret: key.clone(),
                is_certain: true,
            });
        }
        found.ok()
    }

    /// The Secret of a host: what is known, with what is wrong noted on the way.
    pub(super) fn known(&mut self, ingress: &Ingress, one: &Use<'_>) -> Known<'a> {
        let is_there = self.cluster.secrets.contains_key(one.key);
        let is_unknown = self.options.unknown_secrets.contains(one.key);
        if !ingress.meta.has_shim() || is_there || is_unknown {
            return self.judge().known(one);
        }
        let known = self.shim_will_have(ingress, one);
        if matches!(known, Known::Pending) {
            let supplier = "cert-manager, for this Ingress".to_owned();
            self.judge().still_to_come(one, supplier);
        }
        known
    }

    /// Judges the use of a Secret; see [`Judge`].
    pub(super) fn judge(&mut self) -> Judge<'a, '_> {
        Judge {
            cluster: self.cluster,
            options: self.options,
            problems: &mut self.fragment.problems,
            unverifiable: self.unverifiable,
        }
    }

    /// A Secret of the namespace pool that covers the host.
    fn pool_covers(&self, ingress: &Ingress, host: &HostPattern) -> Option<&str> {
        self.pools.of(&ingress.meta.namespace)?.covering(host)
    }

    /// Every Secret of the pool is in the input and readable.
    fn pool_is_known(&self, ingress: &Ingress) -> bool {
        let pool = self.pools.of(&ingress.meta.namespace);
        pool.is_some_and(|pool| pool.is_known)
    }

    pub(super) fn placeholder(
        &mut self,
        host: &Spanned<String>,
        controller: Controller,
        kept: &Kept,
        key: &str,
        level: Level,
    ) {
        self.fragment.problems.push(Problem::PlaceholderServed {
            at: host.at.clone(),
            host: host.value.clone(),
            controller: controller.name,
            why: PlaceholderReason::NoneCovers,
            secret: Some((key.to_owned(), kept.bundle)),
            level,
        });
    }

    pub(super) fn tls_host_without_rule(&mut self, ingress: &Ingress, host: &Spanned<String>) {
        if !ingress.rules.is_empty() && !ingress.has_rule_for(&host.value) {
            self.fragment.problems.push(Problem::TlsHostWithoutRule {
                at: host.at.clone(),
                host: host.value.clone(),
            });
        }
    }

    /// A host with its Secret, for `resolve` and for hosts that two Ingresses claim.
    pub(super) fn claim(
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

    /// Hosts that the API server takes and no certificate can carry.
    pub(super) fn impossible(&mut self, ingress: &Ingress) {
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
}

/// The use of a Secret by a host of an Ingress.
pub(super) fn using<'u>(
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
pub(super) fn place<'i>(ingress: &'i Ingress, host: &str) -> Option<&'i Spanned<String>> {
    let listed = ingress.listed(host).map(|(_, host)| host);
    listed.or_else(|| ingress.rule(host))
}

/// Rule hosts that no `tls` entry lists, each once; `literally`: a listed wildcard takes nothing.
pub(super) fn unlisted(ingress: &Ingress, literally: bool) -> Vec<Spanned<String>> {
    let is_listed = |host: &str| {
        ingress.listed(host).is_some() || (!literally && ingress.is_taken_by_listed(host))
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
