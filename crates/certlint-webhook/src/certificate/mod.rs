//! Mode `self`: the process makes its serving certificate.
//!
//! ```text
//! Secret with our CA ─▶ certificate for this replica, in memory only ─▶ TLS listener
//!         └─ ca.crt ──▶ `caBundle` of our ValidatingWebhookConfiguration
//! ```
//!
//! All replicas share the CA and sign for themselves. A CA is replaced long before it ends: the
//! new one is put beside the old one in `ca.crt` and `caBundle`, and a replica shows nothing signed
//! by it before the API server has been told to trust it. What was signed by the old CA stays good
//! until the old CA ends, so that there is no moment without trust.
//!
//! Everything is read again every ten seconds, by the wall clock: the timers of a virtual machine
//! stand still while it is suspended.

mod authority;
mod bundle;
mod keeper;
mod lease;
mod publish;
mod secret;

#[cfg(test)]
mod tests;

pub(crate) use keeper::{Current, Keeper, Names};
pub(crate) use lease::Lease;
