//! certlint's answers about a case, read from its JSON.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tools::shell;

/// The program and the nginx that it is to predict.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) nginx_version: String,
}

/// The answer of `resolve` for one name at one listener.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) listen: String,
    pub(crate) outcome: String,
    #[serde(default)]
    pub(crate) certificates: Vec<Certificate>,
    #[serde(default)]
    pub(crate) why: Option<String>,
}

/// A certificate in an answer.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) sha256: String,
    pub(crate) key_type: String,
}

/// The findings of `check`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Findings {
    pub(crate) findings: Vec<Finding>,
}

/// One finding.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) level: String,
    pub(crate) message: String,
    pub(crate) location: Location,
}

/// Where a finding is; a whole file has no lines.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Location {
    pub(crate) file: String,
    pub(crate) start: Option<Position>,
}

/// A line, from 1.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Position {
    pub(crate) line: u32,
}

/// What `cert` says of a file.
#[derive(Deserialize)]
struct KeyFile {
    key: FoundKey,
}

/// The key of a file, and how it fits the certificate.
#[derive(Deserialize)]
struct FoundKey {
    #[serde(rename = "match")]
    pair: Option<String>,
}

impl Finding {
    /// The line, 0 for a whole file.
    pub(crate) fn line(&self) -> u32 {
        self.location.start.map_or(0, |start| start.line)
    }
}

impl Program {
    /// `resolve` for all `names`; `None` when it says that nginx would refuse, with its reasons.
    pub(crate) fn resolve(
        &self,
        folder: &Path,
        names: &[String],
        connect: Option<&str>,
    ) -> Result<Result<Vec<Answer>, String>> {
        let mut command = self.command("resolve");
        for name in names {
            command.arg(format!("--name={name}"));
        }
        if let Some(connect) = connect {
            command.args(["--connect", connect]);
        }
        let output = shell::capture(command.arg(folder.join("nginx.conf")))?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0 | 1) => {
                let answers = serde_json::from_slice(&output.stdout)
                    .context("`resolve` did not print its JSON")?;
                Ok(Ok(answers))
            }
            Some(2) => Ok(Err(errors)),
            _ => bail!("`resolve` ended with {}: {errors}", output.status),
        }
    }

    /// The findings of `check`; the inner error when it does not take the file for a configuration.
    pub(crate) fn check(&self, folder: &Path) -> Result<Result<Vec<Finding>, String>> {
        let mut command = self.command("check");
        let output = shell::capture(command.arg(folder.join("nginx.conf")))?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0 | 1) => {
                let findings: Findings = serde_json::from_slice(&output.stdout)
                    .context("`check` did not print its JSON")?;
                Ok(Ok(findings.findings))
            }
            Some(2) => Ok(Err(errors)),
            _ => bail!("`check` ended with {}: {errors}", output.status),
        }
    }

    /// True where `cert` says of a key that it is encrypted: whether it fits a certificate cannot be
    /// told.
    pub(crate) fn cannot_tell(&self, pool: &Path, key: &Path) -> Result<bool> {
        let mut command = Command::new(&self.path);
        command.args(["cert", "--format", "json"]);
        // Without a certificate there is nothing that the key could fit.
        let output = shell::capture(command.arg(pool.join("ec00.crt")).arg(key))?;
        let files: Vec<KeyFile> = match output.status.code() {
            Some(0 | 1) => {
                serde_json::from_slice(&output.stdout).context("`cert` did not print its JSON")?
            }
            // The key is missing.
            _ => Vec::new(),
        };
        let mut pairs = files.iter().filter_map(|file| file.key.pair.as_deref());
        Ok(pairs.next_back() == Some("encrypted"))
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.path);
        // The whole machine is at hand, so that a missing file is missing and not merely outside.
        command.args([verb, "--format", "json", "--root", "/", "--nginx-version"]);
        command.arg(&self.nginx_version);
        command
    }
}
