//! The linter's findings in one object of several.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use tools::shell;

use super::Errors;

/// A folder without settings for the linter; it goes with the cluster.
const FOLDER: &str = "/run/agree";

#[derive(Deserialize)]
struct Report {
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    rule: String,
    level: String,
    location: Location,
}

#[derive(Deserialize)]
struct Location {
    start: Start,
    field: String,
}

#[derive(Deserialize)]
struct Start {
    line: usize,
}

/// The errors of the last object.
pub(super) fn errors(objects: &[Value], arguments: &[String]) -> Result<Errors> {
    // Each object is one line, and a line parts it from the next.
    let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
    let last = 2 * texts.len() - 1;
    let file = Path::new(FOLDER).join("manifests.yaml");
    fs::create_dir_all(FOLDER)?;
    fs::write(&file, texts.join("\n---\n"))?;
    let mut certlint = Command::new(shell::target().join("debug/certlint"));
    certlint.args(["--format", "json"]).args(arguments);
    let output = shell::capture(certlint.arg(&file).current_dir(FOLDER))?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("certlint: {}", String::from_utf8_lossy(&output.stderr));
    }
    let report: Report = serde_json::from_slice(&output.stdout).context("the linter's report")?;
    let own = report
        .findings
        .into_iter()
        .filter(|finding| finding.level == "error" && finding.location.start.line == last);
    Ok(own
        .map(|finding| (finding.rule, finding.location.field))
        .collect())
}
