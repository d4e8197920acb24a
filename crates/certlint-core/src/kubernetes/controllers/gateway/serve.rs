//! Which listener takes a name, and what it serves: by the rules of the implementation.

use std::collections::{BTreeMap, BTreeSet};

use super::attach::Site;
use super::choose::{Candidate, Pick, TraefikPool, choose};
use super::implementation::{Implementation, Refusal};
use super::secrets::{self, Answer, Ref, Secrets};
use super::{Gateways, Sites};
use crate::finding::Level;
use crate::kubernetes::claim::{Binding, Chosen, Claim, Note, Outcome};
use crate::kubernetes::controller::Controller;
use crate::kubernetes::controllers::pool::Pool;
use crate::kubernetes::controllers::{controller_of, named_secrets};
use crate::kubernetes::facts::qualified;
use crate::kubernetes::inventory::Inventory;
use crate::model::{Cause, PlaceholderReason, Serving, Unknown};
use crate::name::HostPattern;
use crate::source::{Location, Spanned};
use crate::x509::KeyType;

/// A listener with what its implementation makes of its references.
pub(super) struct Prepared<'a> {
    pub(super) implementation: Implementation,
    pub(super) secrets: Secrets<'a>,
    pub(super) refusal: Option<Refusal>,
    pub(super) notes: Vec<Note<'a>>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(
        inventory: &Inventory<'a>,
        site: &Site<'a>,
        implementation: Implementation,
        is_conflicted: bool,
    ) -> Self {
        if !site.terminates() || implementation == Implementation::External {
            return Self {
                implementation,
                secrets: Secrets::default(),
                refusal: None,
                notes: Vec::new(),
            };
        }
        let mut notes = Vec::new();
        let secrets = secrets::resolve(inventory, site, &mut notes);
        let refusal = implementation.refuses(&secrets, is_conflicted);
        Self {
            implementation,
            refusal: refusal.filter(|_| !site.has_other_certificates()),
            secrets,
            notes,
        }
    }

    fn usable(&self) -> Vec<Candidate<'a>> {
        let usable = self.secrets.refs.iter().filter_map(|one| match one {
            Ref::There(candidate) => Some(candidate.clone()),
            Ref::Bad | Ref::Open => None,
        });
        usable.collect()
    }

    /// What it serves depends on what is not known here.
    fn is_open(&self) -> bool {
        self.secrets.refs.iter().any(|one| matches!(one, Ref::Open))
    }
}

/// The certificates that are there for all Gateways.
pub(super) struct Pools<'a> {
    traefik: TraefikPool<'a>,
    /// For Kong: the first listener with a hostname.
    kong: BTreeMap<&'a str, usize>,
    /// The hosts that Ingresses of Kong list.
    of_kong_ingresses: BTreeMap<&'a str, (&'a Location, String)>,
    /// All Secrets from which anything in the input is served.
    all: Pool<'a>,
}

impl<'a> Pools<'a> {
    pub(super) fn new(
        inventory: &Inventory<'a>,
        sites: &Sites<'a>,
        prepared: &[Prepared<'a>],
    ) -> Self {
        let cluster = inventory.cluster;
        let of = |wanted: Implementation| {
            let all = prepared.iter().enumerate();
            all.filter(move |(_, one)| one.implementation == wanted)
        };
        let mut traefik = TraefikPool::default();
        let mut of_traefik = BTreeSet::new();
        let mut all: BTreeSet<String> = cluster.gateways.named_secrets().collect();
        all.extend(named_secrets(cluster));
        for (_, one) in of(Implementation::Traefik).filter(|(_, one)| one.refusal.is_none()) {
            one.usable().into_iter().for_each(|one| traefik.add(one));
        }
        let mut of_kong_ingresses = BTreeMap::new();
        for ingress in &cluster.ingresses {
            let controller = controller_of(ingress, &cluster.classes).controller;
            for entry in &ingress.tls {
                let namespace = &ingress.meta.namespace;
                let Some(secret) = &entry.secret else {
                    continue;
                };
                let key = qualified(namespace, &secret.value);
                if controller == Controller::Traefik {
                    of_traefik.insert(key.clone());
                }
                if controller == Controller::Kong {
                    for host in &entry.hosts {
                        let claim = (&host.at, key.clone());
                        of_kong_ingresses
                            .entry(host.value.as_str())
                            .or_insert(claim);
                    }
                }
                all.insert(key);
            }
        }
        if of(Implementation::Traefik).next().is_some() {
            of_traefik.extend(named_secrets(cluster));
            for key in of_traefik {
                if let Some(candidate) = candidate(inventory, key) {
                    traefik.add(candidate);
                }
            }
        }
        let mut kong = BTreeMap::new();
        for (index, _) in of(Implementation::Kong) {
            let hostname = sites.all[index].listener.hostname.as_ref();
            let hostname = hostname.map_or("*", |hostname| hostname.value.as_str());
            kong.entry(hostname).or_insert(index);
        }
        Self {
            traefik,
            kong,
            of_kong_ingresses,
            all: Pool::new(all, cluster),
        }
    }
}

fn candidate<'a>(inventory: &Inventory<'a>, key: String) -> Option<Candidate<'a>> {
    let kept = inventory.cluster.secrets.get(&key)?;
    let chosen = Chosen {
        key: Some(key),
        bundle: kept.bundle?,
        at: &kept.secret.meta.at,
    };
    Candidate::new(chosen, kept)
}

/// What becomes of a name.
enum Fate<'a> {
    /// A client gets one of these, by what keys it takes.
    Served(Vec<Candidate<'a>>),
    /// This listener has one reference, or some that are not known: see [`Secrets::answer`].
    OfListener(usize),
    /// No listener takes the name: the handshake fails.
    Refused,
    /// The default certificate of the controller.
    Default,
    Unknown(String),
}

impl<'a> Gateways<'a, '_> {
    /// What clients get for a name that is claimed at a listener.
    pub(super) fn serve(&self, index: usize, claim: Claim<'a>) -> Binding<'a> {
        let prepared = &self.prepared[index];
        let implementation = prepared.implementation;
        let host = claim.host.value.as_str();
        let fate = match implementation {
            Implementation::External => {
                Fate::Unknown("the implementation takes its certificates elsewhere".to_owned())
            }
            Implementation::Unknown => return self.by_any(index, claim),
            _ if self.sites.all[index].has_other_certificates() => Fate::OfListener(index),
            Implementation::Traefik => self.by_traefik(index, host),
            Implementation::Kong => self.by_kong(host),
            _ => self.by_listeners(index, &claim),
        };
        let doubt = self.pool_doubt(implementation);
        match fate {
            Fate::Served(candidates) => {
                let coming = prepared.secrets.coming(&claim.pattern);
                served(claim, candidates, coming.or(doubt))
            }
            Fate::OfListener(index) => {
                let mut binding = self.by_answer(index, claim);
                if let Outcome::Served { doubt: known, .. } = &mut binding.outcome {
                    *known = known.take().or(doubt);
                }
                binding
            }
            Fate::Refused => Binding::new(claim, Outcome::Rejected),
            Fate::Unknown(why) => Binding::new(claim, Outcome::Unknown(why)),
            Fate::Default => {
                let named = prepared.secrets.refs.iter().find_map(|one| match one {
                    Ref::There(candidate) => candidate.chosen.key.clone(),
                    Ref::Bad | Ref::Open => None,
                });
                let outcome = Outcome::Placeholder {
                    controller: implementation.controller(),
                    why: PlaceholderReason::NoneCovers,
                    secret: named,
                    level: Level::Warning,
                };
                Binding::new(claim, outcome)
            }
        }
    }

    /// What other objects of the cluster may bring is not known where this is not all of it.
    fn pool_doubt(&self, implementation: Implementation) -> Option<String> {
        let is_open = implementation.has_pool() && !self.inventory.options.whole_cluster;
        is_open.then(|| {
            format!(
                "{} has one table of certificates for the whole cluster, and others may be in it",
                implementation.name()
            )
        })
    }

    /// The most specific listener that is used takes the name.
    fn by_listeners(&self, index: usize, claim: &Claim<'a>) -> Fate<'a> {
        let site = &self.sites.all[index];
        let host = claim.host.value.as_str();
        for at in self.sites.matching(site, host) {
            let Prepared {
                implementation,
                refusal,
                secrets,
                ..
            } = &self.prepared[at];
            if !self.sites.all[at].terminates() {
                return Fate::Unknown("a listener without certificates takes it".to_owned());
            }
            match refusal {
                Some(refusal) if refusal.level() < Level::Error => {
                    return Fate::Unknown(format!(
                        "whether {} uses the listener is not known",
                        implementation.name()
                    ));
                }
                // Its proxy keeps the hostname of a listener that it cannot use.
                Some(_) if *implementation == Implementation::Agentgateway => return Fate::Refused,
                Some(_) => continue,
                None if secrets.refs.len() < 2 || self.prepared[at].is_open() => {
                    return Fate::OfListener(at);
                }
                None => {}
            }
            let is_own = self.sites.all[at].hostname() == host;
            let usable = self.prepared[at].usable();
            return match choose(*implementation, &usable, (host, &claim.pattern), is_own) {
                Pick::These(candidates) => Fate::Served(candidates),
                Pick::Unknown(why) => Fate::Unknown(why.to_owned()),
            };
        }
        match self.prepared[index].implementation {
            Implementation::HaproxyIngress => Fate::Default,
            _ => Fate::Refused,
        }
    }

    /// Traefik looks at no listener: one pool for all.
    fn by_traefik(&self, index: usize, host: &str) -> Fate<'a> {
        match self.pools.traefik.find(host) {
            Some(candidate) => Fate::Served(vec![candidate.clone()]),
            None if self.prepared[index].is_open() => Fate::OfListener(index),
            None if self.prepared[index].refusal.is_some() => {
                Fate::Unknown("Traefik does not use the listener".to_owned())
            }
            None => Fate::Default,
        }
    }

    /// Kong looks hostnames of listeners up: the name, the wildcard above it, everything.
    fn by_kong(&self, host: &str) -> Fate<'a> {
        if self.pools.of_kong_ingresses.contains_key(host) {
            return Fate::Unknown("an Ingress lists the host, and Kong prefers that".to_owned());
        }
        let parent = host
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        let keys = [Some(host), parent.as_deref(), Some("*")];
        for key in keys.into_iter().flatten() {
            let Some(&at) = self.pools.kong.get(key) else {
                continue;
            };
            if self.prepared[at].refusal.is_none() {
                return Fate::OfListener(at);
            }
            return Fate::Unknown("Kong uses no certificate of the listener".to_owned());
        }
        Fate::Default
    }

    /// Kong prefers an Ingress that lists the host.
    pub(super) fn lost_to_ingress(
        &self,
        index: usize,
        host: &'a Spanned<String>,
    ) -> Option<Note<'a>> {
        if self.prepared[index].implementation != Implementation::Kong {
            return None;
        }
        let (winner, secret) = self.pools.of_kong_ingresses.get(host.value.as_str())?;
        Some(Note::ClaimedTwice {
            host: host.value.clone(),
            loser: &host.at,
            winner,
            loser_secrets: self.sites.all[index].secret_names(),
            winner_secrets: vec![secret.clone()],
            pattern: HostPattern::ingress(&host.value),
            is_decided: true,
        })
    }

    /// What all implementations make of it.
    fn by_any(&self, index: usize, claim: Claim<'a>) -> Binding<'a> {
        let prepared = &self.prepared[index];
        let usable = prepared.usable();
        let covering = usable.iter().filter(|one| one.covers(&claim.pattern));
        let covering = covering.count();
        if prepared.secrets.refs.len() > 1
            && !prepared.is_open()
            && (1..usable.len()).contains(&covering)
        {
            let failing = usable.into_iter().filter(|one| !one.covers(&claim.pattern));
            let failing = failing.map(|one| one.chosen).collect();
            let doubt = "which of several certificates is served depends on the implementation";
            let outcome = Outcome::Served {
                chosen: failing,
                doubt: Some(doubt.to_owned()),
            };
            return Binding {
                answer: Some(Serving::Unknown(Unknown::new(Cause::Elsewhere, doubt))),
                ..Binding::new(claim, outcome)
            };
        }
        let mut binding = self.by_answer(index, claim);
        let is_covered = covering > 0;
        if let Outcome::Served { doubt, .. } = &mut binding.outcome
            && doubt.is_none()
            && !is_covered
            && !self.inventory.options.only_neighbours
        {
            *doubt = self
                .in_another(&binding.claim)
                .map(|key| format!("Traefik serves any Secret that covers it, and `{key}` does"));
        }
        binding
    }

    /// A Secret of another object of the input that covers a name.
    fn in_another(&self, claim: &Claim<'_>) -> Option<String> {
        let host = HostPattern::ingress(&claim.host.value);
        self.pools.all.covering(&host).map(str::to_owned)
    }

    /// What the references of a listener say to a name.
    fn by_answer(&self, index: usize, claim: Claim<'a>) -> Binding<'a> {
        let secrets = &self.prepared[index].secrets;
        let outcome = match secrets.answer(&claim.pattern, &self.inventory) {
            Answer::Served(chosen, doubt) => Outcome::Served { chosen, doubt },
            Answer::RequestMisses(miss) => Outcome::Misses(miss),
            Answer::ShimMisses => Outcome::ShimMisses,
            Answer::Unknown(why) => Outcome::Unknown(why),
        };
        Binding::new(claim, outcome)
    }
}

/// A client gets one of these certificates, by what keys it takes.
fn served<'a>(
    claim: Claim<'a>,
    candidates: Vec<Candidate<'a>>,
    doubt: Option<String>,
) -> Binding<'a> {
    let chosen = |candidates: &[&Candidate<'a>]| -> Vec<Chosen<'a>> {
        candidates.iter().map(|one| one.chosen.clone()).collect()
    };
    let all: Vec<&Candidate<'a>> = candidates.iter().collect();
    let mut failing = all.clone();
    failing.retain(|one| !one.covers(&claim.pattern));
    if failing.is_empty() || failing.len() == all.len() {
        let outcome = Outcome::Served {
            chosen: chosen(&all),
            doubt,
        };
        return Binding::new(claim, outcome);
    }
    // All browsers take ECDSA keys.
    let is_for_few = failing
        .iter()
        .all(|one| one.key_type() != Some(KeyType::Ecdsa));
    let few = "only clients without ECDSA get this certificate".to_owned();
    let outcome = Outcome::Served {
        chosen: chosen(&failing),
        doubt: doubt.or_else(|| is_for_few.then_some(few)),
    };
    Binding {
        answer: Some(Chosen::serving(&chosen(&all))),
        ..Binding::new(claim, outcome)
    }
}
