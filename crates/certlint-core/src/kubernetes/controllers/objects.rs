//! The other kinds that pair hosts with certificates: each is claims at the listener of its
//! controller.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::traefik::Pool;
use super::{contour, contract, f5, istio, traefik};
use crate::kubernetes::bind::Binder;
use crate::kubernetes::claim::{Binding, Chosen, Claim, Front, Outcome, Owner, Rivalry, Wanted};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::controller::Controller;
use crate::kubernetes::inventory::{Inventory, Issued, Reference};
use crate::kubernetes::object::{Certificate, Inline, Pairing};
use crate::model::{Cause, Serving, Unknown};
use crate::name::Depth;
use crate::source::Spanned;

/// Binds the hosts of all pairings, with a listener for each controller.
pub(in crate::kubernetes) fn bind_objects(binder: &mut Binder<'_, '_>) {
    let inventory = binder.inventory;
    let pairings = &inventory.cluster.objects.pairings;
    let mut fronts: BTreeMap<&'static str, (Controller, Vec<&Pairing>)> = BTreeMap::new();
    for pairing in pairings.iter().filter(|it| !it.meta.is_being_deleted) {
        let controller = controller(&pairing.certificate);
        let front = fronts.entry(label(&pairing.certificate));
        let (_, members) = front.or_insert_with(|| (controller, Vec::new()));
        members.push(pairing);
    }
    if fronts.is_empty() {
        return;
    }
    let pool = Pool::new(inventory.cluster);
    for (label, (controller, members)) in fronts {
        if controller == Controller::Istio {
            binder.notes(istio::claimed_twice(&members, inventory.cluster));
        }
        let mut bindings = Vec::new();
        for (owner, pairing) in members.iter().enumerate() {
            for wanted in wanted(pairing, inventory.cluster) {
                for host in &pairing.hosts {
                    let claim = Claim {
                        host: Cow::Borrowed(&host.text),
                        pattern: host.pattern.clone(),
                        owner,
                        wanted: wanted.clone(),
                        rivalry: Rivalry::None,
                    };
                    let outcome = choose(&claim, controller, pairing, &pool, &inventory);
                    bindings.push(Binding::new(claim, outcome));
                }
            }
        }
        let front = Front {
            label: label.to_owned(),
            depth: match controller {
                Controller::F5 | Controller::Istio => Depth::Any,
                _ => Depth::One,
            },
            // Which certificate a controller brings itself is in no manifest.
            fallback: match controller {
                Controller::Traefik => pool.fallback(inventory.cluster),
                _ => Serving::Unknown(Unknown::new(
                    Cause::Elsewhere,
                    "the controller may have a certificate of its own",
                )),
            },
            owners: members.iter().map(|pairing| owner(pairing)).collect(),
            is_shared: false,
        };
        binder.front(front, bindings);
    }
}

/// The Secrets that these objects mean, as `NAMESPACE/NAME`.
pub(in crate::kubernetes) fn named_secrets(cluster: &Cluster) -> BTreeSet<String> {
    let pairings = cluster.objects.pairings.iter();
    let wanted = pairings.flat_map(|pairing| wanted(pairing, cluster));
    let mut named: BTreeSet<String> = wanted
        .filter_map(|wanted| match wanted {
            Wanted::Secret(reference) | Wanted::AnyOf(Some(reference)) => Some(reference.key),
            _ => None,
        })
        .collect();
    named.extend(cluster.objects.store_secrets());
    named
}

fn controller(certificate: &Certificate) -> Controller {
    match certificate {
        Certificate::Contour(_) => Controller::Contour,
        Certificate::F5 { .. } => Controller::F5,
        Certificate::Istio { .. } => Controller::Istio,
        Certificate::Inline(_) => Controller::OpenShift,
        Certificate::Secret { .. } => Controller::Unknown,
        Certificate::Traefik(_) => Controller::Traefik,
    }
}

/// The name of a controller's listener.
fn label(certificate: &Certificate) -> &'static str {
    match certificate {
        Certificate::Contour(_) => "contour",
        Certificate::F5 { .. } => "f5-nginx",
        Certificate::Istio { .. } => "istio",
        Certificate::Inline(_) => "openshift",
        Certificate::Secret { front, .. } => front,
        Certificate::Traefik(_) => "traefik",
    }
}

fn owner(pairing: &Pairing) -> Owner<'_> {
    Owner {
        certificates: match &pairing.certificate {
            Certificate::Inline(Inline::Taken(_, pair)) => Arc::new([(**pair).clone()]),
            _ => Arc::default(),
        },
        ..Owner::new(&pairing.meta.at)
    }
}

/// The certificates that the hosts of a pairing ask for.
fn wanted<'a>(pairing: &'a Pairing, cluster: &Cluster) -> Vec<Wanted<'a>> {
    let namespace = &pairing.meta.namespace;
    let beside = |secret: &'a Spanned<String>| {
        Reference::new(format!("{namespace}/{}", secret.value), &secret.at)
    };
    vec![match &pairing.certificate {
        Certificate::Contour(secret) => {
            let key = contour::key(namespace, &secret.value);
            Wanted::Secret(Reference::new(key, &secret.at))
        }
        Certificate::F5 { secret: None, .. } => Wanted::Default,
        Certificate::F5 {
            secret: Some(secret),
            is_issued,
        } => Wanted::Secret(Reference {
            issued_for: is_issued.then_some(Issued::VirtualServer),
            ..beside(secret)
        }),
        Certificate::Istio {
            credential,
            selector,
            ..
        } => {
            let located = istio::locate(namespace, &credential.value, selector, cluster);
            let located = located.into_iter().map(|one| {
                Wanted::Secret(Reference {
                    is_guess: one.is_guess,
                    ..Reference::new(one.key, &credential.at)
                })
            });
            return located.collect();
        }
        Certificate::Inline(Inline::Taken(bundle, pair)) => Wanted::Inline(*bundle, &pair.at),
        Certificate::Inline(Inline::Read(_)) => return Vec::new(),
        Certificate::Secret {
            namespace, name, ..
        } => {
            let key = format!("{namespace}/{}", name.value);
            Wanted::Secret(Reference::new(key, &name.at))
        }
        Certificate::Traefik(secret) => Wanted::AnyOf(secret.as_ref().map(beside)),
    }]
}

fn choose<'a>(
    claim: &Claim<'a>,
    controller: Controller,
    pairing: &'a Pairing,
    pool: &Pool<'a>,
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    let reference = match &claim.wanted {
        Wanted::Secret(reference) => reference,
        Wanted::AnyOf(own) => return traefik::choose(claim, own.as_ref(), pool, inventory),
        Wanted::Inline(bundle, at) => {
            let chosen = Chosen {
                key: None,
                bundle: *bundle,
                at,
            };
            return Outcome::Served {
                chosen: vec![chosen],
                doubt: None,
            };
        }
        _ => return contract::without_secret(controller),
    };
    match controller {
        Controller::Contour => {
            let from = ("HTTPProxy", pairing.meta.namespace.as_str());
            contour::choose(claim, reference, from, inventory)
        }
        Controller::F5 => f5::choose(claim, reference, inventory),
        Controller::Istio => istio::choose(claim, reference, inventory),
        _ => contract::with_secret(claim, reference, inventory),
    }
}
