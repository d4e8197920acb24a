//! Keeps the CA, its publication and this replica's certificate in order.
//!
//! Each round reads what is there, does what is missing, and remembers nothing but the certificate
//! that is served. So it does not matter which replica does what, or where one was stopped.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use kube::Client;
use rustls::sign::CertifiedKey;
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::clock::Clock;
use crate::watch::reason;

use super::authority::{Authority, Failure, seconds};
use super::bundle::Bundle;
use super::publish::Configuration;
use super::secret::{CaSecret, Stored, Written};

/// The served certificate; nothing before the first one is signed.
pub(crate) type Current = Arc<ArcSwapOption<CertifiedKey>>;

/// Our own objects in the cluster.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The namespace of the Service and of the Secret.
    pub(crate) namespace: String,
    /// The Service through which the API server comes.
    pub(crate) service: String,
    /// The Secret with the CA.
    pub(crate) secret: String,
    /// The ValidatingWebhookConfiguration.
    pub(crate) configuration: String,
}

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetimes {
    pub(super) authority: Duration,
    pub(super) leaf: Duration,
    /// Between two rounds.
    pub(super) round: Duration,
    /// From when the new CA is seen in our configuration until all API servers have seen it, too.
    pub(super) settle: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            authority: 365 * DAY,
            leaf: 7 * DAY,
            round: Duration::from_secs(10),
            settle: Duration::from_secs(10),
        }
    }
}

/// While nothing can be served, rounds follow each other quickly.
const HURRY: Duration = Duration::from_secs(1);

/// For one round; each of its steps may be the last one.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps everything in order.
pub(crate) struct Keeper {
    secret: CaSecret,
    configuration: Configuration,
    names: Vec<String>,
    pub(super) lifetimes: Lifetimes,
    clock: Clock,
    current: Current,
    leads: Receiver<bool>,
    tell: Box<dyn Fn(i64) + Send + Sync>,
    leaf: Option<Leaf>,
    /// The CA of which we wait until it is trusted everywhere, and since when it is published.
    awaited: Option<([u8; 32], i64)>,
    trouble: Option<String>,
}

/// The served certificate.
struct Leaf {
    not_after: i64,
    /// The CA that signed it.
    authority: [u8; 32],
    /// All that was trusted then.
    bundle: Bundle,
}

/// Why a round did not get to its end.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("cannot {action} the Secret of the CA: {}", reason(.source))]
    Secret {
        action: &'static str,
        source: kube::Error,
    },
    #[error("cannot {action} the webhook configuration: {}", reason(.source))]
    Configuration {
        action: &'static str,
        source: kube::Error,
    },
    #[error("cannot sign: {0}")]
    Sign(#[from] Failure),
    #[error("the Secret of the CA cannot be used, and another replica is to replace it")]
    Unusable,
    #[error("the API server does not answer in time")]
    Slow,
    #[error("other replicas keep changing the Secret of the CA")]
    Conflict,
}

impl Keeper {
    /// Prepares everything. `leads` says whether this replica replaces and publishes the CA; `tell`
    /// hears of each new certificate when it ends, in Unix time.
    pub(crate) fn new(
        client: &Client,
        names: &Names,
        current: Current,
        leads: Receiver<bool>,
        clock: Clock,
        tell: impl Fn(i64) + Send + Sync + 'static,
    ) -> Self {
        let Names {
            namespace, service, ..
        } = names;
        Self {
            secret: CaSecret::new(client.clone(), namespace, &names.secret),
            configuration: Configuration::new(client.clone(), &names.configuration),
            names: vec![
                service.clone(),
                format!("{service}.{namespace}"),
                format!("{service}.{namespace}.svc"),
            ],
            lifetimes: Lifetimes::default(),
            clock,
            current,
            leads,
            tell: Box::new(tell),
            leaf: None,
            awaited: None,
            trouble: None,
        }
    }

    /// Goes round for ever.
    pub(crate) async fn run(mut self) {
        loop {
            let now = self.clock.seconds();
            let outcome = timeout(PATIENCE, self.round(now)).await;
            self.log(outcome.unwrap_or(Err(Trouble::Slow)).err());
            let pause = if self.leaf.is_none() {
                HURRY.min(self.lifetimes.round)
            } else {
                self.lifetimes.round
            };
            let mut leads = self.leads.clone();
            tokio::select! {
                () = sleep(pause) => {}
                // A new leader has something to do at once.
                Ok(()) = leads.changed() => self.leads = leads,
            }
        }
    }

    async fn round(&mut self, now: i64) -> Result<(), Trouble> {
        let (authority, bundle) = self.authority(now).await?;
        let hash = authority.certificate.sha256;
        // At the start nobody trusts anything of ours yet, so there is nothing to wait for.
        if self.leaf.as_ref().is_none_or(|leaf| leaf.not_after <= now) {
            self.sign(&authority, &bundle, now)?;
        }
        let trusted = self.configuration.read().await;
        let trusted = trusted.map_err(|source| Trouble::Configuration {
            action: "read",
            source,
        })?;
        if !trusted.contains(&hash) {
            self.awaited = None;
        } else if self.awaited.is_none_or(|(awaited, _)| awaited != hash) {
            self.awaited = Some((hash, now));
        }
        if *self.leads.borrow() && !trusted.is(&bundle) {
            let publish = self.configuration.publish(&trusted, &bundle).await;
            publish.map_err(|source| Trouble::Configuration {
                action: "change",
                source,
            })?;
            info!("`caBundle` is published");
        }
        let settled = |(_, since)| now - since >= seconds(self.lifetimes.settle);
        let due = self.leaf.as_ref().is_some_and(|leaf| {
            if leaf.authority == hash {
                now >= renewal(leaf.not_after, self.lifetimes.leaf)
            } else {
                self.awaited.is_some_and(settled)
            }
        });
        if due {
            self.sign(&authority, &bundle, now)?;
        }
        Ok(())
    }

    /// The CA that signs, and all that are to be trusted.
    async fn authority(&self, now: i64) -> Result<(Authority, Bundle), Trouble> {
        // The second one reads what the first one wrote.
        for _ in 0..3 {
            let stored = self.secret.read(now).await;
            let stored = stored.map_err(|source| Trouble::Secret {
                action: "read",
                source,
            })?;
            let (written, authority, bundle) = match stored {
                None => {
                    let (authority, bundle) = self.new_authority(Bundle::default(), now)?;
                    let written = self.secret.create(&authority, &bundle).await;
                    (written, authority, bundle)
                }
                Some(stored) => {
                    let version = stored.version.clone();
                    let (authority, bundle, is_new) = self.change(stored, now)?;
                    if !is_new {
                        return Ok((authority, bundle));
                    }
                    let written = self.secret.replace(&version, &authority, &bundle).await;
                    (written, authority, bundle)
                }
            };
            let written = written.map_err(|source| Trouble::Secret {
                action: "write",
                source,
            })?;
            if written == Written::Yes {
                info!(
                    not_after = authority.certificate.not_after,
                    "the Secret of the CA is written"
                );
                return Ok((authority, bundle));
            }
        }
        Err(Trouble::Conflict)
    }

    /// The wanted content of the Secret, and whether it has to be written.
    fn change(&self, stored: Stored, now: i64) -> Result<(Authority, Bundle, bool), Trouble> {
        let leads = *self.leads.borrow();
        match stored.authority {
            Some(authority) => {
                let not_after = authority.certificate.not_after;
                if leads && now >= renewal(not_after, self.lifetimes.authority) {
                    let (authority, bundle) = self.new_authority(stored.bundle, now)?;
                    return Ok((authority, bundle, true));
                }
                Ok((authority, stored.bundle, leads && !stored.is_tidy))
            }
            // To fill what the chart left empty is as safe as to create it.
            None if leads || stored.is_empty => {
                if !stored.is_empty {
                    warn!("the Secret of the CA cannot be used and is replaced");
                }
                let (authority, bundle) = self.new_authority(stored.bundle, now)?;
                Ok((authority, bundle, true))
            }
            None => Err(Trouble::Unusable),
        }
    }

    /// A new CA beside those that are trusted until now.
    fn new_authority(&self, mut bundle: Bundle, now: i64) -> Result<(Authority, Bundle), Trouble> {
        let authority = Authority::new(now, self.lifetimes.authority)?;
        // The Secret may be gone or broken; what we serve has to be trusted none the less.
        if let Some(leaf) = &self.leaf {
            bundle.extend(leaf.bundle.clone());
        }
        bundle.add(&authority.certificate, &authority.pem, now);
        Ok((authority, bundle))
    }

    fn sign(&mut self, authority: &Authority, bundle: &Bundle, now: i64) -> Result<(), Trouble> {
        let (key, not_after) = authority.sign(&self.names, now, self.lifetimes.leaf)?;
        self.current.store(Some(Arc::new(key)));
        self.leaf = Some(Leaf {
            not_after,
            authority: authority.certificate.sha256,
            bundle: bundle.clone(),
        });
        (self.tell)(not_after);
        info!(not_after, "serving certificate signed");
        Ok(())
    }

    /// Says what is wrong once, not in each round.
    fn log(&mut self, trouble: Option<Trouble>) {
        let trouble = trouble.map(|trouble| trouble.to_string());
        if trouble != self.trouble {
            match &trouble {
                Some(error) => warn!(error, "the serving certificate is not in order"),
                None => info!("the serving certificate is in order"),
            }
        }
        self.trouble = trouble;
    }
}

/// When something that lasts so long is to be replaced: after two thirds.
fn renewal(not_after: i64, lifetime: Duration) -> i64 {
    not_after.saturating_sub(seconds(lifetime / 3))
}
