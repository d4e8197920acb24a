//! The kubelet's report about a Pod: the patch for its `status`.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::text;
use crate::NODE_ADDRESS;

/// The known facts about the container.
#[derive(Clone, Copy, Default)]
pub(super) struct State {
    /// Its process runs.
    pub(super) runs: bool,
    /// Its readiness probe passes.
    pub(super) is_ready: bool,
    /// How often it was started again.
    pub(super) restarts: u32,
    /// How it ended last.
    pub(super) exit_code: Option<i32>,
    /// It will not be started again.
    pub(super) is_over: bool,
}

/// The patch for a Pod's `status`.
pub(super) fn status(pod: &Value, address: Ipv4Addr, started: &str, state: State) -> Value {
    let container = &pod["spec"]["containers"][0];
    let phase = match (state.is_over, state.exit_code) {
        (true, Some(0)) => "Succeeded",
        (true, _) => "Failed",
        (false, _) => "Running",
    };
    let ended = state.exit_code.map(|code| {
        let reason = if code == 0 { "Completed" } else { "Error" };
        json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": started}})
    });
    let now = if state.runs {
        json!({"running": {"startedAt": started}})
    } else if state.is_over {
        ended.clone().unwrap_or_default()
    } else {
        json!({"waiting": {"reason": "CrashLoopBackOff"}})
    };
    let ready = if state.is_ready { "True" } else { "False" };
    json!({"status": {
        "phase": phase,
        "hostIP": NODE_ADDRESS,
        "podIP": address.to_string(),
        "podIPs": [{"ip": address.to_string()}],
        "startTime": started,
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Initialized", "status": "True"},
            {"type": "ContainersReady", "status": ready},
            {"type": "Ready", "status": ready},
        ],
        "containerStatuses": [{
            "name": text(&container["name"]),
            "image": text(&container["image"]),
            "imageID": "local",
            "ready": state.is_ready,
            "started": state.runs,
            "restartCount": state.restarts,
            "state": now,
            "lastState": ended.unwrap_or_else(|| json!({})),
        }],
    }})
}
