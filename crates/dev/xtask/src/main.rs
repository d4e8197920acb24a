//! certlint's own chores, as `cargo xtask CHORE`.
//!
//! `test` is everything that must hold, `quick` what can be had in minutes. The laboratory (oracle,
//! cluster, benchmarks) is programs of its own, which are built when they are asked for, so that the
//! chores themselves start fast.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: clock, environment, files and processes are what it is for"
)]

mod clocks;
mod fuzz;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use tools::{say, shell};

/// certlint's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Measure certlint beside `nginx -t`, kubeconform and kube-score, and the webhook.
    #[command(disable_help_flag = true)]
    Bench(Passed),
    /// Check the Helm chart.
    #[command(disable_help_flag = true)]
    Chart(Passed),
    /// Compare the parser with the real nginx on configurations that others have published.
    #[command(disable_help_flag = true)]
    Corpus(Passed),
    /// Test the webhook and its chart in a cluster.
    #[command(disable_help_flag = true)]
    E2e(Passed),
    /// Run the fuzz targets.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = fuzz::SECONDS)]
        seconds: u32,
    },
    /// Write the generated parts of files.
    #[command(disable_help_flag = true)]
    Generate(Passed),
    /// Compare certlint with the real nginx on random configurations.
    #[command(disable_help_flag = true)]
    Oracle(Passed),
    /// Format, lints, and the tests of the libraries and the linter: needs no network and no rights.
    Quick,
    /// Everything that must hold.
    Test {
        /// Only these steps.
        #[arg(value_parser = test::names())]
        steps: Vec<String>,
    },
    /// Install what the tests and the benchmarks need; some of it is built with Go.
    Tools,
}

/// What a program of the laboratory is passed.
#[derive(clap::Args)]
struct Passed {
    /// Its arguments; `--help` shows them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    say::exit_code(match Chore::parse() {
        Chore::Bench(passed) => shell::run_package("bench", &passed.arguments),
        Chore::Chart(passed) => shell::run_package("chart", &passed.arguments),
        Chore::Corpus(passed) => compare("corpus", passed),
        Chore::E2e(passed) => shell::run_package("e2e", &passed.arguments),
        Chore::Fuzz { seconds } => fuzz::run(seconds),
        Chore::Generate(passed) => shell::run_package("generate", &passed.arguments),
        Chore::Oracle(passed) => compare("oracle", passed),
        Chore::Quick => test::run(&test::QUICK),
        Chore::Test { steps } => test::run_named(&steps),
        Chore::Tools => tools::run().and_then(|()| tools::peers().map(drop)),
    })
}

/// Runs one of the comparisons with nginx.
fn compare(comparison: &str, passed: Passed) -> anyhow::Result<()> {
    let mut arguments = vec![comparison.into()];
    arguments.extend(passed.arguments);
    shell::run_package("oracle", &arguments)
}
