//! `certlint`: finds names that a certificate does not cover, before the deploy.
//!
//! ```text
//! args, config ─▶ discover, walk ─▶ load, together ─▶ core: check or resolve ─▶ report ─▶ exit code
//!                     └── files, mapping: which file on disk a configuration means
//! ```
//!
//! Findings go to standard output, everything else to standard error.

mod absence;
mod args;
mod bytes;
mod certificates;
mod color;
mod command;
mod config;
mod console;
mod discover;
mod files;
mod left_out;
mod load;
mod mapping;
mod output;
mod paint;
mod prose;
mod report;
mod sniff;
mod together;
mod walk;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

/// Twenty thousand manifests are millions of small pieces, made by several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = match cli.command.unwrap_or(Command::Check(cli.check)) {
        Command::Cert(args) => command::cert::run(&args),
        Command::Check(args) => command::check::run(&args),
        Command::Explain(args) => command::explain::run(&args),
        Command::Resolve(args) => command::resolve::run(&args),
        Command::Rules(args) => command::rules::run(&args),
    };
    exit.into()
}
