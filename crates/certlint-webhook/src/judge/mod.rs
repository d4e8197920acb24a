//! Judges requests: an object as it was sent, and what is known of the cluster, give a decision.
//!
//! ```text
//! Request ─ review ─┬─▶ skipped
//!                   └─▶ Surroundings (store) ─ assess ─▶ what is said ─ ratchet ─▶ Decision
//!                              ▲                              │
//!                              └──── confirm (API server) ◀───┘ only before a refusal
//! ```
//!
//! Everything but [`Live`] is a function of its arguments, so that all replicas answer alike and a
//! dry run is no special case. Nothing here logs, counts or remembers.

mod assess;
mod confirm;
mod decision;
mod existing;
mod object;
mod policy;
mod ratchet;
mod request;
mod review;
mod secret;
mod surroundings;
#[cfg(test)]
mod tests;
mod verdict;
mod wording;

pub(crate) use self::decision::{Cause, Decision, DecisionKind};
pub(crate) use self::existing::{Failing, existing};
pub(crate) use self::policy::{Policy, mode_name};
pub(crate) use self::request::{Live, LiveSecret, Request};

use certlint_core::kubernetes::kinds::SECRET;

use self::review::Review;
use self::surroundings::Surroundings;
use self::verdict::Found;
use crate::store::Store;

/// Judges a request at the moment `now` (unix seconds).
pub(crate) async fn judge(
    store: &Store,
    live: &impl Live,
    policy: &Policy,
    request: &Request<'_>,
    now: i64,
) -> Decision {
    let mut review = match review::begin(store, policy, request, now) {
        Ok(review) => review,
        Err(decision) => return *decision,
    };
    if *review.kind == SECRET {
        review.read_old();
        return secret::judge(store, policy, request, &review, now);
    }
    let mut around = surroundings(store, live, policy, &review);
    if around.is_too_large() {
        return review::unreadable(policy, review.mode, review.kind_name);
    }
    let mut found = Found::assess(&review, &around, policy, now);
    if found.has_errors() && review.read_old() {
        around = surroundings(store, live, policy, &review);
        if around.is_too_large() {
            return review::unreadable(policy, review.mode, review.kind_name);
        }
        found = Found::assess(&review, &around, policy, now);
    }
    if found.needs_a_look() && !policy.ignores_secrets {
        let names = around.to_confirm(&review);
        around.learn(confirm::ask(live, names, request.deadline).await);
        found = Found::assess(&review, &around, policy, now);
    }
    found.decide(&review, &around, policy)
}

/// The neighbours of the states of the object that were read, but not the object itself.
fn surroundings(
    store: &Store,
    live: &impl Live,
    policy: &Policy,
    review: &Review<'_>,
) -> Surroundings {
    let mut around = Surroundings::default();
    for sent in review.states() {
        around.add(store.neighbours(&sent.kept));
    }
    around.remove(&review.sent.kept.object_name());
    if policy.ignores_secrets {
        around.ignore_secrets();
    }
    around.look_for_grants(review.kind, live);
    around
}
