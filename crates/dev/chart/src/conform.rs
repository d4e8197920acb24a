//! Rendered objects against the JSON schemas of Kubernetes, by kubeconform.

use std::fs;
use std::process::Command;

use anyhow::Result;
use tools::shell;

use super::{NEWEST, OLDEST, Rendered, chart};

/// Kinds of others, whose schemas are not among those of Kubernetes.
const OTHERS: &str = "Certificate,Issuer,PrometheusRule,ServiceMonitor";

/// Every object, and those of the examples, is known, with all its fields, to the Kubernetes that it was rendered for.
pub(super) fn check(rendered: &[Rendered]) -> Result<()> {
    let kubeconform = tools::KUBECONFORM.build()?.join("kubeconform");
    for version in [OLDEST, NEWEST] {
        let folder = tempfile::tempdir()?;
        let schemas = tools::schemas(version, true)?;
        for one in rendered.iter().filter(|it| it.version == version) {
            let name = format!("{}-{}.yaml", one.case, one.helm.replace(' ', "-"));
            fs::write(folder.path().join(name), &one.text)?;
        }
        if version == NEWEST {
            for entry in fs::read_dir(chart().join("examples"))? {
                let file = entry?;
                fs::copy(file.path(), folder.path().join(file.file_name()))?;
            }
        }
        let mut command = Command::new(&kubeconform);
        command.args(["-strict", "-skip", OTHERS, "-schema-location"]);
        command.arg(format!(
            "{}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
            schemas.display()
        ));
        shell::run(command.arg(folder.path()))?;
    }
    Ok(())
}
