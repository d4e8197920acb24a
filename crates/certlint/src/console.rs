//! Standard error: errors, notes, and the line at the end.
//!
//! An error is also remembered, because it decides the exit code without stopping the run.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::styling::{AnsiColor, Style};

use crate::args::ConsoleArgs;
use crate::color;
use crate::output;
use crate::prose;
use crate::report::printable;

/// The way to the user beside the report.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    verbose: bool,
    color: bool,
    /// Columns of the terminal, if it is one.
    width: Option<usize>,
    failed: AtomicBool,
}

impl Console {
    /// A console as the command line wants it.
    pub(crate) fn new(args: &ConsoleArgs) -> Self {
        Self {
            quiet: args.quiet,
            verbose: args.verbose,
            color: color::wanted(args.color, io::stderr().is_terminal(), |name| {
                std::env::var_os(name)
            }),
            width: output::stderr_width(),
            failed: AtomicBool::new(false),
        }
    }

    /// True when even skipped files are told.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Something that was asked for cannot be done: the exit code becomes 2.
    pub(crate) fn error(&self, message: impl Display) {
        self.failed.store(true, Ordering::Relaxed);
        self.write("error", AnsiColor::Red, &message);
    }

    /// Something that the user ought to know.
    pub(crate) fn note(&self, message: impl Display) {
        if !self.quiet {
            self.write("note", AnsiColor::Cyan, &message);
        }
    }

    /// Something that only matters when somebody wonders what was done.
    pub(crate) fn detail(&self, message: impl Display) {
        if self.verbose {
            self.write("note", AnsiColor::Cyan, &message);
        }
    }

    /// The line at the end.
    pub(crate) fn summary(&self, line: &str) {
        if !self.quiet {
            // There is nobody left to tell when standard error is gone.
            for line in prose::wrap(line, self.width) {
                let _ = writeln!(io::stderr(), "{line}");
            }
        }
    }

    /// True after the first [`Console::error`].
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn write(&self, kind: &str, color: AnsiColor, message: &dyn Display) {
        let style = match self.color {
            true => Style::new().bold().fg_color(Some(color.into())),
            false => Style::new(),
        };
        let message = message.to_string();
        let message = format!("{style}{kind}{style:#}: {}", printable(&message));
        for line in prose::wrap(&message, self.width) {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
}
