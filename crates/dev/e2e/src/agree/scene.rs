//! One fixture after the other in the cluster: what the API server accepts of it is there, and
//! both replicas know it, before anything is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cluster::api::{Answer, Api};
use serde_json::{Value, json};

use super::Errors;
use super::fixture::Fixture;
use super::resources::{Resources, is_known, is_reviewed, text};
use crate::world::{RELEASE, World};

/// Until the API server, too, has heard of an IngressClass: it writes the default one into
/// Ingresses.
const CLASS_IS_HEARD_OF: Duration = Duration::from_millis(100);

/// Until a Secret that was missing is asked for again.
const MISSING_HOLDS: Duration = Duration::from_secs(2);

/// The cluster with a fixture in it.
pub(super) struct Scene<'w> {
    world: &'w World,
    resources: Resources,
    /// Objects that every replica knows without a fixture, by kind.
    base: BTreeMap<String, usize>,
    objects: Vec<Object>,
    /// Objects that were not compared, by the reason.
    pub(super) left_out: BTreeMap<&'static str, usize>,
}

/// An object as the API server stores it.
struct Object {
    /// The path of its collection.
    collection: String,
    /// As it was created: without a `status`, which a request cannot bring.
    created: Value,
    /// As it is now.
    stored: Value,
    /// It is there; otherwise it was only tried.
    is_there: bool,
}

impl<'w> Scene<'w> {
    /// Makes the namespaces and looks at what is there without fixtures.
    pub(super) fn new(world: &'w World, fixtures: &[Fixture]) -> Result<Self> {
        let mut scene = Self {
            world,
            resources: Resources::default(),
            base: BTreeMap::new(),
            objects: Vec::new(),
            left_out: BTreeMap::new(),
        };
        let api = &world.cluster.api;
        let mut names = BTreeSet::new();
        for fixture in fixtures {
            names.insert(fixture.namespace.as_str());
            for object in &fixture.objects {
                let metadata = &object["metadata"];
                names.insert(match is_namespace(object) {
                    true => text(metadata, "name"),
                    false => text(metadata, "namespace"),
                });
            }
        }
        for name in names {
            // Names that it refuses are found again with the objects there.
            let namespace = json!({"metadata": {"name": name}});
            api.post("/api/v1/namespaces", &namespace)?;
        }
        let limit = Duration::from_secs(10);
        world.cluster.wait("all namespaces", limit, |api| {
            let all = api.get("/api/v1/namespaces")?.ok()?;
            let number = all["items"].as_array().map_or(0, Vec::len);
            let counts = counts(world)?;
            Ok((counts.iter()).all(|counts| counts.get("Namespace") == Some(&number)))
        })?;
        let counts = counts(world)?;
        scene.base = counts.first().cloned().context("no replica")?;
        scene.settle()?;
        Ok(scene)
    }

    /// Makes the objects of a fixture.
    pub(super) fn set(&mut self, fixture: &Fixture) -> Result<()> {
        if fixture.unreadable > 0 {
            *self.left_out.entry("that cannot be read").or_default() += fixture.unreadable;
        }
        let objects = fixture.objects.iter();
        let (first, mut rest): (Vec<_>, Vec<_>) =
            objects.partition(|it| matches!(text(it, "kind"), "IngressClass" | "Namespace"));
        self.make_all(&first, fixture)?;
        if !first.is_empty() {
            self.settle()?;
            thread::sleep(CLASS_IS_HEARD_OF);
        }
        // Owners need a `uid` before what they own.
        rest.sort_by_key(|object| object["metadata"]["ownerReferences"].is_array());
        self.make_all(&rest, fixture)?;
        let is_asked_for = |it: &Object| text(&it.stored, "kind") == "Secret" && !is_heard(it);
        if self.objects.iter().any(is_asked_for) {
            thread::sleep(MISSING_HOLDS);
        }
        self.settle()
    }

    fn make_all(&mut self, objects: &[&Value], fixture: &Fixture) -> Result<()> {
        for object in objects {
            if let Err(why) = self.make(object, &fixture.namespace)? {
                *self.left_out.entry(why).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Makes one object, or tries to; the inner error says why it is left out.
    fn make(&mut self, object: &Value, namespace: &str) -> Result<Result<(), &'static str>> {
        let api = &self.world.cluster.api;
        let mut object = object.clone();
        let Some(collection) = self.resources.place(api, &mut object, namespace)? else {
            return Ok(Err("of kinds that the API server does not have"));
        };
        self.adopt(&mut object);
        forget_origin(&mut object);
        let is_there = is_known(&object);
        let answer = match (is_namespace(&object), is_there) {
            (true, _) => self.label(&object)?,
            (_, true) => api.post(&collection, &object)?,
            (_, false) => api.post(&format!("{collection}?dryRun=All"), &object)?,
        };
        if !answer.is_ok() {
            let name = text(&answer.body["details"], "name");
            let path = format!("{collection}/{name}");
            if answer.status == 409 && !self.objects.iter().any(|it| it.path() == path) {
                bail!("{path} was there before");
            }
            return Ok(Err("that it refuses"));
        }
        let created = answer.body;
        let mut stored = created.clone();
        if is_there && object["status"].is_object() && !is_namespace(&object) {
            stored["status"] = object["status"].take();
            let path = format!("{collection}/{}/status", text(&created["metadata"], "name"));
            stored = api.put(&path, &stored)?.ok().context("its status")?;
        }
        self.objects.push(Object {
            collection,
            created,
            stored,
            is_there,
        });
        Ok(Ok(()))
    }

    /// Writes into references to owners which objects they are; the API server would delete what
    /// belongs to others.
    fn adopt(&self, object: &mut Value) {
        let owners = object["metadata"].get_mut("ownerReferences");
        for owner in owners.and_then(Value::as_array_mut).into_iter().flatten() {
            let is_owner = |it: &&Object| {
                it.stored["kind"] == owner["kind"] && it.stored["metadata"]["name"] == owner["name"]
            };
            if let Some(found) = self.objects.iter().find(is_owner) {
                owner["uid"] = found.stored["metadata"]["uid"].clone();
            }
        }
    }

    /// Gives a namespace its labels: ending one takes seconds, so that all of them stay.
    fn label(&self, object: &Value) -> Result<Answer> {
        let metadata = &object["metadata"];
        let path = format!("/api/v1/namespaces/{}", text(metadata, "name"));
        let change = json!({"metadata": {
            "labels": metadata["labels"], "annotations": metadata["annotations"],
        }});
        self.world.cluster.api.patch(&path, &change)
    }

    /// Takes everything away again.
    pub(super) fn clear(&mut self) -> Result<()> {
        let api = &self.world.cluster.api;
        for object in self.objects.drain(..).rev().filter(|it| it.is_there) {
            if is_namespace(&object.stored) {
                forget_labels(api, &object)?;
                continue;
            }
            let answer = api.delete(&object.path(), &json!({}))?;
            // Its owner may have taken it along.
            if answer.status != 404 {
                answer.is_allowed()?;
            }
        }
        self.settle()
    }

    /// Waits until each replica knows what is there, and no more.
    fn settle(&self) -> Result<()> {
        let mut wanted = self.base.clone();
        for object in self.objects.iter().filter(|it| is_heard(it)) {
            *wanted
                .entry(text(&object.stored, "kind").to_owned())
                .or_default() += 1;
        }
        let mut known = Vec::new();
        let limit = Duration::from_secs(10);
        let done = self
            .world
            .cluster
            .wait("what the replicas know", limit, |_| {
                known = counts(self.world)?;
                Ok(known.iter().all(|counts| *counts == wanted))
            });
        done.with_context(|| format!("{wanted:?} are there, and {known:?} are known"))
    }

    /// The objects to review.
    pub(super) fn reviewed(&self) -> impl Iterator<Item = usize> {
        let objects = self.objects.iter().enumerate();
        let reviewed = objects.filter(|(_, object)| is_reviewed(&object.stored));
        reviewed.map(|(index, _)| index)
    }

    /// Kind, namespace and name.
    pub(super) fn name(&self, index: usize) -> String {
        let stored = &self.objects[index].stored;
        let metadata = &stored["metadata"];
        format!(
            "{} {}/{}",
            text(stored, "kind"),
            text(metadata, "namespace"),
            text(metadata, "name")
        )
    }

    /// All objects from old to new, with one of them made anew: the last one.
    pub(super) fn stream(&self, index: usize) -> Vec<Value> {
        let others = self.objects.iter().enumerate();
        let others = others.filter(|(other, _)| *other != index);
        let mut stream: Vec<Value> = others.map(|(_, object)| object.stored.clone()).collect();
        stream.sort_by_cached_key(|object| {
            ["creationTimestamp", "namespace", "name"]
                .map(|field| text(&object["metadata"], field).to_owned())
        });
        let mut last = self.objects[index].created.clone();
        let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(1);
        last["metadata"]["creationTimestamp"] =
            soon.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
        stream.push(last);
        stream
    }

    /// The causes for which the webhook refuses an object if it comes now. The API server asks for
    /// reviews before it notices that the object is there.
    pub(super) fn review(&self, index: usize) -> Result<Errors> {
        let Object {
            collection,
            created,
            ..
        } = &self.objects[index];
        let mut sent = created.clone();
        forget_origin(&mut sent);
        let path = format!("{collection}?dryRun=All");
        let answer = self.world.cluster.api.post(&path, &sent)?;
        if answer.body["reason"] == "AlreadyExists" {
            return Ok(Errors::new());
        }
        answer.is_denied(&[]).with_context(|| self.name(index))?;
        let causes = answer.body["details"]["causes"].as_array();
        let causes = causes.with_context(|| format!("no causes: {}", answer.body))?;
        Ok(causes
            .iter()
            .map(|cause| {
                (
                    text(cause, "reason").to_owned(),
                    text(cause, "field").to_owned(),
                )
            })
            .collect())
    }
}

impl Object {
    fn path(&self) -> String {
        format!(
            "{}/{}",
            self.collection,
            text(&self.stored["metadata"], "name")
        )
    }
}

/// True for what the watches bring and count: Secrets for TLS, and namespaces are there for good.
fn is_heard(object: &Object) -> bool {
    let stored = &object.stored;
    match text(stored, "kind") {
        "Namespace" => false,
        "Secret" => stored["type"] == "kubernetes.io/tls",
        _ => object.is_there,
    }
}

/// Takes out what the API server writes itself and takes from nobody.
fn forget_origin(object: &mut Value) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in [
            "creationTimestamp",
            "managedFields",
            "resourceVersion",
            "uid",
        ] {
            metadata.remove(field);
        }
    }
}

fn is_namespace(object: &Value) -> bool {
    object["apiVersion"] == "v1" && object["kind"] == "Namespace"
}

fn forget_labels(api: &Api, namespace: &Object) -> Result<()> {
    let mut change = json!({"metadata": {"labels": {}, "annotations": {}}});
    for field in ["labels", "annotations"] {
        let given = namespace.stored["metadata"][field].as_object();
        for key in given.into_iter().flatten().map(|(key, _)| key) {
            if key != "kubernetes.io/metadata.name" {
                change["metadata"][field][key] = Value::Null;
            }
        }
    }
    api.patch(&namespace.path(), &change)?.is_allowed()
}

/// How many objects each replica knows, by kind.
fn counts(world: &World) -> Result<Vec<BTreeMap<String, usize>>> {
    let mut all = Vec::new();
    for pod in world.cluster.kubelet.running(RELEASE) {
        let metrics = format!("http://{}:8080/metrics", pod.address);
        let metrics = world.cluster.api.text_of(&metrics)?;
        let counts = metrics.lines().filter_map(|line| {
            let series = line.strip_prefix("certlint_cache_objects{kind=\"")?;
            let (kind, number) = series.split_once("\"} ")?;
            Some((kind.to_owned(), number.parse().ok()?))
        });
        all.push(counts.collect());
    }
    Ok(all)
}
