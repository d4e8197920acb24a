//! Tests of the webhook and its chart in a cluster: a real API server, real controllers, real Helm.
//!
//! A suite brings the cluster into a state, and its cases then ask one question each. A case that
//! fails does not hide the later ones; the logs stay in `target/e2e`.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: clock, environment, files and processes are what it is for"
)]

mod agree;
mod case;
mod certificate;
mod direct;
mod exchange;
mod fleet;
mod hostile;
mod lifecycle;
mod load;
mod matching;
mod objects;
mod ordering;
mod pace;
mod reporting;
mod serving;
mod strict;
mod validation;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Parser;
use cluster::isolate;
use tools::{say, shell};

use self::case::{Case, Suite};
use self::world::World;

/// Test the webhook and its chart in a cluster.
#[derive(Parser)]
#[command(name = "cargo xtask e2e")]
struct Args {
    /// Only suites and cases whose name contains this.
    filter: Option<String>,
    /// Already in namespaces of its own.
    #[arg(long, hide = true)]
    inside: bool,
    /// Measure how long the API server waits for reviews instead.
    #[arg(long, hide = true)]
    pace: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    say::exit_code(match (args.pace, args.inside) {
        (true, true) => pace::inside(),
        (true, false) => pace::run(),
        (false, _) => run(&args),
    })
}

/// Builds what is needed and runs the cases in a cluster.
fn run(args: &Args) -> Result<()> {
    if args.inside {
        // Before anything else: the logs of the last run are deleted next.
        isolate::is_inside()?;
        return inside(args.filter.as_deref());
    }
    for tool in [
        &tools::KUBERNETES,
        &tools::ETCD,
        &tools::HELM_3,
        &tools::HELM_4,
    ] {
        tool.build()?;
    }
    let mut build = shell::cargo();
    shell::run(build.args([
        "build",
        "--quiet",
        "--package",
        "certlint-webhook",
        "--package",
        "certlint",
    ]))?;
    let mut again = vec!["--inside"];
    again.extend(args.filter.as_deref());
    isolate::again(&again)
}

fn suites() -> Vec<Suite> {
    vec![
        validation::suite(),
        agree::suite(),
        ordering::suite(),
        exchange::suite(),
        matching::suite(),
        hostile::suite(),
        fleet::suite(),
        reporting::suite(),
        serving::suite(),
        strict::strict(),
        strict::blind(),
        lifecycle::suite(),
    ]
}

fn inside(filter: Option<&str>) -> Result<()> {
    let began = Instant::now();
    let mut world = World::start("debug").context("the cluster does not start; see target/e2e")?;
    say::line(format!(
        "cluster ready ({:.1} s)",
        began.elapsed().as_secs_f32()
    ));
    let (mut passed, mut failed) = (0, 0);
    for suite in suites() {
        let cases: Vec<_> = (suite.cases.into_iter())
            .filter(|case| {
                filter.is_none_or(|text| suite.name.contains(text) || case.name.contains(text))
            })
            .collect();
        if cases.is_empty() {
            continue;
        }
        let prepare = Case::new(suite.prepares, suite.prepare);
        let can_run = run_case(suite.name, prepare, &mut world, &mut passed, &mut failed);
        let rights = Case::new("certlint has every right that it uses", World::no_forbidden);
        for case in cases.into_iter().chain([rights]) {
            if can_run {
                run_case(suite.name, case, &mut world, &mut passed, &mut failed);
            } else {
                say::line(format!("FAIL  {}: {}: not prepared", suite.name, case.name));
                failed += 1;
            }
        }
    }
    let seconds = began.elapsed().as_secs_f32();
    say::line(format!("{passed} passed, {failed} failed ({seconds:.0} s)"));
    if failed > 0 {
        bail!("{failed} cases failed; the logs are in target/e2e");
    }
    Ok(())
}

fn run_case(
    suite: &str,
    case: Case,
    world: &mut World,
    passed: &mut u32,
    failed: &mut u32,
) -> bool {
    let began = Instant::now();
    let done = (case.run)(world);
    // What the kubelet could not do spoils the case during which it happened.
    let done = done.and_then(|()| world.no_troubles());
    let seconds = began.elapsed().as_secs_f32();
    match &done {
        Ok(()) => {
            *passed += 1;
            say::line(format!("ok    {suite}: {} ({seconds:.1} s)", case.name));
        }
        Err(error) => {
            *failed += 1;
            say::line(format!(
                "FAIL  {suite}: {} ({seconds:.1} s)\n{error:#}\n{}",
                case.name,
                world.recent_logs()
            ));
        }
    }
    done.is_ok()
}
