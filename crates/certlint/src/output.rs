//! Standard output, and the exit code.
//!
//! A reader that goes away early, such as `head`, has got what it wanted: that is success.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use terminal_size::{Width, terminal_size_of};

use crate::args::ColorWhen;
use crate::color;
use crate::console::Console;
use crate::files::plain;
use crate::paint::Paint;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing to complain about.
    Clean,
    /// Something was found.
    Findings,
    /// The run itself went wrong: usage, or something named that cannot be read.
    Failure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Failure => 2,
        })
    }
}

/// What a table or a page is written for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) paint: Paint,
    /// Columns of the terminal; `None` for a file or a pipe, where no line is broken.
    pub(crate) width: Option<usize>,
}

impl Screen {
    /// Standard output.
    pub(crate) fn stdout(color: ColorWhen) -> Self {
        Self {
            paint: Paint {
                is_colored: is_colored(color),
            },
            width: stdout_width(),
        }
    }
}

/// Columns of standard output; `None` for a file or a pipe.
pub(crate) fn stdout_width() -> Option<usize> {
    terminal_size_of(io::stdout()).map(|(Width(width), _)| usize::from(width))
}

/// Columns of standard error; `None` for a file or a pipe.
pub(crate) fn stderr_width() -> Option<usize> {
    terminal_size_of(io::stderr()).map(|(Width(width), _)| usize::from(width))
}

/// Whether standard output is coloured.
pub(crate) fn is_colored(when: ColorWhen) -> bool {
    color::wanted(when, io::stdout().is_terminal(), |name| {
        std::env::var_os(name)
    })
}

/// Lets `write` write to `file`, or to standard output without one; returns `exit` unless that
/// went wrong.
pub(crate) fn deliver(
    file: Option<&Path>,
    console: &Console,
    exit: Exit,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Exit {
    let written = match file {
        Some(path) => File::create(path).and_then(|file| buffered(file, write)),
        None => buffered(io::stdout().lock(), write),
    };
    match (written, file) {
        (Ok(()), _) => exit,
        (Err(error), None) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
        (Err(error), Some(path)) => {
            let reason = plain(&error);
            console.error(format!("cannot write `{}`: {reason}", path.display()));
            Exit::Failure
        }
        (Err(error), None) => {
            console.error(format!("cannot write: {}", plain(&error)));
            Exit::Failure
        }
    }
}

fn buffered(
    to: impl Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(to);
    write(&mut out)?;
    out.flush()
}
