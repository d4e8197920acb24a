//! Reads single Secrets from the API server, past the store: those that it does not hold, and those
//! on which a refusal hangs.
//!
//! An admission review waits meanwhile, so a lookup takes half a second at most and is never
//! repeated. Reviews that ask for the same Secret at once share one request, and a Secret that is
//! not there is not asked for again within two seconds.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certlint_core::kubernetes::SecretSummary;
use k8s_openapi::api::core::v1::Secret;
use kube::api::GetParams;
use kube::{Client, Resource as _};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use crate::judge::{Live, LiveSecret};
use crate::settings::SecretAccess;
use crate::store::Kind;

use super::{Cluster, State};

/// The time that a lookup may take.
const BUDGET: Duration = Duration::from_millis(500);
/// For how long "there is none" holds.
const MISSING_HOLDS: Duration = Duration::from_secs(2);

/// Looks Secrets up.
pub(crate) struct Lookups {
    client: Client,
    access: SecretAccess,
    /// The content of the store.
    state: Arc<State>,
    /// Requests under way, and what they found a moment ago.
    flights: Mutex<BTreeMap<(String, String), Flight>>,
    counts: [AtomicU64; Looked::ALL.len()],
}

/// One request, for all who wait for it.
type Flight = Arc<OnceCell<Answer>>;

/// How lookups end, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Looked {
    /// There is one.
    Found,
    /// There is none.
    Missing,
    /// There was no answer, or none that helps.
    Unknown,
}

impl Looked {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Found, Self::Missing, Self::Unknown];

    /// The label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Clone)]
struct Answer {
    secret: LiveSecret,
    at: Instant,
}

impl Live for Lookups {
    fn knows(&self, kind: &Kind, namespace: &str) -> bool {
        self.state.knows(kind, namespace)
    }

    async fn secret(&self, namespace: &str, name: &str) -> LiveSecret {
        if self.access == SecretAccess::None {
            return LiveSecret::Unknown("Secrets are not read in this cluster".to_owned());
        }
        let flight = self.flight(namespace, name);
        let answer = flight.get_or_init(|| self.look(namespace, name)).await;
        answer.secret.clone()
    }
}

impl Lookups {
    /// Prepares lookups; nothing is asked yet.
    pub(crate) fn new(cluster: &Cluster, access: SecretAccess, state: Arc<State>) -> Self {
        Self {
            client: cluster.client().clone(),
            access,
            state,
            flights: Mutex::default(),
            counts: Default::default(),
        }
    }

    /// How many requests ended in each way.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Looked, u64)> + '_ {
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Looked::ALL.into_iter().zip(counts)
    }

    /// The request for this Secret that is under way, or a new one.
    fn flight(&self, namespace: &str, name: &str) -> Flight {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, flight| match flight.get() {
            Some(answer) => {
                matches!(answer.secret, LiveSecret::Missing) && answer.at.elapsed() < MISSING_HOLDS
            }
            // The client that waited for it may have given up.
            None => Arc::strong_count(flight) > 1,
        });
        let key = (namespace.to_owned(), name.to_owned());
        flights.entry(key).or_default().clone()
    }

    async fn look(&self, namespace: &str, name: &str) -> Answer {
        let secret = match timeout(BUDGET, self.ask(namespace, name)).await {
            Ok(Ok(secret)) => secret,
            Ok(Err(error)) => LiveSecret::Unknown(why(&error)),
            Err(_) => LiveSecret::Unknown(format!(
                "the API server did not answer within {} ms",
                BUDGET.as_millis()
            )),
        };
        let looked = match secret {
            LiveSecret::Found(_) => Looked::Found,
            LiveSecret::Missing => Looked::Missing,
            LiveSecret::Unknown(_) => Looked::Unknown,
        };
        self.counts[looked as usize].fetch_add(1, Ordering::Relaxed);
        Answer {
            secret,
            at: Instant::now(),
        }
    }

    async fn ask(&self, namespace: &str, name: &str) -> kube::Result<LiveSecret> {
        // Not `Api::get`, which logs what it cannot decode.
        let path = Secret::url_path(&(), Some(namespace));
        let request = kube::core::Request::new(path).get(name, &GetParams::default());
        let request = request.map_err(kube::Error::BuildRequest)?;
        let text = match self.client.request_text(request).await {
            Ok(text) => Zeroizing::new(text),
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(LiveSecret::Missing),
            Err(error) => return Err(error),
        };
        let summary = catch_unwind(|| SecretSummary::read(text.as_bytes())).unwrap_or_default();
        Ok(match summary {
            Some(summary) => LiveSecret::Found(Arc::new(summary)),
            None => LiveSecret::Unknown("the API server sent no Secret".to_owned()),
        })
    }
}

/// A few words about an error, for people who may not know this cluster.
fn why(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.code == 403 => {
            "the webhook may not read Secrets there".to_owned()
        }
        kube::Error::Api(status) => format!("the API server answered {}", status.code),
        _ => "the API server cannot be reached".to_owned(),
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}
