//! Finds what is wrong with objects that are in the cluster already.
//!
//! ```text
//! store ─ what has changed ─▶ Audit ─ judge ─▶ Table ─▶ metrics
//!                               │                └─ Publisher ─▶ Events, reports
//!                               └─ full passes: at first, after floods, every ten minutes
//! ```
//!
//! The API server is not asked to list anything. Each replica does this, so that each has the
//! figures; one of them, the holder of the Lease, publishes.

mod event;
mod publish;
mod refusals;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use publish::Publisher;
pub(crate) use table::Table;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use certlint_core::kubernetes::kinds::SECRET;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};
use tracing::debug;

use crate::clock::Clock;
use crate::judge::{Live, Policy, existing};
use crate::store::{Kind, ObjectName, Store};
use crate::watch::State;

use work::Work;

/// Between two full passes, for what the changes did not tell and for certificates that end.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Between two looks at what has changed; changes that come together are one.
const ROUND: Duration = Duration::from_secs(1);
/// At least between two full passes, however much changes.
const REST: Duration = Duration::from_secs(30);

/// Keeps the table up to date.
pub(crate) struct Audit<L> {
    pub(crate) store: Arc<Store>,
    pub(crate) state: Arc<State>,
    pub(crate) live: Arc<L>,
    pub(crate) policy: Policy,
    pub(crate) table: Arc<Table>,
    pub(crate) clock: Clock,
    /// Between two full passes.
    pub(crate) interval: Duration,
}

impl<L: Live> Audit<L> {
    /// Goes on for ever, once everything was read.
    pub(crate) async fn run(mut self) {
        let mut work = Work::default();
        let reads_secrets = !self.policy.ignores_secrets;
        let mut passed: Option<Instant> = None;
        loop {
            sleep(ROUND).await;
            if self.state.ready().is_err() {
                continue;
            }
            // What may not be read any more is unknown, not missing.
            let ignores_secrets = !(reads_secrets && self.knows_secrets());
            if std::mem::replace(&mut self.policy.ignores_secrets, ignores_secrets)
                != ignores_secrets
            {
                work.everything();
            }
            work.add(&self.store);
            let pause = if work.is_everything() {
                REST
            } else {
                self.interval
            };
            if passed.is_none_or(|at| at.elapsed() >= pause) {
                self.pass(&mut work).await;
                passed = Some(Instant::now());
            } else if !work.is_everything() {
                self.look_at(work.take()).await;
            }
        }
    }

    fn knows_secrets(&self) -> bool {
        let kinds = self.state.kinds();
        kinds.get(&SECRET).is_some_and(|secrets| secrets.synced)
    }

    /// Looks at everything.
    async fn pass(&self, work: &mut Work) {
        let began = Instant::now();
        work.begin_pass();
        let held = work.held(&self.store);
        let all: Vec<_> = Kind::watched()
            .filter(|kind| kind.is_audited())
            .flat_map(|kind| self.store.all(kind))
            .map(|kept| kept.object_name())
            .filter(|name| !held.contains(name))
            .collect();
        let objects = all.len();
        self.table.retain(|name| {
            let ObjectName {
                kind,
                namespace,
                name,
            } = name;
            self.store.get(kind, namespace, name).is_some()
        });
        self.look_at(all).await;
        self.table.passed(began.elapsed(), self.clock.seconds());
        debug!(objects, "everything was looked at");
    }

    /// Looks at some objects; between two of them others have their turn.
    async fn look_at(&self, names: impl IntoIterator<Item = ObjectName>) {
        for name in names {
            if !name.kind.is_audited() {
                continue;
            }
            let kept = self.store.get(name.kind, &name.namespace, &name.name);
            let now = self.clock.seconds();
            let failing = match kept {
                Some(kept) => existing(&self.store, &*self.live, &self.policy, &kept, now).await,
                None => Vec::new(),
            };
            self.table.set(name, failing);
            tokio::task::yield_now().await;
        }
    }
}

/// Short, and another one for each text, so that it can be used in names and annotations.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
