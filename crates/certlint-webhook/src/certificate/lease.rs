//! Which of the replicas does what only one should do: replace and publish the CA.
//!
//! A Lease (`coordination.k8s.io`) names the holder. Every write carries the version that was read,
//! so that of two candidates one wins. Whether the holder is alive is judged by whether the Lease
//! changes, by our own clock: clocks of different nodes may differ.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use k8s_openapi::api::coordination::v1 as api;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use crate::clock::Clock;
use crate::watch::reason;

/// How long a holder counts as alive without a sign of life.
const DURATION: Duration = Duration::from_secs(15);
/// After this without success a holder no longer counts itself as one.
const DEADLINE: Duration = Duration::from_secs(10);
/// Between two attempts.
const RETRY: Duration = Duration::from_secs(2);
/// For one attempt.
const PATIENCE: Duration = Duration::from_secs(4);

/// A candidate for a Lease.
pub(crate) struct Lease {
    api: Api<api::Lease>,
    name: String,
    identity: String,
    clock: Clock,
    leads: Sender<bool>,
    /// The version that was seen last, and when it was first seen.
    seen: Option<(String, Instant)>,
    /// When the Lease was last written by us, for sure.
    renewed: Option<Instant>,
    /// The fault that was logged last.
    trouble: Option<String>,
}

impl Lease {
    /// Prepares a candidate; `identity` must be another one for each replica. Also gives what tells
    /// whether it holds the Lease.
    pub(crate) fn new(
        client: Client,
        namespace: &str,
        name: &str,
        identity: &str,
        clock: Clock,
    ) -> (Self, Receiver<bool>) {
        let (leads, receiver) = channel(false);
        let lease = Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            identity: identity.to_owned(),
            clock,
            leads,
            seen: None,
            renewed: None,
            trouble: None,
        };
        (lease, receiver)
    }

    /// Tries to get and to keep the Lease until `stop`; then lets go of it.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let began = Instant::now();
            match timeout(PATIENCE, self.attempt()).await {
                Ok(Ok(holds)) => {
                    self.renewed = holds.then_some(began);
                    self.trouble = None;
                }
                Ok(Err(error)) => self.log(reason(&error)),
                Err(_) => self.log("no answer in time".to_owned()),
            }
            let leads = self.renewed.is_some_and(|at| at.elapsed() < DEADLINE);
            self.tell(leads);
            tokio::select! {
                () = sleep(RETRY) => {}
                () = &mut stop => break,
            }
        }
        self.tell(false);
        // It expires by itself if this fails.
        let _ = timeout(PATIENCE, self.release()).await;
    }

    /// Says what is wrong once, not every two seconds.
    fn log(&mut self, error: String) {
        if self.trouble.as_ref() != Some(&error) {
            warn!(error, "cannot ask for the lease");
            self.trouble = Some(error);
        }
    }

    fn tell(&self, leads: bool) {
        let changed = self.leads.send_if_modified(|held| {
            let changed = *held != leads;
            *held = leads;
            changed
        });
        if changed {
            info!(leads, "the lease has changed hands");
        }
    }

    /// Whether we hold it now.
    async fn attempt(&mut self) -> kube::Result<bool> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            let lease = api::Lease {
                metadata: ObjectMeta {
                    name: Some(self.name.clone()),
                    ..ObjectMeta::default()
                },
                spec: Some(self.held(None)),
            };
            return won(self.api.create(&PostParams::default(), &lease).await);
        };
        let spec = lease.spec.take().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if holder != self.identity && !holder.is_empty() && !self.has_expired(&lease, &spec) {
            return Ok(false);
        }
        lease.spec = Some(self.held(Some(spec)));
        won(self
            .api
            .replace(&self.name, &PostParams::default(), &lease)
            .await)
    }

    /// Whether the holder gave no sign of life for as long as it promised to.
    fn has_expired(&mut self, lease: &api::Lease, spec: &api::LeaseSpec) -> bool {
        let version = lease
            .metadata
            .resource_version
            .as_deref()
            .unwrap_or_default();
        let (_, since) = match &self.seen {
            Some(seen) if seen.0 == version => seen,
            _ => self.seen.insert((version.to_owned(), Instant::now())),
        };
        let promised = spec.lease_duration_seconds.unwrap_or_default();
        since.elapsed() >= Duration::from_secs(promised.max(0).unsigned_abs().into())
    }

    /// The Lease's content while we hold it.
    fn held(&self, before: Option<api::LeaseSpec>) -> api::LeaseSpec {
        let now = Some(MicroTime(self.clock.now()));
        let before = before.unwrap_or_default();
        let keeps = before.holder_identity.as_deref() == Some(&self.identity);
        let transitions = before.lease_transitions.unwrap_or_default();
        api::LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: if keeps {
                before.acquire_time
            } else {
                now.clone()
            },
            renew_time: now,
            lease_transitions: Some(transitions.saturating_add(i32::from(!keeps))),
            ..api::LeaseSpec::default()
        }
    }

    /// Lets go of it, so that nobody has to wait.
    async fn release(&self) -> kube::Result<()> {
        let mut lease = self.api.get(&self.name).await?;
        let Some(spec) = &mut lease.spec else {
            return Ok(());
        };
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            self.api
                .replace(&self.name, &PostParams::default(), &lease)
                .await?;
        }
        Ok(())
    }
}

/// Somebody who was faster is no error.
fn won(outcome: kube::Result<api::Lease>) -> kube::Result<bool> {
    match outcome {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}
