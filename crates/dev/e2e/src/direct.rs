//! Connections to a replica past the API server, for what an API server would never send.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The answer of a replica.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) took: Duration,
}

/// Sends a body to a replica as the API server sends a review.
pub(super) fn post(replica: Ipv4Addr, path: &str, body: &[u8]) -> Result<Reply> {
    let began = Instant::now();
    let mut client = connect(replica)?;
    let mut stdin = client.stdin.take().context("no standard input")?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: certlint.certlint.svc\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut request = head.into_bytes();
    request.extend_from_slice(body);
    // A server that has had enough closes before all is written.
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(&request);
        stdin
    });
    let output = client.wait_with_output()?;
    drop(writer.join());
    let text = String::from_utf8_lossy(&output.stdout);
    let (head, body) = (text.split_once("\r\n\r\n")).with_context(|| format!("answer {text:?}"))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Reply {
        status: status.context("no status")?,
        body: body.to_owned(),
        took: began.elapsed(),
    })
}

/// The first line of the answer to a review that is announced with a length and never sent.
pub(super) fn announce(replica: Ipv4Addr, length: usize) -> Result<String> {
    let head = format!(
        "POST /validate HTTP/1.1\r\nHost: certlint.certlint.svc\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut client = Silent::new(replica, &head)?;
    let output = client.0.stdout.take().context("no standard output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(line)
}

impl Reply {
    /// The `response` of the review.
    pub(super) fn response(&self) -> Result<Value> {
        if self.status != 200 {
            bail!("{}: {}", self.status, self.body);
        }
        let start = self.body.find('{').context("no JSON")?;
        let end = self.body.rfind('}').context("no JSON")?;
        let review: Value = serde_json::from_str(&self.body[start..=end])?;
        Ok(review["response"].clone())
    }
}

/// A client that says a little and then nothing more.
pub(super) struct Silent(Child);

impl Silent {
    pub(super) fn new(replica: Ipv4Addr, said: &str) -> Result<Self> {
        let mut client = connect(replica)?;
        let stdin = client.stdin.as_mut().context("no standard input")?;
        stdin.write_all(said.as_bytes())?;
        stdin.flush()?;
        Ok(Self(client))
    }

    /// True when the server has closed the connection.
    pub(super) fn is_closed(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn connect(replica: Ipv4Addr) -> Result<Child> {
    Command::new("openssl")
        .args(["s_client", "-quiet", "-servername", "certlint.certlint.svc"])
        .args(["-connect", &format!("{replica}:8443")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run openssl")
}
