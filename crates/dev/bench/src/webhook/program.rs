//! A server under test, as a process of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tools::histogram::Histogram;

use super::pki::Pki;

/// Nothing takes this long but what hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that serves; it ends with this.
pub(super) struct Program {
    process: Child,
    pub(super) webhook: SocketAddr,
    admin: SocketAddr,
    /// From its start until it was ready.
    pub(super) took: Duration,
}

/// The resources that a process has used so far.
pub(super) struct Spent {
    /// Seconds on a processor.
    pub(super) processor: f64,
    /// Seconds between the head of a review and its answer.
    pub(super) handling: Histogram,
}

impl Program {
    /// The webhook in a cluster.
    pub(super) fn webhook(
        program: &Path,
        folder: &Path,
        pki: &Pki,
        cluster: SocketAddr,
    ) -> Result<Self> {
        let [webhook, admin] = ports()?;
        let [config, kubeconfig] = ["settings", "kubeconfig"]
            .map(|name| folder.join(format!("{name}-{}", webhook.port())));
        let serving = pki.serving.display();
        fs::write(
            &config,
            format!(
                "listen: {{webhook: {webhook}, admin: {admin}}}\nwebhook:\n  namespace: certlint\n  certificate: {{mode: files, dir: {serving}}}\n"
            ),
        )?;
        let authority = pki.authority();
        fs::write(
            &kubeconfig,
            format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: bench\nclusters: [{{name: bench, cluster: {{server: 'https://{cluster}', certificate-authority: {}}}}}]\nusers: [{{name: bench, user: {{token: bench}}}}]\ncontexts: [{{name: bench, context: {{cluster: bench, user: bench}}}}]\n",
                authority.display()
            ),
        )?;
        let log = fs::File::create(folder.join(format!("log-{}", webhook.port())))?;
        let mut command = Command::new(program);
        command
            .env("KUBECONFIG", kubeconfig)
            .arg("--config")
            .arg(config)
            .stdout(log);
        Self::start(command, webhook, admin)
    }

    /// The same stack with a judge that allows everything.
    pub(super) fn echo(program: &Path, pki: &Pki) -> Result<Self> {
        let [webhook, admin] = ports()?;
        let mut command = Command::new(program);
        command
            .args([webhook.to_string(), admin.to_string()])
            .arg(&pki.serving)
            .stdout(Stdio::null());
        Self::start(command, webhook, admin)
    }

    fn start(mut command: Command, webhook: SocketAddr, admin: SocketAddr) -> Result<Self> {
        let start = Instant::now();
        let process = command.stdin(Stdio::null()).spawn()?;
        let mut program = Self {
            process,
            webhook,
            admin,
            took: Duration::ZERO,
        };
        while !program.is_ready() {
            if let Some(status) = program.process.try_wait()? {
                bail!("it ended with {status}");
            }
            if start.elapsed() > PATIENCE {
                bail!("it is not ready: {}", program.get("/readyz?verbose")?);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        program.took = start.elapsed();
        Ok(program)
    }

    fn is_ready(&self) -> bool {
        let answer = self.get("/readyz");
        answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
    }

    /// Waits until it has looked at all objects that are there, once it is ready: the seconds on a
    /// processor that this took.
    pub(super) fn audited(&self) -> Result<f64> {
        let before = self.spent()?.processor;
        let start = Instant::now();
        while !self
            .get("/metrics")?
            .contains("certlint_audit_duration_seconds ")
        {
            if start.elapsed() > PATIENCE {
                bail!("it does not audit");
            }
            // Rarely: each answer costs, too, as it counts what ends soon.
            std::thread::sleep(Duration::from_millis(500));
        }
        Ok(self.spent()?.processor - before)
    }

    /// The resources that it has used so far.
    pub(super) fn spent(&self) -> Result<Spent> {
        let metrics = self.get("/metrics")?;
        let mut lines = metrics.lines();
        let processor = lines.find_map(|line| {
            line.strip_prefix("process_cpu_seconds_total ")?
                .parse()
                .ok()
        });
        Ok(Spent {
            processor: processor.context("no processor time in the metrics")?,
            handling: Histogram::read(&metrics, "certlint_admission_duration_seconds", &[]),
        })
    }

    /// Resident memory in MiB: now, and the most so far.
    pub(super) fn memory(&self) -> Result<(f64, f64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
            let kilobytes: f64 = kilobytes.context("no memory in /proc")?.parse()?;
            anyhow::Ok(kilobytes / 1024.0)
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.admin)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two addresses that are free now.
fn ports() -> Result<[SocketAddr; 2]> {
    let [first, second] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0"));
    Ok([first?.local_addr()?, second?.local_addr()?])
}
