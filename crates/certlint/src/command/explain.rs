//! `certlint explain RULE`: the page of a rule.
//!
//! The page is Markdown. It is printed as it is, except that a terminal gets it rendered.

mod page;

use std::io::{self, IsTerminal};

use certlint_core::config;

use super::rule;
use crate::args::{ColorWhen, ExplainArgs};
use crate::console::Console;
use crate::output::{Exit, Screen, deliver};

/// Prints the page.
pub(crate) fn run(args: &ExplainArgs) -> Exit {
    let console = Console::new(&args.console);
    // No rule, as no level and no suppression changes it.
    let text = match args.rule == config::ID {
        true => Ok(config::DOCS),
        false => rule(&args.rule).map(|rule| rule.docs),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            console.error(error);
            return Exit::Failure;
        }
    };
    let screen = Screen::stdout(args.console.color);
    // A pipe is for a program, unless somebody asks for the colours of a terminal there.
    let is_rendered = io::stdout().is_terminal() || args.console.color == ColorWhen::Always;
    deliver(None, &console, Exit::Clean, |out| match is_rendered {
        true => page::write(text, screen, out),
        false => writeln!(out, "{}", text.trim_end()),
    })
}
