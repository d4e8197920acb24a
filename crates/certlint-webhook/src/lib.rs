//! `certlint-webhook`: refuses, at admission, hosts that their certificate does not cover.
//!
//! ```text
//! API server ─ AdmissionReview ─▶ serve ─ request ─▶ judge ─ decision ─▶ serve ─▶ API server
//!                                                      ▲
//! API server ─ watch events ─▶ watch ─ facts ─▶ store ─┘
//! ```
//!
//! It is a library so that benchmarks and fuzz targets reach its parts; it has one user, the
//! program of the same name.

#[allow(dead_code, reason = "what judges and watches is not there yet")]
mod store;

use std::process::ExitCode;

/// The program: reads the command line and runs until it is told to stop.
#[must_use]
pub fn run() -> ExitCode {
    // Two providers may be in the graph of dependencies; rustls panics unless one is chosen.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    ExitCode::SUCCESS
}
