//! The contract of the Ingress API, and of most other kinds: a host is served with the Secret that it
//! is listed with, whatever that covers.

use crate::finding::Level;
use crate::kubernetes::claim::{Chosen, Claim, Outcome};
use crate::kubernetes::controller::Controller;
use crate::kubernetes::inventory::{Inventory, Reference, State};
use crate::model::PlaceholderReason;

/// Serves a host with this very Secret.
pub(super) fn with_secret<'a>(
    claim: &Claim<'a>,
    reference: &Reference<'a>,
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    let wish = claim.wish();
    let kept = match inventory.state_of(&reference.key, reference.issued_for, &wish) {
        State::There(kept) => kept,
        state => return Outcome::Lacks(reference.clone(), state),
    };
    if let Some(miss) = inventory.request_to_blame(reference, &wish, kept) {
        return Outcome::Lacks(reference.clone(), State::Misses(miss));
    }
    let chosen = kept.bundle.map(|bundle| Chosen {
        key: Some(reference.key.clone()),
        bundle,
        at: reference.at,
    });
    Outcome::Served {
        chosen: chosen.into_iter().collect(),
        doubt: inventory.rewritten(reference, &wish),
    }
}

/// The same for a controller of which it is not known how it chooses.
pub(super) fn likely<'a>(
    claim: &Claim<'a>,
    reference: &Reference<'a>,
    controller: Controller,
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    let mut outcome = with_secret(claim, reference, inventory);
    if let Outcome::Served { doubt, .. } = &mut outcome {
        *doubt = Some(format!(
            "how {} chooses is not known in detail",
            controller.name()
        ));
    }
    outcome
}

/// No Secret is named, so that the controller serves what it has for such hosts.
pub(super) fn without_secret<'a>(controller: Controller) -> Outcome<'a> {
    Outcome::Placeholder {
        controller,
        why: PlaceholderReason::NoSecretName,
        secret: None,
        level: Level::Info,
    }
}
