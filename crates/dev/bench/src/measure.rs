//! Time and memory of a program that runs to its end.
//!
//! The kernel sums up all children of a process, so each run gets a process of its own: this very
//! program, started once more as `bench --measure PROGRAM …`.

use std::ffi::OsString;
use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tools::{say, shell};

/// The resources of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) wall: Duration,
    /// User and system time together.
    pub(crate) cpu: Duration,
    /// Peak of the resident memory, in KiB.
    pub(crate) peak: u64,
}

impl Usage {
    /// The peak in MB.
    pub(crate) fn peak_megabytes(&self) -> f64 {
        // No program has so much memory that this is inexact.
        Duration::from_millis(self.peak * 1024).as_secs_f64() / 1000.0
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "wall {:9.1} ms, CPU {:9.1} ms, peak {:7.1} MB",
            self.wall.as_secs_f64() * 1000.0,
            self.cpu.as_secs_f64() * 1000.0,
            self.peak_megabytes()
        )
    }
}

/// Runs programs one after the other and says what they needed together.
pub(crate) fn run_all(commands: &[Command]) -> Result<Usage> {
    let mut sum = Usage {
        wall: Duration::ZERO,
        cpu: Duration::ZERO,
        peak: 0,
    };
    for command in commands {
        let usage = run(command)?;
        sum.wall += usage.wall;
        sum.cpu += usage.cpu;
        sum.peak = sum.peak.max(usage.peak);
    }
    Ok(sum)
}

/// Runs a program without its output and says what it needed.
pub(crate) fn run(command: &Command) -> Result<Usage> {
    let mut own = Command::new(std::env::current_exe()?);
    own.arg("--measure")
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        own.current_dir(folder);
    }
    let text = shell::read(&mut own)?;
    let numbers: Vec<u64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("`measure` printed {text:?}"))?;
    let [wall, cpu, peak] = numbers[..] else {
        bail!("`measure` printed {text:?}");
    };
    Ok(Usage {
        wall: Duration::from_micros(wall),
        cpu: Duration::from_micros(cpu),
        peak,
    })
}

/// The other end of [`run`]: prints wall and CPU time in microseconds and the peak in KiB.
pub(crate) fn child(command: &[OsString]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no program to measure")?;
    let mut command = Command::new(program);
    command.args(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let wall = began.elapsed().as_micros();
    // certlint and kube-score end with 1 when they have found something.
    if !matches!(status.code(), Some(0 | 1)) {
        bail!("it ended with {status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    say::line(format!("{wall} {cpu} {}", usage.max_rss()));
    Ok(())
}

/// The median of each number.
pub(crate) fn median(runs: &[Usage]) -> Usage {
    fn middle<T: Copy + Ord>(values: impl Iterator<Item = T>) -> Option<T> {
        let mut values: Vec<_> = values.collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    }
    Usage {
        wall: middle(runs.iter().map(|run| run.wall)).unwrap_or_default(),
        cpu: middle(runs.iter().map(|run| run.cpu)).unwrap_or_default(),
        peak: middle(runs.iter().map(|run| run.peak)).unwrap_or_default(),
    }
}
