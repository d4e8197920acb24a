//! Runs the fuzz targets of `fuzz/`, each for a bounded time.

use std::fs;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{say, shell, tools};

/// How long each target runs in `cargo xtask test`.
pub(crate) const SECONDS: u32 = 10;

/// No sanitizer: safe Rust needs none, and with one only a nightly compiler would do.
const FLAGS: [&str; 2] = ["--sanitizer", "none"];

/// Files to begin with, for targets that would take long to find the shape of their input.
const SEEDS: [(&str, &str); 6] = [
    ("lexer", "fuzz/seeds/pipeline"),
    ("manifests", "fixtures/kubernetes"),
    ("names", "fuzz/seeds/names"),
    ("pem", "fixtures/certs"),
    ("pipeline", "fuzz/seeds/pipeline"),
    ("review", "fuzz/seeds/review"),
];

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
        let corpus = format!("fuzz/corpus/{name}");
        fs::create_dir_all(shell::root().join(&corpus))?;
        let mut command = Command::new(&cargo_fuzz);
        command.arg("run").args(FLAGS).args([&name, &corpus]);
        let seeds = SEEDS.iter().filter(|(target, _)| *target == name);
        command.args(seeds.map(|(_, folder)| folder)).arg("--");
        command.args([
            &format!("-max_total_time={seconds}"),
            "-timeout=30",
            "-rss_limit_mb=2048",
        ]);
        let output = shell::capture(command.current_dir(shell::root()))?;
        let text = String::from_utf8_lossy(&output.stderr);
        // The last line that libFuzzer writes about itself has the number of runs.
        let done = text.lines().rfind(|line| line.starts_with("Done "));
        say::line(format!("fuzz: {name}: {}", done.unwrap_or("stopped")));
        if !output.status.success() {
            say::aside(text);
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!(
            "fuzzing stopped in {}; see fuzz/artifacts",
            failed.join(", ")
        );
    }
    Ok(())
}

/// Begins to build the targets, for [`run`] to find them built: with what is left of the processors,
/// so that something else can go on meanwhile. What is wrong with them `run` will tell.
pub(crate) fn build() -> Result<Child> {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(tools::cargo_fuzz()?);
    command.arg("build").args(FLAGS).current_dir(shell::root());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("cannot run nice")
}
