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
#[allow(dead_code, unused_imports, reason = "what serves is not there yet")]
mod judge;
#[allow(dead_code, reason = "what serves is not there yet")]
mod settings;
#[allow(dead_code, reason = "what judges and watches is not there yet")]
mod store;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::args::Cli;
use crate::settings::Settings;

/// The program: reads the command line and runs until it is told to stop.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // Two providers may be in the graph of dependencies; rustls panics unless one is chosen.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match settings(&cli) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn settings(cli: &Cli) -> anyhow::Result<Settings> {
    let Some(path) = &cli.config else {
        return Ok(Settings::default());
    };
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    let (settings, _) = Settings::read(&text)
        .map_err(|mistakes| anyhow::anyhow!("`{name}`: {}", mistakes.join("; ")))?;
    Ok(settings)
}
