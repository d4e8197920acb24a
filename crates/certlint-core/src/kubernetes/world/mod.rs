//! The deployments of a run: which objects belong to one cluster.
//!
//! ```text
//! kustomizations, Flux, Argo CD ─▶ Plan      how each text is read: where, and with which namespace
//! objects, each with its identity ─▶ split   one world for each copy of what is there several times
//! ```
//!
//! A run over a directory may hold the same object several times: for each cluster, each version of
//! an example, base and overlay. Those are copies, not rivals. Wherever two texts give one object
//! with different content, the deepest directory that has both is split: each of its children that
//! holds a copy is a world of its own, which also sees all that is outside of the copies.

mod deployer;
mod identity;
mod kustomization;
mod patch;
mod plan;
mod split;

pub(super) use identity::identity;
pub(super) use plan::Plan;
pub(super) use split::{Placed, split};
