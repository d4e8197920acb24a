//! The life of one Pod: from its volumes to its last signal.

use std::fs;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::probe::Probe;
use super::sandbox::Sandbox;
use super::status::{State, status};
use super::volumes::Volumes;
use super::{Running, Shared, container, lock, text};
use crate::process::{Process, code};

/// How often a Pod is looked after.
const TICK: Duration = Duration::from_millis(50);
/// How often volumes are compared with the cluster; a kubelet takes its time.
const REFRESH: Duration = Duration::from_secs(1);
/// How long a container that has failed again waits; a kubelet begins with ten seconds.
const BACK_OFF: Duration = Duration::from_secs(2);

/// Runs a Pod until it is deleted. `number` is the last part of its address.
pub(super) fn live(
    shared: &Shared,
    pod: Value,
    number: u8,
    changes: &Receiver<Value>,
) -> Result<()> {
    let containers = pod["spec"]["containers"].as_array().map_or(0, Vec::len);
    if containers != 1 || !pod["spec"]["initContainers"].is_null() {
        bail!("only Pods with one container are known");
    }
    let uid = text(&pod["metadata"]["uid"]);
    let folder = shared.folder.join(uid);
    fs::create_dir_all(&folder)?;
    let sandbox = Sandbox::new(number)?;
    let mut volumes = Volumes::new(&shared.api, &pod, sandbox.address, &folder)?;
    let mut life = Life {
        shared,
        pod: &pod,
        uid,
        sandbox,
        process: None,
        readiness: None,
        liveness: None,
        state: State::default(),
        started: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        start_at: Instant::now(),
        reported: Value::Null,
        kill_at: None,
    };
    let mut refresh_at = Instant::now() + REFRESH;
    loop {
        match changes.recv_timeout(TICK) {
            Ok(change) if change["gone"] == true => break,
            Ok(change) if !change["metadata"]["deletionTimestamp"].is_null() => {
                life.terminate(&change["metadata"])?;
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() > refresh_at {
            // The API server may be away; what was written stays.
            let _ = volumes.refresh();
            refresh_at = Instant::now() + REFRESH;
        }
        if life.tick(&volumes)? {
            break;
        }
    }
    drop(life);
    Ok(fs::remove_dir_all(&folder)?)
}

struct Life<'a> {
    shared: &'a Shared,
    pod: &'a Value,
    uid: &'a str,
    sandbox: Sandbox,
    process: Option<Process>,
    readiness: Option<Probe>,
    liveness: Option<Probe>,
    state: State,
    started: String,
    start_at: Instant,
    /// The status that the API server has.
    reported: Value,
    /// When the grace of a deleted Pod ends.
    kill_at: Option<Instant>,
}

impl Life<'_> {
    /// True when the Pod is over and forgotten by the API server.
    fn tick(&mut self, volumes: &Volumes<'_>) -> Result<bool> {
        self.see_whether_it_ended()?;
        if self.process.is_none() && self.kill_at.is_some() {
            return Ok(self.forget());
        }
        if self.process.is_none() && !self.state.is_over && Instant::now() >= self.start_at {
            self.start(volumes)?;
        }
        if self.process.is_some() {
            self.probe()?;
        }
        Ok(self.report())
    }

    fn start(&mut self, volumes: &Volumes<'_>) -> Result<()> {
        let shared = self.shared;
        let folder = shared.folder.join(self.uid);
        let container = &self.pod["spec"]["containers"][0];
        let mounts = volumes.folders();
        let process = container::start(
            self.pod,
            &shared.images,
            &self.sandbox,
            &folder,
            &mounts,
            &shared.logs,
        )?;
        let address = self.sandbox.address;
        self.readiness = Probe::read(&container["readinessProbe"], container, address)?;
        self.liveness = Probe::read(&container["livenessProbe"], container, address)?;
        if !container["startupProbe"].is_null() {
            bail!("startup probes are not known");
        }
        let metadata = &self.pod["metadata"];
        let (name, namespace) = (text(&metadata["name"]), text(&metadata["namespace"]));
        let running = Running {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            address,
            process: process.id(),
        };
        shared.set_running(self.uid, Some(running));
        self.process = Some(process);
        self.state.runs = true;
        Ok(())
    }

    fn see_whether_it_ended(&mut self) -> Result<()> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let mut ended = process.ended()?;
        if ended.is_none() && self.kill_at.is_some_and(|at| Instant::now() > at) {
            let name = text(&self.pod["metadata"]["name"]);
            (self.shared).trouble(name, "was killed, since it did not end in its grace period");
            ended = Some(process.stop(Duration::ZERO)?);
        }
        let Some(ended) = ended else { return Ok(()) };
        self.process = None;
        self.shared.set_running(self.uid, None);
        self.state.runs = false;
        self.state.is_ready = false;
        self.state.exit_code = Some(code(ended));
        let policy = text(&self.pod["spec"]["restartPolicy"]);
        let again = policy == "Always" || policy == "OnFailure" && !ended.success();
        if again && self.kill_at.is_none() {
            if self.state.restarts > 0 {
                self.start_at = Instant::now() + BACK_OFF;
            }
            self.state.restarts += 1;
        } else {
            self.state.is_over = true;
        }
        Ok(())
    }

    fn probe(&mut self) -> Result<()> {
        self.state.is_ready = match &mut self.readiness {
            Some(probe) => {
                probe.ask();
                probe.passes
            }
            None => true,
        };
        let is_dead = self.liveness.as_mut().is_some_and(Probe::ask);
        if let Some(process) = &mut self.process {
            if is_dead {
                process.signal(Signal::SIGTERM)?;
            }
            let memory = own_memory(process.id());
            let mut peak = lock(&self.shared.peak);
            *peak = memory.max(*peak);
        }
        Ok(())
    }

    fn terminate(&mut self, metadata: &Value) -> Result<()> {
        if self.kill_at.is_some() {
            return Ok(());
        }
        if !self.pod["spec"]["containers"][0]["lifecycle"].is_null() {
            bail!("hooks of containers are not known");
        }
        let grace = metadata["deletionGracePeriodSeconds"]
            .as_u64()
            .unwrap_or(30);
        self.kill_at = Some(Instant::now() + Duration::from_secs(grace));
        if let Some(process) = &mut self.process {
            process.signal(Signal::SIGTERM)?;
        }
        Ok(())
    }

    /// Tells the API server what is new; true when it does not know the Pod any more.
    fn report(&mut self) -> bool {
        let status = status(self.pod, self.sandbox.address, &self.started, self.state);
        if status == self.reported {
            return false;
        }
        let path = format!("{}/status", self.path());
        match self.shared.api.patch(&path, &status) {
            Ok(answer) if answer.status == 404 => return true,
            Ok(answer) if answer.is_ok() => self.reported = status,
            // Tried again at the next tick.
            Ok(_) | Err(_) => {}
        }
        false
    }

    /// The last word on a deleted Pod; true when the API server has taken it.
    fn forget(&self) -> bool {
        let options = json!({"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}});
        (self.shared.api.delete(&self.path(), &options))
            .is_ok_and(|answer| answer.is_ok() || answer.status == 404)
    }

    fn path(&self) -> String {
        let metadata = &self.pod["metadata"];
        let (name, namespace) = (text(&metadata["name"]), text(&metadata["namespace"]));
        format!("/api/v1/namespaces/{namespace}/pods/{name}")
    }
}

/// The memory that a process has for itself, without the files that it has mapped, in KiB.
fn own_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
