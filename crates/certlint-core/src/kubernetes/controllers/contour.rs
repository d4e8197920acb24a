//! Contour: HTTPProxy, and Ingresses of its class.
//!
//! The Secret is served without a look at its names. One of another namespace must have been
//! delegated by a TLSCertificateDelegation there (Contour manual, "TLS delegation").

use super::contract;
use crate::kubernetes::claim::{Claim, Outcome, Refused};
use crate::kubernetes::facts::{Ingress, qualified};
use crate::kubernetes::inventory::{Inventory, Reference};
use crate::model::GrantKind;

/// The Secret as it is named by something in `namespace`: `NAME` or `NAMESPACE/NAME`.
pub(super) fn key(namespace: &str, secret: &str) -> String {
    match secret.contains('/') {
        true => secret.to_owned(),
        false => qualified(namespace, secret),
    }
}

/// The namespace of the Secrets of an Ingress.
pub(in crate::kubernetes) fn tls_namespace(ingress: &Ingress) -> &str {
    let named = ingress
        .meta
        .annotation("projectcontour.io/tls-cert-namespace");
    let named = named.filter(|namespace| !namespace.value.is_empty());
    named.map_or(&ingress.meta.namespace, |namespace| &namespace.value)
}

/// Serves a host of an object in `namespace` with its Secret, where it may.
pub(super) fn choose<'a>(
    claim: &Claim<'a>,
    reference: &Reference<'a>,
    (kind, namespace): (&'static str, &'a str),
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    if is_refused(namespace, &reference.key, inventory) {
        return Outcome::NotGranted(Refused {
            kind,
            from: namespace,
            reference: reference.clone(),
            grant: GrantKind::TlsCertificateDelegation,
            is_certain: true,
        });
    }
    contract::with_secret(claim, reference, inventory)
}

/// The namespace of the Secret does not delegate it.
///
/// Where nothing of that namespace is in the input, its delegations are elsewhere, too.
fn is_refused(namespace: &str, key: &str, inventory: &Inventory<'_>) -> bool {
    let Some((owner, _)) = key.split_once('/') else {
        return false;
    };
    let cluster = inventory.cluster;
    let delegations = &cluster.objects.delegations;
    let is_here = cluster.has_secret(key)
        || cluster.requests.contains_key(key)
        || cluster.suppliers.contains_key(key)
        || delegations.is_from(owner);
    owner != namespace && !delegations.allow(key, namespace) && is_here
}
