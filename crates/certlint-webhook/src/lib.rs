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

mod args;
mod audit;
mod certificate;
mod clock;
#[doc(hidden)]
pub mod harness;
mod judge;
mod log;
mod metrics;
mod process;
mod program;
mod reviewer;
mod selftest;
mod serve;
mod settings;
mod store;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

/// The program: reads the command line and runs until it is told to stop.
#[must_use]
pub fn run() -> ExitCode {
    program::run(&args::Cli::parse())
}
