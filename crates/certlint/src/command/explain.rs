//! `certlint explain RULE`: the page of a rule.
//!
//! The page is Markdown. It is printed as it is, except that a terminal gets headings in bold,
//! code in colour, and no fences.

use std::io::{self, Write};

use certlint_core::config;
use clap::builder::styling::{AnsiColor, Style};

use super::rule;
use crate::args::ExplainArgs;
use crate::console::Console;
use crate::output::{self, Exit, deliver};

/// Prints the page.
pub(crate) fn run(args: &ExplainArgs) -> Exit {
    let console = Console::new(&args.console);
    // No rule, as no level and no suppression changes it.
    let page = match args.rule == config::ID {
        true => Ok(config::DOCS),
        false => rule(&args.rule).map(|rule| rule.docs),
    };
    let page = match page {
        Ok(page) => page,
        Err(error) => {
            console.error(error);
            return Exit::Failure;
        }
    };
    let is_colored = output::is_colored(args.console.color);
    deliver(None, &console, Exit::Clean, |out| match is_colored {
        true => render(page, out),
        false => writeln!(out, "{}", page.trim_end()),
    })
}

const HEADING: Style = Style::new().bold();
const CODE: Style =
    Style::new().fg_color(Some(clap::builder::styling::Color::Ansi(AnsiColor::Cyan)));

fn render(page: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut in_code = false;
    for line in page.trim_end().lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            writeln!(out, "    {CODE}{line}{CODE:#}")?;
        } else if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            writeln!(out, "{HEADING}{heading}{HEADING:#}")?;
        } else {
            writeln!(out, "{}", inline_code(line))?;
        }
    }
    Ok(())
}

/// Colours what stands between two backticks.
fn inline_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        let is_closed = index + 1 < parts.len();
        match index % 2 {
            0 => text += part,
            _ if is_closed => text += &format!("{CODE}{part}{CODE:#}"),
            _ => text += &format!("`{part}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_rendered_lightly() {
        let page = "# a\n\ntext `b` and ` alone\n\n```nginx\nlisten 80;\n```\n";
        let mut out = Vec::new();
        render(page, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "\x1b[1ma\x1b[0m\n\ntext \x1b[36mb\x1b[0m and ` alone\n\n    \x1b[36mlisten \
             80;\x1b[0m\n"
        );
    }
}
