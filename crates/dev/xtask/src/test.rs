//! Everything that must hold, step by step; a step that fails does not hide the later ones.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tools::{say, shell};

use crate::{clocks, fuzz};

/// Something that must hold.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// How it is asked for and reported.
    name: &'static str,
    run: fn() -> Result<()>,
}

/// All steps of `cargo xtask test`.
const STEPS: [Step; 14] = [
    Step::new("tools", tools::run),
    Step::new("format", format),
    Step::new("lints", || lints(&[])),
    Step::new("documentation", documentation),
    Step::new("licences", licences),
    Step::new("tests", || tests(&[])),
    Step::new("clocks", clocks::run),
    Step::new("generated", generated),
    Step::new("chart", || shell::run_package("chart", &[])),
    Step::new("cluster", cluster),
    Step::new("oracle", || oracle("oracle")),
    Step::new("corpus", || oracle("corpus")),
    Step::new("fuzz", || fuzz::run(fuzz::SECONDS)),
    Step::new("readme", readme),
];

/// All steps of `cargo xtask quick`.
pub(crate) const QUICK: [Step; 3] = [
    Step::new("format", format),
    Step::new("lints", || lints(&LABORATORY)),
    Step::new("tests", || tests(&LABORATORY)),
];

/// What `quick` leaves out: programs for Linux, and what takes long to build.
const LABORATORY: [&str; 5] = ["bench", "certlint-webhook", "cluster", "e2e", "oracle"];

impl Step {
    const fn new(name: &'static str, run: fn() -> Result<()>) -> Self {
        Self { name, run }
    }
}

/// The names of all steps of `cargo xtask test`.
pub(crate) fn names() -> [&'static str; STEPS.len()] {
    STEPS.map(|step| step.name)
}

/// Runs the steps of these names; without any, all.
pub(crate) fn run_named(names: &[String]) -> Result<()> {
    let is_asked = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    let steps: Vec<_> = STEPS.iter().filter(is_asked).copied().collect();
    run(&steps)
}

/// Runs steps, and says last how many passed.
pub(crate) fn run(steps: &[Step]) -> Result<()> {
    let mut passed = 0;
    let mut lines = Vec::new();
    for Step { name, run } in steps {
        say::aside(format!("── {name}"));
        let began = Instant::now();
        let done = run();
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
    let failed = steps.len() - passed;
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

/// Clippy on all packages but some.
fn lints(excluded: &[&str]) -> Result<()> {
    let mut clippy = shell::cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets"]);
    exclude(&mut clippy, excluded);
    shell::run(clippy.args(["--", "-D", "warnings"]))
}

fn documentation() -> Result<()> {
    let mut doc = shell::cargo();
    doc.args(["doc", "--quiet", "--workspace", "--no-deps"]);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Licences, banned crates and sources. Advisories need the network; CI looks at them.
fn licences() -> Result<()> {
    let mut deny = Command::new(tools::cargo_deny()?);
    deny.args(["--locked", "--config", ".github/deny.toml", "check"]);
    deny.args(["licenses", "bans", "sources"]);
    shell::run(deny.current_dir(shell::root()))
}

/// The tests of all packages but some.
fn tests(excluded: &[&str]) -> Result<()> {
    let mut tests = shell::cargo();
    tests.args(["test", "--quiet", "--workspace"]);
    exclude(&mut tests, excluded);
    shell::run(&mut tests)
}

fn exclude(cargo: &mut Command, packages: &[&str]) {
    for package in packages {
        cargo.args(["--exclude", package]);
    }
}

fn generated() -> Result<()> {
    shell::run_package("generate", &["--check".into()])
}

fn oracle(comparison: &str) -> Result<()> {
    shell::run_package("oracle", &[comparison.into()])
}

/// The cases mostly wait, and the fuzz targets take minutes to build: they are built meanwhile.
fn cluster() -> Result<()> {
    let build = fuzz::build();
    let done = shell::run_package("e2e", &[]);
    build?.wait()?;
    done
}

/// The README's first command shows a finding, as it promises.
fn readme() -> Result<()> {
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
