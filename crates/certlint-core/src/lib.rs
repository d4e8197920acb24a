//! The shared checks of certlint: names, certificates, and which one is served.
//!
//! Front-ends lower configurations into one [`model::Model`]; rules read only the model.
//!
//! ```text
//! nginx ──┐
//!         ├─ lower ─▶ Model ─ check ─▶ findings
//! (more) ─┘
//! ```
//!
//! Nothing in this crate touches the clock, the environment, the file system or the network:
//! `now` is a parameter and files come through [`files::Files`].

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod check;
pub mod config;
pub mod files;
pub mod finding;
pub mod frontend;
pub mod kubernetes;
pub mod ledger;
pub mod loader;
pub mod model;
pub mod name;
pub mod nginx;
pub mod resolve;
pub mod rules;
mod secret;
pub mod source;
mod text;
pub mod x509;
