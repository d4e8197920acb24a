//! certlint beside `nginx -t`: one server, and 20,000 servers in 200 files with 500 certificates.
//!
//! Both programs run in turns on the same files, so that a busy machine slows both; medians are
//! compared. The parser is measured alone by its own benchmark.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tools::target;
use tools::{say, shell};

use super::measure::{self, Usage};
use super::{read_summary, tree};

/// Runs of the small configuration.
const SMALL_RUNS: usize = 41;
/// Runs of the large one.
const LARGE_RUNS: usize = 7;

/// The parser's target in MB/s.
const PARSER_TARGET: f64 = 150.0;
/// How many times less CPU time than `nginx -t` the large configuration may take.
const LARGE_TARGET: f64 = 20.0;
/// Peak memory for the large configuration, in MB.
const MEMORY_TARGET: f64 = 150.0;

/// The resources of the two programs.
struct Compared {
    certlint: Usage,
    nginx: Usage,
}

/// Measures configurations and prints what is reached.
pub(super) fn run(certlint: &Path, folder: &Path) -> Result<()> {
    let small = tree::small(folder)?;
    let large = tree::large(folder)?;
    is_read(certlint, &small, [1, 1])?;
    is_read(certlint, &large, [1 + tree::FILES, tree::CERTIFICATES])?;
    let small = compare("one server", certlint, &small, SMALL_RUNS)?;
    let large = compare("20,000 servers", certlint, &large, LARGE_RUNS)?;
    let parser = parser()?;

    let cpu = |usage: &Usage| usage.cpu.as_secs_f64();
    let wall = |usage: &Usage| usage.wall.as_secs_f64();
    say::line("");
    let small_ratio = wall(&small.nginx) / wall(&small.certlint);
    target::show(
        "small: nginx -t over certlint, wall time",
        small_ratio,
        1.0,
        small_ratio >= 1.0,
        "x",
    );
    let small_ratio = cpu(&small.nginx) / cpu(&small.certlint);
    target::show(
        "small: nginx -t over certlint, CPU time",
        small_ratio,
        1.0,
        small_ratio >= 1.0,
        "x",
    );
    let large_ratio = cpu(&large.nginx) / cpu(&large.certlint);
    let reached = large_ratio >= LARGE_TARGET;
    target::show(
        "large: nginx -t over certlint, CPU time",
        large_ratio,
        LARGE_TARGET,
        reached,
        "x",
    );
    let memory = large.certlint.peak_megabytes();
    target::show(
        "large: peak memory",
        memory,
        MEMORY_TARGET,
        memory < MEMORY_TARGET,
        " MB",
    );
    target::show(
        "parser",
        parser,
        PARSER_TARGET,
        parser > PARSER_TARGET,
        " MB/s",
    );
    Ok(())
}

/// Both programs must really read all of it, or there is nothing to compare.
fn is_read(certlint: &Path, main: &Path, [files, certificates]: [usize; 2]) -> Result<()> {
    let nginx = shell::capture(nginx(main).arg("-q"))?;
    if !nginx.status.success() {
        bail!("nginx -t: {}", String::from_utf8_lossy(&nginx.stderr));
    }
    let summary = read_summary(certlint, main)?;
    if [summary.files, summary.certificates] != [files, certificates] {
        bail!("there are {files} files and {certificates} certificates");
    }
    Ok(())
}

fn nginx(main: &Path) -> Command {
    let folder = main.parent().unwrap_or(main);
    let mut command = Command::new(shell::nginx_path());
    command
        .args(["-t", "-e", "stderr", "-p"])
        .arg(folder)
        .arg("-c")
        .arg(main);
    command.args(["-g", &format!("pid {}/nginx.pid;", folder.display())]);
    command
}

fn compare(what: &str, certlint: &Path, main: &Path, runs: usize) -> Result<Compared> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        theirs.push(measure::run(&nginx(main))?);
        let mut command = Command::new(certlint);
        command.arg(main);
        ours.push(measure::run(&command)?);
    }
    let compared = Compared {
        certlint: measure::median(&ours),
        nginx: measure::median(&theirs),
    };
    say::line(format!("{what}, medians of {runs} runs:"));
    say::line(format!("  nginx -t  {}", compared.nginx));
    say::line(format!("  certlint  {}", compared.certlint));
    Ok(compared)
}

/// MB/s of the parser by its own benchmark, whose output is shown too.
fn parser() -> Result<f64> {
    let mut bench = shell::cargo();
    bench.args([
        "bench",
        "--quiet",
        "--package",
        "nginx-syntax",
        "--bench",
        "parse",
    ]);
    let text = shell::read(&mut bench)?;
    say::line(&text);
    median_throughput(&text, "ordinary_servers").context("no throughput in the output of divan")
}

/// The median of the line under `name` in a table of divan, in MB/s.
fn median_throughput(text: &str, name: &str) -> Option<f64> {
    let mut lines = text.lines().skip_while(|line| !line.contains(name));
    let line = lines.nth(1)?;
    let (value, unit) = line
        .split('│')
        .filter(|cell| cell.contains("B/s"))
        .nth(2)?
        .trim()
        .split_once(' ')?;
    let value: f64 = value.parse().ok()?;
    match unit {
        "GB/s" => Some(value * 1000.0),
        "MB/s" => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_third_column_of_the_line_below_the_name() {
        let text = "parse   fastest │ slowest │ median │ mean │ samples\n\
                    ├─ braces  1 ms │ 2 ms │ 3 ms │ 4 ms │ 100\n\
                    │  9 MB/s │ 9 MB/s │ 9 MB/s │ 9 MB/s │\n\
                    ╰─ ordinary  1 ms │ 2 ms │ 3 ms │ 4 ms │ 100\n   \
                       421.6 MB/s │ 147.9 MB/s │ 1.5 GB/s │ 231.5 MB/s │\n";
        assert_eq!(median_throughput(text, "ordinary"), Some(1500.0));
        assert_eq!(median_throughput(text, "other"), None);
    }
}
