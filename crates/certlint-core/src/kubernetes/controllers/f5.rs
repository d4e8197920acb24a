//! F5's NGINX Ingress Controller: VirtualServer and TransportServer, and Ingresses of its class.
//!
//! The Secret is served without a look at its names. One of another type than `kubernetes.io/tls`
//! is not taken, and handshakes are rejected (F5 NGINX Ingress Controller manual, VirtualServer).

use super::contract;
use crate::kubernetes::claim::{Claim, Outcome};
use crate::kubernetes::inventory::{Inventory, Reference};

/// Serves a host with its Secret, where that has the right type.
pub(super) fn choose<'a>(
    claim: &Claim<'a>,
    reference: &Reference<'a>,
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    let kept = inventory.cluster.secrets.get(&reference.key);
    match kept.filter(|kept| kept.secret.is_tls && !kept.secret.has_tls_type) {
        Some(kept) => Outcome::WrongType {
            secret: reference.key.clone(),
            at: &kept.secret.type_at,
        },
        None => contract::with_secret(claim, reference, inventory),
    }
}
