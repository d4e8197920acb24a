//! Runs the fuzz targets of `fuzz/`, each for a bounded time.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::{say, shell, tools};

/// How long each target runs in `cargo xtask test`.
pub(crate) const SECONDS: u32 = 10;

/// Runs every target for `seconds`.
pub(crate) fn run(seconds: u32) -> Result<()> {
    let cargo_fuzz = tools::cargo_fuzz()?;
    let mut targets: Vec<_> = fs::read_dir(shell::root().join("fuzz/fuzz_targets"))
        .context("no fuzz targets")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    targets.sort();
    let mut failed = Vec::new();
    for target in &targets {
        let name = target
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut command = std::process::Command::new(&cargo_fuzz);
        // No sanitizer: safe Rust needs none, and with one only a nightly compiler would do.
        command.args(["run", "--sanitizer", "none", &name, "--"]);
        command.args([
            &format!("-max_total_time={seconds}"),
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-verbosity=0",
            "-print_final_stats=0",
        ]);
        say::aside(format!("fuzz: {name}, {seconds} s"));
        if shell::run(command.current_dir(shell::root())).is_err() {
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!(
            "fuzzing stopped in {}; see fuzz/artifacts",
            failed.join(", ")
        );
    }
    say::line(format!("fuzz: {} targets, {seconds} s each", targets.len()));
    Ok(())
}
