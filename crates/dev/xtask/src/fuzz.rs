//! Runs the fuzz targets of `crates/dev/fuzz/`, each for a bounded time.

use std::fs;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use tools::{say, shell};

/// A workspace of its own.
const FOLDER: &str = "crates/dev/fuzz";

/// How long each target runs in `cargo xtask test`.
pub(crate) const SECONDS: u32 = 10;

/// No sanitizer: safe Rust needs none, and with one only a nightly compiler would do.
const FLAGS: [&str; 2] = ["--sanitizer", "none"];

/// Files to begin with, for targets that would take long to find the shape of their input.
const SEEDS: [(&str, &str); 6] = [
    ("lexer", "crates/dev/fuzz/seeds/pipeline"),
    ("manifests", "fixtures/kubernetes"),
    ("names", "crates/dev/fuzz/seeds/names"),
    ("pem", "fixtures/certs"),
    ("pipeline", "crates/dev/fuzz/seeds/pipeline"),
    ("review", "crates/dev/fuzz/seeds/review"),
];

/// Runs every target for `seconds`.
pub(crate) fn run(seconds: u32) -> Result<()> {
    let cargo_fuzz = tools::cargo_fuzz()?;
    let mut targets: Vec<_> = fs::read_dir(shell::root().join(FOLDER).join("fuzz_targets"))
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
        let corpus = format!("{FOLDER}/corpus/{name}");
        fs::create_dir_all(shell::root().join(&corpus))?;
        let mut command = Command::new(&cargo_fuzz);
        command.args(["run", "--fuzz-dir", FOLDER]).args(FLAGS);
        command.args([&name, &corpus]);
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
            "fuzzing stopped in {}; see {FOLDER}/artifacts",
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
    command.args(["build", "--fuzz-dir", FOLDER]).args(FLAGS);
    command.current_dir(shell::root());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("cannot run nice")
}
