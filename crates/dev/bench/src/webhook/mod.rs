//! The webhook in a small and in a large cluster, beside the same stack with a judge that allows
//! everything.
//!
//! The API server is ours; its answers are those of a real one, and cost less. Client, API server
//! and webhook share the machine, and all servers are asked in turns, so that what else runs slows
//! them alike.

mod api;
mod cluster;
mod edges;
mod load;
mod pki;
mod program;
mod tls;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;
use tools::histogram::Histogram;
use tools::say;
use tools::shell::Profile;
use tools::target::{self, at_most};

use load::Load;
use pki::Pki;
use program::Program;

/// Turns of each server.
const ROUNDS: usize = 5;
/// One turn.
const TURN: Duration = Duration::from_secs(4);
/// Connections on which as much is asked as is answered.
const CONNECTIONS: usize = 16;
/// Reviews a second where their time counts, and the connections for them.
const RATE: u32 = 500;
const PACED_CONNECTIONS: u32 = 8;

/// Reviews a second, over those of a judge that allows everything.
const THROUGHPUT_TARGET: f64 = 0.8;
/// Of half of all reviews in the large cluster, in ms.
const MEDIAN_TARGET: f64 = 0.3;
/// Of all but a hundredth, in ms.
const SLOWEST_TARGET: f64 = 2.0;
/// How much longer the slowest hundredth may take in the large cluster.
const GROWTH_TARGET: f64 = 1.2;
/// Resident memory in the large cluster, in MiB.
const MEMORY_TARGET: f64 = 96.0;
/// The same at its most.
const PEAK_TARGET: f64 = 128.0;
/// From the start to ready in the large cluster, in seconds.
const START_TARGET: f64 = 5.0;
/// Of a processor, for a look at everything in the large cluster, in seconds.
const AUDIT_TARGET: f64 = 2.0;
/// The memory that this adds, in MiB.
const AUDIT_MEMORY_TARGET: f64 = 30.0;

/// A server, and what is measured of it.
struct Measured {
    name: &'static str,
    program: Program,
    load: Load,
    /// Reviews a second, of each turn.
    throughput: Vec<f64>,
    /// Its own time on a processor for each of them, in µs.
    processor: Vec<f64>,
    /// The latencies that a client sees at `RATE`, sorted.
    latencies: Vec<Duration>,
    /// Its own figures about the same reviews.
    handling: Histogram,
}

/// Measures the webhook and prints what is reached.
pub(super) fn run(folder: &Path) -> Result<()> {
    let (webhook, allow) = build()?;
    std::fs::create_dir_all(folder)?;
    let pki = Arc::new(Pki::new(folder)?);
    let temporary = tempfile::tempdir_in(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let config = Arc::new(tls::client(&pki)?);
    let reviews = cluster::reviews();
    let measured = |name, program: Program| Measured {
        name,
        load: Load::new(program.webhook, config.clone(), &reviews),
        program,
        throughput: Vec::new(),
        processor: Vec::new(),
        latencies: Vec::new(),
        handling: Histogram::default(),
    };
    let in_cluster = |size| {
        let cluster = runtime.block_on(api::serve(pki.clone(), size))?;
        Program::webhook(&webhook, temporary.path(), &pki, cluster)
    };
    let full = measured("large cluster", in_cluster(cluster::FULL)?);
    let memory_at_first = full.program.memory()?.0;
    let audit = full.program.audited()?;
    let audit_memory = full.program.memory()?.0 - memory_at_first;
    let mut all = [
        measured("allows all", Program::echo(&allow, &pki)?),
        measured("small cluster", in_cluster(cluster::SMALL)?),
        full,
    ];
    for one in &all {
        runtime.block_on(one.load.all_are_allowed())?;
    }
    for _ in 0..ROUNDS {
        for one in &mut all {
            one.flood(&runtime)?;
        }
        for one in &mut all {
            one.pace(&runtime)?;
        }
    }
    report(&all)?;
    at_most("large cluster, audit of all", audit, AUDIT_TARGET, " s CPU");
    at_most(
        "large cluster, memory for it",
        audit_memory,
        AUDIT_MEMORY_TARGET,
        " MiB",
    );
    let [_, _, full] = &all;
    edges::crowd(&runtime, &full.program, &full.load)?;
    edges::large_reviews(&runtime, &full.program, &full.load)?;
    edges::empty(&in_cluster(cluster::EMPTY)?)
}

/// The webhook as it is distributed, and of the one that allows everything.
fn build() -> Result<(PathBuf, PathBuf)> {
    let folder = Profile::Dist.build("certlint-webhook", &["--bins", "--examples"])?;
    Ok((
        folder.join("certlint-webhook"),
        folder.join("examples/allow"),
    ))
}

impl Measured {
    /// As much as it answers.
    fn flood(&mut self, runtime: &Runtime) -> Result<()> {
        let before = self.program.spent()?;
        let count = runtime.block_on(self.load.flood(CONNECTIONS, TURN))?;
        let after = self.program.spent()?;
        let count = count as f64;
        self.throughput.push(count / TURN.as_secs_f64());
        let processor = after.processor - before.processor;
        self.processor.push(processor / count * 1e6);
        Ok(())
    }

    fn pace(&mut self, runtime: &Runtime) -> Result<()> {
        let before = self.program.spent()?;
        let paced = self.load.paced(PACED_CONNECTIONS, RATE, TURN);
        self.latencies.extend(runtime.block_on(paced)?);
        self.latencies.sort_unstable();
        let after = self.program.spent()?;
        self.handling.add_between(&before.handling, &after.handling);
        Ok(())
    }

    /// The time below which the server says a share of the reviews was handled, in ms.
    fn handled(&self, share: f64) -> f64 {
        self.handling.quantile(share) * 1000.0
    }

    /// The time below which a share of the answers came, in ms.
    fn latency(&self, percent: usize) -> f64 {
        let index = self.latencies.len() * percent / 100;
        let latency = self.latencies.get(index).copied().unwrap_or_default();
        latency.as_secs_f64() * 1000.0
    }
}

fn report(all: &[Measured; 3]) -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    say::line(format!(
        "webhook, medians of {ROUNDS} turns on {cores} cores:"
    ));
    for one in all {
        let (memory, peak) = one.program.memory()?;
        say::line(format!(
            "  {:14} {:7.0} reviews/s, {:5.0} µs CPU each; at {RATE}/s: seen p50 {:.2} ms, p99 {:.2} ms, handled p50 {:.2} ms, p99 {:.2} ms; {memory:.0} MiB, peak {peak:.0}; ready after {:.2} s",
            one.name,
            median(&one.throughput),
            median(&one.processor),
            one.latency(50),
            one.latency(99),
            one.handled(0.5),
            one.handled(0.99),
            one.program.took.as_secs_f64(),
        ));
    }
    let [allow, small, full] = all;
    // Turn by turn, as the machine was the same then.
    let turns = full.throughput.iter().zip(&allow.throughput);
    let ratios: Vec<_> = turns.map(|(full, allow)| full / allow).collect();
    let ratio = median(&ratios);
    let reached = ratio >= THROUGHPUT_TARGET;
    let what = "throughput over that of `allows all`";
    target::show(what, ratio, THROUGHPUT_TARGET, reached, "x");
    let (half, slowest) = (full.handled(0.5), full.handled(0.99));
    at_most("large cluster, handled p50", half, MEDIAN_TARGET, " ms");
    at_most("large cluster, handled p99", slowest, SLOWEST_TARGET, " ms");
    let growth = slowest / small.handled(0.99);
    at_most(
        "the same over the small cluster's",
        growth,
        GROWTH_TARGET,
        "x",
    );
    let (memory, peak) = full.program.memory()?;
    at_most("large cluster, memory", memory, MEMORY_TARGET, " MiB");
    at_most("large cluster, peak memory", peak, PEAK_TARGET, " MiB");
    let took = full.program.took.as_secs_f64();
    at_most("large cluster, ready", took, START_TARGET, " s");
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
