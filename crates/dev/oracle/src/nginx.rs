//! The real nginx: its verdict on a configuration, and what it serves.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tools::shell;

use super::hello::{self, KeyType, Reply};

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(10);

/// The output of `nginx -t`.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) accepted: bool,
    /// Everything it printed.
    pub(crate) text: String,
    /// The first error.
    pub(crate) error: Option<Error>,
}

/// An error of nginx.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    /// The text, byte for byte, without the place.
    pub(crate) message: Vec<u8>,
    /// File and line.
    pub(crate) place: Option<(PathBuf, usize)>,
}

/// Asks `nginx -t` about `folder/nginx.conf`.
pub(crate) fn verdict(folder: &Path) -> Result<Verdict> {
    let output = shell::capture(command(folder).arg("-t"))?;
    Ok(Verdict {
        accepted: output.status.success(),
        error: first_error(&output.stderr),
        text: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Takes `TIME [emerg] PID#TID: MESSAGE in FILE:LINE` apart.
fn first_error(text: &[u8]) -> Option<Error> {
    let emerg = find(text, b"[emerg] ")?;
    let text = &text[emerg..];
    let text = &text[find(text, b": ")? + 2..];
    // The message may have line feeds of its own; what follows it has always the same words.
    let end = find(text, b"\nnginx: configuration file ").unwrap_or(text.len());
    let text = text[..end].trim_ascii_end();
    let place = || {
        let at = text.windows(4).rposition(|window| window == b" in ")?;
        let colon = text.iter().rposition(|&byte| byte == b':')?;
        let line = std::str::from_utf8(text.get(colon + 1..)?)
            .ok()?
            .parse()
            .ok()?;
        let path = PathBuf::from(OsStr::from_bytes(text.get(at + 4..colon)?));
        Some((at, (path, line)))
    };
    Some(match place() {
        Some((at, place)) => Error {
            message: text[..at].to_vec(),
            place: Some(place),
        },
        None => Error {
            message: text.to_vec(),
            place: None,
        },
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// nginx in the foreground, killed when this value goes away.
pub(crate) struct Running(Child);

/// Starts nginx and waits until it listens.
pub(crate) fn start(folder: &Path) -> Result<Running> {
    let log = File::create(folder.join("start.log"))?;
    let child = command(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .context("cannot start nginx")?;
    let mut running = Running(child);
    let began = Instant::now();
    // The pid file is written after the sockets are bound.
    while !folder
        .join("nginx.pid")
        .metadata()
        .is_ok_and(|pid| pid.len() > 0)
    {
        if let Some(status) = running.0.try_wait()? {
            let log = std::fs::read_to_string(folder.join("start.log"))?;
            bail!("nginx ended with {status}:\n{log}");
        }
        if began.elapsed() > PATIENCE {
            bail!("nginx does not listen after {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(running)
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing can be done when this fails; it has ended then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `-g` keeps everything inside the folder; one process is started and killed faster than two.
fn command(folder: &Path) -> Command {
    let shown = folder.display();
    let mut command = shell::nginx();
    command
        .arg("-p")
        .arg(folder)
        .args(["-e", "stderr", "-c"])
        .arg(folder.join("nginx.conf"));
    command.args([
        "-g",
        &format!(
            "daemon off; master_process off; pid {shown}/nginx.pid; error_log {shown}/error.log;"
        ),
    ]);
    command
}

/// Where to knock.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    Inet(SocketAddr),
    Unix(String),
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inet(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// The answer to a client that asks for `name`; `None` when nothing listens there.
pub(crate) fn knock(door: &Door, name: &str, key: KeyType) -> Result<Option<Reply>> {
    // Addresses are never sent as SNI (RFC 6066 section 3).
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let sni = if bare.parse::<IpAddr>().is_ok() {
        ""
    } else {
        name
    };
    let reply = match door {
        Door::Inet(address) => match TcpStream::connect_timeout(address, PATIENCE) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                hello::shake(&mut stream, sni.as_bytes(), key)
            }
            Err(error) => Err(error),
        },
        Door::Unix(path) => match UnixStream::connect(path) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                hello::shake(&mut stream, sni.as_bytes(), key)
            }
            Err(error) => Err(error),
        },
    };
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(error) if is_nobody(&error) => Ok(None),
        Err(error) => {
            Err(error).with_context(|| format!("handshake at {door} for {name:?} with {key:?}"))
        }
    }
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
    )
}

/// Four consecutive ports that are free on every address, searched from `from` upwards.
pub(crate) fn free_ports(from: u16) -> Result<[u16; 4]> {
    for base in (from..from.saturating_add(4000)).step_by(4) {
        let ports = [base, base + 1, base + 2, base + 3];
        let is_free = |port: &u16| {
            TcpListener::bind(("0.0.0.0", *port)).is_ok()
                && (!has_ipv6() || TcpListener::bind(("::", *port)).is_ok())
        };
        if ports.iter().all(is_free) {
            return Ok(ports);
        }
    }
    bail!("no free ports from {from} on")
}

/// Whether this machine has an IPv6 loopback address.
pub(crate) fn has_ipv6() -> bool {
    TcpListener::bind(("::1", 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_taken_apart_into_message_file_and_line() {
        let text = b"2026/11/21 09:00:00 [warn] 1#1: low in /a:1\n\
                     2026/11/21 09:00:00 [emerg] 1#1: invalid parameter \"a in\nb\" in /tmp/n in.conf:12\n\
                     nginx: configuration file /tmp/n in.conf test failed\n";
        let error = first_error(text).unwrap();
        assert_eq!(error.message, b"invalid parameter \"a in\nb\"");
        assert_eq!(error.place, Some((PathBuf::from("/tmp/n in.conf"), 12)));
    }

    #[test]
    fn an_error_without_a_place_is_kept_whole() {
        let error =
            first_error(b"x [emerg] 1#1: no \"events\" section in configuration\n").unwrap();
        assert_eq!(error.message, b"no \"events\" section in configuration");
        assert_eq!(error.place, None);
    }

    #[test]
    fn no_error_is_none() {
        assert!(first_error(b"nginx: configuration file /a test is successful\n").is_none());
    }
}
