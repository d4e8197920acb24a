//! etcd, kube-apiserver, kube-controller-manager and `kubectl proxy`, as plain processes.
//!
//! The API server listens on the first address of the Service network, where Pods look for it, and
//! calls webhooks at the addresses of their Pods (`--enable-aggregator-routing`), since no
//! kube-proxy makes the addresses of Services work. There is no scheduler: the kubelet takes every Pod.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tools::shell;

use super::api::{Api, PROXY};
use super::process::Process;
use super::{NODE_ADDRESS, SERVICE_ADDRESS};

/// The administrator's token: nobody outside of the namespaces can reach this API server.
const TOKEN: &str = "administrator";

/// The policy of the audit log: the requests of the Pods, and the answers of webhooks.
const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: [system:serviceaccounts:certlint]
  - level: Metadata
    verbs: [create, update, patch]
    resources:
      - group: networking.k8s.io
  - level: None
";

/// The programs. Dropping it ends them.
pub struct ControlPlane {
    programs: Programs,
    folder: PathBuf,
    logs: PathBuf,
    // In the order in which they must end: the API server retries for long without etcd.
    proxy: Option<Process>,
    controller_manager: Option<Process>,
    api_server: Option<Process>,
    etcd: Option<Process>,
}

/// Where the programs are.
pub struct Programs {
    /// The folder with kube-apiserver, kube-controller-manager and kubectl.
    pub kubernetes: PathBuf,
    /// The folder with etcd.
    pub etcd: PathBuf,
}

impl ControlPlane {
    /// Starts all of them and waits until they are ready; state in `folder`, logs in `logs`.
    pub fn start(programs: Programs, folder: &Path, logs: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut plane = Self {
            programs,
            folder: folder.to_owned(),
            logs: logs.to_owned(),
            proxy: None,
            controller_manager: None,
            api_server: None,
            etcd: None,
        };
        plane.write_files()?;
        plane.start_etcd()?;
        plane.start_api_server()?;
        plane.start_rest()?;
        Ok(plane)
    }

    /// The file that kubectl and Helm read.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The log in which the API server notes what webhooks annotated.
    pub fn audit_log(&self) -> PathBuf {
        self.logs.join("audit.log")
    }

    /// The authority that clients of the API server trust.
    fn authority(&self) -> PathBuf {
        self.folder.join("authority.crt")
    }

    /// `kubectl` with the administrator's rights.
    pub fn kubectl(&self) -> Command {
        let mut kubectl = Command::new(self.programs.kubernetes.join("kubectl"));
        kubectl.env("KUBECONFIG", self.kubeconfig());
        kubectl
    }

    /// Starts etcd.
    pub fn start_etcd(&mut self) -> Result<()> {
        let mut etcd = Command::new(self.programs.etcd.join("etcd"));
        etcd.arg("--data-dir").arg(self.folder.join("etcd")).args([
            "--listen-client-urls=http://127.0.0.1:2379",
            "--advertise-client-urls=http://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            "--initial-cluster=default=http://127.0.0.1:2380",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]);
        self.etcd = Some(Process::start("etcd", &mut etcd, &self.logs)?);
        Ok(())
    }

    /// Stops etcd and leaves the API server without its storage.
    pub fn stop_etcd(&mut self) -> Result<()> {
        stop(&mut self.etcd)
    }

    /// Starts the API server; see [`Self::wait_until_ready`].
    pub fn start_api_server(&mut self) -> Result<()> {
        let key = self.folder.join("service-accounts.pem");
        let mut server = Command::new(self.programs.kubernetes.join("kube-apiserver"));
        server.args([
            "--etcd-servers=http://127.0.0.1:2379",
            "--secure-port=443",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--enable-aggregator-routing=true",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--audit-log-mode=blocking",
            "--shutdown-delay-duration=0s",
        ]);
        server.arg(format!("--bind-address={SERVICE_ADDRESS}"));
        server.arg(format!("--advertise-address={NODE_ADDRESS}"));
        for (flag, file) in [
            ("cert-dir", self.folder.join("certs")),
            ("token-auth-file", self.folder.join("tokens.csv")),
            ("service-account-key-file", key.clone()),
            ("service-account-signing-key-file", key),
            ("audit-policy-file", self.folder.join("audit-policy.yaml")),
            ("audit-log-path", self.audit_log()),
        ] {
            server.arg(format!("--{flag}={}", file.display()));
        }
        self.api_server = Some(Process::start("kube-apiserver", &mut server, &self.logs)?);
        Ok(())
    }

    /// Stops the API server as an upgrade of the control plane does.
    pub fn stop_api_server(&mut self) -> Result<()> {
        stop(&mut self.api_server)
    }

    /// Waits until the API server says that it is ready.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let api = Api::new();
        self.wait_for("the API server", |_| {
            api.get("/readyz").is_ok_and(|answer| answer.status == 200)
        })
    }

    fn wait_for(&mut self, what: &str, is_there: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_there(self) {
            for process in [&mut self.api_server, &mut self.proxy]
                .into_iter()
                .flatten()
            {
                process.must_run()?;
            }
            if Instant::now() > deadline {
                bail!("waited a minute for {what}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn start_rest(&mut self) -> Result<()> {
        // The API server makes its certificate before anything else; kubectl wants it at the start.
        let certificate = self.folder.join("certs/apiserver.crt");
        self.wait_for("the API server's certificate", |_| certificate.exists())?;
        let chain = fs::read_to_string(certificate)?;
        let authority = chain.rfind("-----BEGIN").context("no certificate")?;
        fs::write(self.authority(), &chain[authority..])?;
        let mut proxy = self.kubectl();
        proxy.args(["proxy", "--reject-paths=^$", "--port", &PROXY.1.to_string()]);
        self.proxy = Some(Process::start("kubectl-proxy", &mut proxy, &self.logs)?);
        self.wait_until_ready()?;
        let mut manager = Command::new(self.programs.kubernetes.join("kube-controller-manager"));
        manager.args([
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            // These would take Pods from a node that no kubelet renews.
            "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller,\
             -pod-garbage-collector-controller,-device-taint-eviction-controller",
            "--concurrent-deployment-syncs=2",
        ]);
        for (flag, file) in [
            ("kubeconfig", self.kubeconfig()),
            (
                "service-account-private-key-file",
                self.folder.join("service-accounts.pem"),
            ),
            ("root-ca-file", self.authority()),
        ] {
            manager.arg(format!("--{flag}={}", file.display()));
        }
        let manager = Process::start("kube-controller-manager", &mut manager, &self.logs)?;
        self.controller_manager = Some(manager);
        Ok(())
    }

    fn write_files(&self) -> Result<()> {
        let folder = &self.folder;
        fs::write(
            folder.join("tokens.csv"),
            format!("{TOKEN},administrator,1,system:masters\n"),
        )?;
        fs::write(folder.join("audit-policy.yaml"), AUDIT_POLICY)?;
        let authority = self.authority();
        let kubeconfig = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": {
                "server": format!("https://{SERVICE_ADDRESS}:443"),
                "certificate-authority": authority,
            }}],
            "users": [{"name": "administrator", "user": {"token": TOKEN}}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "administrator"}}],
            "current-context": "e2e",
        });
        fs::write(self.kubeconfig(), kubeconfig.to_string())?;
        let mut key = Command::new("openssl");
        key.args(["genrsa", "-out"])
            .arg(folder.join("service-accounts.pem"))
            .arg("2048");
        shell::read(&mut key).context("key of service accounts")?;
        Ok(())
    }
}

fn stop(process: &mut Option<Process>) -> Result<()> {
    if let Some(mut process) = process.take() {
        process.stop(Duration::from_secs(10))?;
    }
    Ok(())
}
