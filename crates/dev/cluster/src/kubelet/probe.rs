//! Probes: HTTP requests at the Pod's address, as often as the Pod says.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;

/// A probe and what it has found.
pub(super) struct Probe {
    address: String,
    agent: Agent,
    period: Duration,
    failure_threshold: u64,
    failures: u64,
    next: Instant,
    /// True as long as fewer than the threshold have failed in succession; false at first.
    pub(super) passes: bool,
}

impl Probe {
    /// Reads `readinessProbe` or `livenessProbe`; `None` where there is none.
    pub(super) fn read(
        specification: &Value,
        container: &Value,
        pod: Ipv4Addr,
    ) -> Result<Option<Self>> {
        if specification.is_null() {
            return Ok(None);
        }
        let get = &specification["httpGet"];
        if get.is_null() || !matches!(get["scheme"].as_str(), None | Some("HTTP")) {
            bail!("only plain HTTP probes are known");
        }
        let port = match &get["port"] {
            Value::String(name) => (container["ports"].as_array().into_iter().flatten())
                .find(|port| port["name"] == name.as_str())
                .and_then(|port| port["containerPort"].as_u64())
                .with_context(|| format!("no port is named `{name}`"))?,
            port => port.as_u64().context("no port in a probe")?,
        };
        let path = get["path"].as_str().unwrap_or("/");
        let seconds = |key: &str, default| specification[key].as_u64().unwrap_or(default);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .timeout_global(Some(Duration::from_secs(seconds("timeoutSeconds", 1))))
            .build();
        Ok(Some(Self {
            address: format!("http://{pod}:{port}{path}"),
            agent: config.new_agent(),
            period: Duration::from_secs(seconds("periodSeconds", 10)),
            failure_threshold: seconds("failureThreshold", 3),
            failures: 0,
            next: Instant::now() + Duration::from_secs(seconds("initialDelaySeconds", 0)),
            passes: false,
        }))
    }

    /// Asks when it is time to; true when the threshold of failures has just been reached.
    pub(super) fn ask(&mut self) -> bool {
        if Instant::now() < self.next {
            return false;
        }
        let passed = (self.agent.get(&self.address).call())
            .is_ok_and(|answer| (200..400).contains(&answer.status().as_u16()));
        if passed {
            self.failures = 0;
            self.passes = true;
        } else {
            self.failures += 1;
        }
        let reached = self.failures == self.failure_threshold;
        if reached {
            self.passes = false;
        }
        // What has not passed yet is asked more often, or every test would wait for a period.
        let wait = if self.passes {
            self.period
        } else {
            self.period.min(Duration::from_millis(250))
        };
        self.next = Instant::now() + wait;
        reached
    }
}
