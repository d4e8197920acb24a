//! Kubernetes manifests: from the trees of `manifest-syntax` to objects, and from these to endpoints.

mod assemble;
mod bind;
mod claim;
mod cluster;
mod controller;
mod controllers;
mod facts;
mod gateway;
mod host_index;
mod inventory;
pub mod kinds;
mod list;
mod lower;
mod mounts;
mod object;
mod public;
mod reading;
mod secrets;
mod shared;
mod sniff;
mod summary;
mod upstream;
mod verification;
mod world;

pub use controller::Choice;
pub use list::{Object, objects};
pub use lower::{Lowered, Options, is_namespace, lower, lower_beside};
pub use shared::Shared;
pub use sniff::looks_like_manifest;
pub(crate) use summary::summarise;
pub use summary::{KeyState, OwnFinding, SecretSummary};
