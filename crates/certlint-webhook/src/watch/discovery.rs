//! Finds out which of the optional kinds the cluster has, once a minute.
//!
//! No watch of CustomResourceDefinitions: that would need one more right for all clusters, while
//! anybody may ask for `/apis`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::core::ApiResource;
use tokio::sync::Notify;
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::store::Kind;

use super::kinds;
use super::reason;
use super::state::State;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(60);
/// After a look that failed before any succeeded: readiness waits for it.
const RETRY: Duration = Duration::from_secs(2);

/// Looks for kinds.
pub(super) struct Discovery {
    client: Client,
    state: Arc<State>,
    /// The namespaces that are watched; `None` for all.
    scopes: Vec<Option<String>>,
    kinds: Sender<BTreeMap<&'static Kind, ApiResource>>,
    again: Arc<Notify>,
}

/// The outcome.
#[derive(Clone)]
pub(super) struct Found {
    /// The optional kinds that the cluster has, in the version to read.
    pub(super) kinds: Receiver<BTreeMap<&'static Kind, ApiResource>>,
    /// Asks for a look before it is time.
    pub(super) again: Arc<Notify>,
}

impl Discovery {
    pub(super) fn new(
        client: Client,
        state: Arc<State>,
        scopes: Vec<Option<String>>,
    ) -> (Self, Found) {
        let (sender, kinds) = channel(BTreeMap::new());
        let again = Arc::new(Notify::new());
        let found = Found {
            kinds,
            again: again.clone(),
        };
        let discovery = Self {
            client,
            state,
            scopes,
            kinds: sender,
            again,
        };
        (discovery, found)
    }

    /// Looks again and again, for ever.
    pub(super) async fn run(self) {
        let mut pause = RETRY;
        let mut failed = false;
        loop {
            match look(&self.client).await {
                Ok(found) => {
                    self.publish(found);
                    pause = PERIOD;
                    failed = false;
                }
                // What was found stays.
                Err(error) => {
                    if !failed {
                        let error = reason(&error);
                        warn!(error, "cannot ask which kinds there are");
                    }
                    failed = true;
                }
            }
            tokio::select! {
                () = sleep(pause) => {}
                // Not at once: what is gone for one informer is gone for all of its namespaces.
                () = self.again.notified() => sleep(RETRY).await,
            }
        }
    }

    fn publish(&self, found: BTreeMap<&'static Kind, ApiResource>) {
        for (kind, resource) in &found {
            // Here, not by the informers: readiness must not be decided before it knows of them.
            for scope in &self.scopes {
                self.state.expect(kind, scope.as_deref(), resource);
            }
            if self.kinds.borrow().get(kind) != Some(resource) {
                let (kind, version) = (kind.name, &resource.api_version);
                info!(kind, version, "the kind is installed");
            }
        }
        self.kinds.send_if_modified(|kinds| {
            let changed = *kinds != found;
            *kinds = found;
            changed
        });
        self.state.discovered();
    }
}

/// The optional kinds that the cluster has, each in the best version that is understood.
async fn look(client: &Client) -> kube::Result<BTreeMap<&'static Kind, ApiResource>> {
    let groups = client.list_api_groups().await?.groups;
    let mut resources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for kind in kinds::optional() {
        let Some(group) = groups.iter().find(|group| group.name == kind.group) else {
            continue;
        };
        for version in kind.versions {
            if group.versions.iter().all(|it| it.version != *version) {
                continue;
            }
            let path = format!("{}/{version}", kind.group);
            if !resources.contains_key(&path) {
                let list = client.list_api_group_resources(&path).await?.resources;
                let names = list.into_iter().map(|resource| resource.name).collect();
                resources.insert(path.clone(), names);
            }
            if resources[&path].iter().any(|name| name == kind.plural) {
                found.insert(kind, kinds::resource(kind, version));
                break;
            }
        }
    }
    Ok(found)
}
