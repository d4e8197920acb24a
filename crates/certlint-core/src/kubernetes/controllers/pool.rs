//! The Secrets among which controllers with a pool choose: all that the Ingresses of a namespace
//! name, whichever entry it is, or that are there for all of them.
//!
//! Each pool is indexed by the names in its certificates: hundreds of Secrets and tens of thousands
//! of hosts in one namespace are no rarity, and each host asks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::contract;
use crate::finding::Level;
use crate::kubernetes::claim::{Claim, Outcome};
use crate::kubernetes::cluster::{Cluster, Kept};
use crate::kubernetes::controller::{Chooser, Controller};
use crate::kubernetes::facts::{Ingress, qualified};
use crate::kubernetes::inventory::{Inventory, Reference, kept_covers};
use crate::model::{BundleId, PlaceholderReason};
use crate::name::HostPattern;

/// Serves a host of an Ingress in `namespace` with whatever of its pool covers it.
pub(super) fn choose<'a>(
    claim: &Claim<'a>,
    reference: &Reference<'a>,
    (controller, namespace): (Controller, &str),
    pools: &Pools<'a>,
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    let mut outcome = contract::with_secret(claim, reference, inventory);
    let Outcome::Served { doubt, chosen } = &mut outcome else {
        return outcome;
    };
    let pool = pools.of(namespace);
    let by_common_name = pool
        .filter(|_| controller == Controller::Traefik)
        .and_then(|pool| pool.with_common_name(&claim.host.value));
    *doubt = match pool.and_then(|pool| pool.covering(&claim.pattern)) {
        Some(other) if other != reference.key => Some(format!(
            "{} serves any Secret that covers the host, and `{other}` does",
            controller.name()
        )),
        Some(_) => None,
        None if by_common_name.is_some() => {
            for (one, (key, bundle)) in chosen.iter_mut().zip(by_common_name) {
                one.key = Some(key.to_owned());
                one.bundle = bundle;
            }
            None
        }
        None if pool.is_some_and(|pool| pool.is_known) => {
            // Traefik's default stores are not watched where a cluster is.
            let has_store = inventory.options.whole_cluster && controller == Controller::Traefik;
            let is_open = has_store || doubt.is_some();
            return Outcome::Placeholder {
                controller,
                why: PlaceholderReason::NoneCovers,
                secret: Some(reference.key.clone()),
                level: if is_open {
                    Level::Warning
                } else {
                    Level::Error
                },
            };
        }
        None => Some("other Secrets of the pool are not known".to_owned()),
    };
    outcome
}

/// The pools by namespace.
#[derive(Debug, Default)]
pub(super) struct Pools<'a> {
    by_namespace: BTreeMap<&'a str, Pool<'a>>,
}

#[derive(Debug, Default)]
pub(super) struct Pool<'a> {
    /// `NAMESPACE/NAME`, sorted, with the Secret where that is in the input.
    secrets: Vec<(String, Option<&'a Kept>)>,
    /// Indices of Secrets, ascending, by the entries of their certificates: a name, `*.NAME`, or an
    /// address.
    by_name: HashMap<String, Vec<usize>>,
    /// Index of the first Secret with a common name.
    by_common_name: HashMap<String, usize>,
    /// Every Secret is in the input and readable.
    pub(super) is_known: bool,
}

impl<'a> Pools<'a> {
    /// `choosers` are those of the Ingresses.
    pub(super) fn new(
        ingresses: &[&'a Ingress],
        choosers: &[Chooser],
        cluster: &'a Cluster,
    ) -> Self {
        let mut keys: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut of_traefik = BTreeSet::new();
        for (ingress, chooser) in ingresses.iter().zip(choosers) {
            let namespace = ingress.meta.namespace.as_str();
            if chooser.controller == Controller::Traefik {
                of_traefik.insert(namespace);
            }
            let secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
            let secrets = secrets.map(|secret| qualified(namespace, &secret.value));
            keys.entry(namespace).or_default().extend(secrets);
        }
        // Its default store is there for all namespaces.
        let of_stores: Vec<_> = cluster.objects.store_secrets().collect();
        for namespace in of_traefik {
            let keys = keys.entry(namespace).or_default();
            keys.extend(of_stores.iter().cloned());
        }
        let pools = keys.into_iter();
        Self {
            by_namespace: pools
                .map(|(namespace, keys)| (namespace, Pool::new(keys, cluster)))
                .collect(),
        }
    }

    /// The pool of a namespace.
    pub(super) fn of(&self, namespace: &str) -> Option<&Pool<'a>> {
        self.by_namespace.get(namespace)
    }
}

impl<'a> Pool<'a> {
    pub(super) fn new(keys: BTreeSet<String>, cluster: &'a Cluster) -> Self {
        let mut pool = Self {
            is_known: true,
            ..Self::default()
        };
        for key in keys {
            let kept = cluster.secrets.get(&key);
            pool.is_known &= kept.is_some_and(|kept| kept.leaf.is_some());
            let common = kept.and_then(|kept| kept.leaf.as_ref());
            for name in common.map_or(&[][..], |leaf| leaf.names.common_names()) {
                let index = pool.secrets.len();
                let name = name.to_ascii_lowercase();
                pool.by_common_name.entry(name).or_insert(index);
            }
            for name in kept.map(names).unwrap_or_default() {
                pool.by_name
                    .entry(name)
                    .or_default()
                    .push(pool.secrets.len());
            }
            pool.secrets.push((key, kept));
        }
        pool
    }

    /// The first Secret whose certificate has this host as its common name.
    fn with_common_name(&self, host: &str) -> Option<(&str, BundleId)> {
        let host = host.to_ascii_lowercase();
        let parent = host
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        let index = self.by_common_name.get(&host);
        let index = index.or_else(|| self.by_common_name.get(&parent?))?;
        let (key, kept) = &self.secrets[*index];
        Some((key, (*kept)?.bundle?))
    }

    /// The first Secret that covers the host of an Ingress.
    pub(super) fn covering(&self, host: &HostPattern) -> Option<&str> {
        let (name, wildcard) = match host {
            HostPattern::Address(address) => (address.to_string(), None),
            HostPattern::Exact(name) => {
                let base = name.split_once('.').map(|(_, base)| base);
                (name.to_string(), base.map(|base| format!("*.{base}")))
            }
            HostPattern::LeadingWildcard { base, .. } => (format!("*.{base}"), None),
            _ => return None,
        };
        let candidates = std::iter::once(name).chain(wildcard);
        let candidates = candidates.filter_map(|name| self.by_name.get(&name));
        let covers = |index: &&usize| {
            let kept = self.secrets[**index].1;
            kept.is_some_and(|kept| kept_covers(kept, host))
        };
        let first = candidates.filter_map(|indices| indices.iter().find(covers));
        first.min().map(|&index| self.secrets[index].0.as_str())
    }
}

fn names(kept: &Kept) -> Vec<String> {
    let Some(leaf) = &kept.leaf else {
        return Vec::new();
    };
    let exact = leaf.names.exact().iter().map(|name| name.to_string());
    let wildcards = leaf.names.wildcards().iter();
    let wildcards = wildcards.map(|base| format!("*.{base}"));
    let addresses = leaf.names.addresses().iter().map(ToString::to_string);
    exact.chain(wildcards).chain(addresses).collect()
}
