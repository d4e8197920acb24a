//! What becomes of the findings of an object: Events that `kubectl describe` shows.
//!
//! An Event is stored in etcd for an hour and read by many, so that there are few: one for each
//! finding in six hours, and never many at once.

use std::collections::BTreeMap;
use std::time::Duration;

use certlint_core::finding::Level;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use serde_json::Value;
use tokio::time::Instant;

use crate::judge::Failing;
use crate::store::{Kept, ObjectName};

/// Until something is told again.
const AGAIN: Duration = Duration::from_secs(6 * 60 * 60);
/// Events in one round of [`super::publish::ROUND`].
const AT_ONCE: usize = 20;
/// Bytes of a note; the API takes 1 KiB.
const NOTE_MAX: usize = 1_000;

/// The Events that were made.
pub(super) struct Events {
    client: Client,
    instance: String,
    told: BTreeMap<(ObjectName, Failing), Instant>,
    left: usize,
}

impl Events {
    /// Events of this replica.
    pub(super) fn new(client: Client, instance: String) -> Self {
        Self {
            client,
            instance,
            told: BTreeMap::new(),
            left: 0,
        }
    }

    /// Another round: some more may be told.
    pub(super) fn begin(&mut self) {
        self.left = AT_ONCE;
        self.told.retain(|_, at| at.elapsed() < AGAIN);
    }

    /// Tells what was not told yet.
    ///
    /// # Errors
    /// The API server does not take it.
    pub(super) async fn tell(&mut self, kept: &Kept, failing: &[Failing]) -> kube::Result<()> {
        for one in failing {
            let key = (kept.object_name(), one.clone());
            if self.left == 0 || self.told.contains_key(&key) {
                continue;
            }
            self.left -= 1;
            let event = self.event(kept, one);
            let api: Api<Event> = Api::namespaced(self.client.clone(), kept.namespace());
            api.create(&PostParams::default(), &event).await?;
            self.told.insert(key, Instant::now());
        }
        Ok(())
    }

    fn event(&self, kept: &Kept, failing: &Failing) -> Event {
        let now = Timestamp::now();
        let (version, kind) = kept.kind().names();
        let object = kept
            .json()
            .and_then(|json| serde_json::from_slice(json).ok());
        let object: Value = object.unwrap_or_default();
        let field = |name: &str| object["metadata"][name].as_str().map(str::to_owned);
        let mut note = failing.message.clone();
        note.truncate(note.floor_char_boundary(NOTE_MAX));
        Event {
            metadata: ObjectMeta {
                namespace: Some(kept.namespace().to_string()),
                // As clients of Kubernetes name their Events: the object and the time.
                name: Some(format!("{:.200}.{:x}", kept.name(), now.as_nanosecond())),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            reporting_controller: Some("certlint.io/webhook".to_owned()),
            reporting_instance: Some(self.instance.chars().take(128).collect()),
            action: Some("Audit".to_owned()),
            reason: Some(reason(failing.rule)),
            regarding: Some(ObjectReference {
                api_version: Some(version.to_owned()),
                kind: Some(kind.to_owned()),
                namespace: Some(kept.namespace().to_string()),
                name: Some(kept.name().to_string()),
                uid: field("uid"),
                resource_version: field("resourceVersion"),
                ..ObjectReference::default()
            }),
            note: Some(note),
            type_: Some(match failing.level {
                Level::Error | Level::Warning => "Warning".to_owned(),
                Level::Info => "Normal".to_owned(),
            }),
            ..Event::default()
        }
    }
}

/// `NameNotCovered` for `name-not-covered`, as reasons are written.
fn reason(rule: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    rule.split('-').map(word).collect()
}
