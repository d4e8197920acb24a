//! `certlint rules`: all rules with their levels.

use certlint_core::finding::Level;
use certlint_core::rules::RULES;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::args::{RulesArgs, TableFormat};
use crate::console::Console;
use crate::output::{self, Exit, deliver};

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
    let is_colored = output::is_colored(args.console.color);
    deliver(None, &console, Exit::Clean, |out| {
        if args.format == TableFormat::Json {
            serde_json::to_writer_pretty(&mut *out, &items)?;
            return writeln!(out);
        }
        let width = items.iter().map(|item| item.id.len()).max().unwrap_or(0);
        for rule in RULES {
            let style = match is_colored {
                true => Style::new().fg_color(Some(color(rule.level).into())),
                false => Style::new(),
            };
            let (id, level, summary) = (rule.id, rule.level.as_str(), rule.summary);
            writeln!(out, "{id:width$}  {style}{level:7}{style:#}  {summary}")?;
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
