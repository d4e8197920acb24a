//! Keeps the store up to date, and looks Secrets up where it is not enough.
//!
//! ```text
//! API server ─ list, watch ─▶ informer (one per kind and scope) ─▶ store
//!            ─ /apis ───────▶ discovery: which optional kinds there are
//!            ◀─ GET ───────── lookups, for the judge
//! ```
//!
//! An outage changes nothing that was learnt: readiness stays, and `certlint_cache_stale_seconds`
//! grows. A kind that may not be read is switched off, and said so once.

mod cluster;
mod discovery;
mod heard;
mod informer;
mod kinds;
mod live;
mod raw;
mod reason;
mod state;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;

pub(crate) use cluster::Cluster;
pub(crate) use live::Lookups;
pub(crate) use reason::reason;
pub(crate) use state::State;

use std::sync::Arc;

use certlint_core::kubernetes::kinds::SECRET;
use tokio::task::JoinSet;

use crate::settings::SecretAccess;
use crate::store::{Kind, Store};

use discovery::Discovery;
use informer::Informer;

/// The informers; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

impl Watch {
    /// Begins to watch: the listed namespaces, or all where none is listed. Needs a tokio runtime.
    pub(crate) fn start(
        cluster: &Cluster,
        store: &Arc<Store>,
        namespaces: &[String],
        access: SecretAccess,
    ) -> Self {
        let state = Arc::new(State::new(cluster.heard().clone()));
        let mut tasks = JoinSet::new();
        let informer = |kind, scope| Informer {
            client: cluster.client().clone(),
            store: store.clone(),
            state: state.clone(),
            kind,
            scope,
        };
        let scopes = |kind: &Kind| {
            if kind.is_namespaced {
                scopes(namespaces)
            } else {
                vec![None]
            }
        };
        for kind in kinds::built_in() {
            if *kind == SECRET && access != SecretAccess::Cache {
                continue;
            }
            let resource = kinds::resource(kind, kind.versions[0]);
            for scope in scopes(kind) {
                state.expect(kind, scope.as_deref(), &resource);
                tasks.spawn(informer(kind, scope).run(resource.clone()));
            }
        }
        let (discovery, found) = Discovery::new(
            cluster.client().clone(),
            state.clone(),
            self::scopes(namespaces),
        );
        for kind in kinds::optional() {
            for scope in scopes(kind) {
                tasks.spawn(informer(kind, scope).run_where_found(found.clone()));
            }
        }
        tasks.spawn(discovery.run());
        Self {
            state,
            _tasks: tasks,
        }
    }

    /// The state of each kind, and whether all of it was read once.
    pub(crate) fn state(&self) -> &Arc<State> {
        &self.state
    }
}

/// Each namespace that is watched, or `None` for all together.
fn scopes(namespaces: &[String]) -> Vec<Option<String>> {
    if namespaces.is_empty() {
        return vec![None];
    }
    namespaces.iter().cloned().map(Some).collect()
}
