//! Requests without a pause, to see what happens to them while something else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cluster::api::Api;

use super::objects::collection;
use super::world::{World, broken};

/// Threads that each ask for the dry run of an Ingress that must be refused.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Outcome>>,
}

/// The outcomes of the requests.
#[derive(Default)]
pub(super) struct Outcome {
    /// Refused by a verdict, as they should be.
    pub(super) judged: usize,
    /// Allowed with a warning: certlint could not look up the Secret.
    pub(super) undecided: Vec<String>,
    /// Allowed without a word, so not looked at.
    pub(super) unchecked: usize,
    /// Refused since the webhook could not be called, with the time and the message.
    pub(super) failed: Vec<(Instant, String)>,
    /// The API server itself did not answer.
    pub(super) unreachable: usize,
}

impl Load {
    pub(super) fn start(world: &World) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..2)
            .map(|_| {
                let (api, stop) = (world.cluster.api.clone(), Arc::clone(&stop));
                thread::spawn(move || ask(&api, &stop))
            })
            .collect();
        Self { stop, threads }
    }

    /// Ends it and says what happened.
    pub(super) fn finish(self) -> Result<Outcome> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Outcome::default();
        for thread in self.threads {
            let one = thread
                .join()
                .ok()
                .context("a thread of the load panicked")?;
            all.judged += one.judged;
            all.undecided.extend(one.undecided);
            all.unchecked += one.unchecked;
            all.unreachable += one.unreachable;
            all.failed.extend(one.failed);
        }
        if all.judged == 0 {
            bail!("nothing was judged under load: {all}");
        }
        Ok(all)
    }
}

impl Outcome {
    /// An error unless each request that the API server took got its verdict.
    pub(super) fn all_judged(&self) -> Result<()> {
        if !self.undecided.is_empty() {
            bail!("not all were judged: {self}");
        }
        self.none_missed()
    }

    /// An error unless each request that the API server took was answered by certlint.
    pub(super) fn none_missed(&self) -> Result<()> {
        if self.unchecked > 0 || !self.failed.is_empty() {
            bail!("not all were answered: {self}");
        }
        Ok(())
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} judged, {} undecided, {} unchecked, {} failed, {} unreachable",
            self.judged,
            self.undecided.len(),
            self.unchecked,
            self.failed.len(),
            self.unreachable
        )?;
        let failed = self.failed.first().map(|(_, message)| message);
        match failed.or_else(|| self.undecided.first()) {
            Some(message) => write!(f, "; the first: {message}"),
            None => Ok(()),
        }
    }
}

fn ask(api: &Api, stop: &AtomicBool) -> Outcome {
    let mut outcome = Outcome::default();
    let object = broken("default");
    let path = format!("{}?dryRun=All", collection(&object));
    while !stop.load(Ordering::Relaxed) {
        match api.post(&path, &object) {
            Ok(answer) if answer.is_denied(&[]).is_ok() => outcome.judged += 1,
            Ok(answer) if answer.is_warned(&["looked up"]).is_ok() => {
                outcome.undecided.extend(answer.warnings);
            }
            Ok(answer) if answer.is_ok() => outcome.unchecked += 1,
            Ok(answer) if answer.message().contains("calling webhook") => {
                (outcome.failed).push((Instant::now(), answer.message().to_owned()));
            }
            Ok(_) | Err(_) => outcome.unreachable += 1,
        }
        thread::sleep(Duration::from_millis(10));
    }
    outcome
}
