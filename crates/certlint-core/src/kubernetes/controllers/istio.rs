//! Istio: Gateway.
//!
//! The Secret is read in the namespace of the Pods that the Gateway selects, not in that of the
//! Gateway (Istio manual, "Secure Gateways"): known where their Deployment is in the input, and
//! else a guess. Besides `tls.crt` and `tls.key` it may hold `cert` and `key`.

use std::collections::{BTreeMap, BTreeSet};

use super::contract;
use crate::kubernetes::claim::{Claim, Note, Outcome};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::inventory::{Inventory, Reference, State};
use crate::kubernetes::object::{Certificate, Pairing};
use crate::name::HostPattern;
use crate::source::Location;

/// A Secret that a Gateway may mean.
pub(super) struct Located {
    /// `NAMESPACE/NAME`.
    pub(super) key: String,
    /// The Pods are not known, and so their namespace is not.
    pub(super) is_guess: bool,
}

/// The Secrets that a Gateway of `namespace` may mean: one for each namespace with such Pods.
pub(super) fn locate(
    namespace: &str,
    credential: &str,
    selector: &BTreeMap<String, String>,
    cluster: &Cluster,
) -> Vec<Located> {
    let mut workloads = cluster.objects.workloads.namespaces(selector);
    let is_guess = workloads.is_empty();
    if is_guess {
        // The only Secret of that name is most likely the one that is meant.
        workloads.insert(match cluster.namespaces_of_secrets.get(credential) {
            Some(only) if only.len() == 1 => only[0].as_str(),
            _ => namespace,
        });
    }
    let key = |namespace| format!("{namespace}/{credential}");
    workloads
        .into_iter()
        .map(|namespace| Located {
            key: key(namespace),
            is_guess,
        })
        .collect()
}

/// Hosts that two Gateways of the same Pods and port claim with different credentials.
pub(super) fn claimed_twice<'a>(pairings: &[&'a Pairing], cluster: &Cluster) -> Vec<Note<'a>> {
    let mut hosts: BTreeMap<(String, &str, &BTreeMap<String, String>), Claimed<'a>> =
        BTreeMap::new();
    let mut notes = Vec::new();
    for pairing in pairings {
        let Certificate::Istio {
            credential,
            port,
            selector,
        } = &pairing.certificate
        else {
            continue;
        };
        let located = locate(
            &pairing.meta.namespace,
            &credential.value,
            selector,
            cluster,
        );
        let secrets: Vec<String> = located.into_iter().map(|one| one.key).collect();
        for host in &pairing.hosts {
            let at = (
                host.text.value.to_ascii_lowercase(),
                port.as_str(),
                selector,
            );
            let claim = Claimed {
                owner: &pairing.meta.at,
                at: &host.text.at,
                secrets: secrets.clone(),
            };
            let Some(winner) = hosts.get(&at) else {
                hosts.insert(at, claim);
                continue;
            };
            if winner.owner != claim.owner && winner.secrets != claim.secrets {
                notes.push(Note::ClaimedTwice {
                    host: host.text.value.clone(),
                    loser: claim.at,
                    winner: winner.at,
                    loser_secrets: claim.secrets,
                    winner_secrets: winner.secrets.clone(),
                    pattern: HostPattern::ingress(&host.text.value),
                    is_decided: false,
                });
            }
        }
    }
    notes
}

/// A host of a Gateway.
struct Claimed<'a> {
    owner: &'a Location,
    at: &'a Location,
    secrets: Vec<String>,
}

/// Serves a host with its Secret; a guess that is not in the input says nothing.
pub(super) fn choose<'a>(
    claim: &Claim<'a>,
    reference: &Reference<'a>,
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    if reference.is_guess && !inventory.cluster.secrets.contains_key(&reference.key) {
        return Outcome::Lacks(reference.clone(), State::NotLookedUp);
    }
    let mut outcome = contract::with_secret(claim, reference, inventory);
    if let Outcome::Served { doubt, .. } = &mut outcome
        && reference.is_guess
    {
        let guess = "which namespace the gateway's Pods are in is not known here";
        doubt.get_or_insert_with(|| guess.to_owned());
    }
    outcome
}

/// Takes Secrets with `cert` and `key` for certificates where a Gateway uses them.
pub(in crate::kubernetes) fn promote_generic_secrets(cluster: &mut Cluster) {
    cluster.index_credentials();
    let mut keys = BTreeSet::new();
    for pairing in &cluster.objects.pairings {
        if let Certificate::Istio {
            credential,
            selector,
            ..
        } = &pairing.certificate
        {
            let namespace = &pairing.meta.namespace;
            let located = locate(namespace, &credential.value, selector, cluster);
            keys.extend(located.into_iter().map(|one| one.key));
        }
    }
    for key in keys {
        if let Some(kept) = cluster.secrets.get_mut(&key) {
            kept.take_generic();
        }
    }
}
