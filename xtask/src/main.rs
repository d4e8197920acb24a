//! certlint's own chores, as `cargo xtask CHORE`.
//!
//! `test` is everything that must hold; the others are its steps, and `bench`.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: clock, environment, files and processes are what it is for"
)]

mod bench;
mod chart;
mod cluster;
mod corpus;
mod e2e;
mod fuzz;
mod generate;
mod oracle;
mod say;
mod shell;
mod test;
mod tools;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// certlint's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Measure certlint beside `nginx -t`, kubeconform and kube-score, and the webhook.
    Bench {
        /// What to measure; without it everything.
        part: Option<bench::Part>,
        /// Already in namespaces of its own.
        #[arg(long, hide = true)]
        inside: bool,
    },
    /// Check the Helm chart.
    Chart {
        /// Record rights and settings anew.
        #[arg(long)]
        bless: bool,
    },
    /// Compare the parser with the real nginx on configurations that others have published.
    Corpus,
    /// Test the webhook and its chart in a cluster.
    E2e(e2e::Args),
    /// Run the fuzz targets.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = fuzz::SECONDS)]
        seconds: u32,
    },
    /// Write the generated parts of files.
    Generate {
        /// Only say whether they are up to date.
        #[arg(long)]
        check: bool,
    },
    /// Run a program and print what it needed: for `bench` itself.
    #[command(hide = true)]
    Measure {
        /// Program and arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Compare certlint with the real nginx on random configurations.
    Oracle(oracle::Args),
    /// Everything that must hold.
    Test,
    /// Install what the tests and the benchmarks need; the latter are built with Go.
    Tools,
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Bench { inside: true, .. } => e2e::pace::inside(),
        Chore::Bench { part, .. } => bench::run(part),
        Chore::Chart { bless } => chart::run(bless),
        Chore::Corpus => corpus::run(),
        Chore::E2e(args) => e2e::run(&args),
        Chore::Fuzz { seconds } => fuzz::run(seconds),
        Chore::Generate { check } => generate::run(check),
        Chore::Measure { command } => bench::measure::child(&command),
        Chore::Oracle(args) => oracle::run(&args),
        Chore::Test => test::run(),
        Chore::Tools => tools::run().and_then(|()| tools::peers().map(drop)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::aside(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
