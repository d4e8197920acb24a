//! The JSON schemas of Kubernetes, in the form that kubeconform reads.
//!
//! They are on PyPI, in a package that checks manifests with them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cached;
use crate::shell;

/// The package that carries the JSON schemas of Kubernetes, those of one release in each folder.
const PACKAGE: &str = "kubernetes-validate==1.37.0";
const RELEASES: &str = "kubernetes_validate/kubernetes-json-schema";

/// A folder of schemas that kubeconform can read: those of one release, such as `1.37.0`. The
/// strict ones know no fields but those of the release.
///
/// The files name themselves and each other by addresses that it does not resolve.
pub fn schemas(release: &str, strict: bool) -> Result<PathBuf> {
    let suffix = if strict { "-strict" } else { "" };
    let name = format!("{release}-local{suffix}");
    cached(&format!("kubernetes-schemas-{name}"), |temporary| {
        let wheel = temporary.join("wheel");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps"]);
        pip.args(["--root-user-action", "ignore", "--target"])
            .arg(&wheel);
        shell::run(pip.arg(PACKAGE))?;
        for entry in fs::read_dir(wheel.join(RELEASES).join(format!("v{name}")))? {
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
    fn addresses_of_schemas_become_relative() {
        let text = r##"{"$id": "/api/a.json", "$ref": "/api/_definitions.json#/a"}"##;
        let expected = r##"{"$ref":"_definitions.json#/a"}"##;
        assert_eq!(readable(text).ok().as_deref(), Some(expected));
    }
}
