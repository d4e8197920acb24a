//! Generated files and parts of files: the rule table of the README, the schema of
//! `certlint.yaml`.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail};
use certlint_core::rules::RULES;

use crate::{say, shell};

const SCHEMA: &str = "crates/certlint/certlint.schema.json";
const START: &str = "<!-- rules:start -->";
const END: &str = "<!-- rules:end -->";

/// Writes the generated parts, or with `check` only says whether they are up to date.
pub(crate) fn run(check: bool) -> Result<()> {
    let readme = read("README.md")?;
    put("README.md", &with_table(&readme, &table())?, check)?;
    put(SCHEMA, &schema()?, check)
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
