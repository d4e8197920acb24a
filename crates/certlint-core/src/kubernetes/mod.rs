//! Kubernetes manifests: from the trees of `manifest-syntax` to objects, and from these to endpoints.

mod assemble;
mod cluster;
mod controller;
mod facts;
mod gateway;
mod host_index;
mod ingress_nginx;
mod list;
mod lower;
mod mounts;
mod nginx_hosts;
mod object;
mod pool;
mod public;
mod secret_use;
mod secrets;
mod shim;
mod sniff;
mod summary;
mod upstream;
mod verification;

pub use controller::Choice;
pub use list::{Object, objects};
pub use lower::{Lowered, Options, is_namespace, lower, lower_beside};
pub use sniff::looks_like_manifest;
pub use summary::{KeyState, OwnFinding, SecretSummary, Shared};
pub(crate) use summary::{LATER, summarise};
