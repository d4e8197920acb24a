//! Which requests become reviews, and which never may.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::case::{Case, Suite};
use super::objects::{ingress, secret};
use super::world::{RELEASE, World, broken, chart};

const NAMESPACE: &str = "matching";
const CONFIGURATION: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/certlint";

pub(super) fn suite() -> Suite {
    let mut cases = Vec::new();
    for namespace in ["kube-system", "kube-public", "kube-node-lease", RELEASE] {
        cases.push(Case::new(
            format!("the namespace `{namespace}` is left alone"),
            move |world| {
                let shop = world.authority.issue(&["shop.example.com"])?;
                world
                    .create(&secret(namespace, "shop", &shop))?
                    .is_allowed()?;
                let answer = world.try_create(&broken(namespace))?;
                world
                    .delete(&secret(namespace, "shop", &shop))?
                    .is_allowed()?;
                answer.is_silent()
            },
        ));
    }
    cases.extend([
        Case::new("each family of kinds has an entry of its own", entries),
        Case::new("the end of an Ingress is no review", |world| {
            let ingress = kept(world, "ends")?;
            not_reviewed(world, "DELETE", |world| {
                world.delete(&ingress)?.is_allowed()
            })
        }),
        Case::new("a status is no review", |world| {
            let ingress = kept(world, "status")?;
            not_reviewed(world, "UPDATE", |world| {
                let path = format!("{}/status", super::objects::path(&ingress));
                let status =
                    json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
                world.cluster.api.patch(&path, &status)?.is_allowed()
            })
        }),
        Case::new("a change of labels is no review", |world| {
            let ingress = kept(world, "labels")?;
            not_reviewed(world, "UPDATE", |world| {
                let change = json!({"metadata": {"labels": {"a": "b"}}});
                world.change(&ingress, &change)?.is_allowed()
            })
        }),
        Case::new("a change of annotations is a review", |world| {
            let ingress = kept(world, "annotations")?;
            let before = reviews(world, "UPDATE")?;
            let change = json!({"metadata": {"annotations": {"a": "b"}}});
            world.change(&ingress, &change)?.is_allowed()?;
            if reviews(world, "UPDATE")? == before {
                bail!("it was not reviewed");
            }
            Ok(())
        }),
        Case::new("finalizers of a bad object can be taken away", finalizers),
        Case::new("Helm refuses `Fail` with one replica", |world| {
            fails(
                world,
                &["webhook.failurePolicy=Fail", "replicaCount=1"],
                "replica",
            )
        }),
        Case::new(
            "Helm refuses `Fail` without a PodDisruptionBudget",
            |world| {
                fails(
                    world,
                    &[
                        "webhook.failurePolicy=Fail",
                        "podDisruptionBudget.enabled=false",
                    ],
                    "isruption",
                )
            },
        ),
        Case::new(
            "a lost `caBundle` comes back, and conditions of others stay",
            lost_bundle,
        ),
    ]);
    Suite {
        name: "matching",
        prepares: "the chart with default values, and a namespace",
        prepare: |world| {
            world.install(&["config.shutdown.delay=1s"])?;
            world.namespace(NAMESPACE, json!({}))?;
            let shop = world.authority.issue(&["matching.example.com"])?;
            world
                .create(&secret(NAMESPACE, "shop", &shop))?
                .is_allowed()
        },
        cases,
    }
}

fn kept(world: &World, name: &str) -> Result<Value> {
    let ingress = ingress(NAMESPACE, name, "matching.example.com", "shop");
    world.create(&ingress)?.is_silent()?;
    Ok(ingress)
}

/// How often the API server has called us about Ingresses for an operation. Those of certlint's own
/// probe are all `CREATE`.
fn reviews(world: &World, operation: &str) -> Result<f64> {
    let name = "apiserver_admission_webhook_request_total";
    let operation = format!("operation=\"{operation}\"");
    world.api_metric(name, &["name=\"ingress.certlint.io\"", &operation])
}

fn not_reviewed(world: &World, operation: &str, act: impl Fn(&World) -> Result<()>) -> Result<()> {
    let before = reviews(world, operation)?;
    act(world)?;
    let between = reviews(world, operation)? - before;
    if between > 0.0 {
        bail!("{between} reviews");
    }
    Ok(())
}

fn configuration(world: &World) -> Result<Value> {
    world.cluster.api.get(CONFIGURATION)?.ok()
}

fn entries(world: &mut World) -> Result<()> {
    let configuration = configuration(world)?;
    let entries = configuration["webhooks"].as_array().context("no entries")?;
    let names: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry["name"].as_str())
        .collect();
    let expected = [
        "ingress.certlint.io",
        "gateway.certlint.io",
        "route.certlint.io",
        "openshift-route.certlint.io",
        "emissary-host.certlint.io",
    ];
    if names != expected {
        bail!("{names:?}");
    }
    for entry in entries {
        if entry["failurePolicy"] != "Ignore"
            || entry["timeoutSeconds"] != 5
            || entry["sideEffects"] != "None"
            || entry["matchPolicy"] != "Equivalent"
            || entry["admissionReviewVersions"] != json!(["v1"])
            || entry["clientConfig"]["caBundle"]
                .as_str()
                .is_none_or(str::is_empty)
        {
            bail!("{entry}");
        }
    }
    Ok(())
}

fn finalizers(world: &mut World) -> Result<()> {
    let namespace = "finalizers";
    world.namespace(namespace, json!({"certlint.io/mode": "off"}))?;
    let shop = world.authority.issue(&["shop.example.com"])?;
    world
        .create(&secret(namespace, "shop", &shop))?
        .is_allowed()?;
    let mut ingress = broken(namespace);
    ingress["metadata"]["finalizers"] = json!(["example.com/kept"]);
    world.create(&ingress)?.is_allowed()?;
    let labels = json!({"metadata": {"labels": {"certlint.io/mode": null}}});
    let path = format!("/api/v1/namespaces/{namespace}");
    world.cluster.api.patch(&path, &labels)?.is_allowed()?;
    world.delete(&ingress)?.is_allowed()?;
    // A controller may change other things, too, before it lets go.
    let change = json!({"metadata": {"finalizers": null, "annotations": {"a": "b"}}});
    world.change(&ingress, &change)?.is_allowed()?;
    let answer = world.cluster.api.get(&super::objects::path(&ingress))?;
    if answer.status != 404 {
        bail!("still there: {}", answer.body);
    }
    Ok(())
}

fn fails(world: &World, values: &[&str], word: &str) -> Result<()> {
    let chart = chart();
    for helm in [World::helm3, World::helm4] {
        let mut arguments = vec!["template", RELEASE, &chart, "--kube-version=1.37"];
        for value in values {
            arguments.extend(["--set", value]);
        }
        let printed = helm(world, &arguments)?;
        if printed.code == 0 || !printed.text.contains(word) {
            bail!("exit code {}: {}", printed.code, printed.text);
        }
    }
    Ok(())
}

/// AKS adds conditions to configurations and fights with those that take them away.
fn lost_bundle(world: &mut World) -> Result<()> {
    let mut entries = configuration(world)?["webhooks"].take();
    let added = json!({"key": "control-plane", "operator": "NotIn", "values": ["true"]});
    for entry in entries.as_array_mut().context("no entries")? {
        entry["clientConfig"]["caBundle"] = Value::Null;
        let conditions = &mut entry["namespaceSelector"]["matchExpressions"];
        conditions
            .as_array_mut()
            .context("no conditions")?
            .push(added.clone());
    }
    let change = json!({ "webhooks": entries });
    let api = &world.cluster.api;
    api.patch(CONFIGURATION, &change)?.is_allowed()?;
    world
        .cluster
        .wait("the bundle", Duration::from_secs(20), |_| {
            let now = configuration(world)?;
            let entries = now["webhooks"].as_array().context("no entries")?;
            Ok(entries
                .iter()
                .all(|entry| !entry["clientConfig"]["caBundle"].is_null()))
        })?;
    thread::sleep(Duration::from_secs(1));
    let now = configuration(world)?;
    for entry in now["webhooks"].as_array().context("no entries")? {
        let conditions = entry["namespaceSelector"]["matchExpressions"].as_array();
        if !conditions.is_some_and(|conditions| conditions.contains(&added)) {
            bail!("the condition is gone: {entry}");
        }
    }
    world.until_it_refuses()
}
