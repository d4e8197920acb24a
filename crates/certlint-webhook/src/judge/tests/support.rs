//! A small cluster, the API server's answers about it, and requests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use certlint_core::config::Config;
use certlint_core::kubernetes::SecretSummary;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::clock;
use crate::judge::{Decision, Live, LiveSecret, Policy, Request, judge};
use crate::settings::Settings;
use crate::store::{Kept, Kind, Store};

/// The moment of all tests, in Unix time.
pub(crate) const NOW: i64 = clock::FIXTURES;

/// The root of the repository.
pub(super) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The policy without any settings.
pub(super) fn policy() -> Policy {
    Policy::new(&Settings::default(), Config::default())
}

/// The content of the store and of the API server.
#[derive(Default)]
pub(super) struct Cluster {
    pub(super) store: Store,
    pub(super) live: FakeLive,
}

/// The API server as far as Secrets are concerned.
#[derive(Default)]
pub(super) struct FakeLive {
    pub(super) secrets: BTreeMap<String, Value>,
    /// Why it does not answer, by `NAMESPACE/NAME`.
    pub(super) obstacles: BTreeMap<String, &'static str>,
    /// It never answers.
    pub(super) hangs: bool,
    pub(super) asked: Mutex<Vec<String>>,
    /// Kinds that the store may lack objects of.
    pub(super) unwatched: Vec<&'static Kind>,
}

impl Live for FakeLive {
    fn knows(&self, kind: &Kind, _: &str) -> bool {
        !self.unwatched.contains(&kind)
    }

    async fn secret(&self, namespace: &str, name: &str) -> LiveSecret {
        let key = format!("{namespace}/{name}");
        self.asked.lock().unwrap().push(key.clone());
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if let Some(why) = self.obstacles.get(&key) {
            return LiveSecret::Unknown((*why).to_owned());
        }
        match self.secrets.get(&key) {
            Some(secret) => {
                let summary = SecretSummary::read(secret.to_string().as_bytes());
                LiveSecret::Found(summary.unwrap().into())
            }
            None => LiveSecret::Missing,
        }
    }
}

impl Cluster {
    /// A cluster in which store and API server agree.
    pub(super) fn of(objects: impl IntoIterator<Item = Value>) -> Self {
        let mut cluster = Self::default();
        for object in objects {
            cluster.add(&object);
        }
        cluster
    }

    pub(super) fn add(&mut self, object: &Value) {
        self.remember(object);
        if object["kind"] == "Secret" {
            let metadata = &object["metadata"];
            let key = |field: &str| metadata[field].as_str().unwrap().to_owned();
            let key = format!("{}/{}", key("namespace"), key("name"));
            self.live.secrets.insert(key, object.clone());
        }
    }

    /// Adds an object to the store only.
    pub(super) fn remember(&self, object: &Value) {
        let Some(kind) = kind_of(object["kind"].as_str().unwrap_or_default()) else {
            return;
        };
        let kept = Kept::read(kind, object.to_string().as_bytes()).expect("an object");
        self.store.apply(kept);
    }

    pub(super) fn create(&self, policy: &Policy, object: &Value) -> Decision {
        self.review(policy, "CREATE", Some(object), None)
    }

    pub(super) fn update(&self, policy: &Policy, old: &Value, new: &Value) -> Decision {
        self.review(policy, "UPDATE", Some(new), Some(old))
    }

    pub(super) fn review(
        &self,
        policy: &Policy,
        operation: &str,
        object: Option<&Value>,
        old: Option<&Value>,
    ) -> Decision {
        let either = object.or(old).expect("one of both");
        let (new, old) = (object.map(raw), old.map(raw));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, kind) = (group_of(either), text(&either["kind"]));
        let namespace = text(&either["metadata"]["namespace"]);
        let request = Request {
            operation,
            group: &group,
            kind: &kind,
            namespace: &namespace,
            object: new.as_deref(),
            old_object: old.as_deref(),
            ..request()
        };
        self.judge(policy, &request)
    }

    pub(super) fn judge(&self, policy: &Policy, request: &Request<'_>) -> Decision {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let request = Request {
                deadline: Instant::now() + Duration::from_millis(200),
                ..*request
            };
            judge(&self.store, &self.live, policy, &request, NOW).await
        })
    }

    /// The Secrets that the API server was asked for, sorted.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.live.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

/// A request about nothing in particular.
pub(super) fn request() -> Request<'static> {
    Request {
        operation: "CREATE",
        group: "networking.k8s.io",
        kind: "Ingress",
        subresource: "",
        namespace: "shop",
        user: "somebody",
        object: None,
        old_object: None,
        deadline: Instant::now(),
    }
}

pub(super) fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

pub(super) fn group_of(object: &Value) -> String {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, _) = version.split_once('/').unwrap_or_default();
    group.to_owned()
}

pub(super) fn kind_of(kind: &str) -> Option<&'static Kind> {
    Kind::watched().find(|known| known.name == kind)
}

/// A TLS Secret with a certificate of `fixtures/certs`.
pub(super) fn secret(name: &str, certificate: &str) -> Value {
    let pem = |extension: &str| {
        let path = repository().join(format!("fixtures/certs/{certificate}.{extension}"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
    };
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(name),
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": pem("crt"), "tls.key": pem("key")},
    })
}

/// An Ingress of no class with one `tls` entry, and a rule for each of its hosts.
pub(super) fn ingress(hosts: &[&str], secret: &str) -> Value {
    let rules: Vec<Value> = hosts.iter().map(|host| json!({"host": host})).collect();
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata("web"),
        "spec": {"tls": [{"hosts": hosts, "secretName": secret}], "rules": rules},
    })
}

/// A cert-manager Certificate.
pub(super) fn certificate(secret: &str, names: &[&str]) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": metadata("web"),
        "spec": {"secretName": secret, "dnsNames": names, "issuerRef": {"name": "ca"}},
    })
}

pub(super) fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "namespace": "shop",
        "creationTimestamp": "2026-11-01T00:00:00Z",
    })
}

/// The object with another value at a JSON pointer whose parent is there.
pub(super) fn with(object: &Value, pointer: &str, value: Value) -> Value {
    let mut object = object.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = object.pointer_mut(parent).expect("the parent is there");
    match key.parse::<usize>() {
        Ok(index) => parent[index] = value,
        Err(_) => parent[key] = value,
    }
    object
}

/// The object with an annotation more.
pub(super) fn annotated(object: &Value, key: &str, value: &str) -> Value {
    let mut object = object.clone();
    object["metadata"]["annotations"][key] = json!(value);
    object
}

/// A route with this host, attached to a Gateway of another namespace with `example.com.crt`.
pub(super) fn attached_route(host: &str) -> (Cluster, Value) {
    let infra = json!("infra");
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": with(&json!({"metadata": metadata("edge")}), "/metadata/namespace", infra.clone())["metadata"],
        "spec": {"gatewayClassName": "x", "listeners": [{
            "name": "https", "port": 443, "protocol": "HTTPS",
            "tls": {"certificateRefs": [{"name": "web-tls"}]},
            "allowedRoutes": {"namespaces": {"from": "All"}},
        }]},
    });
    let secret = with(
        &secret("web-tls", "example.com"),
        "/metadata/namespace",
        infra,
    );
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata("web"),
        "spec": {
            "parentRefs": [{"name": "edge", "namespace": "infra"}],
            "hostnames": [host],
        },
    });
    (Cluster::of([gateway, secret]), route)
}
