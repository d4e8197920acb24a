//! Istio: Gateway.
//!
//! The Secret is read in the namespace of the Pods that the Gateway selects, not in that of the
//! Gateway (Istio manual, "Secure Gateways"): known where their Deployment is in the input, and
//! else a guess. Besides `tls.crt` and `tls.key` it may hold `cert` and `key`.

use std::collections::{BTreeMap, BTreeSet};

use super::contract;
use crate::kubernetes::claim::{Claim, Outcome};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::inventory::{Inventory, Reference, State};
use crate::kubernetes::object::Certificate;

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
        workloads.insert(namespace);
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
    let mut keys = BTreeSet::new();
    for pairing in &cluster.objects.pairings {
        if let Certificate::Istio {
            credential,
            selector,
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
