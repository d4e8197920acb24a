//! Audits beside informers and an API server inside the process.

use std::sync::Arc;
use std::time::Duration;

use certlint_core::config::Config;
use serde_json::{Value, json};
use tokio::sync::watch::{Sender, channel};
use tokio::time::{sleep, timeout};

use super::{Audit, Publisher, Table};
use crate::clock::{self, Clock};
use crate::judge::Policy;
use crate::settings::{Reports, SecretAccess, Settings};
use crate::store::Store;
use crate::watch::fake::Fake;
use crate::watch::{Cluster, Lookups, Watch};

const INGRESSES: &str = "networking.k8s.io/v1/ingresses";
const POLICY_REPORTS: &str = "wgpolicyk8s.io/v1alpha2/policyreports";
const SECRETS: &str = "v1/secrets";
const EVENTS: &str = "events.k8s.io/v1/events";
const REPORTS: &str = "openreports.io/v1alpha1/reports";

fn ingress(name: &str, host: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "namespace": "shop", "name": name, "uid": format!("uid-{name}"),
            "creationTimestamp": "2026-11-01T00:00:00Z",
        },
        "spec": {
            "tls": [{ "hosts": [host], "secretName": "web-tls" }],
            "rules": [{ "host": host }],
        },
    })
}

/// A Secret whose certificate is for `example.com` and `www.example.com`.
fn secret() -> Value {
    use base64::Engine as _;
    let data = |extension: &str| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let path = root.join(format!("fixtures/certs/example.com.{extension}"));
        base64::engine::general_purpose::STANDARD.encode(std::fs::read(path).unwrap())
    };
    json!({
        "metadata": { "namespace": "shop", "name": "web-tls" },
        "type": "kubernetes.io/tls",
        "data": { "tls.crt": data("crt"), "tls.key": data("key") },
    })
}

/// The clock of all tests.
fn clock() -> Clock {
    Clock::started_at(clock::FIXTURES)
}

struct World {
    fake: Fake,
    store: Arc<Store>,
    table: Arc<Table>,
    _watch: Watch,
}

impl World {
    /// Begins to audit; full passes are rare.
    fn audited(fake: &Fake) -> Self {
        let cluster = Cluster::inside(fake.clone());
        let store = Arc::new(Store::default());
        let watch = Watch::start(&cluster, &store, &[], SecretAccess::Cache);
        let table = Arc::new(Table::default());
        let audit = Audit {
            store: store.clone(),
            state: watch.state().clone(),
            live: Arc::new(Lookups::new(
                &cluster,
                SecretAccess::Cache,
                watch.state().clone(),
            )),
            policy: Policy::new(&Settings::default(), Config::default()),
            table: table.clone(),
            clock: clock(),
            interval: Duration::from_secs(100_000),
        };
        tokio::spawn(audit.run());
        Self {
            fake: fake.clone(),
            store,
            table,
            _watch: watch,
        }
    }

    /// Begins to publish as one replica, which leads or does not.
    fn publishing(&self, leads: bool) -> Sender<bool> {
        self.publishing_as(Reports::OpenReports, leads)
    }

    fn publishing_as(&self, reports: Reports, leads: bool) -> Sender<bool> {
        let mut settings = Settings::default();
        settings.audit.events = true;
        settings.audit.reports = reports;
        let cluster = Cluster::inside(self.fake.clone());
        let (leader, leads) = channel(leads);
        let client = cluster.client();
        let name = "certlint-0".to_owned();
        let publisher = Publisher::new(
            client,
            &settings,
            name,
            clock(),
            &self.store,
            &self.table,
            leads,
        );
        tokio::spawn(publisher.expect("something is wanted").run());
        leader
    }

    fn report(&self) -> Option<Value> {
        self.fake.object(REPORTS, "shop", "certlint-uid-web")
    }

    /// How often something was asked of the API server.
    fn count(&self, method: &str, what: &str) -> usize {
        let requests = self.fake.take_requests();
        let mut asked: Vec<_> = requests.iter().collect();
        asked.retain(|it| it.starts_with(method) && it.contains(what));
        asked.len()
    }

    fn rules(&self) -> Vec<&'static str> {
        let counts = self.table.counts(false);
        counts.into_keys().map(|(rule, ..)| rule).collect()
    }

    async fn until(&self, rules: &[&str]) {
        let wait = async {
            while self.table.pass().is_none() || self.rules() != rules {
                sleep(Duration::from_millis(100)).await;
            }
        };
        let waited = timeout(Duration::from_secs(300), wait).await;
        assert!(waited.is_ok(), "{:?}", self.rules());
    }
}

/// A cluster with an Ingress whose host its Secret does not cover.
fn mismatched() -> Fake {
    let fake = Fake::new();
    fake.put(SECRETS, secret());
    fake.put(INGRESSES, ingress("web", "shop.example.org"));
    fake
}

#[tokio::test(start_paused = true)]
async fn a_change_raises_a_finding_and_another_one_clears_it() {
    let fake = Fake::new();
    fake.put(INGRESSES, ingress("web", "www.example.com"));
    fake.put(SECRETS, secret());
    let world = World::audited(&fake);
    world.until(&[]).await;
    fake.put(INGRESSES, ingress("web", "shop.example.org"));
    world.until(&["name-not-covered"]).await;
    fake.put(INGRESSES, ingress("web", "www.example.com"));
    world.until(&[]).await;
    fake.put(INGRESSES, ingress("web", "shop.example.org"));
    world.until(&["name-not-covered"]).await;
    fake.delete(INGRESSES, "shop", "web");
    world.until(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_deleted_has_half_a_minute_to_come_back() {
    let fake = Fake::new();
    fake.put(INGRESSES, ingress("web", "www.example.com"));
    fake.put(SECRETS, secret());
    let world = World::audited(&fake);
    world.until(&[]).await;
    fake.delete(SECRETS, "shop", "web-tls");
    sleep(Duration::from_secs(20)).await;
    assert!(world.rules().is_empty());
    fake.put(SECRETS, secret());
    sleep(Duration::from_secs(60)).await;
    assert!(world.rules().is_empty());
    fake.delete(SECRETS, "shop", "web-tls");
    world.until(&["secret-missing"]).await;
    fake.put(SECRETS, secret());
    world.until(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_another_type_is_looked_up_before_it_is_called_missing() {
    let fake = Fake::new();
    let mut opaque = secret();
    opaque["type"] = "Opaque".into();
    fake.put(SECRETS, opaque);
    fake.put(INGRESSES, ingress("web", "shop.example.org"));
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    assert!(!world.rules().contains(&"secret-missing"));
}

#[tokio::test(start_paused = true)]
async fn secrets_that_may_no_longer_be_read_are_not_called_missing() {
    let fake = mismatched();
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    world.fake.forbid(SECRETS);
    world.until(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn only_the_holder_of_the_lease_publishes() {
    let fake = mismatched();
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    let leader = world.publishing(false);
    fake.take_requests();
    sleep(Duration::from_secs(120)).await;
    assert!(world.report().is_none());
    assert_eq!(world.count("", "/events"), 0);
    leader.send_replace(true);
    sleep(Duration::from_secs(60)).await;
    let report = world.report().expect("it leads");
    assert_eq!(report["results"][0]["rule"], "name-not-covered");
    assert_eq!(report["scope"]["name"], "web");
    assert_eq!(report["metadata"]["ownerReferences"][0]["uid"], "uid-web");
    assert_eq!(report["summary"]["fail"], 1);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_change_is_told_once_and_what_is_cured_is_removed() {
    let fake = mismatched();
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    let first = world.publishing(true);
    fake.take_requests();
    sleep(Duration::from_secs(300)).await;
    let requests = fake.take_requests();
    let count = |method: &str, what: &str| {
        let asked = requests.iter();
        let asked = asked.filter(|it| it.starts_with(method) && it.contains(what));
        asked.count()
    };
    assert_eq!(count("PATCH", "/reports/"), 1, "{requests:?}");
    assert_eq!(count("POST", "/events"), 1, "{requests:?}");

    // Another replica takes over, and finds the report as it should be.
    first.send_replace(false);
    let _second = world.publishing(true);
    let events = || world.fake.all(EVENTS);
    let told = events();
    sleep(Duration::from_secs(300)).await;
    assert_eq!(world.count("PATCH", "/reports/"), 0);
    assert_eq!((told.len(), events()), (1, told));

    fake.put(INGRESSES, ingress("web", "www.example.com"));
    sleep(Duration::from_secs(60)).await;
    assert!(world.report().is_none());
}

#[tokio::test(start_paused = true)]
async fn reports_that_are_refused_do_not_hold_events_back() {
    let fake = mismatched();
    fake.forbid(REPORTS);
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    let _leader = world.publishing(true);
    sleep(Duration::from_secs(15)).await;
    assert_eq!(fake.all(EVENTS).len(), 1);
    // Nor later, while they are not asked for again.
    fake.put(INGRESSES, ingress("other", "shop.example.org"));
    sleep(Duration::from_secs(15)).await;
    assert_eq!(fake.all(EVENTS).len(), 2);
    assert!(world.report().is_none());
    fake.allow(REPORTS);
    sleep(Duration::from_secs(70)).await;
    assert!(world.report().is_some());
}

#[tokio::test(start_paused = true)]
async fn events_that_are_refused_do_not_hold_reports_back() {
    let fake = mismatched();
    fake.forbid(EVENTS);
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    let _leader = world.publishing(true);
    sleep(Duration::from_secs(15)).await;
    assert!(world.report().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_policy_report_tells_what_the_object_lacks() {
    let fake = mismatched();
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    let _leader = world.publishing_as(Reports::PolicyReport, true);
    sleep(Duration::from_secs(15)).await;
    let report = fake.object(POLICY_REPORTS, "shop", "certlint-uid-web");
    let report = report.expect("it leads");
    assert_eq!(report["apiVersion"], "wgpolicyk8s.io/v1alpha2");
    assert_eq!(report["kind"], "PolicyReport");
    let result = &report["results"][0];
    assert_eq!(result["policy"], "certlint");
    assert_eq!(result["rule"], "name-not-covered");
    assert_eq!(
        (&result["result"], &result["severity"]),
        (&json!("fail"), &json!("high"))
    );
    assert_eq!(result["properties"]["field"], "spec.tls[0].hosts[0]");
}

#[tokio::test(start_paused = true)]
async fn a_report_that_somebody_removed_comes_back() {
    let fake = mismatched();
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    let _leader = world.publishing(true);
    sleep(Duration::from_secs(15)).await;
    fake.delete(REPORTS, "shop", "certlint-uid-web");
    sleep(Duration::from_secs(11 * 60)).await;
    assert!(world.report().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_made_anew_has_an_event_of_its_own() {
    let fake = mismatched();
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    let _leader = world.publishing(true);
    sleep(Duration::from_secs(15)).await;
    let mut anew = ingress("web", "shop.example.org");
    anew["metadata"]["uid"] = "uid-anew".into();
    fake.delete(INGRESSES, "shop", "web");
    fake.put(INGRESSES, anew);
    sleep(Duration::from_secs(15)).await;
    let events = fake.all(EVENTS);
    let mut about: Vec<_> = events.iter().map(|it| &it["regarding"]["uid"]).collect();
    about.sort_by_key(|uid| uid.to_string());
    assert_eq!(about, ["uid-anew", "uid-web"]);
}
