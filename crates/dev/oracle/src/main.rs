//! certlint beside the real nginx: on random configurations, and on those that others have
//! published.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: clock, environment, files and processes are what it is for"
)]

mod breakage;
mod case;
mod compare;
mod corpus;
mod generate;
mod hello;
mod item;
mod layout;
mod names;
mod nginx;
mod pool;
mod program;
mod random;
mod rng;
mod spelling;

use std::process::ExitCode;

use clap::Parser;
use tools::say;

/// certlint beside the real nginx.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Comparison {
    /// Compare the parser with the real nginx on configurations that others have published.
    Corpus,
    /// Compare certlint with the real nginx on random configurations.
    #[command(name = "oracle")]
    Random(random::Args),
}

fn main() -> ExitCode {
    say::exit_code(match Comparison::parse() {
        Comparison::Corpus => corpus::run(),
        Comparison::Random(args) => random::run(&args),
    })
}
