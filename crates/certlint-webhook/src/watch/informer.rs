//! Follows one kind in one scope, and tells the store.
//!
//! A list goes into the store as a whole when it is complete, so that nothing vanishes while it is
//! read. What follows is told in the order of the watch. kube's watcher does the rest: pages of
//! 500, bookmarks, a new list after 410, an end to watches that are silent.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use certlint_core::kubernetes::kinds::{NAMESPACE, SECRET};
use futures::StreamExt as _;
use kube::Client;
use kube::api::Api;
use kube::core::ApiResource;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::store::{Kind, Store};

use super::discovery::Found;
use super::kinds;
use super::raw::Raw;
use super::reason;
use super::state::{Refused, State};

/// How long until something that is forbidden is asked for again.
const OPTIONAL_AGAIN: Duration = Duration::from_secs(60);
/// The same for what the process cannot be ready without: a binding is often a moment late.
const REQUIRED_AGAIN: Duration = Duration::from_secs(5);

/// The same for what was allowed a moment ago.
const DOUBTFUL_AGAIN: Duration = Duration::from_secs(5);

/// Follows one kind.
#[derive(Clone)]
pub(super) struct Informer {
    pub(super) client: Client,
    pub(super) store: Arc<Store>,
    pub(super) state: Arc<State>,
    pub(super) kind: &'static Kind,
    /// The namespace; `None` for all.
    pub(super) scope: Option<String>,
}

/// Why a kind can no longer be followed.
enum End {
    /// The API server refuses it; what it says.
    Forbidden(String),
    /// The API server has no such kind.
    Gone,
}

impl Informer {
    /// Follows a kind that is always there, for ever.
    pub(super) async fn run(self, resource: ApiResource) {
        loop {
            let end = self.follow(&resource).await;
            sleep(self.ended(&end)).await;
        }
    }

    /// Follows a kind whenever the cluster has it, for ever.
    pub(super) async fn run_where_found(self, found: Found) {
        let mut served = found.kinds.clone();
        loop {
            let Some(resource) = self.appears(&mut served).await else {
                return; // Nobody discovers any more: the process is ending.
            };
            tokio::select! {
                end = self.follow(&resource) => {
                    let pause = self.ended(&end);
                    if matches!(end, End::Gone) {
                        found.again.notify_one();
                    }
                    // It may be gone, and come back, in the meantime.
                    let _ = timeout(pause, self.goes(&mut served, &resource)).await;
                }
                () = self.goes(&mut served, &resource) => {}
            }
            if served.borrow().get(self.kind).is_none() {
                info!(kind = self.kind.name, "the kind is no longer installed");
                self.forget_objects();
                self.state.forget(self.kind, self.scope());
            }
        }
    }

    /// Waits until the cluster has the kind.
    async fn appears(
        &self,
        served: &mut Receiver<BTreeMap<&'static Kind, ApiResource>>,
    ) -> Option<ApiResource> {
        let kinds = served.wait_for(|kinds| kinds.contains_key(self.kind)).await;
        kinds.ok()?.get(self.kind).cloned()
    }

    /// Waits until the cluster no longer has the kind, or has it in another version.
    async fn goes(
        &self,
        served: &mut Receiver<BTreeMap<&'static Kind, ApiResource>>,
        resource: &ApiResource,
    ) {
        let _ = served
            .wait_for(|kinds| kinds.get(self.kind) != Some(resource))
            .await;
    }

    async fn follow(&self, resource: &ApiResource) -> End {
        // Of a Namespace only the labels are needed; its annotations may be anything.
        if *self.kind == NAMESPACE {
            self.follow_objects::<true>(resource).await
        } else {
            self.follow_objects::<false>(resource).await
        }
    }

    async fn follow_objects<const METADATA_ONLY: bool>(&self, resource: &ApiResource) -> End {
        let api: Api<Raw<METADATA_ONLY>> = match self.scope() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, resource),
            None => Api::all_with(self.client.clone(), resource),
        };
        let mut config = watcher::Config::default();
        if *self.kind == SECRET {
            config = config.fields("type=kubernetes.io/tls");
        }
        let mut events = pin!(watcher(api, config).default_backoff());
        let mut listed = Vec::new();
        while let Some(event) = events.next().await {
            if event.is_ok() {
                self.state.works(self.kind, self.scope());
            }
            match event {
                Ok(Event::Init) => listed = Vec::new(),
                Ok(Event::InitApply(object)) => listed.extend(object.kept(self.kind)),
                Ok(Event::InitDone) => {
                    let objects = std::mem::take(&mut listed);
                    info!(
                        kind = self.kind.name,
                        namespace = self.scope(),
                        objects = objects.len(),
                        "read"
                    );
                    self.store.replace(self.kind, self.scope(), objects);
                    self.state.synced(self.kind, self.scope());
                }
                Ok(Event::Apply(object)) => {
                    if let Some(kept) = object.kept(self.kind) {
                        self.store.apply(kept);
                    }
                }
                Ok(Event::Delete(object)) => {
                    self.store
                        .remove(self.kind, object.namespace(), object.name());
                }
                Err(error) => match status(&error) {
                    Some(status) if status.code == 403 => {
                        return End::Forbidden(status.message.clone());
                    }
                    Some(status) if status.code == 404 => return End::Gone,
                    _ => self.broke(&error),
                },
            }
        }
        End::Gone
    }

    /// Keeps the objects that are known; the list is asked for again after a while.
    fn broke(&self, error: &watcher::Error) {
        let expired = status(error).is_some_and(|status| status.code == 410);
        let why = reason(error);
        if self.state.broke(self.kind, self.scope(), &why) && !expired {
            let kind = self.kind.name;
            warn!(
                kind,
                namespace = self.scope(),
                error = why,
                "the watch broke"
            );
        }
    }

    /// Decides what becomes of what is known, and when to try again.
    fn ended(&self, end: &End) -> Duration {
        let why = match end {
            End::Forbidden(message) => message,
            End::Gone => "the API server does not have it",
        };
        let soon = kinds::is_required(self.kind);
        let kind = self.kind.name;
        match self.state.refused(self.kind, self.scope(), why) {
            Refused::Doubtful => return DOUBTFUL_AGAIN,
            Refused::Again => {}
            Refused::News => {
                warn!(
                    kind,
                    namespace = self.scope(),
                    why,
                    "the kind is not watched"
                );
            }
        }
        // What may not be read is better not known at all than known as it once was.
        self.forget_objects();
        if soon { REQUIRED_AGAIN } else { OPTIONAL_AGAIN }
    }

    fn forget_objects(&self) {
        self.store.replace(self.kind, self.scope(), Vec::new());
    }

    fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }
}

/// The status that the API server answered, if it did.
fn status(error: &watcher::Error) -> Option<&kube::core::Status> {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => match error {
            kube::Error::Api(status) => Some(status),
            _ => None,
        },
        watcher::Error::WatchError(status) => Some(status),
        watcher::Error::NoResourceVersion => None,
    }
}
