//! One of several certificates: which of the references of a listener a client is given.

use std::collections::{BTreeMap, BTreeSet};

use super::implementation::Implementation;
use crate::kubernetes::claim::Chosen;
use crate::kubernetes::cluster::Kept;
use crate::name::HostPattern;
use crate::x509::{Certificate, KeyType};

/// A reference to a Secret with a certificate.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) chosen: Chosen<'a>,
    pub(super) leaf: &'a Certificate,
}

/// What a client may be given.
#[derive(Debug)]
pub(super) enum Pick<'a> {
    /// One of these, by what keys it takes.
    These(Vec<Candidate<'a>>),
    /// It depends on what is not known here.
    Unknown(&'static str),
}

impl<'a> Candidate<'a> {
    pub(super) fn new(chosen: Chosen<'a>, kept: &'a Kept) -> Option<Self> {
        let leaf = kept.leaf.as_ref()?;
        Some(Self { chosen, leaf })
    }

    pub(super) fn covers(&self, pattern: &HostPattern) -> bool {
        super::secrets::has_all(&self.leaf.names, pattern)
    }

    /// `None` where it is not known.
    pub(super) fn key_type(&self) -> Option<KeyType> {
        let key_type = self.leaf.key_type;
        (key_type != KeyType::Other).then_some(key_type)
    }

    /// The names by which Envoy finds it: the common name only where there is no other.
    fn names_of_envoy(&self) -> Vec<String> {
        let names = &self.leaf.names;
        let own = names.names();
        let common = names.common_names().iter();
        match own.is_empty() && names.unusable().is_empty() {
            true => common.map(|name| name.to_ascii_lowercase()).collect(),
            false => own,
        }
    }
}

/// Chooses for a name among the usable references of a listener.
pub(super) fn choose<'a>(
    implementation: Implementation,
    usable: &[Candidate<'a>],
    (host, pattern): (&str, &HostPattern),
    is_own_hostname: bool,
) -> Pick<'a> {
    let [first, others @ ..] = usable else {
        return Pick::Unknown("none of its certificates can be used");
    };
    if others.is_empty() {
        return Pick::These(vec![first.clone()]);
    }
    match implementation {
        Implementation::NginxFabric => last_of_each_key_type(usable),
        Implementation::EnvoyGateway => match without_repeated_names(usable) {
            Some(left) => by_name_else_first(&left, host),
            None => Pick::Unknown("the key types of its certificates are not known here"),
        },
        Implementation::HaproxyIngress => {
            let mut fitting = usable.iter().filter(|one| one.covers(pattern));
            let chosen = fitting.next().filter(|_| !is_own_hostname);
            Pick::These(vec![chosen.unwrap_or(first).clone()])
        }
        _ => by_name_else_first(usable, host),
    }
}

/// OpenSSL keeps the last certificate of each key type, whatever the name.
fn last_of_each_key_type<'a>(usable: &[Candidate<'a>]) -> Pick<'a> {
    let mut kept = BTreeMap::new();
    for one in usable {
        let Some(key_type) = one.key_type() else {
            return Pick::Unknown("the key types of its certificates are not known here");
        };
        kept.insert(key_type, one.clone());
    }
    Pick::These(kept.into_values().collect())
}

/// Without references that repeat a name of an earlier one for the same kind of key.
fn without_repeated_names<'a>(usable: &[Candidate<'a>]) -> Option<Vec<Candidate<'a>>> {
    let mut seen = BTreeSet::new();
    let mut left = Vec::new();
    for one in usable {
        let names = one.names_of_envoy();
        let key_type = one.key_type();
        let is_repeated = names
            .iter()
            .any(|name| seen.contains(&(key_type, name.clone())));
        if is_repeated {
            key_type?;
            continue;
        }
        seen.extend(names.into_iter().map(|name| (key_type, name)));
        left.push(one.clone());
    }
    Some(left)
}

/// Envoy: an exact name, else a wildcard, else the first; of equal ones the first of each key type.
fn by_name_else_first<'a>(usable: &[Candidate<'a>], host: &str) -> Pick<'a> {
    let parent = host
        .split_once('.')
        .map(|(_, parent)| format!("*.{parent}"));
    let wanted = std::iter::once(host.to_owned()).chain(parent);
    for wanted in wanted {
        let mut found: BTreeMap<Option<KeyType>, &Candidate<'a>> = BTreeMap::new();
        for one in usable {
            if one.names_of_envoy().contains(&wanted) {
                found.entry(one.key_type()).or_insert(one);
            }
        }
        if !found.is_empty() {
            return Pick::These(found.into_values().cloned().collect());
        }
    }
    Pick::These(usable.iter().take(1).cloned().collect())
}

/// Traefik: all certificates by their names, the common name among them; the last list of names that
/// has the host counts, and of equal lists the first certificate.
#[derive(Debug, Default)]
pub(super) struct TraefikPool<'a> {
    by_names: BTreeMap<String, (Vec<String>, Candidate<'a>)>,
}

impl<'a> TraefikPool<'a> {
    pub(super) fn add(&mut self, candidate: Candidate<'a>) {
        let names = &candidate.leaf.names;
        let common = names.common_names().iter();
        let mut all: Vec<String> = common.map(|name| name.to_ascii_lowercase()).collect();
        all.extend(names.names());
        all.sort();
        all.dedup();
        let list = all.join(",");
        self.by_names.entry(list).or_insert((all, candidate));
    }

    /// The certificate for a name; `None` for the default one.
    pub(super) fn find(&self, host: &str) -> Option<&Candidate<'a>> {
        let parent = host
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        let has = |name: &String| name == host || Some(name) == parent.as_ref();
        let mut lists = self.by_names.values().rev();
        let (_, candidate) = lists.find(|(names, _)| names.iter().any(has))?;
        Some(candidate)
    }
}
