//! Faults of the cluster as it is: metrics, Events and reports by one replica, once, until cured.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tools::shell;

use super::case::{Case, Suite};
use super::objects::{ingress, path, secret};
use super::world::{RELEASE, World};

const NAMESPACE: &str = "reporting";
const UNWATCHED: &str = "reporting-off";
const HOST: &str = "audit.example.com";
const RULE: &str = "name-not-covered";
/// The publisher looks every ten seconds.
const SOON: Duration = Duration::from_secs(25);
/// A refused request is tried again after a minute.
const LATER: Duration = Duration::from_secs(85);

/// A kind of reports: its file, its path, and the value of the chart that asks for it.
struct Reports {
    file: &'static str,
    api: &'static str,
    plural: &'static str,
    value: &'static str,
}

const POLICY_REPORTS: Reports = Reports {
    file: "policyreports",
    api: "wgpolicyk8s.io/v1alpha2",
    plural: "policyreports",
    value: "audit.reports=policyReport",
};
const OPEN_REPORTS: Reports = Reports {
    file: "openreports",
    api: "openreports.io/v1alpha1",
    plural: "reports",
    value: "audit.reports=openReports",
};

pub(super) fn suite() -> Suite {
    Suite {
        name: "reporting",
        prepares: "the chart with Events, and with reports whose kind is not installed",
        prepare,
        cases: vec![
            Case::new("a mismatch that nobody was warned of is counted", |world| {
                // What comes soon after the start may wait for the next full pass.
                until_counted(world, 2.0, Duration::from_secs(45))
            }),
            Case::new(
                "it becomes one Event, though reports cannot be written",
                one_event,
            ),
            Case::new("one replica publishes, the holder of the Lease", |world| {
                one_publisher(world, "events")
            }),
            Case::new(
                "the replica that takes over does not tell it again",
                taken_over,
            ),
            Case::new("a PolicyReport comes once its kind is installed", |world| {
                POLICY_REPORTS.install(world)?;
                POLICY_REPORTS.until_told(world, LATER)?;
                one_publisher(world, POLICY_REPORTS.plural)
            }),
            Case::new("kubectl's list of the cluster says the same", list),
            Case::new(
                "a Secret that is put right ends finding and PolicyReport",
                |world| {
                    put(world, &[HOST])?;
                    until_counted(world, 0.0, SOON)?;
                    POLICY_REPORTS.until_gone(world)
                },
            ),
            Case::new("a Report of OpenReports comes and goes with it", |world| {
                OPEN_REPORTS.install(world)?;
                install(world, &OPEN_REPORTS)?;
                put(world, &["www.example.org"])?;
                until_counted(world, 2.0, SOON)?;
                OPEN_REPORTS.until_told(world, SOON)?;
                one_publisher(world, OPEN_REPORTS.plural)?;
                put(world, &[HOST])?;
                until_counted(world, 0.0, SOON)?;
                OPEN_REPORTS.until_gone(world)
            }),
            Case::new("the report of an object goes with the object", |world| {
                put(world, &["www.example.org"])?;
                OPEN_REPORTS.until_told(world, SOON)?;
                world.delete(&broken())?.is_allowed()?;
                until_counted(world, 0.0, SOON)?;
                OPEN_REPORTS.until_gone(world)
            }),
            Case::new("a namespace in mode `off` is left alone", |world| {
                let label = format!("namespace=\"{UNWATCHED}\"");
                let found = world.own_metric("certlint_audit_findings", &[&label])?;
                let told = events(world, UNWATCHED)?.len();
                ensure!((found, told) == (0.0, 0), "{found} findings, {told} Events");
                for reports in [POLICY_REPORTS, OPEN_REPORTS] {
                    let file = reports.path();
                    let arguments = ["delete", "--wait=true", "--filename", &file];
                    world.kubectl(&arguments, "")?.done()?;
                }
                Ok(())
            }),
        ],
    }
}

fn prepare(world: &mut World) -> Result<()> {
    install(world, &POLICY_REPORTS)?;
    for (namespace, mode) in [(NAMESPACE, "audit"), (UNWATCHED, "off")] {
        world.namespace(namespace, json!({"certlint.io/mode": mode}))?;
        let wrong = world.authority.issue(&["www.example.org"])?;
        world
            .create(&secret(namespace, "web", &wrong))?
            .is_allowed()?;
    }
    // The label reaches certlint by its watch.
    std::thread::sleep(Duration::from_millis(500));
    let other = ingress(UNWATCHED, "web", "other.example.com", "web");
    for object in [broken(), other] {
        world.create(&object)?.is_silent()?;
    }
    Ok(())
}

fn install(world: &mut World, reports: &Reports) -> Result<()> {
    world.install(&[
        "config.shutdown.delay=1s",
        "audit.events=true",
        "audit.namespaceLabel=true",
        reports.value,
    ])
}

fn broken() -> Value {
    ingress(NAMESPACE, "web", HOST, "web")
}

/// Puts a certificate for these names into the Secret of the Ingress.
fn put(world: &World, names: &[&str]) -> Result<()> {
    let pair = world.authority.issue(names)?;
    world
        .replace(&secret(NAMESPACE, "web", &pair))?
        .is_allowed()
}

/// Waits until all replicas together count so many findings: one in each of two replicas.
fn until_counted(world: &World, count: f64, limit: Duration) -> Result<()> {
    let rule = format!("rule=\"{RULE}\"");
    let namespace = format!("namespace=\"{NAMESPACE}\"");
    let labels = [rule.as_str(), "severity=\"error\"", &namespace];
    world.cluster.wait("the count of findings", limit, |_| {
        let counted = world.own_metric("certlint_audit_findings", &labels)?;
        ensure!(counted == count, "{counted} findings");
        Ok(true)
    })
}

/// The Events of the namespace's Ingress.
fn events(world: &World, namespace: &str) -> Result<Vec<Value>> {
    let path = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
    let list = world.cluster.api.get(&path)?.ok()?;
    let events = list["items"].as_array().context("no list")?.clone();
    Ok(events)
}

fn one_event(world: &mut World) -> Result<()> {
    let is_there = |_: &_| Ok(!events(world, NAMESPACE)?.is_empty());
    world.cluster.wait("an Event", SOON, is_there)?;
    let told = events(world, NAMESPACE)?;
    let [event] = &told[..] else {
        bail!("{} Events: {told:?}", told.len());
    };
    let object = world.cluster.api.get(&path(&broken()))?.ok()?;
    let note = event["note"].as_str().unwrap_or_default();
    ensure!(
        event["reason"] == "NameNotCovered"
            && event["type"] == "Warning"
            && event["regarding"]["kind"] == "Ingress"
            && event["regarding"]["uid"] == object["metadata"]["uid"]
            && note.contains(HOST),
        "{event}"
    );
    let arguments = ["describe", "ingress", "web", "--namespace", NAMESPACE];
    let described = world.kubectl(&arguments, "")?.done()?;
    ensure!(
        described.contains("NameNotCovered") && described.contains("certlint"),
        "{described}"
    );
    Ok(())
}

/// The running Pods that tried to write objects of a resource, by the audit log.
fn writers(world: &World, resource: &str) -> Result<BTreeSet<String>> {
    let running = world.cluster.kubelet.running(RELEASE);
    let mut writers = BTreeSet::new();
    for entry in world.audit_log()? {
        let pod = &entry["user"]["extra"]["authentication.kubernetes.io/pod-name"][0];
        let is_write = ["create", "patch", "update", "delete"].contains(&text(&entry["verb"]));
        let is_running = running.iter().any(|one| *pod == one.name.as_str());
        if is_write && is_running && entry["objectRef"]["resource"] == resource {
            writers.insert(text(pod).to_owned());
        }
    }
    Ok(writers)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Of two replicas.
fn one_publisher(world: &World, resource: &str) -> Result<()> {
    let writers = writers(world, resource)?;
    let holder = holder(world)?;
    ensure!(
        writers == BTreeSet::from([holder.clone()]),
        "`{resource}` are written by {writers:?}, and {holder} holds the Lease"
    );
    Ok(())
}

fn holder(world: &World) -> Result<String> {
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/{RELEASE}/leases/certlint");
    let lease = world.cluster.api.get(&path)?.ok()?;
    Ok(text(&lease["spec"]["holderIdentity"]).to_owned())
}

fn taken_over(world: &mut World) -> Result<()> {
    let before = events(world, NAMESPACE)?;
    let first = holder(world)?;
    let arguments = ["delete", "pod", &first, "--namespace", RELEASE];
    world.kubectl(&arguments, "")?.done()?;
    world.until_two_run()?;
    let limit = Duration::from_secs(30);
    world.cluster.wait("another holder", limit, |_| {
        let next = holder(world)?;
        let tries = writers(world, "events")?;
        // It tries, and finds the Event there.
        Ok(next != first && tries.contains(&next))
    })?;
    let now = events(world, NAMESPACE)?;
    ensure!(now == before, "{now:#?}");
    Ok(())
}

impl Reports {
    fn path(&self) -> String {
        let file = format!("fixtures/cluster/{}.yaml", self.file);
        shell::root().join(file).display().to_string()
    }

    /// Installs the kind.
    fn install(&self, world: &World) -> Result<()> {
        let arguments = ["apply", "--filename", &self.path()];
        world.kubectl(&arguments, "")?.done()?;
        let limit = Duration::from_secs(10);
        world
            .cluster
            .wait("the kind", limit, |_| Ok(self.all(world).is_ok()))
    }

    fn all(&self, world: &World) -> Result<Vec<Value>> {
        let Self { api, plural, .. } = self;
        let path = format!("/apis/{api}/namespaces/{NAMESPACE}/{plural}");
        let list = world.cluster.api.get(&path)?.ok()?;
        Ok(list["items"].as_array().context("no list")?.clone())
    }

    fn until_told(&self, world: &World, limit: Duration) -> Result<()> {
        world
            .cluster
            .wait("a report", limit, |_| Ok(!self.all(world)?.is_empty()))?;
        let reports = self.all(world)?;
        let [report] = &reports[..] else {
            bail!("{} reports: {reports:?}", reports.len());
        };
        let object = world.cluster.api.get(&path(&broken()))?.ok()?;
        let uid = &object["metadata"]["uid"];
        let owner = &report["metadata"]["ownerReferences"][0];
        let result = &report["results"][0];
        let expected = json!({
            "category": "TLS",
            "message": result["message"],
            "policy": "certlint",
            "properties": {"field": "spec.tls[0].hosts[0]"},
            "result": "fail",
            "rule": RULE,
            "scored": true,
            "severity": "high",
            "source": "certlint",
        });
        let scope = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "name": "web", "namespace": NAMESPACE, "uid": uid,
        });
        let summary = json!({"error": 0, "fail": 1, "pass": 0, "skip": 0, "warn": 0});
        ensure!(
            owner["uid"] == *uid
                && report["results"] == json!([expected])
                && report["scope"] == scope
                && report["summary"] == summary
                && text(&result["message"]).contains(HOST),
            "{report:#}"
        );
        Ok(())
    }

    fn until_gone(&self, world: &World) -> Result<()> {
        world.cluster.wait("the end of the report", SOON, |_| {
            Ok(self.all(world)?.is_empty())
        })
    }
}

/// `kubectl get … -o yaml | certlint -`
fn list(world: &mut World) -> Result<()> {
    let kinds = "ingress,ingressclass,secret,gateway,httproute,certificate";
    let arguments = ["get", kinds, "--namespace", NAMESPACE, "--output=yaml"];
    let list = world.kubectl(&arguments, "")?.done()?;
    let program: PathBuf = shell::target().join("debug/certlint");
    let mut certlint = Command::new(program);
    certlint.args(["--no-config", "--quiet", "--format=json", "-"]);
    let printed = super::world::run(&mut certlint, &list)?;
    let found: Value = serde_json::from_str(&printed.text)
        .with_context(|| format!("exit code {}: {}", printed.code, printed.text))?;
    let findings = found["findings"].as_array().context("no findings")?;
    let fields: Vec<_> = (findings.iter())
        .filter(|finding| finding["rule"] == RULE)
        .map(|finding| text(&finding["location"]["field"]))
        .collect();
    ensure!(
        printed.code == 1 && fields == ["items[0].spec.tls[0].hosts[0]"],
        "exit code {}, at {fields:?}: {found:#}",
        printed.code
    );
    Ok(())
}
