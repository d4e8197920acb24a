//! How far each kind is known: for readiness, for metrics, and for readers that must not take
//! "not there" for an answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use certlint_core::kubernetes::kinds::SECRET;
use kube::Resource as _;
use kube::api::DynamicObject;
use kube::core::ApiResource;
use tokio::time::Instant;

use crate::store::Kind;

use super::heard::Heard;
use super::kinds;

/// The state of each kind.
#[derive(Debug)]
pub(crate) struct State {
    heard: Heard,
    scopes: Mutex<BTreeMap<(&'static Kind, Option<String>), Scope>>,
    discovered: AtomicBool,
    /// Everything was read once; an outage that comes later changes nothing.
    was_ready: AtomicBool,
}

/// One kind in one namespace, or in all.
#[derive(Debug, Default)]
struct Scope {
    path: String,
    synced: bool,
    /// Since when it is refused.
    refused: Option<Instant>,
    /// Why it is switched off.
    off: Option<String>,
    /// The failures since it was last read.
    trouble: Option<String>,
    restarts: u64,
}

/// The consequence of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It was allowed a moment ago: perhaps the API server has just started, and does not know all
    /// rights yet.
    Doubtful,
    /// The kind is off from now on.
    News,
    /// The kind was off already.
    Again,
}

/// For how long a refusal of what was allowed is not believed.
const DOUBT: Duration = Duration::from_secs(60);

/// The figures of a kind for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KindState {
    /// `Ingress`
    pub(crate) name: &'static str,
    /// It was read as a whole at least once, in all namespaces that are watched.
    pub(crate) synced: bool,
    /// It may not be read, and nothing of it is known.
    pub(crate) off: bool,
    /// Time since the API server was last heard of; `None` where it is off, and nothing can be stale.
    pub(crate) stale: Option<Duration>,
    /// How often the watch broke.
    pub(crate) restarts: u64,
}

impl State {
    pub(super) fn new(heard: Heard) -> Self {
        Self {
            heard,
            scopes: Mutex::default(),
            discovered: AtomicBool::new(false),
            was_ready: AtomicBool::new(false),
        }
    }

    /// Whether everything was read once.
    ///
    /// # Errors
    ///
    /// The kinds that are not read yet, for `/readyz?verbose`.
    pub(crate) fn ready(&self) -> Result<(), String> {
        if self.was_ready.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut missing = String::new();
        if !self.discovered.load(Ordering::Acquire) {
            missing.push_str("the API server has not told which kinds it has");
        }
        for ((kind, namespace), scope) in &*self.scopes() {
            if scope.synced || (scope.off.is_some() && !kinds::is_required(kind)) {
                continue;
            }
            let separator = if missing.is_empty() { "" } else { "; " };
            let place = namespace.as_deref().map(|name| format!(" in `{name}`"));
            let reason = scope.off.as_ref().or(scope.trouble.as_ref());
            // Writing to a string cannot fail.
            let _ = write!(
                missing,
                "{separator}{}{} not read yet{}{}",
                kind.name,
                place.unwrap_or_default(),
                if reason.is_some() { ": " } else { "" },
                reason.map_or("", String::as_str),
            );
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        self.was_ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether the store holds all objects of this kind in this namespace, so that one that it does
    /// not hold is not there. Otherwise nothing follows from its absence.
    pub(crate) fn knows(&self, kind: &Kind, namespace: &str) -> bool {
        let scopes = self.scopes();
        let mut own = scopes
            .iter()
            .filter(|((own, _), _)| **own == *kind)
            .peekable();
        if own.peek().is_none() {
            // Of a kind that is not installed there can be no objects.
            return *kind != SECRET && self.discovered.load(Ordering::Acquire);
        }
        own.any(|((_, scope), state)| {
            state.synced && scope.as_deref().is_none_or(|scope| scope == namespace)
        })
    }

    /// The kinds that are watched, or would be if it were allowed.
    pub(crate) fn kinds(&self) -> BTreeMap<&'static Kind, KindState> {
        let mut kinds: BTreeMap<&'static Kind, KindState> = BTreeMap::new();
        for ((kind, _), scope) in &*self.scopes() {
            let is_off = scope.off.is_some();
            let last = self.heard.last(&scope.path);
            let stale = last.map_or(Duration::ZERO, |last| last.elapsed());
            let state = kinds.entry(kind).or_insert_with(|| KindState {
                name: kind.name,
                synced: true,
                off: false,
                stale: None,
                restarts: 0,
            });
            state.synced &= scope.synced;
            state.off |= is_off;
            state.stale = state.stale.max((!is_off).then_some(stale));
            state.restarts += scope.restarts;
        }
        kinds
    }

    /// A kind is about to be read.
    pub(super) fn expect(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        resource: &ApiResource,
    ) {
        let path = DynamicObject::url_path(resource, namespace);
        self.heard.listen(&path);
        self.change(kind, namespace, |scope| scope.path = path);
    }

    /// All of it was read.
    pub(super) fn synced(&self, kind: &'static Kind, namespace: Option<&str>) {
        self.change(kind, namespace, |scope| {
            scope.synced = true;
            scope.refused = None;
            scope.off = None;
            scope.trouble = None;
        });
    }

    /// Its watch broke, and will be taken up again. Says whether this is the first time since it
    /// worked.
    pub(super) fn broke(&self, kind: &'static Kind, namespace: Option<&str>, why: &str) -> bool {
        self.change(kind, namespace, |scope| {
            scope.restarts += 1;
            scope.trouble.replace(why.to_owned()).is_none()
        })
    }

    /// It works again.
    pub(super) fn works(&self, kind: &'static Kind, namespace: Option<&str>) {
        self.change(kind, namespace, |scope| scope.trouble = None);
    }

    /// It may not be read, or is not there.
    pub(super) fn refused(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        why: &str,
    ) -> Refused {
        self.change(kind, namespace, |scope| {
            let since = *scope.refused.get_or_insert_with(Instant::now);
            if scope.synced && since.elapsed() < DOUBT {
                scope.restarts += 1;
                return Refused::Doubtful;
            }
            scope.synced = false;
            match scope.off.replace(why.to_owned()) {
                None => Refused::News,
                Some(_) => Refused::Again,
            }
        })
    }

    /// It is no longer installed.
    pub(super) fn forget(&self, kind: &'static Kind, namespace: Option<&str>) {
        self.scopes().remove(&(kind, namespace.map(str::to_owned)));
    }

    /// The API server has told which kinds it has.
    pub(super) fn discovered(&self) {
        self.discovered.store(true, Ordering::Release);
    }

    fn change<T>(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        change: impl FnOnce(&mut Scope) -> T,
    ) -> T {
        let mut scopes = self.scopes();
        change(
            scopes
                .entry((kind, namespace.map(str::to_owned)))
                .or_default(),
        )
    }

    fn scopes(&self) -> MutexGuard<'_, BTreeMap<(&'static Kind, Option<String>), Scope>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
