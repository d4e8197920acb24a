//! The oracle: random configurations are started in the real nginx, and every handshake and every
//! verdict of `nginx -t` is compared with what certlint says.
//!
//! ```text
//! seed ─▶ case ─┬─▶ nginx -t ─▶ nginx ─▶ handshakes ─┐
//!               └─▶ certlint check, certlint resolve ─┴─▶ differences ─▶ kept
//! ```
//!
//! Kept cases that became fixtures (`fixtures/oracle/`) are replayed first.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail};
use tools::shell::Profile;
use tools::{say, shell};

use crate::case::{Case, Place};
use crate::compare::{Judge, Outcome};
use crate::program::Program;
use crate::rng::Rng;
use crate::{generate, nginx, pool};

/// How many cases are judged at the same time.
const WORKERS: usize = 2;

/// The suites to run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Seed of the fixed cases.
    #[arg(long, default_value_t = 3)]
    pub(crate) seed: u64,
    /// How many cases of the fixed seed.
    #[arg(long, default_value_t = 150)]
    pub(crate) fixed: usize,
    /// How many cases of a fresh seed.
    #[arg(long, default_value_t = 50)]
    pub(crate) fresh: usize,
    /// Where to keep cases with differences [default: target/oracle].
    #[arg(long)]
    pub(crate) keep: Option<PathBuf>,
    /// Replay this kept case only.
    #[arg(long)]
    pub(crate) replay: Option<PathBuf>,
}

/// Runs the oracle; any difference is an error.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = shell::target().join("oracle");
    let pool = pool::cached(&folder)?;
    let judge = Judge {
        program: Program {
            path: shell::certlint(Profile::Dev)?,
            nginx_version: shell::nginx_version()?,
        },
        certificates: pool::names(&pool)?,
    };
    let cases = match &args.replay {
        Some(folder) => vec![(name_of(folder), Case::read(folder)?)],
        None => collect(args)?,
    };
    let keep = args.keep.clone().unwrap_or(folder);
    let total = judge_all(&judge, &cases, &pool, &keep)?;
    for report in total.reports.values() {
        say::line(report);
    }
    say::line(format!(
        "oracle: nginx {}, {} cases ({} accepted, {} refused, {} excused, {} with a key \
         that certlint cannot tell), {} handshakes, \
         {} left open by certlint, {} with differences",
        judge.program.nginx_version,
        cases.len(),
        total.accepted,
        total.refused,
        total.excused,
        total.untold,
        total.handshakes,
        total.unknown,
        total.different,
    ));
    if total.different > 0 {
        bail!(
            "{} cases differ; they are kept in {}",
            total.different,
            keep.display()
        );
    }
    Ok(())
}

/// Fixtures, fixed cases, fresh cases.
fn collect(args: &Args) -> Result<Vec<(String, Case)>> {
    let mut cases = Vec::new();
    let fixtures = shell::root().join("fixtures/oracle");
    if fixtures.is_dir() {
        let mut folders: Vec<_> = fs::read_dir(&fixtures)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        folders.retain(|folder| folder.is_dir());
        folders.sort();
        for folder in folders {
            cases.push((name_of(&folder), Case::read(&folder)?));
        }
    }
    let fresh = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::from(since.subsec_nanos()));
    say::line(format!(
        "oracle: {} fixtures, seed {} ({} cases), fresh seed {fresh} ({} cases)",
        cases.len(),
        args.seed,
        args.fixed,
        args.fresh
    ));
    let ipv6 = nginx::has_ipv6();
    if !ipv6 {
        say::aside("oracle: NOT RUN: listeners on IPv6, this machine has no [::1]");
    }
    for (seed, count) in [(args.seed, args.fixed), (fresh, args.fresh)] {
        let mut seeds = Rng::new(seed);
        for number in 0..count {
            cases.push((
                format!("{seed}-{number}"),
                generate::case(seeds.next(), ipv6),
            ));
        }
    }
    Ok(cases)
}

#[derive(Debug, Default)]
struct Total {
    accepted: usize,
    refused: usize,
    excused: usize,
    untold: usize,
    handshakes: usize,
    unknown: usize,
    different: usize,
    /// Differences to show, by the number of the case: workers finish in any order.
    reports: BTreeMap<usize, String>,
}

fn judge_all(judge: &Judge, cases: &[(String, Case)], pool: &Path, keep: &Path) -> Result<Total> {
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Total::default());
    let work = |worker: u16| -> Result<()> {
        let own = u16::try_from(std::process::id() % 1000).unwrap_or(0);
        let ports = nginx::free_ports(20_000 + worker * 5_000 + own)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((id, case)) = cases.get(number) else {
                return Ok(());
            };
            let folder = tempfile::Builder::new().prefix("certlint-").tempdir()?;
            let place = Place {
                folder: folder.path(),
                ports,
                pool,
            };
            case.write(&place)?;
            let outcome = judge
                .judge(case, &place)
                .with_context(|| format!("case {id}"))?;
            let mut total = total
                .lock()
                .map_err(|_| anyhow!("the other worker of the oracle panicked"))?;
            total.add(&outcome);
            if !outcome.differences.is_empty() {
                let text = report(id, case, &outcome, &place, keep)?;
                total.reports.insert(number, text);
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| scope.spawn(move || work(u16::try_from(worker).unwrap_or(0))))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| bail!("a worker of the oracle panicked"))
        })
    })?;
    total
        .into_inner()
        .context("a worker of the oracle panicked")
}

impl Total {
    fn add(&mut self, outcome: &Outcome) {
        self.accepted += usize::from(outcome.accepted);
        self.refused += usize::from(!outcome.accepted);
        self.excused += usize::from(outcome.excused);
        self.untold += usize::from(outcome.untold);
        self.handshakes += outcome.handshakes;
        self.unknown += outcome.unknown;
        self.different += usize::from(!outcome.differences.is_empty());
    }
}

/// Describes the differences of a case and keeps it, ready to be run by hand.
fn report(
    id: &str,
    case: &Case,
    outcome: &Outcome,
    place: &Place<'_>,
    keep: &Path,
) -> Result<String> {
    let folder = keep.join(format!("case-{id}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("run"))?;
    case.keep(&folder)?;
    let run = folder.join("run");
    case.write(&Place {
        folder: &run,
        ..place.clone()
    })?;
    let mut text = format!(
        "case {id}{}\nnginx -t: {}\n",
        if case.note.is_empty() {
            String::new()
        } else {
            format!(" ({})", case.note)
        },
        outcome.nginx.trim().replace('\n', "\n          "),
    );
    for difference in &outcome.differences {
        text.push_str(&format!("  {difference}\n"));
    }
    fs::write(folder.join("report.txt"), &text)?;
    Ok(format!("{text}  kept in {}", folder.display()))
}

fn name_of(folder: &Path) -> String {
    folder
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
