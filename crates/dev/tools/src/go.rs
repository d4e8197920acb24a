//! Programs that are built from Go modules: the control plane of the cluster tests, Helm, and the
//! linters that we measure beside ours.
//!
//! None of them is published as a package of a system that we could ask for one version. Each has a
//! Go module of its own in `go` beside this, whose `go.mod` and `go.sum` pin it and all that it is made
//! of; the version is read from there, so that it is in one place only.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::cached;
use crate::shell;

/// kube-apiserver, kube-controller-manager and kubectl.
///
/// Clients read the version from the program; without it they see `v0.0.0-master+$Format:%H$`.
pub const KUBERNETES: GoTool = GoTool {
    name: "kubernetes",
    module: "k8s.io/kubernetes",
    programs: &[
        ("kube-apiserver", "/cmd/kube-apiserver"),
        ("kube-controller-manager", "/cmd/kube-controller-manager"),
        ("kubectl", "/cmd/kubectl"),
    ],
    manifest: include_str!("../go/kubernetes/go.mod"),
    stamp: "-X k8s.io/component-base/version.gitVersion=vVERSION \
            -X k8s.io/component-base/version.gitMajor=MAJOR \
            -X k8s.io/component-base/version.gitMinor=MINOR",
};

/// The API server's storage.
pub const ETCD: GoTool = GoTool {
    name: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    programs: &[("etcd", "")],
    manifest: include_str!("../go/etcd/go.mod"),
    stamp: "",
};

/// The Helm that most have.
pub const HELM_3: GoTool = GoTool {
    name: "helm3",
    module: "helm.sh/helm/v3",
    programs: &[("helm", "/cmd/helm")],
    manifest: include_str!("../go/helm3/go.mod"),
    stamp: "-X helm.sh/helm/v3/internal/version.version=vVERSION",
};

/// The Helm that applies on the server's side and takes webhook configurations away first.
pub const HELM_4: GoTool = GoTool {
    name: "helm4",
    module: "helm.sh/helm/v4",
    programs: &[("helm", "/cmd/helm")],
    manifest: include_str!("../go/helm4/go.mod"),
    stamp: "-X helm.sh/helm/v4/internal/version.version=vVERSION",
};

/// Validates manifests against the schemas of Kubernetes.
pub const KUBECONFORM: GoTool = GoTool {
    name: "kubeconform",
    module: "github.com/yannh/kubeconform",
    programs: &[("kubeconform", "/cmd/kubeconform")],
    manifest: include_str!("../go/kubeconform/go.mod"),
    stamp: "",
};

/// Scores manifests; measured beside certlint.
pub(crate) const KUBE_SCORE: GoTool = GoTool {
    name: "kube-score",
    module: "github.com/zegl/kube-score",
    programs: &[("kube-score", "/cmd/kube-score")],
    manifest: include_str!("../go/kube-score/go.mod"),
    stamp: "",
};

/// A Go module and the programs of it that we use.
pub struct GoTool {
    /// The folder in `go` beside this, and the beginning of the one in the cache.
    name: &'static str,
    module: &'static str,
    /// Each program with its package below the module.
    programs: &'static [(&'static str, &'static str)],
    /// The `go.mod` that pins it.
    manifest: &'static str,
    /// Linker flags that tell the program its own version where a plain build does not.
    stamp: &'static str,
}

impl GoTool {
    /// Builds the programs unless they are there, and says in which folder they are.
    pub fn build(&self) -> Result<PathBuf> {
        let version = self.version()?;
        cached(&format!("{}-{version}", self.name), |temporary| {
            if !shell::has("go") {
                bail!(
                    "{} is built with Go, and there is no `go` on the search path; \
                     install Go 1.26 or later",
                    self.name
                );
            }
            for (program, package) in self.programs {
                let mut build = Command::new("go");
                build
                    .args([
                        "build",
                        "-trimpath",
                        "-ldflags",
                        &self.linker_flags(version),
                    ])
                    .arg("-o")
                    .arg(temporary.join(program))
                    .arg(format!("{}{package}", self.module))
                    .current_dir(shell::root().join("crates/dev/tools/go").join(self.name))
                    .env("CGO_ENABLED", "0")
                    .env("GOTOOLCHAIN", "local");
                shell::run(&mut build)?;
            }
            Ok(())
        })
    }

    /// The version that the `go.mod` asks for, as `1.37.0`.
    pub fn version(&self) -> Result<&str> {
        (self.manifest.lines())
            .map(|line| line.trim_start().trim_start_matches("require "))
            .filter_map(|line| line.strip_prefix(self.module))
            .find_map(|rest| rest.strip_prefix(" v")?.split(' ').next())
            .with_context(|| format!("no version of {} in its go.mod", self.module))
    }

    fn linker_flags(&self, version: &str) -> String {
        let mut parts = version.split('.');
        let major = parts.next().unwrap_or_default();
        let minor = parts.next().unwrap_or_default();
        let stamp = (self.stamp.replace("VERSION", version))
            .replace("MAJOR", major)
            .replace("MINOR", minor);
        format!("-s -w {stamp}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_modules() {
        for (tool, version) in [
            (KUBERNETES, "1.37.0"),
            (ETCD, "3.6.14"),
            (HELM_3, "3.21.4"),
            (HELM_4, "4.2.4"),
            (KUBECONFORM, "0.7.0"),
            (KUBE_SCORE, "1.20.0"),
        ] {
            assert_eq!(tool.version().ok(), Some(version), "{}", tool.name);
        }
    }

    #[test]
    fn programs_are_told_their_version() {
        let flags = KUBERNETES.linker_flags("1.37.0");
        for part in ["gitVersion=v1.37.0 ", "gitMajor=1 ", "gitMinor=37"] {
            assert!(flags.contains(part), "{flags}");
        }
    }

    #[test]
    fn the_staging_modules_are_those_of_the_release() {
        let replaced: Vec<_> = (KUBERNETES.manifest.lines())
            .filter_map(|line| line.trim_start().split_once(" => "))
            .collect();
        assert!(replaced.len() > 20, "{}", replaced.len());
        for (module, by) in replaced {
            assert_eq!(by, format!("{module} v0.37.0"));
        }
    }
}
