//! The tools of the cases: a cluster, kubectl, Helm, and an authority for certificates.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use cluster::api::Answer;
use cluster::{Cluster, Image, Running, process};
use serde_json::{Value, json};
use tools::shell;

use super::certificate::Authority;
use super::objects::{collection, ingress, path, secret};

/// Namespace and name of the release.
pub(super) const RELEASE: &str = "certlint";

/// Everything that a case may touch.
pub(super) struct World {
    pub(super) cluster: Cluster,
    pub(super) authority: Authority,
    /// The authority of the webhook's own certificate, where a Secret has it.
    pub(super) serving: Option<Authority>,
    /// Lines of the audit log that were looked at.
    seen: usize,
}

/// The output of a program.
pub(super) struct Printed {
    pub(super) code: i32,
    /// Standard output, then standard error.
    pub(super) text: String,
}

impl World {
    /// Starts a cluster that runs the webhook of a build profile, `debug` or `dist`.
    pub(super) fn start(profile: &str) -> Result<Self> {
        let logs = shell::target().join("e2e");
        let _ = fs::remove_dir_all(&logs);
        let image = Image {
            repository: "certlint-webhook",
            program: shell::target().join(profile).join("certlint-webhook"),
            entry_point: "/usr/local/bin/certlint-webhook",
        };
        let cluster = Cluster::start(vec![image], &logs)?;
        let world = Self {
            cluster,
            authority: Authority::new()?,
            serving: None,
            seen: 0,
        };
        for file in ["controllers", "gateway-api", "openshift", "suppliers"] {
            let file = shell::root().join(format!("fixtures/cluster/{file}.yaml"));
            let file = file.display().to_string();
            world.kubectl(&["apply", "--filename", &file], "")?.done()?;
        }
        world.namespace(
            RELEASE,
            json!({"pod-security.kubernetes.io/enforce": "restricted"}),
        )?;
        let shop = world.authority.issue(&["shop.example.com"])?;
        world
            .create(&secret("default", "shop", &shop))?
            .is_allowed()?;
        Ok(world)
    }

    /// A namespace with labels, made when it is not there.
    pub(super) fn namespace(&self, name: &str, labels: Value) -> Result<()> {
        let namespace = json!({"metadata": {"name": name, "labels": labels}});
        let answer = self.cluster.api.post("/api/v1/namespaces", &namespace)?;
        if answer.status != 409 {
            answer.is_allowed()?;
        }
        Ok(())
    }

    /// A namespace with the Secret `shop`, which covers `shop.example.com`.
    pub(super) fn shop(&self, namespace: &str) -> Result<()> {
        self.namespace(namespace, json!({}))?;
        let shop = self.authority.issue(&["shop.example.com"])?;
        let shop = secret(namespace, "shop", &shop);
        self.create(&shop)?.is_allowed()
    }

    /// Creates an object; the answer says whether it was allowed.
    pub(super) fn create(&self, object: &Value) -> Result<Answer> {
        self.cluster.api.post(&collection(object), object)
    }

    /// Creates an object and lets nothing come of it.
    pub(super) fn try_create(&self, object: &Value) -> Result<Answer> {
        let path = format!("{}?dryRun=All", collection(object));
        self.cluster.api.post(&path, object)
    }

    /// Replaces an object without asking which version is there.
    pub(super) fn replace(&self, object: &Value) -> Result<Answer> {
        self.cluster.api.put(&path(object), object)
    }

    /// A merge patch.
    pub(super) fn change(&self, object: &Value, change: &Value) -> Result<Answer> {
        self.cluster.api.patch(&path(object), change)
    }

    pub(super) fn delete(&self, object: &Value) -> Result<Answer> {
        self.cluster.api.delete(&path(object), &json!({}))
    }

    /// `kubectl` as the administrator, with a text on its standard input.
    pub(super) fn kubectl(&self, arguments: &[&str], input: &str) -> Result<Printed> {
        let mut kubectl = self.cluster.control_plane.kubectl();
        run(kubectl.args(arguments), input)
    }

    /// Helm 3 with arguments.
    pub(super) fn helm3(&self, arguments: &[&str]) -> Result<Printed> {
        self.helm(&tools::HELM_3, arguments)
    }

    /// Helm 4 with arguments.
    pub(super) fn helm4(&self, arguments: &[&str]) -> Result<Printed> {
        self.helm(&tools::HELM_4, arguments)
    }

    fn helm(&self, version: &tools::GoTool, arguments: &[&str]) -> Result<Printed> {
        let mut helm = Command::new(version.build()?.join("helm"));
        helm.env("KUBECONFIG", self.cluster.control_plane.kubeconfig());
        for folder in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            helm.env(folder, "/run/helm");
        }
        run(helm.args(["--namespace", RELEASE]).args(arguments), "")
    }

    /// Installs the chart, or changes what is installed, and waits until it refuses what is wrong.
    pub(super) fn install(&mut self, values: &[&str]) -> Result<()> {
        self.install_only(values)?;
        self.until_it_refuses()
    }

    /// Installs the chart, or changes what is installed, and waits until two replicas are ready.
    pub(super) fn install_only(&mut self, values: &[&str]) -> Result<()> {
        let chart = chart();
        let mut arguments = vec!["upgrade", "--install", RELEASE, &chart];
        arguments.extend(["--wait", "--timeout", "60s"]);
        for value in values {
            arguments.extend(["--set", value]);
        }
        self.no_forbidden()?;
        self.helm3(&arguments)?.done()?;
        self.until_two_run()?;
        self.no_forbidden_of(&self.cluster.kubelet.running(RELEASE))
    }

    /// Waits until two replicas are ready and no other is left.
    pub(super) fn until_two_run(&self) -> Result<()> {
        let deployment = "/apis/apps/v1/namespaces/certlint/deployments/certlint";
        let limit = Duration::from_secs(60);
        self.cluster.wait("two replicas", limit, |api| {
            let status = api.get(deployment)?.ok()?["status"].take();
            let is_done = status["readyReplicas"] == 2 && status["updatedReplicas"] == 2;
            Ok(is_done && self.cluster.kubelet.running(RELEASE).len() == 2)
        })
    }

    /// Waits until a review reaches certlint by the API server: Pods, Service and `caBundle` are there.
    pub(super) fn until_it_refuses(&self) -> Result<()> {
        let limit = Duration::from_secs(20);
        self.cluster.wait("a refusal", limit, |_| {
            Ok(self.try_create(&broken("default"))?.is_denied(&[]).is_ok())
        })
    }

    /// The sum of the API server's series of that name with these labels, each as `name="value"`.
    pub(super) fn api_metric(&self, name: &str, labels: &[&str]) -> Result<f64> {
        Ok(sum(&self.cluster.api.text("/metrics")?, name, labels))
    }

    /// The same of all replicas together.
    pub(super) fn own_metric(&self, name: &str, labels: &[&str]) -> Result<f64> {
        let mut total = 0.0;
        for pod in self.cluster.kubelet.running(RELEASE) {
            let address = format!("http://{}:8080/metrics", pod.address);
            total += sum(&self.cluster.api.text_of(&address)?, name, labels);
        }
        Ok(total)
    }

    /// The API server's audit log since the cluster began.
    pub(super) fn audit_log(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(self.cluster.control_plane.audit_log())?;
        // The last line may be half written.
        let lines = text.lines();
        Ok(lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    /// An error where RBAC has refused something to certlint since this was asked last.
    pub(super) fn no_forbidden(&mut self) -> Result<()> {
        self.no_forbidden_of(&[])
    }

    /// The same, of these Pods only unless there are none: those that are replaced lose their rights
    /// before they end.
    fn no_forbidden_of(&mut self, pods: &[Running]) -> Result<()> {
        let log = self.audit_log()?;
        let fresh = log.get(self.seen..).unwrap_or_default();
        self.seen = log.len();
        let account = format!("system:serviceaccount:{RELEASE}:");
        for event in fresh {
            let user = event["user"]["username"].as_str().unwrap_or_default();
            let pod = &event["user"]["extra"]["authentication.kubernetes.io/pod-name"][0];
            let is_asked = pods.is_empty() || pods.iter().any(|one| *pod == one.name.as_str());
            let decision = &event["annotations"]["authorization.k8s.io/decision"];
            if is_asked && user.starts_with(&account) && decision == "forbid" {
                bail!("{pod} may not {} {}", event["verb"], event["requestURI"]);
            }
        }
        Ok(())
    }

    /// Looks over what RBAC has refused so far.
    pub(super) fn forget_forbidden(&mut self) -> Result<()> {
        self.seen = self.audit_log()?.len();
        Ok(())
    }

    /// The text of a failure: what the Pods wrote lately.
    pub(super) fn recent_logs(&self) -> String {
        let mut shown = String::new();
        let entries = fs::read_dir(self.cluster.logs.join("pods"));
        let entries = entries.into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            let changed = file.metadata().and_then(|data| data.modified());
            let is_recent = changed.is_ok_and(|at| {
                let age = SystemTime::now().duration_since(at);
                age.is_ok_and(|age| age < Duration::from_secs(15))
            });
            if is_recent {
                shown.push_str(&format!("  ── {}\n", file.display()));
                for line in process::tail(&file, 4).lines() {
                    let line: String = line.chars().take(500).collect();
                    shown.push_str(&format!("  {line}\n"));
                }
            }
        }
        shown
    }

    /// An error where the kubelet could not do what a Pod asks for.
    pub(super) fn no_troubles(&self) -> Result<()> {
        let troubles = self.cluster.kubelet.troubles();
        if !troubles.is_empty() {
            bail!("{}", troubles.join("\n"));
        }
        Ok(())
    }
}

impl Printed {
    /// The text of a program that succeeded.
    pub(super) fn done(self) -> Result<String> {
        if self.code != 0 {
            bail!("exit code {}: {}", self.code, self.text);
        }
        Ok(self.text)
    }
}

/// An Ingress in that namespace that must be refused: the Secret `shop` is for `shop.example.com`.
pub(super) fn broken(namespace: &str) -> Value {
    ingress(namespace, "broken", "other.example.org", "shop")
}

/// The chart.
pub(super) fn chart() -> String {
    shell::root().join("charts/certlint").display().to_string()
}

/// Sums series of the text format of Prometheus.
fn sum(text: &str, name: &str, labels: &[&str]) -> f64 {
    let mut total = 0.0;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(name) else {
            continue;
        };
        let is_series = rest.starts_with(['{', ' ']);
        if is_series && labels.iter().all(|label| rest.contains(label)) {
            let value = rest.rsplit(' ').next().unwrap_or_default();
            // What nobody has measured yet is not a number.
            let value: f64 = value.parse().unwrap_or(f64::NAN);
            total += if value.is_nan() { 0.0 } else { value };
        }
    }
    total
}

/// Runs a program with a text on its standard input.
pub(super) fn run(command: &mut Command, input: &str) -> Result<Printed> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends without reading has said why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Printed {
        code: process::code(output.status),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_summed_by_name_and_labels() {
        let text = "a_total{x=\"1\",y=\"2\"} 3\na_total{x=\"1\"} 4\na_total_x 9\na_total NaN\na_total 1\n# a_total 7\n";
        assert_eq!(sum(text, "a_total", &["x=\"1\""]), 7.0);
        assert_eq!(sum(text, "a_total", &[]), 8.0);
        assert_eq!(sum(text, "a", &[]), 0.0);
    }
}
