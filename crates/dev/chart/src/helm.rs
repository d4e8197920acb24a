//! Helm, in the versions that the chart is made for.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Result, bail};
use tools::shell;

use super::Case;

/// The name and the namespace of the release.
pub(super) const RELEASE: &str = "certlint";
pub(super) const NAMESPACE: &str = "tls-lint";

/// One Helm.
pub(super) struct Helm {
    /// As in messages: `helm 3`.
    pub(super) name: &'static str,
    program: PathBuf,
}

/// All of them, the newest last; built where they are not there.
pub(super) fn all() -> Result<[Helm; 2]> {
    Ok([
        Helm {
            name: "helm 3",
            program: tools::HELM_3.build()?.join("helm"),
        },
        Helm {
            name: "helm 4",
            program: tools::HELM_4.build()?.join("helm"),
        },
    ])
}

impl Helm {
    /// The objects of the chart with some values for one version of Kubernetes, such as `1.37.0`.
    pub(super) fn template(&self, values: &[&str], kubernetes: &str) -> Result<String> {
        let output = self.try_template(values, kubernetes)?;
        if !output.status.success() {
            bail!(
                "{} renders nothing for Kubernetes {kubernetes} with {values:?}: {}",
                self.name,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The same, which may fail.
    pub(super) fn try_template(&self, values: &[&str], kubernetes: &str) -> Result<Output> {
        let mut command = self.command();
        command.args(["template", RELEASE]).arg(super::chart());
        command.args(["--namespace", NAMESPACE, "--kube-version", kubernetes]);
        shell::capture(command.args(values))
    }

    /// `helm lint` with some values.
    pub(super) fn lint(&self, case: &Case, kubernetes: &str) -> Result<()> {
        let mut command = self.command();
        command.args(["lint", "--strict", "--quiet"]);
        command.arg(super::chart());
        command.args(["--namespace", NAMESPACE, "--kube-version", kubernetes]);
        shell::read(command.args(case.values())).map(drop)
    }

    /// The notes shown after an installation.
    ///
    /// The chart comes without its `kubeVersion`: nobody here says for which Kubernetes, and Helm
    /// takes an old one then.
    pub(super) fn notes(&self, values: &[&str]) -> Result<String> {
        let folder = tempfile::tempdir()?;
        shell::run(
            Command::new("cp")
                .arg("-r")
                .arg(super::chart())
                .arg(folder.path()),
        )?;
        let copy = folder.path().join("certlint");
        let manifest = copy.join("Chart.yaml");
        let text = std::fs::read_to_string(&manifest)?;
        let kept: Vec<_> = (text.lines())
            .filter(|line| !line.starts_with("kubeVersion:"))
            .collect();
        std::fs::write(&manifest, kept.join("\n"))?;
        let mut command = self.command();
        command.args(["install", RELEASE]).arg(&copy);
        command.args(["--namespace", NAMESPACE, "--dry-run=client"]);
        let text = shell::read(command.args(values))?;
        match text.split_once("\nNOTES:\n") {
            Some((_, notes)) => Ok(notes.to_owned()),
            None => bail!("{} shows no notes", self.name),
        }
    }

    /// Without the settings and clusters of the user who runs this.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("KUBECONFIG", "/dev/null").current_dir("/");
        command
    }
}
