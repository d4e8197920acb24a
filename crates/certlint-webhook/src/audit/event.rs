//! Findings of an object as Events, which `kubectl describe` shows.
//!
//! An Event is stored in etcd for an hour and read by many, so that there are few: one for each
//! finding in six hours, and never many at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use certlint_core::finding::Level;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use serde_json::Value;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::judge::Failing;
use crate::store::Kept;

use super::refusals::Refusals;

/// Until something is told again.
const AGAIN: Duration = Duration::from_secs(6 * 60 * 60);
/// Events in one round of the publisher.
const AT_ONCE: usize = 20;
/// Bytes of a note; the API takes 1 KiB.
const NOTE_MAX: usize = 1_000;

/// The Events that were made.
pub(super) struct Events {
    client: Client,
    instance: String,
    clock: Clock,
    /// When each was made, by namespace and name.
    told: BTreeMap<(Arc<str>, String), Instant>,
}

impl Events {
    /// Events of this replica.
    pub(super) fn new(client: Client, instance: String, clock: Clock) -> Self {
        Self {
            client,
            instance,
            clock,
            told: BTreeMap::new(),
        }
    }

    /// Tells what was not told yet, or some of it.
    ///
    /// # Errors
    /// The API server does not take it.
    pub(super) async fn publish(
        &mut self,
        objects: &[(Arc<Kept>, Vec<Failing>)],
    ) -> kube::Result<()> {
        self.told.retain(|_, at| at.elapsed() < AGAIN);
        let mut left = AT_ONCE;
        let mut refusals = Refusals::default();
        for (kept, failing) in objects {
            let object = object(kept);
            for one in failing {
                let namespace = kept.namespace();
                let key = (namespace.clone(), name(kept, &object, one));
                if left == 0 || refusals.has(namespace) || self.told.contains_key(&key) {
                    continue;
                }
                left -= 1;
                let event = self.event(kept, &object, &key.1, one);
                let api: Api<Event> = Api::namespaced(self.client.clone(), namespace);
                let created = match api.create(&PostParams::default(), &event).await {
                    // The leader before us has reported it.
                    Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
                    created => created.map(drop),
                };
                if refusals.check(namespace, created)? {
                    self.told.insert(key, Instant::now());
                }
            }
        }
        refusals.end()
    }

    fn event(&self, kept: &Kept, object: &Value, name: &str, failing: &Failing) -> Event {
        let kind = kept.kind();
        let field = |name: &str| object["metadata"][name].as_str().map(str::to_owned);
        let mut note = failing.message.clone();
        note.truncate(note.floor_char_boundary(NOTE_MAX));
        Event {
            metadata: ObjectMeta {
                namespace: Some(kept.namespace().to_string()),
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(self.clock.now())),
            reporting_controller: Some("certlint.io/webhook".to_owned()),
            reporting_instance: Some(self.instance.chars().take(128).collect()),
            action: Some("Audit".to_owned()),
            reason: Some(reason(failing.rule)),
            regarding: Some(ObjectReference {
                api_version: Some(kind.api_version()),
                kind: Some(kind.name.to_owned()),
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

fn object(kept: &Kept) -> Value {
    let json = kept.json();
    let object = json.and_then(|json| serde_json::from_slice(json).ok());
    object.unwrap_or_default()
}

/// The object, as in the names of others' Events, and what is wrong with it: another replica that
/// takes over finds the Event there.
fn name(kept: &Kept, object: &Value, failing: &Failing) -> String {
    let uid = &object["metadata"]["uid"];
    let finding = (&failing.rule, &failing.field, &failing.message);
    let hash = super::hash(&format!("{:?} {uid} {finding:?}", kept.kind()));
    let prefix: String = kept.name().chars().take(200).collect();
    format!("{}.{hash}", prefix.trim_end_matches(['.', '-']))
}

/// `NameNotCovered` for `name-not-covered`, as reasons are written.
fn reason(rule: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    rule.split('-').map(word).collect()
}
