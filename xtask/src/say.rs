//! The one place where the chores print.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the chores are a program of their own, and this is its voice"
)]

/// A line on standard output.
pub(crate) fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// A line on standard error.
pub(crate) fn aside(text: impl AsRef<str>) {
    eprintln!("{}", text.as_ref());
}
