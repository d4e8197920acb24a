//! Which certificate ingress-nginx serves, step by step as its controller does it.
//!
//! Follows the controller's own code (`createServers`, `extractTLSSecretName`, `verifyHostname`,
//! `BuildRedirects`, `configureCertificates`) and the look-up in its Lua part (`certificate.lua`),
//! state of March 2026. Answers that were recorded from that code are the test.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::facts::{Ingress, Rule, qualified};
use crate::x509::Certificate;

/// A Secret as the controller's store holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<'a> {
    pub(super) leaf: &'a Certificate,
}

/// The states of the Secrets.
pub(super) trait Store {
    /// The Secret of this `NAMESPACE/NAME` where the controller can use it.
    fn usable(&self, key: &str) -> Option<Stored<'_>>;
    /// Nothing is known about the Secret: it is not in the input.
    fn is_unknown(&self, key: &str) -> bool;
}

impl Store for Cluster {
    fn usable(&self, key: &str) -> Option<Stored<'_>> {
        let kept = self.secrets.get(key).filter(|kept| kept.is_usable)?;
        Some(Stored {
            leaf: kept.leaf.as_ref()?,
        })
    }

    fn is_unknown(&self, key: &str) -> bool {
        let kept = self.secrets.get(key);
        kept.is_none_or(|kept| kept.secret.is_encrypted)
    }
}

/// The answer to a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The controller's own certificate.
    Placeholder(Cause),
    /// This Secret.
    Secret(String),
    /// Depends on a Secret that is not in the input.
    Unknown(String),
}

/// Why the controller's own certificate is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// `tls` names no Secret for the host, and none covers it.
    NoSecret,
    /// The Secret does not cover the host.
    NotCovered(String),
    /// The Secret cannot be used.
    Unusable(String),
}

/// A host with what it got.
#[derive(Clone, Debug)]
pub(super) struct Host {
    /// `None` where no Ingress brings a certificate.
    pub(super) slot: Option<Slot>,
    /// Index of the Ingress that filled the slot, or that brought the host.
    pub(super) ingress: usize,
    /// Of a host that an annotation adds to a server.
    pub(super) extra: Option<Extra>,
}

/// What an annotation adds to a server.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    pub(super) annotation: &'static str,
    /// Index of the Ingress that has the annotation.
    pub(super) ingress: usize,
    /// The Secret of the server.
    pub(super) secret: Option<String>,
}

const ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";
const REDIRECT: &str = "nginx.ingress.kubernetes.io/from-to-www-redirect";

/// All hosts of the controller.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// By host name, lower case; `_` is the catch-all.
    pub(super) hosts: BTreeMap<String, Host>,
    /// Two Ingresses compete for the host, and their order is not known.
    pub(super) undecided: BTreeMap<String, (usize, usize)>,
    /// Hosts of which a later Ingress names another Secret: host, winner, loser.
    pub(super) lost: Vec<(String, usize, usize)>,
}

/// Gives every host of these Ingresses its certificate. They all belong to the controller.
pub(super) fn table(ingresses: &[&Ingress], store: &dyn Store) -> Table {
    let mut order: Vec<usize> = (0..ingresses.len())
        .filter(|&index| !is_canary(ingresses[index]))
        .collect();
    order.sort_by_cached_key(|&index| {
        let meta = &ingresses[index].meta;
        (meta.created.clone(), Reverse(meta.key()))
    });
    let mut table = Table::default();
    let catch_all = Host {
        slot: Some(Slot::Placeholder(Cause::NoSecret)),
        ingress: usize::MAX,
        extra: None,
    };
    table.hosts.insert("_".to_owned(), catch_all);
    for &index in &order {
        for rule in &ingresses[index].rules {
            let host = rule_host(rule);
            let new = Host {
                slot: None,
                ingress: index,
                extra: None,
            };
            table.hosts.entry(host).or_insert(new);
        }
    }
    for &index in &order {
        let ingress = ingresses[index];
        for rule in &ingress.rules {
            let name = rule_host(rule);
            let Some(slot) = slot(ingress, &name, store) else {
                continue;
            };
            let Some(host) = table.hosts.get_mut(&name) else {
                continue;
            };
            match &host.slot {
                None => {
                    host.slot = Some(slot);
                    host.ingress = index;
                }
                Some(taken) if host.ingress != usize::MAX && host.ingress != index => {
                    if named_secret(ingress, &name).is_some()
                        && named_secret(ingress, &name)
                            != named_secret(ingresses[host.ingress], &name)
                    {
                        table.lost.push((name.clone(), host.ingress, index));
                    }
                    let other = &ingresses[host.ingress].meta;
                    let unordered = other.created.is_none() || ingress.meta.created.is_none();
                    if unordered && *taken != slot {
                        table.undecided.insert(name, (host.ingress, index));
                    }
                }
                Some(_) => {}
            }
        }
    }
    let servers = &table.hosts;
    let mut extras = Vec::new();
    for (name, (index, aliases)) in aliases(ingresses, &order, servers) {
        let Some(server) = servers.get(&name) else {
            continue;
        };
        for alias in aliases {
            let extra = extra(server, &alias, (ALIAS, index), store);
            extras.push((alias, extra));
        }
    }
    for (from, to, index) in redirects(ingresses, &order, servers) {
        let Some(server) = servers.get(&to) else {
            continue;
        };
        let extra = extra(server, &from, (REDIRECT, index), store);
        extras.push((from, extra));
    }
    table.hosts.extend(extras);
    table
}

/// A host that an annotation adds to a server.
fn extra(
    server: &Host,
    host: &str,
    (annotation, ingress): (&'static str, usize),
    store: &dyn Store,
) -> Host {
    let secret = match &server.slot {
        Some(Slot::Secret(secret) | Slot::Placeholder(Cause::Unusable(secret))) => {
            Some(secret.clone())
        }
        _ => None,
    };
    Host {
        slot: names_it(server.slot.as_ref(), host, store),
        ingress: server.ingress,
        extra: Some(Extra {
            annotation,
            ingress,
            secret,
        }),
    }
}

/// Canaries bring no server of their own.
pub(in crate::kubernetes) fn is_canary(ingress: &Ingress) -> bool {
    is_true(ingress, "nginx.ingress.kubernetes.io/canary")
}

fn is_true(ingress: &Ingress, annotation: &str) -> bool {
    ingress
        .meta
        .annotation(annotation)
        .is_some_and(|value| matches!(&*value.value, "1" | "t" | "T" | "true" | "TRUE" | "True"))
}

fn rule_host(rule: &Rule) -> String {
    rule.host
        .as_ref()
        .map_or_else(|| "_".to_owned(), |host| host.value.clone())
}

/// The Secret that an Ingress names for a host that it lists.
pub(super) fn named_secret(ingress: &Ingress, host: &str) -> Option<String> {
    let (entry, _) = ingress.listed(host)?;
    let secret = entry.secret.as_ref()?;
    Some(qualified(&ingress.meta.namespace, &secret.value))
}

/// The controller serves this certificate for a host.
pub(super) fn verifies(leaf: &Certificate, host: &str) -> bool {
    go_verifies(leaf, host) || legacy_verifies(leaf, host)
}

/// The certificate that this Ingress brings for a host; `None` where it has no `tls`.
fn slot(ingress: &Ingress, host: &str, store: &dyn Store) -> Option<Slot> {
    if ingress.tls.is_empty() {
        return None;
    }
    let key = |name: &str| qualified(&ingress.meta.namespace, name);
    // The first entry that lists the host literally, even one without a Secret.
    let secret = match ingress.listed(host) {
        Some((entry, _)) => entry.secret.as_ref().map(|secret| key(&secret.value)),
        None => {
            let named = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
            let mut unknown = None;
            let mut found = None;
            for secret in named.map(|secret| key(&secret.value)) {
                match store.usable(&secret) {
                    Some(stored) if go_verifies(stored.leaf, host) => {
                        found = Some(secret);
                        break;
                    }
                    None if store.is_unknown(&secret) => {
                        unknown.get_or_insert(secret);
                    }
                    _ => {}
                }
            }
            if let (None, Some(unknown)) = (&found, unknown) {
                return Some(Slot::Unknown(unknown));
            }
            found
        }
    };
    let Some(secret) = secret else {
        return Some(Slot::Placeholder(Cause::NoSecret));
    };
    Some(match store.usable(&secret) {
        Some(stored) if verifies(stored.leaf, host) => Slot::Secret(secret),
        Some(_) => Slot::Placeholder(Cause::NotCovered(secret)),
        None if store.is_unknown(&secret) => Slot::Unknown(secret),
        None => Slot::Placeholder(Cause::Unusable(secret)),
    })
}

/// The alias lists of the servers, by host in byte order, with the Ingress that has the list; only
/// the first list for a host counts.
fn aliases(
    ingresses: &[&Ingress],
    order: &[usize],
    servers: &BTreeMap<String, Host>,
) -> BTreeMap<String, (usize, Vec<String>)> {
    let mut lists: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for &index in order {
        let ingress = ingresses[index];
        let Some(value) = ingress.meta.annotation(ALIAS) else {
            continue;
        };
        let names: BTreeSet<String> = value
            .value
            .split(',')
            .map(|alias| alias.trim().to_ascii_lowercase())
            .filter(|alias| !alias.is_empty())
            .collect();
        if names.is_empty() {
            continue;
        }
        for rule in &ingress.rules {
            lists
                .entry(rule_host(rule))
                .or_insert_with(|| (index, names.iter().cloned().collect()));
        }
    }
    for (_, names) in lists.values_mut() {
        names.retain(|alias| !servers.contains_key(alias));
    }
    lists
}

/// `from-to-www-redirect`: the extra host, the host that it leads to, and the Ingress that asks.
fn redirects(
    ingresses: &[&Ingress],
    order: &[usize],
    servers: &BTreeMap<String, Host>,
) -> Vec<(String, String, usize)> {
    let is_wanted = |index: usize| is_true(ingresses[index], REDIRECT);
    if !order.iter().any(|&index| is_wanted(index)) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut wanted = BTreeMap::new();
    for &index in order {
        let ingress = ingresses[index];
        let is_wanted = is_wanted(index);
        for rule in &ingress.rules {
            let host = rule_host(rule);
            for (path, path_type) in &rule.paths {
                // A location that an earlier Ingress made keeps that one's annotations.
                let path = if path.is_empty() { "/" } else { path };
                let is_new = seen.insert((host.clone(), path.to_owned(), path_type.clone()));
                if is_new && is_wanted {
                    wanted.entry(host.clone()).or_insert(index);
                }
            }
        }
    }
    let mut taken = BTreeSet::new();
    let mut redirects = Vec::new();
    for (host, index) in wanted {
        let other = match host.strip_prefix("www.") {
            Some(rest) => rest.to_owned(),
            None => format!("www.{host}"),
        };
        if !servers.contains_key(&other) && taken.insert(other.clone()) {
            redirects.push((other, host, index));
        }
    }
    redirects
}

/// The server's certificate, where it names the extra host (`IsValidHostname`): its names and its
/// common name, equal or as a wildcard of one label.
fn names_it(slot: Option<&Slot>, host: &str, store: &dyn Store) -> Option<Slot> {
    match slot? {
        Slot::Placeholder(_) => None,
        unknown @ Slot::Unknown(_) => Some(unknown.clone()),
        Slot::Secret(key) => {
            let leaf = store.usable(key)?.leaf;
            let common = leaf.names.common_names().iter();
            let mut names = dns_names(leaf).chain(common.map(|name| Cow::Borrowed(&**name)));
            let matches = |name: Cow<'_, str>| {
                name.eq_ignore_ascii_case(host)
                    || name.strip_prefix("*.").is_some_and(|base| {
                        host.split_once('.')
                            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(base))
                    })
            };
            names.any(matches).then(|| Slot::Secret(key.clone()))
        }
    }
}

/// Every dNSName as text, usable or not.
fn dns_names(leaf: &Certificate) -> impl Iterator<Item = Cow<'_, str>> {
    let names = &leaf.names;
    let exact = names.exact().iter().map(|name| Cow::Borrowed(&**name));
    let wildcards = names.wildcards().iter();
    let wildcards = wildcards.map(|base| Cow::Owned(format!("*.{base}")));
    let unusable = names.unusable().iter();
    let unusable = unusable.map(|entry| Cow::Owned(entry.text()));
    exact.chain(wildcards).chain(unusable)
}

/// Go's `VerifyHostname`: subjectAltName only; a host that is no host name must be there literally.
fn go_verifies(leaf: &Certificate, host: &str) -> bool {
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return leaf.names.addresses().contains(&address);
    }
    // Usable names are sorted and in lower case, and most hosts are among them.
    let exact = leaf.names.exact();
    if exact.binary_search_by(|name| (**name).cmp(host)).is_ok() {
        return true;
    }
    let is_host = host.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
    });
    dns_names(leaf)
        .any(|name| name.eq_ignore_ascii_case(host) || (is_host && labels_match(&name, host)))
}

/// The controller's own older rule: the common name where there are no DNS names.
fn legacy_verifies(leaf: &Certificate, host: &str) -> bool {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    let mut names = dns_names(leaf).peekable();
    if names.peek().is_none() {
        let mut common = leaf.names.common_names().iter();
        return common.any(|name| labels_match(name, host));
    }
    names.any(|name| labels_match(&name, host))
}

/// Label by label, whatever the case; a star as the whole first label matches one.
fn labels_match(pattern: &str, host: &str) -> bool {
    let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
    let host = host.strip_suffix('.').unwrap_or(host);
    if pattern.is_empty() || host.is_empty() {
        return false;
    }
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(base), Some((_, rest))) => base.eq_ignore_ascii_case(rest),
        _ => pattern.eq_ignore_ascii_case(host),
    }
}
