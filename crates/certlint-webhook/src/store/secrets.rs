//! The summaries of all Secrets, by name and by what their certificates cover.
//!
//! Tens of thousands are held, so that every byte counts: a name of a certificate is found by its
//! hash, and the certificate is asked again.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use certlint_core::kubernetes::{SecretSummary, Shared};
use certlint_core::name::{HostPattern, Verdict, covers};

/// The Secrets.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    writer: Mutex<Shared>,
    by_namespace: RwLock<BTreeMap<Arc<str>, Namespace>>,
}

/// The Secrets of a namespace.
#[derive(Debug, Default)]
struct Namespace {
    by_name: BTreeSet<ByName>,
    /// The hash of a name that a certificate has, and its Secret; sorted by hash.
    by_host: Vec<(u64, Arc<SecretSummary>)>,
}

/// A Secret that is found by its name, without a copy of that.
#[derive(Debug)]
struct ByName(Arc<SecretSummary>);

impl Secrets {
    pub(super) fn apply(&self, mut secret: SecretSummary) {
        let mut shared = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        secret.share(&mut shared);
        self.change(|all| {
            let own = all.entry(secret.namespace().clone()).or_default();
            own.insert(Arc::new(secret));
        });
    }

    pub(super) fn remove(&self, namespace: &str, name: &str) {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.change(|all| {
            let Some(own) = all.get_mut(namespace) else {
                return;
            };
            own.remove(name);
            if own.by_name.is_empty() {
                all.remove(namespace);
            }
        });
    }

    /// Exchanges the Secrets of one namespace, or all.
    pub(super) fn replace(&self, scope: Option<&str>, list: Vec<SecretSummary>) {
        let mut shared = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new: BTreeMap<Arc<str>, Namespace> = BTreeMap::new();
        for mut secret in list {
            secret.share(&mut shared);
            let own = new.entry(secret.namespace().clone()).or_default();
            own.by_name.replace(ByName(Arc::new(secret)));
        }
        new.values_mut().for_each(Namespace::index);
        // What was there is dropped when nobody waits for it any more.
        let before = self.change(|all| match scope {
            None => std::mem::replace(all, new),
            Some(scope) => {
                let before = all.remove_entry(scope).into_iter().collect();
                all.extend(new.remove_entry(scope));
                before
            }
        });
        drop(before);
        shared.forget_unused();
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<SecretSummary>> {
        self.read(|all| Some(all.get(namespace)?.by_name.get(name)?.0.clone()))
    }

    /// The Secrets of a namespace that cover a host, sorted by name.
    pub(super) fn covering(&self, namespace: &str, host: &HostPattern) -> Vec<Arc<SecretSummary>> {
        let mut found = self.read(|all| {
            let by_host = all.get(namespace).map_or(&[][..], |own| &own.by_host);
            let mut found = Vec::new();
            for hash in hashes_of_covering(host) {
                let start = by_host.partition_point(|(other, _)| *other < hash);
                let same = by_host[start..]
                    .iter()
                    .take_while(|(other, _)| *other == hash);
                found.extend(same.map(|(_, secret)| secret.clone()));
            }
            found
        });
        found.retain(|secret| does_cover(secret, host));
        found.sort_by(|a, b| a.name().cmp(b.name()));
        found.dedup_by(|a, b| Arc::ptr_eq(a, b));
        found
    }

    /// All Secrets, sorted by name.
    pub(super) fn all(&self) -> Vec<Arc<SecretSummary>> {
        self.read(|all| {
            let secrets = all.values().flat_map(|own| &own.by_name);
            secrets.map(|secret| secret.0.clone()).collect()
        })
    }

    pub(super) fn count(&self) -> usize {
        self.read(|all| all.values().map(|own| own.by_name.len()).sum())
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<Arc<str>, Namespace>) -> T) -> T {
        look(
            &self
                .by_namespace
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<Arc<str>, Namespace>) -> T) -> T {
        change(
            &mut self
                .by_namespace
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Namespace {
    fn insert(&mut self, secret: Arc<SecretSummary>) {
        self.remove(secret.name());
        for hash in hashes(&secret) {
            let place = self.by_host.partition_point(|(other, _)| *other < hash);
            self.by_host.insert(place, (hash, secret.clone()));
        }
        self.by_name.insert(ByName(secret));
    }

    fn remove(&mut self, name: &str) {
        if let Some(ByName(secret)) = self.by_name.take(name)
            && secret.names().is_some()
        {
            self.by_host
                .retain(|(_, other)| !Arc::ptr_eq(other, &secret));
        }
    }

    /// Lists the names of all certificates anew.
    fn index(&mut self) {
        let of = |ByName(secret): &ByName| {
            let hashes = hashes(secret).into_iter();
            let secret = secret.clone();
            hashes.map(move |hash| (hash, secret.clone()))
        };
        self.by_host = self.by_name.iter().flat_map(of).collect();
        self.by_host.sort_by_key(|(hash, _)| *hash);
        self.by_host.shrink_to_fit();
    }
}

impl Borrow<str> for ByName {
    fn borrow(&self) -> &str {
        self.0.name()
    }
}

impl Ord for ByName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.name().cmp(other.0.name())
    }
}

impl PartialOrd for ByName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByName {}

/// The certificate of a Secret covers all of a host.
fn does_cover(secret: &SecretSummary, host: &HostPattern) -> bool {
    let names = secret.names();
    names.is_some_and(|names| matches!(covers(&names, host), Verdict::Covered(_)))
}

/// The hashes of the names of a certificate.
fn hashes(secret: &SecretSummary) -> Vec<u64> {
    let names = secret.names().unwrap_or_default().names();
    names.iter().map(|name| hash(name)).collect()
}

/// The hashes of the names of which one covers a host.
fn hashes_of_covering(host: &HostPattern) -> Vec<u64> {
    match host {
        HostPattern::Address(address) => vec![hash(&address.to_string())],
        HostPattern::Exact(host) => {
            let wildcard = host
                .split_once('.')
                .map(|(_, base)| hash(&format!("*.{base}")));
            std::iter::once(hash(host)).chain(wildcard).collect()
        }
        HostPattern::LeadingWildcard { base, .. } => vec![hash(&format!("*.{base}"))],
        _ => Vec::new(),
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
