//! The settings that are stricter than their defaults, and the ways to know less.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::case::{Case, Suite};
use super::objects::{annotated, ingress, object, secret, secret_of};
use super::world::{RELEASE, World, broken};

const NAMESPACE: &str = "strict";
const ROLE: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles/certlint";

pub(super) fn strict() -> Suite {
    Suite {
        name: "strict",
        prepares: "the chart with strict values, single look-ups and reviews of Secrets",
        prepare: |world| {
            world.install(&[
                "config.shutdown.delay=1s",
                "config.missingSecret=deny",
                "config.unreadableSecret=deny",
                "config.onUnreadable=deny",
                "config.allowObjectOverride=true",
                "webhook.entries.secret.enabled=true",
                "secretAccess=onDemand",
            ])?;
            world.namespace(NAMESPACE, json!({}))?;
            let shop = world.authority.issue(&["strict.example.com"])?;
            world
                .create(&secret(NAMESPACE, "shop", &shop))?
                .is_allowed()?;
            let junk: [(&str, &[u8]); 2] = [("tls.crt", b"not PEM"), ("tls.key", b"not PEM")];
            for name in ["junk", "half-made"] {
                let junk = secret_of(NAMESPACE, name, "kubernetes.io/tls", &junk);
                world.create(&junk)?.is_allowed()?;
            }
            let spec = json!({"spec": {
                "secretName": "half-made",
                "dnsNames": ["strict.example.com"],
                "issuerRef": {"name": "letsencrypt"},
            }});
            let pending = object("cert-manager.io/v1", "Certificate", NAMESPACE, "x", spec);
            world.create(&pending)?.is_allowed()
        },
        cases: vec![
            Case::new("a Secret that is missing is refused", |world| {
                let ingress = ingress(NAMESPACE, "x", "strict.example.com", "missing");
                world.try_create(&ingress)?.is_denied(&["missing"])
            }),
            Case::new("a Secret that is missing and comes is no reason", |world| {
                let ingress = ingress(NAMESPACE, "x", "strict.example.com", "missing");
                let issuer = json!({"cert-manager.io/cluster-issuer": "letsencrypt"});
                world
                    .try_create(&annotated(ingress, issuer))?
                    .is_warned(&["missing"])
            }),
            Case::new("a Secret that cannot be read is refused", |world| {
                let ingress = ingress(NAMESPACE, "x", "strict.example.com", "junk");
                world.try_create(&ingress)?.is_denied(&["junk"])
            }),
            Case::new(
                "a Secret that cannot be read and is being made is no reason",
                |world| {
                    let ingress = ingress(NAMESPACE, "x", "strict.example.com", "half-made");
                    world.try_create(&ingress)?.is_warned(&["half-made"])
                },
            ),
            Case::new("an object that cannot be read is refused", |world| {
                world
                    .try_create(&super::exchange::deep(NAMESPACE))?
                    .is_denied(&[])
            }),
            Case::new("an annotation softens the mode where it may", |world| {
                let soft = json!({"certlint.io/mode": "warn"});
                let answer = world.try_create(&annotated(broken(NAMESPACE), soft))?;
                answer.is_warned(&["other.example.org"])
            }),
            Case::new("a Secret that is looked up decides", |world| {
                let fine = ingress(NAMESPACE, "x", "strict.example.com", "shop");
                world.try_create(&fine)?.is_silent()?;
                world
                    .try_create(&broken(NAMESPACE))?
                    .is_denied(&["strict.example.com"])
            }),
            Case::new(
                "a Secret whose change uncovers a host is warned of",
                uncovering,
            ),
            Case::new(
                "a Secret that is in use can be deleted, with a warning",
                deleted_in_use,
            ),
            Case::new(
                "a namespace with reviewed Secrets can be deleted",
                deleted_namespace,
            ),
            Case::new("no Secret is listed or watched", no_lists),
            Case::new(
                "what must not be looked up is let pass with a warning",
                forbidden,
            ),
        ],
    }
}

pub(super) fn blind() -> Suite {
    Suite {
        name: "blind",
        prepares: "the chart without any right to read Secrets",
        prepare: |world| {
            world.install_only(&["secretAccess=none", "config.shutdown.delay=1s"])?;
            world.namespace(NAMESPACE, json!({}))
        },
        cases: vec![
            Case::new("what objects say by themselves is still checked", |world| {
                let long = format!("{}.example.com", "a".repeat(64));
                world
                    .cluster
                    .wait("a verdict", Duration::from_secs(10), |_| {
                        let ingress = ingress(NAMESPACE, "x", &long, "shop");
                        let answer = world.try_create(&ingress)?;
                        Ok(!answer.is_ok() || !answer.warnings.is_empty())
                    })
            }),
            Case::new("no Secret decides", |world| {
                world.try_create(&broken("default"))?.is_allowed()
            }),
            Case::new("no Secret is read but its own", |world| {
                reads(world, |target| {
                    target["namespace"] == RELEASE && target["name"] == "certlint-ca"
                })
            }),
        ],
    }
}

fn uncovering(world: &mut World) -> Result<()> {
    let used = world.authority.issue(&["used.example.com"])?;
    let made = secret(NAMESPACE, "used", &used);
    world.create(&made)?.is_allowed()?;
    world
        .create(&ingress(NAMESPACE, "uses", "used.example.com", "used"))?
        .is_silent()?;
    thread::sleep(Duration::from_millis(500));
    let other = world.authority.issue(&["other.example.org"])?;
    let answer = world.replace(&secret(NAMESPACE, "used", &other))?;
    answer.is_warned(&["uses", "used.example.com"])?;
    let again = world
        .authority
        .issue(&["used.example.com", "more.example.com"])?;
    world
        .replace(&secret(NAMESPACE, "used", &again))?
        .is_silent()
}

fn deleted_in_use(world: &mut World) -> Result<()> {
    let used = world.authority.issue(&["used.example.com"])?;
    let answer = world.delete(&secret(NAMESPACE, "used", &used))?;
    answer.is_warned(&["uses"])
}

fn deleted_namespace(world: &mut World) -> Result<()> {
    let namespace = "reviewed";
    world.namespace(namespace, json!({}))?;
    let shop = world.authority.issue(&["strict.example.com"])?;
    world
        .create(&secret(namespace, "shop", &shop))?
        .is_allowed()?;
    world
        .create(&ingress(namespace, "x", "strict.example.com", "shop"))?
        .is_silent()?;
    let secrets = format!("/api/v1/namespaces/{namespace}/secrets");
    world
        .cluster
        .api
        .delete(&secrets, &json!({}))?
        .is_allowed()?;
    let path = format!("/api/v1/namespaces/{namespace}");
    world.cluster.api.delete(&path, &json!({}))?.is_allowed()?;
    world
        .cluster
        .wait("the end of the namespace", Duration::from_secs(20), |api| {
            Ok(api.get(&path)?.status == 404)
        })
}

fn no_lists(world: &mut World) -> Result<()> {
    // The Pods of before, with other rights, ended when the new ones were ready.
    reads(world, |target| !target["name"].is_null())
}

/// An error for a read of a Secret by the Pods that run now and that is not allowed.
fn reads(world: &World, is_allowed: impl Fn(&Value) -> bool) -> Result<()> {
    let pods = world.cluster.kubelet.running(RELEASE);
    for event in world.audit_log()? {
        let target = &event["objectRef"];
        let pod = &event["user"]["extra"]["authentication.kubernetes.io/pod-name"][0];
        let is_ours = pods.iter().any(|running| *pod == running.name.as_str());
        let is_read = ["get", "list", "watch"]
            .iter()
            .any(|verb| event["verb"] == *verb);
        if is_ours && is_read && target["resource"] == "secrets" && !is_allowed(target) {
            bail!("{} {}", event["verb"], event["requestURI"]);
        }
    }
    Ok(())
}

fn forbidden(world: &mut World) -> Result<()> {
    world.no_forbidden()?;
    let role = world.cluster.api.get(ROLE)?.ok()?;
    let mut less = role.clone();
    let rules = less["rules"].as_array_mut().context("no rules")?;
    rules.retain(|rule| rule["resources"] != json!(["secrets"]));
    if less == role {
        bail!("no rule for Secrets in {role}");
    }
    world.cluster.api.put(ROLE, &less)?.is_allowed()?;
    // Refused look-ups are remembered for two seconds, and so are rights.
    thread::sleep(Duration::from_millis(2500));
    let asked = world.try_create(&broken(NAMESPACE))?.is_warned(&["shop"]);
    less["rules"] = role["rules"].clone();
    less["metadata"]["resourceVersion"] = Value::Null;
    world.cluster.api.put(ROLE, &less)?.is_allowed()?;
    world.forget_forbidden()?;
    asked
}
