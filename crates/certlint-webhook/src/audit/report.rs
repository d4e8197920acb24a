//! Findings of an object as a report beside it.
//!
//! One report for each object that has findings, never one for several: reports of whole namespaces
//! outgrow what etcd takes. It belongs to the object, so that it goes with it, and carries the hash
//! of its contents, so that it is written only when they change.
//! <https://github.com/openreports/reports-api/blob/main/docs/api-docs.md>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use certlint_core::finding::Level;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::judge::Failing;
use crate::settings;
use crate::store::Kept;

use super::refusals::Refusals;

/// Results of one report; its summary counts all.
const RESULTS_MAX: usize = 50;
/// Until it is looked whether somebody has removed or added some.
const AGAIN: Duration = Duration::from_secs(10 * 60);
const MANAGER: &str = "certlint-webhook";
/// The annotation with the hash.
const HASH: &str = "certlint.io/hash";
/// The label by which our reports are found.
const LABEL: &str = "app.kubernetes.io/managed-by";

/// The reports in the cluster.
pub(super) struct Reports {
    client: Client,
    resource: ApiResource,
    /// The reports that are there, and when they were read; `None` while that is not known.
    there: Option<(There, Instant)>,
}

/// The hash of each report, by namespace and name.
type There = BTreeMap<(Arc<str>, String), String>;

impl Reports {
    /// Reports of the kind that is wanted; `None` for no reports.
    pub(super) fn new(client: Client, kind: settings::Reports) -> Option<Self> {
        let (group, version, kind, plural) = match kind {
            settings::Reports::None => return None,
            settings::Reports::PolicyReport => (
                "wgpolicyk8s.io",
                "v1alpha2",
                "PolicyReport",
                "policyreports",
            ),
            settings::Reports::OpenReports => ("openreports.io", "v1alpha1", "Report", "reports"),
        };
        let kind = GroupVersionKind::gvk(group, version, kind);
        Some(Self {
            client,
            resource: ApiResource::from_gvk_with_plural(&kind, plural),
            there: None,
        })
    }

    /// Somebody else may change them from now on.
    pub(super) fn forget(&mut self) {
        self.there = None;
    }

    /// Makes the reports tell this and nothing else; in these namespaces, or in all where none is
    /// named.
    ///
    /// # Errors
    /// The API server does not take it; 404 where the kind is not installed.
    pub(super) async fn publish(
        &mut self,
        namespaces: &[String],
        objects: &[(Arc<Kept>, Vec<Failing>)],
    ) -> kube::Result<()> {
        self.there.take_if(|(_, at)| at.elapsed() >= AGAIN);
        // After an error they are read again.
        let (mut there, at) = match self.there.take() {
            Some(there) => there,
            None => (self.read(namespaces).await?, Instant::now()),
        };
        let mut refusals = Refusals::default();
        let mut wanted = BTreeSet::new();
        for (kept, failing) in objects {
            let namespace = kept.namespace();
            let Some(owner) = owner(kept) else {
                continue;
            };
            let place = (namespace.clone(), name(&owner));
            let report = report(namespace, &owner, failing);
            let hash = super::hash(&report.to_string());
            wanted.insert(place.clone());
            if there.get(&place) == Some(&hash) || refusals.has(namespace) {
                continue;
            }
            let written = self.write(&place, report, &hash, owner).await;
            if refusals.check(namespace, written)? {
                there.insert(place, hash);
            }
        }
        let is_old = |place: &&(Arc<str>, String)| !wanted.contains(*place);
        let old: Vec<_> = there.keys().filter(is_old).cloned().collect();
        for place in old {
            let deleted = match self
                .api(&place.0)
                .delete(&place.1, &DeleteParams::default())
                .await
            {
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
                deleted => deleted.map(drop),
            };
            if refusals.check(&place.0, deleted)? {
                there.remove(&place);
            }
        }
        refusals.end()?;
        self.there = Some((there, at));
        Ok(())
    }

    /// Learns which reports there are.
    async fn read(&self, namespaces: &[String]) -> kube::Result<There> {
        let params = ListParams::default().labels(&format!("{LABEL}={MANAGER}"));
        let mut there = There::new();
        let mut apis: Vec<_> = namespaces.iter().map(|name| self.api(name)).collect();
        if apis.is_empty() {
            apis.push(Api::all_with(self.client.clone(), &self.resource));
        }
        for api in apis {
            for report in api.list_metadata(&params).await? {
                let metadata = report.metadata;
                let is_ours = metadata.labels.unwrap_or_default().contains_key(LABEL);
                let hash = metadata.annotations.unwrap_or_default().remove(HASH);
                let place = (metadata.namespace, metadata.name);
                if let (true, Some(hash), (Some(namespace), Some(name))) = (is_ours, hash, place) {
                    there.insert((namespace.into(), name), hash);
                }
            }
        }
        Ok(there)
    }

    async fn write(
        &self,
        (namespace, name): &(Arc<str>, String),
        mut report: Value,
        hash: &str,
        owner: Value,
    ) -> kube::Result<()> {
        report["apiVersion"] = self.resource.api_version.as_str().into();
        report["kind"] = self.resource.kind.as_str().into();
        report["metadata"] = json!({
            "name": name,
            "namespace": **namespace,
            "labels": { LABEL: MANAGER },
            "annotations": { HASH: hash },
            "ownerReferences": [owner],
        });
        let params = PatchParams::apply(MANAGER).force();
        let (api, patch) = (self.api(namespace), Patch::Apply(&report));
        api.patch(name, &params, &patch).await.map(drop)
    }

    fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &self.resource)
    }
}

/// The object as the owner of its report; `None` where the API server has not given it an identity.
fn owner(kept: &Kept) -> Option<Value> {
    let object: Value = serde_json::from_slice(kept.json()?).ok()?;
    let uid = object["metadata"]["uid"].as_str()?;
    Some(json!({
        "apiVersion": kept.kind().api_version(),
        "kind": kept.kind().name,
        "name": **kept.name(),
        "uid": uid,
    }))
}

/// Unique, and short enough for any name of an object.
fn name(owner: &Value) -> String {
    format!("certlint-{}", owner["uid"].as_str().unwrap_or_default())
}

/// The content of a report, without its metadata.
fn report(namespace: &str, owner: &Value, failing: &[Failing]) -> Value {
    json!({
        "scope": {
            "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["name"],
            "namespace": namespace, "uid": owner["uid"],
        },
        "summary": summary(failing),
        "results": failing.iter().take(RESULTS_MAX).map(result).collect::<Vec<_>>(),
    })
}

fn summary(failing: &[Failing]) -> Value {
    let errors = failing
        .iter()
        .filter(|one| one.level == Level::Error)
        .count();
    json!({ "pass": 0, "fail": errors, "warn": failing.len() - errors, "error": 0, "skip": 0 })
}

fn result(failing: &Failing) -> Value {
    let (result, severity) = match failing.level {
        Level::Error => ("fail", "high"),
        Level::Warning | Level::Info => ("warn", "medium"),
    };
    let mut result = json!({
        "source": "certlint", "policy": "certlint", "rule": failing.rule, "category": "TLS",
        "result": result, "severity": severity, "scored": true, "message": failing.message,
    });
    if !failing.field.is_empty() {
        result["properties"] = json!({ "field": failing.field });
    }
    result
}
