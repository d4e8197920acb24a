//! Judges what is in the cluster already, without a request: for audits.

use std::time::Duration;

use certlint_core::finding::Level;
use tokio::time::Instant;

use super::assess::{Judged, Said, assess};
use super::confirm;
use super::policy::Policy;
use super::request::Live;
use super::review;
use super::surroundings::Surroundings;
use crate::settings::Mode;
use crate::store::{Kept, Store};

/// For the look-ups of one object.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that is wrong with an object; ordered as it is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Failing {
    pub(crate) rule: &'static str,
    /// A warning or an error.
    pub(crate) level: Level,
    pub(crate) message: String,
    /// The field of the object; empty where a Secret is spoken of that it names.
    pub(crate) field: String,
}

/// The findings of an object that is in the store, or of the Secrets that it names, at the
/// moment `now` (unix seconds); sorted. Nothing where the namespace wants nothing to be looked at.
pub(crate) async fn existing(
    store: &Store,
    live: &impl Live,
    policy: &Policy,
    kept: &Kept,
    now: i64,
) -> Vec<Failing> {
    let namespace = kept.namespace();
    if review::mode_of_namespace(store, policy, namespace) == Mode::Off {
        return Vec::new();
    }
    if kept.is_passing() || !review::is_judged(kept) {
        return Vec::new();
    }
    let Some(text) = kept.json() else {
        return Vec::new();
    };
    let object = Judged {
        text,
        kept,
        tells_of_secrets: true,
    };
    let mut around = Surroundings::default();
    around.add(store.neighbours(kept));
    around.look_for_grants(kept.kind(), live);
    if policy.ignores_secrets {
        around.ignore_secrets();
    }
    if around.is_too_large() {
        return Vec::new();
    }
    let mut found = assess(object, &around, policy, now);
    // The store has the Secrets of one type and of some namespaces only.
    if found.lacks_secret && !policy.ignores_secrets {
        let deadline = Instant::now() + PATIENCE;
        around.learn(confirm::ask(live, around.missing(), deadline).await);
        found = assess(object, &around, policy, now);
    }
    let said = found.own.into_iter().chain(found.of_secrets);
    let mut failing: Vec<_> = said
        .filter(|said| said.level >= Level::Warning)
        .map(failing)
        .collect();
    failing.sort();
    failing.dedup();
    failing
}

fn failing(said: Said) -> Failing {
    Failing {
        rule: said.rule,
        level: said.level,
        message: said.message,
        field: said.field,
    }
}
