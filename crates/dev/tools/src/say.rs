//! The one place where the chores print.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the chores are a program of their own, and this is its voice"
)]

use std::process::ExitCode;

/// A line on standard output.
pub fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// A line on standard error.
pub fn aside(text: impl AsRef<str>) {
    eprintln!("{}", text.as_ref());
}

/// The exit code of a chore; what went wrong is a line on standard error.
#[must_use]
pub fn exit_code(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            aside(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
