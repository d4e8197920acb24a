//! Runs this program again in namespaces of its own, so that a cluster meets nothing of the machine.
//!
//! In them the fixed addresses of a cluster are free, Pods can have networks, and whatever was
//! started ends with the first process: unshare(1) with `--kill-child` and a PID namespace.

use std::process::Command;

use anyhow::{Context, Result, bail};
use tools::shell;

/// Runs `xtask ARGUMENTS` in network, mount and PID namespaces of its own.
///
/// # Errors
/// Where neither root's rights nor user namespaces are to be had, and where the inner run fails.
pub fn again(arguments: &[&str]) -> Result<()> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let mut inner = unshare()?;
    inner.arg(own).args(arguments);
    let status = inner.status().context("cannot run unshare")?;
    if !status.success() {
        bail!("failed in its namespaces");
    }
    Ok(())
}

/// An error outside of [`again`]: what a cluster mounts and connects would change the machine.
pub fn is_inside() -> Result<()> {
    // `again` makes this the first process of a PID namespace; on a machine that is `init`.
    if std::process::id() != 1 {
        bail!(
            "`--inside` is how this program calls itself in namespaces of its own; \
             by hand it would mount and connect things on this machine"
        );
    }
    Ok(())
}

fn unshare() -> Result<Command> {
    let rights: &[&str] = if nix::unistd::geteuid().is_root() {
        &[]
    } else {
        // Pods run as users of their own, so one user alone is not enough.
        &["--user", "--map-root-user", "--map-auto"]
    };
    if shell::capture(command(rights).arg("true"))?
        .status
        .success()
    {
        return Ok(command(rights));
    }
    bail!(
        "a cluster needs namespaces of its own: run this as root, or allow user namespaces \
         (`sysctl kernel.unprivileged_userns_clone=1`, newuidmap, and a range in /etc/subuid)"
    )
}

fn command(rights: &[&str]) -> Command {
    // The first `setpriv` ends `unshare` with us, and `unshare` ends all others.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare"]);
    command.args(rights);
    command.args([
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_no_place_for_a_cluster() {
        assert!(is_inside().is_err());
    }
}
