//! Records of each set of values, so that a change of it is seen in review: the rights
//! that the chart asks for, and the settings that the process gets.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::objects::{name, strings};
use super::{Rendered, chart};

/// Compares with what is recorded, or writes it.
pub(super) fn check(rendered: &Rendered, bless: bool) -> Result<()> {
    let case = &rendered.case;
    same(&format!("ci/rbac/{case}.txt"), &rights(rendered)?, bless)?;
    same(
        &format!("ci/config/{case}.yaml"),
        &settings(rendered)?,
        bless,
    )
}

fn same(path: &str, fresh: &str, bless: bool) -> Result<()> {
    let file = chart().join(path);
    let recorded = fs::read_to_string(&file).unwrap_or_default();
    if recorded == fresh {
        return Ok(());
    }
    if !bless {
        bail!(
            "{path} is no longer what the chart renders; look whether that is meant, then run \
             `cargo xtask chart --bless`:\n{fresh}"
        );
    }
    fs::create_dir_all(file.parent().context("a file without a folder")?)?;
    Ok(fs::write(file, fresh)?)
}

/// A line for each rule, below its Role.
fn rights(rendered: &Rendered) -> Result<String> {
    let mut text = String::new();
    for role in ["ClusterRole", "Role"] {
        for object in rendered.of_kind(role)? {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{role} {}", name(&object));
            for rule in object["rules"].as_array().into_iter().flatten() {
                let _ = writeln!(text, "  {}", line(rule)?);
            }
        }
    }
    Ok(text)
}

/// `get, list: networking.k8s.io/ingresses`, with the names to which it is limited.
fn line(rule: &Value) -> Result<String> {
    let verbs: Vec<_> = strings(&rule["verbs"]).collect();
    let names: Vec<_> = strings(&rule["resourceNames"]).collect();
    let mut resources = Vec::new();
    for group in strings(&rule["apiGroups"]) {
        for resource in strings(&rule["resources"]) {
            resources.push(match group {
                "" => resource.to_owned(),
                _ => format!("{group}/{resource}"),
            });
        }
    }
    let mut line = format!("{}: {}", verbs.join(", "), resources.join(", "));
    if !names.is_empty() {
        let _ = write!(line, ", only {}", names.join(", "));
    }
    ensure!(!line.contains('*'), "a wildcard in an RBAC rule: {line}");
    Ok(line)
}

/// The document that the process reads.
fn settings(rendered: &Rendered) -> Result<String> {
    let maps = rendered.of_kind("ConfigMap")?;
    let document = maps
        .iter()
        .find_map(|map| map["data"]["config.yaml"].as_str());
    document
        .map(str::to_owned)
        .context("no ConfigMap with the settings")
}
