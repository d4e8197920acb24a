//! Checks of the Helm chart that need no cluster: it renders with every set of values, with Helm 3
//! and 4, for the oldest and the newest Kubernetes; what comes out fits the schemas of Kubernetes;
//! values that are wrong are refused; and nobody widens the RBAC rules unseen.
//!
//! The values are those of `charts/certlint/ci` and `charts/certlint/presets`. What is recorded,
//! RBAC rules and settings of the process, lies beside them; `--bless` writes it anew.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: clock, environment, files and processes are what it is for"
)]

mod conform;
mod helm;
mod objects;
mod record;
mod refused;
mod webhook;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use tools::{say, shell};

use self::helm::Helm;

/// The oldest and the newest Kubernetes.
const OLDEST: &str = "1.28.0";
const NEWEST: &str = "1.37.0";

/// Needs Kubernetes 1.30: matchConditions keep Secrets that are no certificates away from us.
const ONLY_NEW: [&str; 1] = ["secret-entry"];

/// One set of values.
struct Case {
    name: String,
    file: PathBuf,
}

impl Case {
    fn values(&self) -> [&str; 2] {
        ["--values", self.file.to_str().unwrap_or_default()]
    }

    /// The versions of Kubernetes that it is for.
    fn versions(&self) -> &'static [&'static str] {
        match ONLY_NEW.contains(&self.name.as_str()) {
            true => &[NEWEST],
            false => &[OLDEST, NEWEST],
        }
    }
}

/// Check the Helm chart.
#[derive(Parser)]
#[command(name = "cargo xtask chart")]
struct Args {
    /// Record rights and settings anew.
    #[arg(long)]
    bless: bool,
}

fn main() -> ExitCode {
    say::exit_code(run(Args::parse().bless))
}

/// Runs all checks.
fn run(bless: bool) -> Result<()> {
    let helms = helm::all()?;
    let cases = cases()?;
    let mut rendered = Vec::new();
    for helm in &helms {
        for case in &cases {
            for &version in case.versions() {
                helm.lint(case, version)
                    .with_context(|| format!("{} finds fault with {}", helm.name, case.name))?;
                rendered.push(render(helm, case, version)?);
            }
        }
    }
    conform::check(&rendered)?;
    for one in rendered.iter().filter(|it| it.version == NEWEST) {
        webhook::check(one).with_context(|| one.title())?;
        record::check(one, bless).with_context(|| one.title())?;
    }
    let refused = helms.iter().map(refused::check).sum::<Result<usize>>()?;
    notes(&helms)?;
    say::line(format!(
        "chart: {} renderings are valid, {refused} mistakes are refused",
        rendered.len()
    ));
    Ok(())
}

/// The rendered chart for a set of values.
struct Rendered {
    helm: &'static str,
    case: String,
    version: &'static str,
    text: String,
}

impl Rendered {
    fn title(&self) -> String {
        format!(
            "{} with {} for Kubernetes {}",
            self.case, self.helm, self.version
        )
    }
}

fn render(helm: &Helm, case: &Case, version: &'static str) -> Result<Rendered> {
    let text = helm.template(&case.values(), version)?;
    // Random parts, such as a CA made by Helm, would make GitOps tools roll out for ever.
    ensure!(
        helm.template(&case.values(), version)? == text,
        "{} renders {} differently each time",
        helm.name,
        case.name
    );
    Ok(Rendered {
        helm: helm.name,
        case: case.name.clone(),
        version,
        text,
    })
}

/// The notes of an installation say how to switch it off and what it may read.
fn notes(helms: &[Helm]) -> Result<()> {
    // Helm 3 shows no notes in a dry run without a cluster.
    let newest = helms.last().context("no Helm")?;
    for (values, parts) in [
        (
            "config.mode=warn",
            [
                "kubectl delete validatingwebhookconfiguration certlint",
                "in mode \"warn\"",
                "failurePolicy Ignore",
                "get, list and watch them in the whole cluster",
            ],
        ),
        (
            "webhook.failurePolicy=Fail,secretAccess=onDemand",
            [
                "kubectl delete validatingwebhookconfiguration certlint",
                "in mode \"enforce\"",
                "cannot be changed while certlint does not answer",
                "it cannot list them",
            ],
        ),
    ] {
        let notes = newest.notes(&["--set", values])?;
        for part in parts {
            ensure!(
                notes.contains(part),
                "the notes for {values} lack {part:?}:\n{notes}"
            );
        }
    }
    Ok(())
}

/// The folder of the chart.
fn chart() -> PathBuf {
    shell::root().join("charts/certlint")
}

/// All sets of values, by name.
fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for folder in ["ci", "presets"] {
        for entry in fs::read_dir(chart().join(folder))? {
            let file = entry?.path();
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            if file.extension().is_some_and(|it| it == "yaml") {
                let name = stem.trim_end_matches("-values").to_owned();
                cases.push(Case { name, file });
            }
        }
    }
    if cases.is_empty() {
        bail!("the chart has no sets of values");
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}
