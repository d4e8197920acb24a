//! What becomes of the findings of an object: a report beside it.
//!
//! One report for each object that has findings, never one for several: reports of whole namespaces
//! outgrow what etcd takes. It belongs to the object, so that it goes with it, and carries the hash
//! of its contents, so that it is written only when they change.
//! <https://github.com/openreports/reports-api/blob/main/docs/api-docs.md>

use std::collections::BTreeMap;
use std::fmt::Write as _;

use certlint_core::finding::Level;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::judge::Failing;
use crate::settings;
use crate::store::Kept;

/// Results of one report; its summary counts all.
const RESULTS_MAX: usize = 50;
const MANAGER: &str = "certlint-webhook";
/// The annotation with the hash.
const HASH: &str = "certlint.io/hash";
/// The label by which our reports are found.
const LABEL: &str = "app.kubernetes.io/managed-by";

/// The reports in the cluster.
pub(super) struct Reports {
    client: Client,
    resource: ApiResource,
    /// The hash of each report that is there, by namespace and name.
    hashes: BTreeMap<(String, String), String>,
}

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
            hashes: BTreeMap::new(),
        })
    }

    /// Learns which reports there are in these namespaces, or in all where none is named.
    ///
    /// # Errors
    /// The API server does not tell; 404 where the kind is not installed.
    pub(super) async fn read(&mut self, namespaces: &[String]) -> kube::Result<()> {
        let params = ListParams::default().labels(&format!("{LABEL}={MANAGER}"));
        let mut hashes = BTreeMap::new();
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
                    hashes.insert((namespace, name), hash);
                }
            }
        }
        self.hashes = hashes;
        Ok(())
    }

    /// Makes the report of an object tell this.
    ///
    /// # Errors
    /// The API server does not take it.
    pub(super) async fn write(&mut self, kept: &Kept, failing: &[Failing]) -> kube::Result<()> {
        let Some(owner) = owner(kept) else {
            return Ok(());
        };
        let name = name(&owner);
        let place = (kept.namespace().to_string(), name.clone());
        let mut report = json!({
            "scope": {
                "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["name"],
                "namespace": place.0, "uid": owner["uid"],
            },
            "summary": summary(failing),
            "results": failing.iter().take(RESULTS_MAX).map(result).collect::<Vec<_>>(),
        });
        let hash = hash(&report);
        if self.hashes.get(&place) == Some(&hash) {
            return Ok(());
        }
        report["apiVersion"] = self.resource.api_version.as_str().into();
        report["kind"] = self.resource.kind.as_str().into();
        report["metadata"] = json!({
            "name": name,
            "namespace": place.0,
            "labels": { LABEL: MANAGER },
            "annotations": { HASH: hash },
            "ownerReferences": [owner],
        });
        let params = PatchParams::apply(MANAGER).force();
        let api = self.api(&place.0);
        api.patch(&name, &params, &Patch::Apply(&report)).await?;
        self.hashes.insert(place, hash);
        Ok(())
    }

    /// Removes all reports but those of these objects.
    ///
    /// # Errors
    /// The API server does not do it.
    pub(super) async fn keep_only<'k>(
        &mut self,
        failing: impl Iterator<Item = &'k Kept>,
    ) -> kube::Result<()> {
        let place = |kept: &Kept| Some((kept.namespace().to_string(), name(&owner(kept)?)));
        let wanted: std::collections::BTreeSet<_> = failing.filter_map(place).collect();
        let is_old = |place: &&(String, String)| !wanted.contains(*place);
        let old: Vec<_> = self.hashes.keys().filter(is_old).cloned().collect();
        for place in old {
            match self
                .api(&place.0)
                .delete(&place.1, &DeleteParams::default())
                .await
            {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                outcome => drop(outcome?),
            }
            self.hashes.remove(&place);
        }
        Ok(())
    }

    fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &self.resource)
    }
}

/// The object as the owner of its report; `None` where the API server has not given it an identity.
fn owner(kept: &Kept) -> Option<Value> {
    let object: Value = serde_json::from_slice(kept.json()?).ok()?;
    let uid = object["metadata"]["uid"].as_str()?;
    let (version, kind) = kept.kind().names();
    Some(json!({ "apiVersion": version, "kind": kind, "name": **kept.name(), "uid": uid }))
}

/// Unique, and short enough for any name of an object.
fn name(owner: &Value) -> String {
    format!("certlint-{}", owner["uid"].as_str().unwrap_or_default())
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

fn hash(report: &Value) -> String {
    let digest = Sha256::digest(report.to_string());
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
