//! Running other programs, and where things are.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a command with its output passed through; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and keeps its output, whatever its exit code.
pub fn capture(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", shown(command)))
}

/// Standard output of a command that succeeded, without the final line end.
pub fn read(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    if !output.status.success() {
        bail!(
            "{} failed: {}\n{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// True when `program` is found on the search path.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// The real nginx. Debian keeps it where an ordinary user's search path does not look.
pub fn nginx_path() -> &'static Path {
    let sbin = Path::new("/usr/sbin/nginx");
    if sbin.exists() {
        sbin
    } else {
        Path::new("nginx")
    }
}

/// A command of the real nginx, in a session of its own: OpenSSL would otherwise ask for a pass
/// phrase on our terminal. It ends with us, also when we are killed.
pub fn nginx() -> Command {
    let mut command = Command::new("setsid");
    command.args(["setpriv", "--pdeathsig", "KILL"]);
    command.arg(nginx_path());
    command
}

/// The version of the installed nginx, as `1.22.1`.
pub fn nginx_version() -> Result<String> {
    let output = capture(nginx().arg("-v"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.trim()
        .rsplit_once("nginx/")
        .map(|(_, version)| version.split(' ').next().unwrap_or(version).to_owned())
        .with_context(|| format!("`nginx -v` says {text:?}"))
}

/// The workspace.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(3).unwrap_or(own).to_owned()
}

/// The folder that cargo builds into.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// `cargo` in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// For tests.
    Dev,
    /// As it is distributed.
    Dist,
}

impl Profile {
    /// Builds some parts of a package, and says in which folder they are.
    pub fn build(self, package: &str, parts: &[&str]) -> Result<PathBuf> {
        let (name, folder) = match self {
            Self::Dev => ("dev", "debug"),
            Self::Dist => ("dist", "dist"),
        };
        let mut build = cargo();
        build.args(["build", "--quiet", "--profile", name, "--package", package]);
        run(build.args(parts))?;
        Ok(target().join(folder))
    }
}

/// Builds the linter and says where it is.
pub fn certlint(profile: Profile) -> Result<PathBuf> {
    Ok(profile.build("certlint", &["--bins"])?.join("certlint"))
}

/// Runs another program of the workspace.
pub fn run_package(package: &str, arguments: &[OsString]) -> Result<()> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", package, "--"]);
    run(command.args(arguments))
}

/// Where downloaded and built tools live.
pub fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("certlint"))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    format!("`{}`", words.join(" "))
}
