//! Measures certlint beside other programs, on generated inputs.
//!
//! All programs run in turns on the same files, so that a busy machine slows all of them; medians are
//! compared.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: clock, environment, files and processes are what it is for"
)]

mod certificates;
mod cluster;
mod manifests;
mod measure;
mod nginx;
mod tree;
mod webhook;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum as _};
use serde::Deserialize;
use tools::shell::Profile;
use tools::{say, shell};

/// Measure certlint beside `nginx -t`, kubeconform and kube-score, and the webhook.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Args {
    /// The part to measure; without it everything.
    part: Option<Part>,
    /// Run this program with its arguments, and print what it needed.
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true)]
    measure: Vec<OsString>,
}

/// A part of the benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Nginx,
    Manifests,
    Webhook,
    ApiServer,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = if args.measure.is_empty() {
        run(args.part)
    } else {
        measure::child(&args.measure)
    };
    say::exit_code(done)
}

/// Measures one part, or everything, and prints it beside the targets.
fn run(part: Option<Part>) -> Result<()> {
    let folder = shell::target().join("bench");
    let parts = part.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            say::line("");
        }
        match part {
            Part::Nginx => nginx::run(&shell::certlint(Profile::Dist)?, &folder)?,
            Part::Manifests => manifests::run(&shell::certlint(Profile::Dist)?, &folder)?,
            Part::Webhook => webhook::run(&folder)?,
            Part::ApiServer => api_server()?,
        }
    }
    Ok(())
}

/// Measures how long a real API server waits: it needs the cluster of the end-to-end tests.
fn api_server() -> Result<()> {
    shell::run_package("e2e", &["--pace".into()])
}

#[derive(Deserialize)]
struct Report {
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    files: usize,
    certificates: usize,
    names: usize,
    errors: usize,
}

/// The counts that certlint reports to have read; printed, too.
fn read_summary(certlint: &Path, input: &Path) -> Result<Summary> {
    let output = shell::capture(Command::new(certlint).args(["--format", "json"]).arg(input))?;
    let report: Report = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let summary = report.summary;
    say::line(format!(
        "{}: certlint reads {} files, {} certificates, {} names; {} errors",
        input.display(),
        summary.files,
        summary.certificates,
        summary.names,
        summary.errors
    ));
    Ok(summary)
}

/// The folder of a generated tree; `fill` makes it when it is not there.
fn kept(parent: &Path, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = parent.join(name);
    if !folder.is_dir() {
        std::fs::create_dir_all(parent)?;
        let temporary = tempfile::tempdir_in(parent)?;
        fill(temporary.path())?;
        std::fs::rename(temporary.keep(), &folder)?;
    }
    Ok(folder)
}
