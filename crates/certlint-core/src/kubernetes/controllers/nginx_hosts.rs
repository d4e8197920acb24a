//! The hosts of ingress-nginx: what its table says of each claim.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::contract;
use super::ingress::{issued, unlisted, unlisted_claim};
use super::ingress_nginx::{self, Cause, Extra, Host, Slot, Table};
use crate::finding::Level;
use crate::kubernetes::claim::{Binding, Chosen, Claim, Note, Outcome, Rivalry, Wanted};
use crate::kubernetes::controller::Controller;
use crate::kubernetes::facts::{Ingress, TlsEntry, qualified};
use crate::kubernetes::inventory::{Inventory, Reference, State, kept_covers};
use crate::model::{Cause as Reason, PlaceholderReason, Serving, Unknown};
use crate::name::HostPattern;
use crate::source::{Location, Spanned};

/// The Ingresses of one class that belong to ingress-nginx, each with its number among its owners.
struct Members<'a, 'm> {
    inventory: &'m Inventory<'a>,
    ingresses: Vec<&'a Ingress>,
    owners: Vec<usize>,
    table: Table,
    /// The Secret that is served where no other is.
    default: Option<Reference<'a>>,
}

/// What clients get for names that no Ingress has, where the controller's Deployment says it.
pub(super) fn fallback(inventory: &Inventory<'_>) -> Option<Serving> {
    let named = inventory.cluster.objects.workloads.default_certificate()?;
    let kept = inventory.cluster.secrets.get(&named.value);
    let Some(bundle) = kept.and_then(|kept| kept.bundle) else {
        let unknown = Unknown::new(Reason::SecretNotInInput, named.value.as_str());
        return Some(Serving::Unknown(unknown));
    };
    let chosen = Chosen {
        key: None,
        bundle,
        at: &named.at,
    };
    Some(Chosen::serving(&[chosen]))
}

/// What the controller makes of these Ingresses.
pub(super) fn bind<'a>(
    members: &[(usize, &'a Ingress)],
    inventory: &Inventory<'a>,
) -> (Vec<Binding<'a>>, Vec<Note<'a>>) {
    let ingresses: Vec<_> = members.iter().map(|&(_, ingress)| ingress).collect();
    let members = Members {
        inventory,
        table: ingress_nginx::table(&ingresses, inventory.cluster),
        ingresses,
        owners: members.iter().map(|&(owner, _)| owner).collect(),
        default: inventory
            .cluster
            .objects
            .workloads
            .default_certificate()
            .map(|named| Reference::new(named.value.clone(), &named.at)),
    };
    let mut bindings = members.hosts();
    let bound: BTreeSet<Location> = bindings
        .iter()
        .map(|binding| binding.claim.host.at.clone())
        .collect();
    let mut notes = members.lost();
    for index in 0..members.ingresses.len() {
        if !ingress_nginx::is_canary(members.ingresses[index]) {
            members.listed(index, &bound, &mut bindings, &mut notes);
            members.unlisted(index, &bound, &mut bindings);
        }
    }
    (bindings, notes)
}

impl<'a> Members<'a, '_> {
    /// The hosts of the table.
    fn hosts(&self) -> Vec<Binding<'a>> {
        let mut bindings = Vec::new();
        for (name, host) in &self.table.hosts {
            let Some(&ingress) = self.ingresses.get(host.ingress) else {
                continue;
            };
            let owner = self.owners[host.ingress];
            let binding = match (&host.extra, &host.slot) {
                (Some(extra), slot) => self.extra(name, owner, extra, slot.as_ref()),
                (None, Some(slot)) => place(ingress, name).map(|(entry, place)| {
                    let mut binding = self.host(ingress, entry, place, owner, slot);
                    if let Some(why) = self.undecided(name) {
                        binding.answer =
                            Some(Serving::Unknown(Unknown::new(Reason::Undecided, why)));
                    }
                    binding
                }),
                (None, None) => None,
            };
            bindings.extend(binding);
        }
        bindings
    }

    /// Why it is not known which Ingress brings a host's certificate.
    fn undecided(&self, name: &str) -> Option<String> {
        let &(first, second) = self.table.undecided.get(name)?;
        Some(format!(
            "Ingress `{}` and Ingress `{}` compete, and the older one wins",
            self.ingresses[first].meta.key(),
            self.ingresses[second].meta.key()
        ))
    }

    /// A host that the controller makes a server for.
    fn host(
        &self,
        ingress: &'a Ingress,
        entry: Option<&'a TlsEntry>,
        host: &'a Spanned<String>,
        owner: usize,
        slot: &Slot,
    ) -> Binding<'a> {
        let named = entry.and_then(|entry| entry.secret.as_ref());
        let reference = |key: &str| Reference {
            issued_for: issued(ingress, entry),
            ..Reference::new(key.to_owned(), named.map_or(&host.at, |secret| &secret.at))
        };
        let key = match slot {
            Slot::Secret(key)
            | Slot::Unknown(key)
            | Slot::Placeholder(Cause::NotCovered(key) | Cause::Unusable(key)) => Some(key),
            Slot::Placeholder(Cause::NoSecret) => None,
        };
        let claim = Claim {
            pattern: HostPattern::ingress(&host.value),
            host: Cow::Borrowed(host),
            owner,
            wanted: match key {
                Some(key) => Wanted::Secret(reference(key)),
                None => Wanted::Default,
            },
            rivalry: Rivalry::None,
        };
        let outcome = match slot {
            Slot::Secret(key) => self.served(key, &host.at),
            Slot::Placeholder(_) if self.default_covers(&claim) => self.by_default(&claim),
            // A key that is of no use says nothing about names.
            Slot::Placeholder(Cause::NotCovered(key) | Cause::Unusable(key))
                if self.misses(key, &host.value) =>
            {
                self.not_covered(&claim, &reference(key))
            }
            Slot::Placeholder(Cause::NoSecret) if entry.is_some() => self.by_default(&claim),
            Slot::Placeholder(Cause::NoSecret) => Outcome::Unlisted,
            Slot::Placeholder(Cause::NotCovered(_) | Cause::Unusable(_)) | Slot::Unknown(_)
                if entry.is_none() =>
            {
                Outcome::Unlisted
            }
            Slot::Placeholder(Cause::NotCovered(key) | Cause::Unusable(key))
            | Slot::Unknown(key) => {
                let reference = reference(key);
                let issued_for = reference.issued_for;
                let wish = claim.wish();
                let state = self.inventory.state_of(&reference.key, issued_for, &wish);
                Outcome::Lacks(reference, state)
            }
        };
        let answer = match slot {
            Slot::Placeholder(_) => Some(fallback(self.inventory).unwrap_or(Serving::Placeholder)),
            Slot::Unknown(key) if entry.is_none() => {
                Some(self.absent(key).unwrap_or_else(|| self.unknown(key)))
            }
            Slot::Unknown(key) => self.absent(key),
            Slot::Secret(_) => None,
        };
        Binding {
            claim,
            outcome,
            answer,
        }
    }

    /// The default certificate, as the controller's Deployment says it, has the host.
    fn default_covers(&self, claim: &Claim<'a>) -> bool {
        let default = self.default.as_ref();
        let kept = default.and_then(|default| self.inventory.cluster.secrets.get(&default.key));
        kept.is_some_and(|kept| kept_covers(kept, &claim.pattern))
    }

    /// A host that is served with the default certificate.
    fn by_default(&self, claim: &Claim<'a>) -> Outcome<'a> {
        match &self.default {
            Some(default) => contract::with_secret(claim, default, self.inventory),
            None => contract::without_secret(Controller::IngressNginx),
        }
    }

    /// A whole cluster has no such Secret.
    fn absent(&self, key: &str) -> Option<Serving> {
        let options = self.inventory.options;
        let is_absent = options.whole_cluster && !options.unknown_secrets.contains(key);
        is_absent.then_some(Serving::Placeholder)
    }

    /// A Secret of which nothing is known.
    fn unknown(&self, key: &str) -> Serving {
        let cause = match self.inventory.state_of_input(key, false) {
            Some(State::Encrypted) => Reason::SecretEncrypted,
            _ => Reason::SecretNotInInput,
        };
        Serving::Unknown(Unknown::new(cause, key))
    }

    fn served(&self, key: &str, at: &'a Location) -> Outcome<'a> {
        let kept = self.inventory.cluster.secrets.get(key);
        let chosen = kept.and_then(|kept| kept.bundle).map(|bundle| Chosen {
            key: Some(key.to_owned()),
            bundle,
            at,
        });
        Outcome::Served {
            chosen: chosen.into_iter().collect(),
            doubt: None,
        }
    }

    fn is_usable(&self, key: &str) -> bool {
        let kept = self.inventory.cluster.secrets.get(key);
        kept.is_some_and(|kept| kept.is_usable)
    }

    /// There is a certificate in the Secret, and the controller would not serve it for the host.
    fn misses(&self, key: &str, host: &str) -> bool {
        let kept = self.inventory.cluster.secrets.get(key);
        let leaf = kept.and_then(|kept| kept.leaf.as_ref());
        leaf.is_some_and(|leaf| !ingress_nginx::verifies(leaf, host))
    }

    fn not_covered(&self, claim: &Claim<'a>, reference: &Reference<'a>) -> Outcome<'a> {
        let wish = claim.wish();
        let kept = self.inventory.cluster.secrets.get(&reference.key);
        let miss = kept.and_then(|kept| self.inventory.request_to_blame(reference, &wish, kept));
        if let Some(miss) = miss {
            return Outcome::Misses(miss);
        }
        let level = match self.inventory.rewritten(reference, &wish) {
            Some(_) => Level::Warning,
            None => Level::Error,
        };
        placeholder(PlaceholderReason::NotCovered, reference.key.clone(), level)
    }

    /// A host that an annotation adds to a server.
    fn extra(
        &self,
        name: &str,
        owner: usize,
        extra: &Extra,
        slot: Option<&Slot>,
    ) -> Option<Binding<'a>> {
        let annotations = &self.ingresses[extra.ingress].meta;
        let at = &annotations.annotation(extra.annotation)?.at;
        let claim = Claim {
            pattern: HostPattern::ingress(name),
            host: Cow::Owned(Spanned::new(name.to_owned(), at.clone())),
            owner,
            wanted: Wanted::Default,
            rivalry: Rivalry::None,
        };
        let outcome = match slot.or_else(|| self.wildcard(name)) {
            Some(Slot::Secret(key)) => self.served(key, at),
            Some(Slot::Unknown(key)) => {
                return Some(Binding {
                    claim,
                    outcome: Outcome::OfListener,
                    answer: Some(self.absent(key).unwrap_or_else(|| self.unknown(key))),
                });
            }
            _ => match &extra.secret {
                Some(secret) if name.starts_with('~') => placeholder(
                    PlaceholderReason::PatternAlias,
                    secret.clone(),
                    Level::Error,
                ),
                Some(secret) if self.is_usable(secret) || self.misses(secret, name) => {
                    placeholder(PlaceholderReason::NotCovered, secret.clone(), Level::Error)
                }
                // Its server has the placeholder itself, which is reported there.
                _ => Outcome::OfListener,
            },
        };
        Some(Binding::new(claim, outcome))
    }

    /// What the wildcard host above a name got: it answers where the name has no entry of its own.
    fn wildcard(&self, name: &str) -> Option<&Slot> {
        let (_, parent) = name.split_once('.')?;
        self.table.hosts.get(&format!("*.{parent}"))?.slot.as_ref()
    }

    /// The hosts of which a later Ingress names another Secret.
    fn lost(&self) -> Vec<Note<'a>> {
        let lost = self.table.lost.iter();
        let notes = lost.filter_map(|(host, winner, loser)| {
            let [winner, loser] = [winner, loser].map(|&index| self.ingresses[index]);
            let secrets = |ingress| {
                ingress_nginx::named_secret(ingress, host)
                    .into_iter()
                    .collect()
            };
            Some(Note::ClaimedTwice {
                host: host.clone(),
                loser: &place(loser, host)?.1.at,
                winner: &place(winner, host)?.1.at,
                loser_secrets: secrets(loser),
                winner_secrets: secrets(winner),
                pattern: HostPattern::ingress(host),
                is_decided: !self.table.undecided.contains_key(host),
            })
        });
        notes.collect()
    }

    /// The hosts that `tls` entries list, as far as the table does not say what they get.
    fn listed(
        &self,
        index: usize,
        bound: &BTreeSet<Location>,
        bindings: &mut Vec<Binding<'a>>,
        notes: &mut Vec<Note<'a>>,
    ) {
        let ingress = self.ingresses[index];
        let has_server = |host: &str| ingress.rule(host).is_some();
        let has_hosts = ingress.rules.iter().any(|rule| rule.host.is_some());
        for entry in &ingress.tls {
            for host in entry.hosts.iter().filter(|host| !bound.contains(&host.at)) {
                let Some(secret) = &entry.secret else {
                    let claim = unlisted_claim(host, self.owners[index]);
                    let outcome = self.by_default(&claim);
                    bindings.push(Binding::new(claim, outcome));
                    continue;
                };
                let reference = Reference {
                    issued_for: issued(ingress, Some(entry)),
                    ..Reference::new(
                        qualified(&ingress.meta.namespace, &secret.value),
                        &secret.at,
                    )
                };
                let claim = unlisted_claim(host, self.owners[index]);
                let outcome = if !has_server(&host.value) && !has_hosts {
                    let key = reference.key.clone();
                    placeholder(PlaceholderReason::NoServer, key, Level::Error)
                } else {
                    if !has_server(&host.value) && !ingress.has_rule_for(&host.value) {
                        notes.push(Note::NoRule(host));
                    }
                    Outcome::OfListener
                };
                bindings.push(Binding::new(claim.clone(), outcome));
                let state =
                    self.inventory
                        .state_of(&reference.key, reference.issued_for, &claim.wish());
                if !matches!(state, State::There(_)) {
                    notes.push(Note::Lacks {
                        host: host.value.clone(),
                        at: &host.at,
                        reference,
                        state,
                    });
                }
            }
        }
    }

    /// The rule hosts that no `tls` entry lists and no Secret is found for.
    fn unlisted(&self, index: usize, bound: &BTreeSet<Location>, bindings: &mut Vec<Binding<'a>>) {
        let ingress = self.ingresses[index];
        let slot = |host: &Spanned<String>| {
            let Host { slot, .. } = self.table.hosts.get(&host.value)?;
            slot.as_ref()
        };
        let is_open = |host: &&Spanned<String>| {
            matches!(
                slot(host),
                Some(Slot::Unknown(_) | Slot::Placeholder(Cause::NoSecret)) | None
            )
        };
        if ingress.tls.is_empty() {
            return;
        }
        for host in unlisted(ingress, true) {
            if !bound.contains(&host.at) {
                let claim = unlisted_claim(host, self.owners[index]);
                let outcome = if is_open(&host) {
                    Outcome::Unlisted
                } else {
                    Outcome::OfListener
                };
                bindings.push(Binding::new(claim, outcome));
            }
        }
    }
}

fn placeholder<'a>(why: PlaceholderReason, secret: String, level: Level) -> Outcome<'a> {
    Outcome::Placeholder {
        controller: Controller::IngressNginx,
        why,
        secret: Some(secret),
        level,
    }
}

/// A host in an Ingress: in `tls`, else in a rule.
fn place<'i>(
    ingress: &'i Ingress,
    host: &str,
) -> Option<(Option<&'i TlsEntry>, &'i Spanned<String>)> {
    match ingress.listed(host) {
        Some((entry, host)) => Some((Some(entry), host)),
        None => Some((None, ingress.rule(host)?)),
    }
}
