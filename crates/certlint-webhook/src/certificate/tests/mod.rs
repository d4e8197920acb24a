//! The CA and what it signs, as the API server sees it, in time that is paused.

mod authority;
mod leases;
mod rotation;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::{Value, json};
use tokio::sync::watch::{Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::watch::Cluster;
use crate::watch::fake::Fake;

use super::keeper::Lifetimes;
use super::{Current, Keeper, Names};

const SECRETS: &str = "v1/secrets";
const CONFIGURATIONS: &str = "admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// When the tests begin.
const START: i64 = 1_800_000_000;

/// A clock that starts then.
fn clock() -> Clock {
    Clock::started_at(START)
}

/// A cluster with our configuration, and the time in it.
struct World {
    fake: Fake,
    clock: Clock,
}

/// One replica.
struct Replica {
    current: Current,
    leads: Sender<bool>,
    task: JoinHandle<()>,
}

impl World {
    fn new() -> Self {
        let fake = Fake::new();
        let world = Self {
            fake,
            clock: clock(),
        };
        world.configure();
        world
    }

    /// The configuration as Helm renders it.
    fn configure(&self) {
        let entry = |name: &str| {
            json!({
                "name": name,
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": { "service": { "namespace": "tools", "name": "certlint" } },
            })
        };
        self.fake.put(
            CONFIGURATIONS,
            json!({
                "metadata": { "name": "certlint" },
                "webhooks": [entry("ingress.certlint.io"), entry("gateway.certlint.io")],
            }),
        );
    }

    fn now(&self) -> i64 {
        self.clock.seconds()
    }

    fn replica(&self, leads: bool) -> Replica {
        self.replica_with(leads, Lifetimes::default())
    }

    fn replica_with(&self, leads: bool, lifetimes: Lifetimes) -> Replica {
        let cluster = Cluster::inside(self.fake.clone());
        let names = Names {
            namespace: "tools".to_owned(),
            service: "certlint".to_owned(),
            secret: "certlint-ca".to_owned(),
            configuration: "certlint".to_owned(),
        };
        let current = Current::default();
        let (sender, receiver) = channel(leads);
        let (client, clock) = (cluster.client(), self.clock.clone());
        let mut keeper = Keeper::new(client, &names, current.clone(), receiver, clock, |_| ());
        keeper.lifetimes = lifetimes;
        Replica {
            current,
            leads: sender,
            task: tokio::spawn(keeper.run()),
        }
    }

    fn secret(&self) -> Option<Value> {
        self.fake.object(SECRETS, "tools", "certlint-ca")
    }

    /// A key of the Secret, decoded.
    fn secret_data(&self, key: &str) -> String {
        let secret = self.secret().unwrap();
        let text = BASE64
            .decode(secret["data"][key].as_str().unwrap())
            .unwrap();
        String::from_utf8(text).unwrap()
    }

    fn put_secret(&self, data: &Value) {
        let metadata =
            json!({ "namespace": "tools", "name": "certlint-ca", "labels": { "a": "b" } });
        self.fake.put(
            SECRETS,
            json!({ "metadata": metadata, "type": "Opaque", "data": data }),
        );
    }

    /// `caBundle` of an entry.
    fn trusted(&self, entry: usize) -> String {
        let configuration = self.fake.object(CONFIGURATIONS, "", "certlint").unwrap();
        let bundle = &configuration["webhooks"][entry]["clientConfig"]["caBundle"];
        let bundle = BASE64.decode(bundle.as_str().unwrap_or_default()).unwrap();
        String::from_utf8(bundle).unwrap()
    }

    /// Whether an API server that trusts these CAs would talk to this replica.
    fn accepts(&self, bundle: &str, replica: &Replica) -> Result<(), String> {
        let leaf = replica.leaf().ok_or("nothing is served")?;
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider);
        let verifier = verifier.build().map_err(|error| error.to_string())?;
        let now = Duration::from_secs(self.now().unsigned_abs());
        let name = ServerName::try_from("certlint.tools.svc").unwrap();
        let now = UnixTime::since_unix_epoch(now);
        let verified = verifier.verify_server_cert(&leaf, &[], &name, &[], now);
        verified.map(drop).map_err(|error| error.to_string())
    }

    /// Whether the API server trusts this replica now, in all entries.
    fn trusts(&self, replica: &Replica) -> bool {
        let trusted = self.trusted(0);
        trusted == self.trusted(1) && self.accepts(&trusted, replica).is_ok()
    }
}

impl Replica {
    fn leaf(&self) -> Option<CertificateDer<'static>> {
        Some(self.current.load_full()?.cert[0].clone())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many certificates a PEM text has.
fn count(pem: &str) -> usize {
    pem.matches("BEGIN CERTIFICATE").count()
}

/// Time is paused, so that waiting takes none.
async fn until(mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(1000), wait)
        .await
        .expect("it never holds");
}
