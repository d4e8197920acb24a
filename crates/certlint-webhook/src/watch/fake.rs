//! An API server inside the process, for tests: it stores JSON, lists it in pages, watches, and
//! refuses what a test tells it to.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, Response, Uri};
use futures::stream::unfold;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::sync::watch::{Sender, channel};
use tower::Service;

/// The API server; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Fake {
    inner: Arc<Mutex<Inner>>,
    /// Tells watches that something has changed.
    changes: Sender<()>,
}

/// Resource, namespace, name.
type Key = (String, String, String);

#[derive(Default)]
struct Inner {
    version: u64,
    objects: BTreeMap<Key, Value>,
    /// Version, type, where, object.
    log: Vec<(u64, &'static str, Key, Value)>,
    /// Watches that begin before this version get 410.
    compacted: u64,
    /// Resources that may not be read.
    forbidden: BTreeSet<String>,
    /// Nothing can be reached.
    down: bool,
    /// Answers break off before their end.
    cut_short: bool,
    /// Each answer takes that long.
    delay: Duration,
    /// Watches that were open when this was smaller are cut off.
    cuts: u64,
    requests: Vec<String>,
}

/// The meaning of a path of the API: `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web`.
struct Target {
    /// `networking.k8s.io/v1/ingresses`
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            inner: Arc::default(),
            changes: channel(()).0,
        }
    }

    /// Creates or changes an object.
    pub(crate) fn put(&self, resource: &str, mut object: Value) {
        let mut inner = self.inner();
        let key = key(resource, &object);
        let event = if inner.objects.contains_key(&key) {
            "MODIFIED"
        } else {
            "ADDED"
        };
        inner.write(event, key, &mut object);
        drop(inner);
        self.changes.send_replace(());
    }

    pub(crate) fn delete(&self, resource: &str, namespace: &str, name: &str) {
        let key = (resource.into(), namespace.into(), name.into());
        let mut inner = self.inner();
        let mut object = inner.objects[&key].clone();
        inner.write("DELETED", key, &mut object);
        drop(inner);
        self.changes.send_replace(());
    }

    pub(crate) fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let key = (resource.into(), namespace.into(), name.into());
        self.inner().objects.get(&key).cloned()
    }

    /// All objects of a resource, by namespace and name.
    pub(crate) fn all(&self, resource: &str) -> Vec<Value> {
        let inner = self.inner();
        let all = inner.objects.iter();
        let all = all.filter(|((of, ..), _)| of == resource);
        all.map(|(_, object)| object.clone()).collect()
    }

    /// `networking.k8s.io/v1/ingresses`, from now on.
    pub(crate) fn forbid(&self, resource: &str) {
        self.inner().forbidden.insert(resource.into());
        self.cut();
    }

    pub(crate) fn allow(&self, resource: &str) {
        self.inner().forbidden.remove(resource);
    }

    /// Whether nothing can be reached.
    pub(crate) fn down(&self, down: bool) {
        self.inner().down = down;
        self.cut();
    }

    /// From now on lists and objects break off before their end.
    pub(crate) fn cut_short(&self) {
        self.inner().cut_short = true;
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.inner().delay = delay;
    }

    /// Ends all watches that are open.
    pub(crate) fn cut(&self) {
        self.inner().cuts += 1;
        self.changes.send_replace(());
    }

    /// Ends all watches, and forgets what happened before.
    pub(crate) fn compact(&self) {
        let mut inner = self.inner();
        inner.version += 1;
        inner.compacted = inner.version;
        inner.log.clear();
        drop(inner);
        self.cut();
    }

    /// Forgets the requests so far.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().requests)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    async fn answer(self, method: Method, uri: Uri, body: Vec<u8>) -> io::Result<Response<Body>> {
        let delay = self.inner().delay;
        tokio::time::sleep(delay).await;
        let mut inner = self.inner();
        inner.requests.push(format!("{method} {uri}"));
        if inner.down {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let query = query(&uri);
        let Some(target) = target(uri.path()) else {
            return Ok(inner.discover(uri.path()));
        };
        if inner.forbidden.contains(&target.resource) {
            return Ok(failure(403, "Forbidden", "not for you"));
        }
        if method == Method::GET && target.name.is_none() {
            if query.contains_key("watch") {
                drop(inner);
                return Ok(self.watch(target, &query));
            }
            return Ok(inner.answer(&inner.list(&target, &query)));
        }
        let response = inner.single(&method, &target, &body);
        drop(inner);
        self.changes.send_replace(());
        Ok(response)
    }

    fn watch(&self, target: Target, query: &BTreeMap<String, String>) -> Response<Body> {
        let inner = self.inner();
        let since: u64 = query["resourceVersion"].parse().unwrap();
        if since < inner.compacted {
            let status = json!({ "kind": "Status", "code": 410, "status": "Failure", "reason": "Expired", "message": "too old" });
            return Response::new(Body::from(event_line("ERROR", &status)));
        }
        let cuts = inner.cuts;
        drop(inner);
        let selector = query.get("fieldSelector").cloned();
        let state = (self.clone(), self.changes.subscribe(), since);
        let stream = unfold(state, move |(fake, mut changes, since)| {
            let of = (
                target.resource.clone(),
                target.namespace.clone(),
                selector.clone(),
            );
            async move {
                loop {
                    changes.borrow_and_update();
                    {
                        let inner = fake.inner();
                        if inner.cuts != cuts {
                            return None;
                        }
                        let mut log = inner.log.iter();
                        let next = log.find(|(version, _, key, object)| {
                            *version > since
                                && wanted(&of.0, of.1.as_deref(), of.2.as_deref(), key, object)
                        });
                        if let Some((version, event, _, object)) = next {
                            let line = event_line(event, object);
                            let version = *version;
                            drop(inner);
                            return Some((Ok::<_, Infallible>(line), (fake, changes, version)));
                        }
                    }
                    changes.changed().await.ok()?;
                }
            }
        });
        Response::new(Body::from_stream(stream))
    }
}

impl Inner {
    fn write(&mut self, event: &'static str, key: Key, object: &mut Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        if event == "DELETED" {
            self.objects.remove(&key);
        } else {
            self.objects.insert(key.clone(), object.clone());
        }
        self.log.push((self.version, event, key, object.clone()));
    }

    fn answer(&self, body: &Value) -> Response<Body> {
        let mut text = body.to_string();
        if self.cut_short {
            text.pop();
        }
        Response::new(Body::from(text))
    }

    fn list(&self, target: &Target, query: &BTreeMap<String, String>) -> Value {
        let selector = query.get("fieldSelector").map(String::as_str);
        let all: Vec<&Value> = self
            .objects
            .iter()
            .filter(|(key, object)| {
                wanted(
                    &target.resource,
                    target.namespace.as_deref(),
                    selector,
                    key,
                    object,
                )
            })
            .map(|(_, object)| object)
            .collect();
        let from: usize = query
            .get("continue")
            .map_or(0, |token| token.parse().unwrap());
        let limit: usize = query
            .get("limit")
            .map_or(usize::MAX, |limit| limit.parse().unwrap());
        let page: Vec<&&Value> = all.iter().skip(from).take(limit).collect();
        let end = from + page.len();
        let token = if end < all.len() {
            end.to_string()
        } else {
            String::new()
        };
        json!({
            "kind": "List", "apiVersion": "v1", "items": page,
            "metadata": { "resourceVersion": self.version.to_string(), "continue": token },
        })
    }

    fn single(&mut self, method: &Method, target: &Target, body: &[u8]) -> Response<Body> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let name = target.name.clone();
        let name = name.unwrap_or_else(|| body["metadata"]["name"].as_str().unwrap().into());
        let namespace = target.namespace.clone().unwrap_or_default();
        let key = (target.resource.clone(), namespace, name);
        let held = self.objects.get(&key).cloned();
        let mut object = match (method.as_str(), held) {
            ("GET", Some(held)) => return self.answer(&held),
            ("POST", None) => body,
            ("POST", Some(_)) => return failure(409, "AlreadyExists", "it exists"),
            // Server-side apply makes what is not there.
            ("PATCH", None) => body,
            (_, None) => return failure(404, "NotFound", "there is none"),
            ("DELETE", Some(mut held)) => {
                self.write("DELETED", key, &mut held);
                return answer(&held);
            }
            (_, Some(held)) if is_outdated(&body, &held) => {
                return failure(409, "Conflict", "it has changed");
            }
            ("PUT", Some(_)) => body,
            ("PATCH", Some(mut held)) => {
                apply(&mut held, body);
                held
            }
            _ => return failure(405, "MethodNotAllowed", "not here"),
        };
        self.write("MODIFIED", key, &mut object);
        answer(&object)
    }

    /// `/apis`, and `/apis/{group}/{version}`.
    fn discover(&self, path: &str) -> Response<Body> {
        let resources: BTreeSet<Vec<&str>> = self
            .objects
            .keys()
            .map(|(resource, ..)| resource.split('/').collect())
            .filter(|parts: &Vec<&str>| parts.len() == 3)
            .collect();
        if path == "/apis" {
            let groups: Vec<Value> = resources
                .iter()
                .map(|parts| {
                    let version = json!({ "groupVersion": format!("{}/{}", parts[0], parts[1]), "version": parts[1] });
                    json!({ "name": parts[0], "versions": [version] })
                })
                .collect();
            return answer(
                &json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }),
            );
        }
        let own = path.trim_start_matches("/apis/");
        let list: Vec<Value> = resources
            .iter()
            .filter(|parts| format!("{}/{}", parts[0], parts[1]) == own)
            .map(|parts| json!({ "name": parts[2], "singularName": "", "namespaced": true, "kind": parts[2], "verbs": [] }))
            .collect();
        answer(&json!({ "kind": "APIResourceList", "groupVersion": own, "resources": list }))
    }
}

fn is_outdated(sent: &Value, held: &Value) -> bool {
    let sent = &sent["metadata"]["resourceVersion"];
    !sent.is_null() && *sent != held["metadata"]["resourceVersion"]
}

/// As much of server-side apply as a webhook configuration needs.
fn apply(held: &mut Value, sent: Value) {
    match (held, sent) {
        (Value::Object(held), Value::Object(sent)) => {
            for (name, value) in sent {
                apply(held.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(held), Value::Array(sent)) => {
            for value in sent {
                match held.iter_mut().find(|it| it["name"] == value["name"]) {
                    Some(own) => apply(own, value),
                    None => held.push(value),
                }
            }
        }
        (held, sent) => *held = sent,
    }
}

fn key(resource: &str, object: &Value) -> Key {
    let field = |name: &str| {
        object["metadata"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (resource.to_owned(), field("namespace"), field("name"))
}

fn wanted(
    resource: &str,
    namespace: Option<&str>,
    selector: Option<&str>,
    key: &Key,
    object: &Value,
) -> bool {
    key.0 == resource
        && namespace.is_none_or(|namespace| key.1 == namespace)
        && selector.is_none_or(|it| it.strip_prefix("type=") == object["type"].as_str())
}

fn target(path: &str) -> Option<Target> {
    let mut parts = path.trim_matches('/').split('/');
    let prefix = match parts.next()? {
        "api" => parts.next()?.to_owned(),
        _ => format!("{}/{}", parts.next()?, parts.next()?),
    };
    let rest: Vec<&str> = parts.collect();
    let (namespace, plural, name) = match rest[..] {
        ["namespaces", namespace, plural] => (Some(namespace), plural, None),
        ["namespaces", namespace, plural, name] => (Some(namespace), plural, Some(name)),
        [plural] => (None, plural, None),
        [plural, name] => (None, plural, Some(name)),
        _ => return None,
    };
    Some(Target {
        resource: format!("{prefix}/{plural}"),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
    })
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| {
            (
                name.to_owned(),
                value.replace("%3D", "=").replace("%2F", "/"),
            )
        })
        .collect()
}

fn answer(body: &Value) -> Response<Body> {
    Response::new(Body::from(body.to_string()))
}

/// The type comes first, as Go writes it.
fn event_line(event: &str, object: &Value) -> String {
    format!("{{\"type\":\"{event}\",\"object\":{object}}}\n")
}

fn failure(code: u16, reason: &str, message: &str) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    });
    let mut response = answer(&status);
    *response.status_mut() = code.try_into().unwrap();
    response
}

impl<B> Service<Request<B>> for Fake
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Debug,
{
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<Body>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let fake = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            fake.answer(head.method, head.uri, body).await
        })
    }
}
