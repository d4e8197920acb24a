//! Programs that read manifests, too, to be measured beside certlint: kubeconform and kube-score.
//!
//! Each has a Go module of its own in `xtask/peers`, which pins it and all that it is made of. The
//! schemas that kubeconform needs are on PyPI. Only `cargo xtask bench` wants these.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::cached;
use crate::shell;

const KUBECONFORM: GoTool = GoTool {
    name: "kubeconform",
    module: "github.com/yannh/kubeconform",
    manifest: include_str!("../../peers/kubeconform/go.mod"),
};

const KUBE_SCORE: GoTool = GoTool {
    name: "kube-score",
    module: "github.com/zegl/kube-score",
    manifest: include_str!("../../peers/kube-score/go.mod"),
};

/// The package that carries the JSON schemas of Kubernetes, and the folder of one release in it.
const SCHEMAS: (&str, &str) = ("kubernetes-validate", "1.37.0");
const RELEASE: &str = "kubernetes_validate/kubernetes-json-schema/v1.37.0-local";

/// The programs, ready to run.
pub(crate) struct Peers {
    /// The program, and the schemas in the form that it reads.
    pub(crate) kubeconform: PathBuf,
    pub(crate) schemas: PathBuf,
    pub(crate) kube_score: PathBuf,
}

/// Builds what is not there.
pub(crate) fn peers() -> Result<Peers> {
    Ok(Peers {
        kubeconform: KUBECONFORM.build()?,
        schemas: schemas()?,
        kube_score: KUBE_SCORE.build()?,
    })
}

struct GoTool {
    name: &'static str,
    module: &'static str,
    /// The `go.mod` that pins it.
    manifest: &'static str,
}

impl GoTool {
    fn build(&self) -> Result<PathBuf> {
        let Self { name, module, .. } = self;
        let folder = cached(&format!("{name}-{}", self.version()?), |temporary| {
            if !shell::has("go") {
                bail!(
                    "{name} is built with Go, and there is no `go` on the search path; \
                     `cargo xtask bench` needs Go 1.24 or later"
                );
            }
            let mut build = Command::new("go");
            build
                .args(["build", "-trimpath", "-ldflags", "-s -w", "-o"])
                .arg(temporary.join(name))
                .arg(format!("{module}/cmd/{name}"))
                .current_dir(shell::root().join("xtask/peers").join(name))
                .env("CGO_ENABLED", "0")
                .env("GOTOOLCHAIN", "local");
            shell::run(&mut build)
        })?;
        Ok(folder.join(name))
    }

    fn version(&self) -> Result<&str> {
        let lines = self.manifest.lines().map(str::trim_start);
        lines
            .filter_map(|line| line.strip_prefix(self.module))
            .find_map(|rest| rest.strip_prefix(" v")?.split(' ').next())
            .with_context(|| format!("no version of {} in its go.mod", self.module))
    }
}

/// A folder of schemas that kubeconform can read.
///
/// The files name themselves and each other by addresses that it does not resolve.
fn schemas() -> Result<PathBuf> {
    let (package, version) = SCHEMAS;
    cached(&format!("{package}-{version}"), |temporary| {
        let wheel = temporary.join("wheel");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps"]);
        pip.args(["--root-user-action", "ignore", "--target"])
            .arg(&wheel);
        shell::run(pip.arg(format!("{package}=={version}")))?;
        for entry in fs::read_dir(wheel.join(RELEASE))? {
            let file = entry?;
            let text = fs::read_to_string(file.path())?;
            let schema = readable(&text).with_context(|| file.path().display().to_string())?;
            fs::write(temporary.join(file.file_name()), schema)?;
        }
        Ok(fs::remove_dir_all(&wheel)?)
    })
}

fn readable(schema: &str) -> Result<String> {
    let mut schema: serde_json::Value = serde_json::from_str(schema)?;
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$id");
    }
    let text = schema.to_string();
    Ok(text.replace("\"/api/_definitions.json#", "\"_definitions.json#"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_modules() {
        assert_eq!(KUBECONFORM.version().ok(), Some("0.7.0"));
        assert_eq!(KUBE_SCORE.version().ok(), Some("1.20.0"));
    }

    #[test]
    fn addresses_of_schemas_become_relative() {
        let text = r##"{"$id": "/api/a.json", "$ref": "/api/_definitions.json#/a"}"##;
        let expected = r##"{"$ref":"_definitions.json#/a"}"##;
        assert_eq!(readable(text).ok().as_deref(), Some(expected));
    }
}
