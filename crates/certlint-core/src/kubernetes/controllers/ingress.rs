//! Ingresses: the hosts of one class are claims at the listener of its controller.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::pool::{self, Pools};
use super::{class_of, contour, contract, controller_of, f5, nginx_hosts, shim};
use crate::kubernetes::bind::Binder;
use crate::kubernetes::claim::{
    Binding, Chosen, Claim, Front, Note, Outcome, Owner, Rivalry, Wanted,
};
use crate::kubernetes::controller::{Choice, Chooser, Controller};
use crate::kubernetes::facts::{Ingress, TlsEntry, qualified};
use crate::kubernetes::inventory::{Inventory, Issued, Reference};
use crate::model::{Cause, Serving, Unknown};
use crate::name::{Depth, HostPattern};
use crate::source::{Location, Spanned};

const ELSEWHERE: &str = "the controller takes its certificates elsewhere";

/// Binds the hosts of all Ingresses, with a listener for each class.
pub(in crate::kubernetes) fn bind_ingresses(binder: &mut Binder<'_, '_>) {
    let cluster = binder.inventory.cluster;
    let mut classes: BTreeMap<String, Vec<&Ingress>> = BTreeMap::new();
    for ingress in &cluster.ingresses {
        if ingress.meta.is_acme_solver || ingress.meta.is_being_deleted {
            continue;
        }
        let class = class_of(ingress, &cluster.classes).unwrap_or_default();
        classes.entry(class.to_owned()).or_default().push(ingress);
    }
    for (class, ingresses) in &classes {
        bind_class(class, ingresses, binder);
    }
}

fn bind_class<'a>(class: &str, ingresses: &[&'a Ingress], binder: &mut Binder<'a, '_>) {
    let inventory = binder.inventory;
    let choosers: Vec<_> = ingresses
        .iter()
        .map(|ingress| controller_of(ingress, &inventory.cluster.classes))
        .collect();
    let pools = match choosers.iter().any(|it| it.choice == Choice::Pool) {
        true => Pools::new(ingresses, &choosers, inventory.cluster),
        false => Pools::default(),
    };
    let mut bindings = Vec::new();
    let mut of_nginx = Vec::new();
    for (owner, (&ingress, &chooser)) in ingresses.iter().zip(&choosers).enumerate() {
        binder.notes(shim::refused(&inventory, ingress));
        match chooser.choice {
            Choice::External => bindings.extend(elsewhere(ingress, owner)),
            Choice::IngressNginx => of_nginx.push((owner, ingress)),
            _ => {
                let listed = Listed {
                    inventory,
                    ingress,
                    chooser,
                    owner,
                    pools: &pools,
                };
                listed.bind(&mut bindings);
                binder.notes(without_rule(ingress));
            }
        }
        if chooser.choice != Choice::External {
            binder.notes(impossible(ingress));
        }
    }
    let mut default = None;
    if !of_nginx.is_empty() {
        default = nginx_hosts::fallback(&inventory);
        let (bound, notes) = nginx_hosts::bind(&of_nginx, &inventory);
        bindings.extend(bound);
        binder.notes(notes);
    }
    let is_elsewhere = choosers.iter().any(|it| it.choice == Choice::External);
    let front = Front {
        label: format!("ingress/{class}"),
        depth: Depth::One,
        fallback: match is_elsewhere {
            true => Serving::Unknown(Unknown::new(Cause::Elsewhere, ELSEWHERE)),
            false => default.unwrap_or(Serving::Placeholder),
        },
        owners: ingresses
            .iter()
            .map(|ingress| Owner::new(&ingress.meta.at))
            .collect(),
        is_shared: false,
    };
    binder.front(front, bindings);
}

/// An Ingress whose listed hosts are served with the Secret of their entry, or with one of a pool.
struct Listed<'a, 'p> {
    inventory: Inventory<'a>,
    ingress: &'a Ingress,
    chooser: Chooser,
    owner: usize,
    pools: &'p Pools<'a>,
}

impl<'a> Listed<'a, '_> {
    fn bind(&self, bindings: &mut Vec<Binding<'a>>) {
        for entry in &self.ingress.tls {
            for host in &entry.hosts {
                let claim = self.claim(entry, host);
                let outcome = match &claim.wanted {
                    Wanted::Secret(reference) => self.choose(&claim, reference),
                    _ => contract::without_secret(self.chooser.controller),
                };
                bindings.push(Binding::new(claim, outcome));
            }
        }
        let is_exact = self.chooser.choice == Choice::Exact;
        // Without `hosts` the controller decides what the entry is for.
        let is_open = self.chooser.choice == Choice::Contract
            && self.ingress.tls.iter().any(|entry| entry.hosts.is_empty());
        if self.ingress.tls.is_empty() {
            return;
        }
        for host in unlisted(self.ingress, is_exact) {
            let claim = unlisted_claim(host, self.owner);
            let outcome = if is_open {
                Outcome::Unknown(
                    "the controller decides what an entry without hosts is for".to_owned(),
                )
            } else {
                self.of_pool(&claim.pattern, &host.at)
            };
            bindings.push(Binding::new(claim, outcome));
        }
        let literally = unlisted(self.ingress, true).into_iter();
        for host in
            literally.filter(|host| !is_exact && self.ingress.is_taken_by_listed(&host.value))
        {
            let claim = unlisted_claim(host, self.owner);
            bindings.push(Binding::new(claim, Outcome::OfListener));
        }
    }

    fn claim(&self, entry: &'a TlsEntry, host: &'a Spanned<String>) -> Claim<'a> {
        let namespace = match self.chooser.controller {
            Controller::Contour => contour::tls_namespace(self.ingress),
            _ => &self.ingress.meta.namespace,
        };
        Claim {
            pattern: HostPattern::ingress(&host.value),
            host: Cow::Borrowed(host),
            owner: self.owner,
            wanted: match &entry.secret {
                Some(secret) => Wanted::Secret(Reference {
                    issued_for: issued(self.ingress, Some(entry)),
                    ..Reference::new(qualified(namespace, &secret.value), &secret.at)
                }),
                None => Wanted::Default,
            },
            // The contract holds for each entry by itself; the controllers take the first.
            rivalry: match self.chooser.choice {
                Choice::Listed => Rivalry::Always,
                _ => Rivalry::OtherObjects,
            },
        }
    }

    fn choose(&self, claim: &Claim<'a>, reference: &Reference<'a>) -> Outcome<'a> {
        let Chooser { controller, choice } = self.chooser;
        let namespace = self.ingress.meta.namespace.as_str();
        let inventory = &self.inventory;
        match choice {
            _ if controller == Controller::Contour => {
                contour::choose(claim, reference, ("Ingress", namespace), inventory)
            }
            Choice::Exact => f5::choose(claim, reference, inventory),
            Choice::Likely => contract::likely(claim, reference, controller, inventory),
            Choice::Pool => {
                let whose = (controller, namespace);
                pool::choose(claim, reference, whose, self.pools, inventory)
            }
            _ => contract::with_secret(claim, reference, inventory),
        }
    }

    /// What becomes of a host that no entry lists: a Secret of the pool covers it, or may.
    fn of_pool(&self, pattern: &HostPattern, at: &'a Location) -> Outcome<'a> {
        if self.chooser.choice != Choice::Pool {
            return Outcome::Unlisted;
        }
        let pool = self.pools.of(&self.ingress.meta.namespace);
        let key = pool.and_then(|pool| pool.covering(pattern));
        let secrets = &self.inventory.cluster.secrets;
        let bundle = key.and_then(|key| secrets.get(key)?.bundle);
        match bundle {
            Some(bundle) => Outcome::Served {
                chosen: vec![Chosen {
                    key: key.map(str::to_owned),
                    bundle,
                    at,
                }],
                doubt: None,
            },
            None if pool.is_none_or(|pool| !pool.is_known) => {
                Outcome::Unknown("other Secrets of the pool are not known".to_owned())
            }
            None => Outcome::Unlisted,
        }
    }
}

/// The listed hosts of an Ingress whose Secrets are not used.
fn elsewhere(ingress: &Ingress, owner: usize) -> impl Iterator<Item = Binding<'_>> {
    let hosts = ingress.tls.iter().flat_map(|entry| &entry.hosts);
    let others = match ingress.tls.is_empty() {
        true => Vec::new(),
        false => unlisted(ingress, true),
    };
    hosts.chain(others).map(move |host| {
        let claim = Claim {
            wanted: Wanted::Elsewhere,
            ..unlisted_claim(host, owner)
        };
        Binding::new(claim, Outcome::Unknown(ELSEWHERE.to_owned()))
    })
}

/// cert-manager writes the Secrets of an annotated Ingress for its hosts.
pub(super) fn issued<'a>(ingress: &'a Ingress, entry: Option<&'a TlsEntry>) -> Option<Issued<'a>> {
    let issued = Issued::Ingress(ingress, entry);
    ingress.meta.has_shim().then_some(issued)
}

/// A rule host that no `tls` entry lists.
pub(super) fn unlisted_claim(host: &Spanned<String>, owner: usize) -> Claim<'_> {
    Claim {
        pattern: HostPattern::ingress(&host.value),
        host: Cow::Borrowed(host),
        owner,
        wanted: Wanted::Default,
        rivalry: Rivalry::None,
    }
}

/// Rule hosts that no `tls` entry lists, each once; `literally`: a listed wildcard takes nothing.
pub(super) fn unlisted(ingress: &Ingress, literally: bool) -> Vec<&Spanned<String>> {
    let is_listed = |host: &str| {
        ingress.listed(host).is_some() || (!literally && ingress.is_taken_by_listed(host))
    };
    let mut seen = BTreeSet::new();
    ingress
        .rules
        .iter()
        .filter_map(|rule| rule.host.as_ref())
        .filter(|host| !is_listed(&host.value) && seen.insert(&host.value))
        .collect()
}

/// The hosts of `tls` that no rule serves.
fn without_rule(ingress: &Ingress) -> impl Iterator<Item = Note<'_>> {
    let hosts = ingress.tls.iter().flat_map(|entry| &entry.hosts);
    let hosts = hosts.filter(|_| !ingress.rules.is_empty());
    hosts
        .filter(|host| !ingress.has_rule_for(&host.value))
        .map(Note::NoRule)
}

/// Hosts that the API server takes and no certificate can carry.
fn impossible(ingress: &Ingress) -> Vec<Note<'_>> {
    let listed = ingress.tls.iter().flat_map(|entry| &entry.hosts);
    let rules = ingress.rules.iter().filter_map(|rule| rule.host.as_ref());
    let mut seen = BTreeSet::new();
    let mut notes = Vec::new();
    for host in listed.chain(rules) {
        let name = host.value.strip_prefix("*.").unwrap_or(&host.value);
        let reason = if name.split('.').any(|label| label.len() > 63) {
            "a label is longer than the 63 bytes that DNS and certificates allow"
        } else if host.value.starts_with("*.") && !name.contains('.') {
            "no client takes a wildcard directly below a top-level domain"
        } else {
            continue;
        };
        if seen.insert(&host.value) {
            notes.push(Note::Impossible { host, reason });
        }
    }
    notes
}
