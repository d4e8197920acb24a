//! Rare cases that must not hurt: a crowd, huge reviews, and an empty cluster.

use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;
use tools::say;
use tools::target::at_most;

use super::cluster;
use super::load::Load;
use super::program::Program;

/// Huge reviews, one after the other.
const LARGE: usize = 20;
/// The time that one may take, in ms.
const LARGE_TARGET: f64 = 150.0;
/// How much more memory may be held after them, in percent.
const RETURNED_TARGET: f64 = 10.0;
/// Reviews at once.
const CROWD: usize = 1_000;
/// The most memory with a crowd, in MiB.
const CROWD_TARGET: f64 = 192.0;
/// From the start to ready where there is nothing to read, in ms.
const START_TARGET: f64 = 50.0;
/// The memory for nothing, in MiB.
const IDLE_TARGET: f64 = 20.0;
/// Until memory that is not needed is given back.
const REST: Duration = Duration::from_secs(15);

/// Many reviews at the same moment: each is judged or turned away, and memory stays bounded.
pub(super) fn crowd(runtime: &Runtime, program: &Program, load: &Load) -> Result<()> {
    let (judged, shed) = runtime.block_on(load.crowd(CROWD))?;
    let (_, peak) = program.memory()?;
    say::line(format!(
        "  {CROWD} reviews at once: {judged} judged, {shed} turned away with 503"
    ));
    at_most("peak memory with a crowd", peak, CROWD_TARGET, " MiB");
    Ok(())
}

/// Huge reviews: how long they take, and whether their memory is given back.
pub(super) fn large_reviews(runtime: &Runtime, program: &Program, load: &Load) -> Result<()> {
    let review = cluster::large_review();
    let (before, _) = program.memory()?;
    let took = runtime.block_on(load.repeated(&review, LARGE))?;
    std::thread::sleep(REST);
    let (after, peak) = program.memory()?;
    let median = took[took.len() / 2].as_secs_f64() * 1000.0;
    let size = review.len() as f64 / 1e6;
    say::line(format!(
        "  {LARGE} reviews of {size:.1} MB: {median:.0} ms each; memory {before:.0} MiB before, {after:.0} after, peak {peak:.0}"
    ));
    at_most("huge review", median, LARGE_TARGET, " ms");
    let more = (after / before - 1.0) * 100.0;
    at_most(
        "memory kept after huge reviews",
        more,
        RETURNED_TARGET,
        " %",
    );
    Ok(())
}

/// The cost of an empty cluster.
pub(super) fn empty(program: &Program) -> Result<()> {
    let (memory, _) = program.memory()?;
    let took = program.took.as_secs_f64() * 1000.0;
    at_most("empty cluster, ready", took, START_TARGET, " ms");
    at_most("empty cluster, memory", memory, IDLE_TARGET, " MiB");
    Ok(())
}
