//! Judges what is in the cluster already, without a request: for audits.

use std::time::Duration;

use certlint_core::finding::Level;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::assess::{Judged, Said, assess};
use super::confirm;
use super::object::Object;
use super::policy::Policy;
use super::references::References;
use super::request::Live;
use super::review;
use super::surroundings::Surroundings;
use crate::settings::Mode;
use crate::store::{Kept, Kind, Store};

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

/// What is wrong with an object that is in the store, or with the Secrets that it names, at the
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
    let (Some(names), Some(text)) = (names(kept), kept.json()) else {
        return Vec::new();
    };
    let names = &names;
    let object = Judged { text, kept, names };
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

/// The Secrets that an object names; `None` where nobody looks at it.
fn names(kept: &Kept) -> Option<References> {
    let raw: &RawValue = serde_json::from_slice(kept.json()?).ok()?;
    let object = Object::read(raw)?;
    let is_solver = kept.kind() == Kind::Ingress && object.is_acme_solver();
    if object.is_being_deleted() || is_solver {
        return None;
    }
    References::read(kept.kind(), kept.namespace(), object.spec())
}

fn failing(said: Said) -> Failing {
    Failing {
        rule: said.rule,
        level: said.level,
        message: said.message,
        field: said.field,
    }
}
