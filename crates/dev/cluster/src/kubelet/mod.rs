//! A kubelet of the few things that our chart needs: it takes every Pod, runs the locally built
//! program in place of the image, and does what a Pod's specification says, as far as it knows it.
//!
//! An unknown field is a trouble that fails the run ([`Kubelet::troubles`]), so that a chart
//! never passes because half of it was ignored.

mod container;
mod pod;
mod probe;
mod sandbox;
mod status;
mod volumes;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::NODE_ADDRESS;
use super::api::Api;

/// The name of the node.
const NODE: &str = "node";

/// A program in place of a container image.
#[derive(Clone)]
pub struct Image {
    /// The end of the image's repository, such as `certlint-webhook`.
    pub repository: &'static str,
    /// The program on this machine.
    pub program: PathBuf,
    /// Where the image has it, and what it runs when the Pod names no command.
    pub entry_point: &'static str,
}

/// A Pod that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// The id of the container's process.
    pub process: u32,
}

/// The node's agent; its threads end with the process.
#[derive(Clone)]
pub struct Kubelet(Arc<Shared>);

struct Shared {
    api: Api,
    images: Vec<Image>,
    /// Where Pods have their volumes.
    folder: PathBuf,
    logs: PathBuf,
    pods: Mutex<BTreeMap<String, Known>>,
    /// The last part of the address that was given away last.
    last: Mutex<u8>,
    troubles: Mutex<Vec<String>>,
    /// The largest memory that a container's process had, in KiB.
    peak: Mutex<u64>,
}

/// A Pod that has a thread.
struct Known {
    changes: Sender<Value>,
    number: u8,
    running: Option<Running>,
}

impl Kubelet {
    pub(super) fn start(api: Api, images: Vec<Image>, folder: &Path, logs: &Path) -> Result<Self> {
        let shared = Arc::new(Shared {
            api,
            images,
            folder: folder.to_owned(),
            logs: logs.to_owned(),
            pods: Mutex::default(),
            last: Mutex::new(1),
            troubles: Mutex::default(),
            peak: Mutex::default(),
        });
        register(&shared.api)?;
        let watching = Arc::clone(&shared);
        thread::spawn(move || watch(&watching));
        Ok(Self(shared))
    }

    /// The Pods of a namespace that run, in the order of their names.
    pub fn running(&self, namespace: &str) -> Vec<Running> {
        let pods = lock(&self.0.pods);
        let mut running: Vec<_> = (pods.values())
            .filter_map(|known| known.running.clone())
            .filter(|pod| pod.namespace == namespace)
            .collect();
        running.sort_by(|a, b| a.name.cmp(&b.name));
        running
    }

    /// Ends a Pod's process without a warning, as the kernel does when memory is short.
    pub fn kill(&self, pod: &Running) -> Result<()> {
        let process = Pid::from_raw(i32::try_from(pod.process)?);
        Ok(kill(process, Signal::SIGKILL)?)
    }

    /// Its failures since it was asked last.
    pub fn troubles(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.0.troubles))
    }

    /// The largest memory that any container's process had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        *lock(&self.0.peak) * 1024
    }
}

impl Shared {
    fn trouble(&self, pod: &str, what: impl std::fmt::Display) {
        lock(&self.troubles).push(format!("Pod `{pod}`: {what}"));
    }

    fn set_running(&self, uid: &str, running: Option<Running>) {
        if let Some(known) = lock(&self.pods).get_mut(uid) {
            known.running = running;
        }
    }
}

/// A lock that a panic of another thread does not break: that panic is the one to be seen.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register(api: &Api) -> Result<()> {
    let node = json!({"metadata": {"name": NODE, "labels": {
        "kubernetes.io/hostname": NODE,
        "kubernetes.io/os": "linux",
    }}});
    api.post("/api/v1/nodes", &node)?.ok()?;
    let status = json!({"status": {
        "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}],
        "capacity": {"cpu": "2", "memory": "8Gi", "pods": "100"},
        "allocatable": {"cpu": "2", "memory": "8Gi", "pods": "100"},
        "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
    }});
    api.patch(&format!("/api/v1/nodes/{NODE}/status"), &status)?
        .ok()?;
    Ok(())
}

/// Follows all Pods, for ever; the API server may go away and come back.
fn watch(shared: &Arc<Shared>) {
    loop {
        // Without a resource version a watch begins with what there is.
        let path = "/api/v1/pods?watch=true";
        let _ = shared.api.watch(path, |event| {
            if event["type"] == "ERROR" {
                return false;
            }
            take(shared, event);
            true
        });
        thread::sleep(Duration::from_millis(100));
    }
}

fn take(shared: &Arc<Shared>, mut event: Value) {
    let mut pod = event["object"].take();
    let Some(uid) = pod["metadata"]["uid"].as_str().map(str::to_owned) else {
        return;
    };
    if event["type"] == "DELETED" {
        pod["gone"] = true.into();
    }
    let mut pods = lock(&shared.pods);
    if let Some(known) = pods.get(&uid) {
        let _ = known.changes.send(pod);
        return;
    }
    if pod["gone"] == true {
        return;
    }
    if pod["spec"]["nodeName"].is_null() {
        bind(shared, &pod);
        return;
    }
    let (changes, receiver) = channel();
    let mut last = lock(&shared.last);
    let is_free = |number: &u8| pods.values().all(|known| known.number != *number);
    let Some(number) = numbers(*last).find(is_free) else {
        shared.trouble(&uid, "no address is free");
        return;
    };
    *last = number;
    drop(last);
    pods.insert(
        uid.clone(),
        Known {
            changes,
            number,
            running: None,
        },
    );
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        let name = pod["metadata"]["name"].to_string();
        let (namespace, own) = (
            text(&pod["metadata"]["namespace"]),
            text(&pod["metadata"]["name"]),
        );
        let path = format!("/api/v1/namespaces/{namespace}/pods/{own}");
        let lived = pod::live(&shared, pod, number, &receiver);
        // The last news of a Pod may come when it is over, and begin another life.
        let is_over = || shared.api.get(&path).is_ok_and(|it| it.status == 404);
        if let Err(error) = lived
            && !is_over()
        {
            shared.trouble(&name, format!("{error:#}"));
        }
        lock(&shared.pods).remove(&uid);
    });
}

/// The last parts of addresses, from the one after `last` on. As network plugins do it: who still
/// has a connection to a Pod that is gone must not reach the next one by it.
fn numbers(last: u8) -> impl Iterator<Item = u8> {
    (2..=u8::MAX)
        .filter(move |number| *number > last)
        .chain(2..=last)
}

/// Schedules Pods; there is only one node.
fn bind(shared: &Shared, pod: &Value) {
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let name = text(&pod["metadata"]["name"]);
    let namespace = text(&pod["metadata"]["namespace"]);
    let binding = json!({"metadata": {"name": name}, "target": {"kind": "Node", "name": NODE}});
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/binding");
    // Whatever fails here is tried again when the Pod is seen next.
    let _ = shared.api.post(&path, &binding);
}

/// A text, empty where there is none.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_given_away_again_as_late_as_possible() {
        let all: Vec<u8> = numbers(254).collect();
        assert_eq!(all[..3], [255, 2, 3]);
        assert_eq!((all.len(), all.last()), (254, Some(&254)));
    }
}
