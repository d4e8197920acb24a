//! Limits and protections of the process.

use std::path::Path;

use anyhow::Context as _;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// Where a Pod finds its namespace if nobody tells it.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Keeps the memory of this process, through which private keys pass, out of core dumps and from
/// debuggers.
///
/// # Errors
/// The system refuses, which none does that we know of.
pub(crate) fn harden() -> anyhow::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("cannot switch off core dumps")?;
    prctl::set_dumpable(false).context("cannot keep debuggers out")?;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// Signals cannot be received.
pub(crate) fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The namespace of this Pod, as the environment or its service account tells.
///
/// # Errors
/// Neither does.
pub(crate) fn namespace() -> anyhow::Result<String> {
    if let Some(name) = environment("POD_NAMESPACE") {
        return Ok(name);
    }
    let text = std::fs::read_to_string(Path::new(NAMESPACE_FILE));
    let text = text.context("neither `POD_NAMESPACE` nor a service account tell our namespace")?;
    Ok(text.trim().to_owned())
}

/// The name of this Pod; on a developer's machine, that of the process.
pub(crate) fn pod_name() -> String {
    let name = environment("POD_NAME").or_else(|| environment("HOSTNAME"));
    name.unwrap_or_else(|| format!("certlint-{}", std::process::id()))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
