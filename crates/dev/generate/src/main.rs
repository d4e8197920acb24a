//! Generated files and parts of files: the rule table of the README, the schema of
//! `certlint.yaml`, and what the chart says of its values.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: clock, environment, files and processes are what it is for"
)]

mod chart;
mod kinds;

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use certlint_core::rules::RULES;
use clap::Parser;
use tools::{say, shell};

const SCHEMA: &str = "crates/certlint/certlint.schema.json";

/// Write the generated parts of files.
#[derive(Parser)]
#[command(name = "cargo xtask generate")]
struct Args {
    /// Only say whether they are up to date.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    say::exit_code(run(Args::parse().check))
}

/// Writes the generated parts, or with `check` only says whether they are up to date.
fn run(check: bool) -> Result<()> {
    let readme = read("README.md")?;
    put("README.md", &with_table(&readme, "rules", &table())?, check)?;
    put(SCHEMA, &schema()?, check)?;
    kinds::run(check)?;
    chart::run(check)
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(shell::root().join(name)).with_context(|| format!("cannot read {name}"))
}

/// Makes `fresh` the text of a file.
fn put(name: &str, fresh: &str, check: bool) -> Result<()> {
    // A file that is not there yet is out of date.
    if read(name).is_ok_and(|text| text == fresh) {
        say::line(format!("generate: {name} is up to date"));
    } else if check {
        bail!("{name} is out of date; run `cargo xtask generate`");
    } else {
        fs::write(shell::root().join(name), fresh)?;
        say::line(format!("generate: wrote {name}"));
    }
    Ok(())
}

/// The JSON schema of `certlint.yaml`.
fn schema() -> Result<String> {
    let mut text = serde_json::to_string_pretty(&certlint_core::config::schema())?;
    text.push('\n');
    Ok(text)
}

fn table() -> String {
    let mut table = String::from("| rule | level | finds |\n|---|---|---|\n");
    for rule in RULES {
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| [`{id}`](crates/certlint-core/src/rules/docs/{id}.md) | {level} | {summary} |",
            id = rule.id,
            level = rule.level,
            summary = rule.summary.replace('|', "\\|"),
        );
    }
    table
}

/// `text` with `table` between the two markers of that name.
fn with_table(text: &str, name: &str, table: &str) -> Result<String> {
    let start = format!("<!-- {name}:start -->");
    let end = format!("<!-- {name}:end -->");
    let (head, rest) = text
        .split_once(&start)
        .with_context(|| format!("there is no `{start}`"))?;
    let (_, tail) = rest
        .split_once(&end)
        .with_context(|| format!("there is no `{end}`"))?;
    Ok(format!("{head}{start}\n\n{table}\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_goes_between_the_markers_and_nowhere_else() {
        let text = "a\n<!-- x:start -->\nold\n<!-- x:end -->\nb\n";
        let fresh = with_table(text, "x", "new\n").unwrap();
        assert_eq!(fresh, "a\n<!-- x:start -->\n\nnew\n\n<!-- x:end -->\nb\n");
        assert_eq!(with_table(&fresh, "x", "new\n").unwrap(), fresh);
    }

    #[test]
    fn a_readme_without_markers_is_an_error() {
        assert!(with_table("no table here", "x", "new").is_err());
        assert!(with_table("<!-- x:start -->", "x", "new").is_err());
        assert!(with_table("<!-- y:start --><!-- y:end -->", "x", "new").is_err());
    }
}
