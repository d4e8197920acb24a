//! `certlint rules`: all rules with their levels.

use certlint_core::finding::Level;
use certlint_core::rules::RULES;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::args::{RulesArgs, TableFormat};
use crate::console::Console;
use crate::output::{Exit, Screen, deliver};
use crate::prose;

#[derive(Serialize)]
struct Item {
    id: &'static str,
    /// `error`, `warning` or `info`, unless a finding says otherwise.
    level: &'static str,
    summary: &'static str,
    /// The first version that has it.
    since: &'static str,
    /// `stable`, `preview` or `deprecated`.
    status: &'static str,
    /// The inputs in which it can find something: `any`, `kubernetes`, `nginx`.
    scope: &'static str,
    /// The address of its page.
    docs: String,
}

/// Lists the rules.
pub(crate) fn run(args: &RulesArgs) -> Exit {
    let console = Console::new(&args.console);
    let items: Vec<Item> = RULES
        .iter()
        .map(|rule| Item {
            id: rule.id,
            level: rule.level.as_str(),
            summary: rule.summary,
            since: rule.since,
            status: rule.status.as_str(),
            scope: rule.scope.as_str(),
            docs: rule.docs_url(),
        })
        .collect();
    let screen = Screen::stdout(args.console.color);
    deliver(None, &console, Exit::Clean, |out| {
        if args.format == TableFormat::Json {
            serde_json::to_writer_pretty(&mut *out, &items)?;
            return writeln!(out);
        }
        let id_width = items.iter().map(|item| item.id.len()).max().unwrap_or(0);
        let before_summary = id_width + 11;
        for rule in RULES {
            let color = color(rule.level).into();
            let style = screen.paint.style(Style::new().fg_color(Some(color)));
            let (id, level, summary) = (rule.id, rule.level.as_str(), rule.summary);
            let head = format!("{id:id_width$}  {style}{level:7}{style:#}");
            // Beside the names, a narrow terminal has no room for a sentence.
            let is_narrow = screen.width.is_some_and(|width| width < 2 * before_summary);
            let indent = if is_narrow { 4 } else { before_summary };
            let width = screen.width.map(|width| width.saturating_sub(indent));
            let lines = prose::wrap(summary, width);
            let gap = match is_narrow {
                true => "\n    ",
                false => "  ",
            };
            let joint = format!("\n{:indent$}", "");
            writeln!(out, "{head}{gap}{}", lines.join(&joint))?;
        }
        Ok(())
    })
}

fn color(level: Level) -> AnsiColor {
    match level {
        Level::Error => AnsiColor::Red,
        Level::Info => AnsiColor::Cyan,
        Level::Warning => AnsiColor::Yellow,
    }
}
