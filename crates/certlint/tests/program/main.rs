//! The program as its users see it: what is read, what is written where, and the exit code.
//!
//! Every test runs the real binary in a directory of its own, with an empty environment.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod cert;
mod certificates;
mod check;
mod color;
mod commands;
mod config;
mod discovery;
mod dump;
mod hostile;
mod hostile_manifests;
mod identity;
mod manifests;
mod mapping;
mod resolve;
mod support;
