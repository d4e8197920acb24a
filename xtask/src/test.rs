//! Everything that must hold, step by step; a step that fails does not hide the later ones.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{chart, corpus, e2e, fuzz, generate, oracle, say, shell, tools};

type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 12] = [
    ("tools", tools::run),
    ("format", format),
    ("lints", lints),
    ("documentation", documentation),
    ("tests", tests),
    ("generated files", || generate::run(true)),
    ("chart", || chart::run(false)),
    ("cluster", cluster),
    ("oracle", || oracle::run(&oracle::Args::default())),
    ("corpus", corpus::run),
    ("fuzzing", || fuzz::run(fuzz::SECONDS)),
    ("first command of the README", smoke),
];

/// Runs all steps.
pub(crate) fn run() -> Result<()> {
    let mut passed = 0;
    let mut lines = Vec::new();
    for (name, step) in STEPS {
        say::aside(format!("── {name}"));
        let began = Instant::now();
        let done = step();
        let seconds = began.elapsed().as_secs_f32();
        lines.push(match done {
            Ok(()) => {
                passed += 1;
                format!("ok    {name} ({seconds:.1} s)")
            }
            Err(error) => {
                say::aside(format!("{name}: {error:#}"));
                format!("FAIL  {name} ({seconds:.1} s): {}", first_line(&error))
            }
        });
    }
    for line in &lines {
        say::line(line);
    }
    if !has_vectors() {
        say::line("NOT RUN: the name vectors of other suites, since CERTLINT_VECTORS is not set");
    }
    let failed = STEPS.len() - passed;
    say::line(format!("{passed} passed, {failed} failed"));
    if failed > 0 {
        bail!("{failed} steps failed");
    }
    Ok(())
}

fn first_line(error: &anyhow::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn has_vectors() -> bool {
    std::env::var_os("CERTLINT_VECTORS").is_some_and(|value| !value.is_empty())
}

fn format() -> Result<()> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    let mut clippy = shell::cargo();
    clippy.args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    shell::run(&mut clippy)
}

fn documentation() -> Result<()> {
    let mut doc = shell::cargo();
    doc.args(["doc", "--quiet", "--workspace", "--no-deps"]);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn tests() -> Result<()> {
    shell::run(shell::cargo().args(["test", "--quiet", "--workspace"]))
}

/// The cases mostly wait, and the fuzz targets take minutes to build: they are built meanwhile.
fn cluster() -> Result<()> {
    let build = fuzz::build();
    let done = e2e::run(&e2e::Args::default());
    build?.wait()?;
    done
}

/// The README's first command shows a finding, as it promises.
fn smoke() -> Result<()> {
    let readme = fs::read_to_string(shell::root().join("README.md")).context("no README.md")?;
    let line = readme
        .lines()
        .find(|line| line.starts_with("cargo run "))
        .context("README.md has no line that begins with `cargo run `")?;
    let mut command = Command::new("bash");
    command.args(["-c", line]).current_dir(shell::root());
    let output = shell::capture(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() != Some(1) || !text.contains("name-not-covered") {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{line}` ended with {} and printed:\n{text}{errors}",
            output.status
        );
    }
    Ok(())
}
