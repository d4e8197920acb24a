//! `certlint check`: reads, checks, reports.

use std::collections::BTreeMap;

use certlint_core::check::{Settings, check_and_count};
use certlint_core::config::Exemptions;
use certlint_core::finding::Level;
use certlint_core::ledger::Tally;
use jiff::Timestamp;

use super::rule;
use crate::args::{CheckArgs, ColorWhen, LevelArgs};
use crate::config;
use crate::console::Console;
use crate::load::{Purpose, load};
use crate::output::{self, Exit, deliver};
use crate::report::{Look, Report};

/// Checks everything that `args` names.
pub(crate) fn run(args: &CheckArgs) -> Exit {
    let console = Console::new(&args.console);
    let own_levels = match levels(&args.levels) {
        Ok(levels) => levels,
        Err(error) => {
            console.error(error);
            return Exit::Failure;
        }
    };
    let repository = match config::find(&args.input, &console) {
        Ok(settings) => settings,
        Err(wrong) => {
            if !wrong.findings.is_empty() {
                let name = &wrong.name;
                console.error(format!("`{name}` is wrong, so nothing was checked"));
            }
            let report = Report::new(vec![(&wrong.model, wrong.findings)], 0, Tally::default());
            return write(&report, args, &console, Exit::Failure);
        }
    };
    let mut settings = Settings {
        levels: repository.config.levels.clone(),
        suppressions: !args.no_suppressions,
    };
    settings.levels.extend(own_levels);
    let now = args.now.unwrap_or_else(Timestamp::now).as_second();
    let purpose = Purpose {
        require_secrets: args.require_secrets,
        ..Purpose::default()
    };
    let loaded = load(&repository, &purpose, &console);
    let mut exemptions = Exemptions::new(&repository.config.exemptions, now);
    let mut found = Vec::new();
    let mut tally = Tally::default();
    for model in &loaded.models {
        let checked = check_and_count(model, &settings, now);
        let mut findings = checked.findings;
        tally.add(checked.tally);
        if settings.suppressions {
            exemptions.apply(&mut findings);
        }
        found.push((model, findings));
    }
    if settings.suppressions {
        let findings = exemptions.report(repository.is_complete, &settings);
        found.push((&repository.model, findings));
    }
    let report = Report::new(found, loaded.files, tally);
    let nothing = loaded.nothing().filter(|_| !console.has_failed());
    if let Some(nothing) = &nothing
        && !args.allow_empty
    {
        console.error(nothing);
    }
    let failing = args.fail_on.level();
    let is_failing = |level| failing.is_some_and(|failing| level >= failing);
    let exit = match report.findings.iter().any(|(_, it)| is_failing(it.level)) {
        _ if console.has_failed() => Exit::Failure,
        true => Exit::Findings,
        false => Exit::Clean,
    };
    let exit = write(&report, args, &console, exit);
    match nothing {
        Some(nothing) if args.allow_empty => console.summary(&nothing),
        None if report.counts.files > 0 => {
            console.summary(&report.counts.line(console.is_verbose()));
        }
        _ => {}
    }
    drop(report);
    // The program ends here, and the system takes back the memory in one go.
    std::mem::forget(loaded);
    exit
}

/// Writes the report to where it is wanted; returns `exit` unless that went wrong.
fn write(report: &Report<'_>, args: &CheckArgs, console: &Console, exit: Exit) -> Exit {
    let is_file = args.output_file.is_some();
    let look = Look {
        format: args.format,
        color: match is_file {
            // The environment speaks about the terminal, not about files.
            true => args.console.color == ColorWhen::Always,
            false => output::is_colored(args.console.color),
        },
        width: match is_file {
            true => None,
            false => output::stdout_width(),
        },
        verbose: console.is_verbose(),
    };
    deliver(args.output_file.as_deref(), console, exit, |out| {
        report.write(look, out)
    })
}

fn levels(args: &LevelArgs) -> Result<BTreeMap<&'static str, Option<Level>>, String> {
    let mut levels = BTreeMap::new();
    let wanted = [
        (&args.errors, Some(Level::Error)),
        (&args.warnings, Some(Level::Warning)),
        (&args.infos, Some(Level::Info)),
        (&args.ignores, None),
    ];
    for (ids, level) in wanted {
        for id in ids {
            let before = levels.insert(rule(id)?.id, level);
            if before.is_some_and(|before| before != level) {
                return Err(format!("rule `{id}` is given two levels"));
            }
        }
    }
    Ok(levels)
}
