//! A Kubernetes cluster out of plain processes, for the tests that need a real API server.
//!
//! ```text
//! network namespace of the run
//!   bridge 10.244.0.1/16 + 10.96.0.1/32   kube-apiserver on 10.96.0.1:443, etcd, controllers
//!     └─ veth ── network namespace of a Pod, 10.244.0.N: the locally built program
//! ```
//!
//! Deployments, EndpointSlices, tokens and rollouts are the real controllers' work; only the kubelet
//! is ours. Nothing is downloaded, no container runtime is needed, and all of it ends with the run.

#![allow(
    clippy::disallowed_methods,
    reason = "a part of the chores: clock, environment, files and processes are what it is for"
)]

pub mod api;
mod control_plane;
mod expect;
pub mod isolate;
mod kubelet;
pub mod process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use self::api::Api;
pub use self::control_plane::ControlPlane;
use self::control_plane::Programs;
pub use self::kubelet::{Image, Kubelet, Running};
use anyhow::{Context, Result, bail};
use tools::shell;

/// The address of the node, and the gateway of Pods.
const NODE_ADDRESS: &str = "10.244.0.1";
/// The first address of the Service network: that of the Service `kubernetes`.
const SERVICE_ADDRESS: &str = "10.96.0.1";
/// The bridge that Pods are connected to.
const BRIDGE: &str = "certlint0";

/// A running cluster. Dropping it ends all of it.
pub struct Cluster {
    /// The client of the tests.
    pub api: Api,
    /// The only node's kubelet.
    pub kubelet: Kubelet,
    /// etcd, API server, controllers.
    pub control_plane: ControlPlane,
    /// Where each process has its log.
    pub logs: PathBuf,
}

impl Cluster {
    /// Starts a cluster whose Pods run `images`; logs in `logs`.
    ///
    /// # Errors
    /// Outside of [`isolate::again`], and where a part does not become ready.
    pub fn start(images: Vec<Image>, logs: &Path) -> Result<Self> {
        // Once more, for the next caller: from here on mounts and links are made.
        isolate::is_inside()?;
        let state = private_state()?;
        network()?;
        let programs = Programs {
            kubernetes: tools::KUBERNETES.build()?,
            etcd: tools::ETCD.build()?,
        };
        let control_plane = ControlPlane::start(programs, &state.join("control-plane"), logs)?;
        let api = Api::new();
        let kubelet = Kubelet::start(api.clone(), images, &state.join("pods"), logs)?;
        let cluster = Self {
            api,
            kubelet,
            control_plane,
            logs: logs.to_owned(),
        };
        // Without it the API server refuses Pods of the namespace.
        cluster.wait(
            "the default service account",
            Duration::from_secs(30),
            |api| {
                Ok(api
                    .get("/api/v1/namespaces/default/serviceaccounts/default")?
                    .is_ok())
            },
        )?;
        Ok(cluster)
    }

    /// Waits until `holds`; an error of the check counts as not yet.
    pub fn wait(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut(&Api) -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let now = holds(&self.api);
            if matches!(now, Ok(true)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                now.with_context(|| format!("waited {limit:?} for {what}"))?;
                bail!("waited {limit:?} for {what}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A folder in memory that only this run sees, and that is gone with it.
fn private_state() -> Result<PathBuf> {
    shell::run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]))?;
    let state = PathBuf::from("/run/certlint");
    fs::create_dir_all(&state)?;
    Ok(state)
}

fn network() -> Result<()> {
    for command in [
        "link set lo up".to_owned(),
        format!("link add {BRIDGE} type bridge"),
        format!("address add {NODE_ADDRESS}/16 dev {BRIDGE}"),
        format!("address add {SERVICE_ADDRESS}/32 dev {BRIDGE}"),
        format!("link set {BRIDGE} up"),
    ] {
        ip(&command)?;
    }
    Ok(())
}

/// `ip` with arguments that have no blanks in them.
fn ip(arguments: &str) -> Result<()> {
    shell::read(Command::new("ip").args(arguments.split(' '))).map(drop)
}
