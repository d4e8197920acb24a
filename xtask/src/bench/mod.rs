//! Measures certlint beside other programs, on generated inputs.
//!
//! All programs run in turns on the same files, so that a busy machine slows all of them; medians are
//! compared.

mod certificates;
mod cluster;
pub(crate) mod histogram;
mod manifests;
pub(crate) mod measure;
mod nginx;
mod tree;
mod webhook;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum as _;
use serde::Deserialize;

use crate::e2e::pace;
use crate::{say, shell};

/// What is measured apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    Nginx,
    Manifests,
    Webhook,
    ApiServer,
}

/// Measures one part, or everything, and prints it beside the targets.
pub(crate) fn run(part: Option<Part>) -> Result<()> {
    let folder = shell::target().join("bench");
    let parts = part.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            say::line("");
        }
        match part {
            Part::Nginx => nginx::run(&shell::certlint(true)?, &folder)?,
            Part::Manifests => manifests::run(&shell::certlint(true)?, &folder)?,
            Part::Webhook => webhook::run(&folder)?,
            Part::ApiServer => pace::run()?,
        }
    }
    Ok(())
}

fn target(what: &str, value: f64, target: f64, reached: bool, unit: &str) {
    let verdict = if reached { "reached" } else { "NOT REACHED" };
    say::line(format!(
        "{what:45} {value:8.1}{unit} (target {target}{unit}: {verdict})"
    ));
}

/// A figure that should not be above its target.
pub(crate) fn at_most(what: &str, value: f64, limit: f64, unit: &str) {
    target(what, value, limit, value <= limit, unit);
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

/// What certlint says that it has read; printed, too.
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
