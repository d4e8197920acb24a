//! Audits beside informers and an API server inside the process.

use std::sync::Arc;
use std::time::Duration;

use certlint_core::config::Config;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{Audit, Table};
use crate::judge::Policy;
use crate::settings::{SecretAccess, Settings};
use crate::store::Store;
use crate::watch::fake::Fake;
use crate::watch::{Cluster, Lookups, Watch};

const INGRESSES: &str = "networking.k8s.io/v1/ingresses";
const SECRETS: &str = "v1/secrets";

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

struct World {
    fake: Fake,
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
            store,
            state: watch.state().clone(),
            live: Arc::new(Lookups::new(
                &cluster,
                SecretAccess::Cache,
                watch.state().clone(),
            )),
            policy: Policy::new(&Settings::default(), Config::default()),
            table: table.clone(),
            interval: Duration::from_secs(100_000),
        };
        tokio::spawn(audit.run());
        Self {
            fake: fake.clone(),
            table,
            _watch: watch,
        }
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
    let fake = Fake::new();
    fake.put(SECRETS, secret());
    fake.put(INGRESSES, ingress("web", "shop.example.org"));
    let world = World::audited(&fake);
    world.until(&["name-not-covered"]).await;
    world.fake.forbid(SECRETS);
    world.until(&[]).await;
}
