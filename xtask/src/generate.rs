//! Generated parts of files: the rule table of the README.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail};
use certlint_core::rules::RULES;

use crate::{say, shell};

const START: &str = "<!-- rules:start -->";
const END: &str = "<!-- rules:end -->";

/// Writes the generated parts, or with `check` only says whether they are up to date.
pub(crate) fn run(check: bool) -> Result<()> {
    let path = shell::root().join("README.md");
    let text = fs::read_to_string(&path).context("cannot read README.md")?;
    let fresh = with_table(&text, &table())?;
    if fresh == text {
        say::line("generate: README.md is up to date");
    } else if check {
        bail!("README.md is out of date; run `cargo xtask generate`");
    } else {
        fs::write(&path, fresh)?;
        say::line("generate: wrote README.md");
    }
    Ok(())
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

/// `text` with `table` between the two markers.
fn with_table(text: &str, table: &str) -> Result<String> {
    let (head, rest) = text
        .split_once(START)
        .with_context(|| format!("README.md has no `{START}`"))?;
    let (_, tail) = rest
        .split_once(END)
        .with_context(|| format!("README.md has no `{END}`"))?;
    Ok(format!("{head}{START}\n\n{table}\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_goes_between_the_markers_and_nowhere_else() {
        let text = format!("a\n{START}\nold\n{END}\nb\n");
        let fresh = with_table(&text, "new\n").unwrap();
        assert_eq!(fresh, format!("a\n{START}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(with_table(&fresh, "new\n").unwrap(), fresh);
    }

    #[test]
    fn a_readme_without_markers_is_an_error() {
        assert!(with_table("no table here", "new").is_err());
        assert!(with_table(START, "new").is_err());
    }
}
