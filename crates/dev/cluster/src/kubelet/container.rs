//! Starts a Pod's container: its own root folder, network, user and environment.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::sandbox::Sandbox;
use super::{Image, NODE, text};
use crate::process::Process;
use crate::{NODE_ADDRESS, SERVICE_ADDRESS};

/// Makes the root folder and becomes the program. The image has nothing but the program; the
/// system's libraries are there since the program is not linked statically here.
///
/// Arguments: root, program, its path inside, `ro` or `rw`; source, target and `ro` or `rw` for each
/// volume; `--`; the command.
const SCRIPT: &str = r#"
set -e
root=$1 program=$2 inside=$3 mode=$4
shift 4
mount -t tmpfs -o mode=755 tmpfs "$root"
for folder in usr proc dev; do
    mkdir "$root/$folder"
    mount --rbind "/$folder" "$root/$folder"
done
for folder in lib lib64; do
    if [ -L "/$folder" ]; then
        cp -P "/$folder" "$root/$folder"
    elif [ -d "/$folder" ]; then
        mkdir "$root/$folder"
        mount --rbind "/$folder" "$root/$folder"
    fi
done
mkdir -p "$root${inside%/*}"
touch "$root$inside"
mount --bind "$program" "$root$inside"
while [ "$1" != -- ]; do
    mkdir -p "$root$2"
    mount --bind "$1" "$root$2"
    if [ "$3" = ro ]; then
        mount -o remount,bind,ro "$root$2"
    fi
    shift 3
done
shift
if [ "$mode" = ro ]; then
    mount -o remount,ro "$root"
fi
exec chroot "$root" "$@"
"#;

/// The user of the image when the Pod names none.
const IMAGE_USER: u64 = 65532;

/// Who a container runs as.
#[derive(Clone, Copy)]
pub(super) struct User {
    pub(super) user: u32,
    pub(super) group: u32,
    /// The group that volumes are given to.
    pub(super) volume_group: Option<u32>,
}

impl User {
    pub(super) fn of(pod: &Value) -> Result<Self> {
        let of_pod = &pod["spec"]["securityContext"];
        let of_container = &pod["spec"]["containers"][0]["securityContext"];
        let number = |key: &str| of_container[key].as_u64().or_else(|| of_pod[key].as_u64());
        let user = number("runAsUser").unwrap_or(IMAGE_USER);
        let must_not_be_root =
            of_container["runAsNonRoot"] == true || of_pod["runAsNonRoot"] == true;
        if must_not_be_root && user == 0 {
            bail!("runs as root, and `runAsNonRoot` is set");
        }
        let group = number("runAsGroup").unwrap_or(IMAGE_USER);
        let volume_group = of_pod["fsGroup"].as_u64().map(u32::try_from).transpose()?;
        Ok(Self {
            user: user.try_into()?,
            group: group.try_into()?,
            volume_group,
        })
    }
}

/// Starts the container's process.
pub(super) fn start(
    pod: &Value,
    images: &[Image],
    sandbox: &Sandbox,
    folder: &Path,
    volumes: &[(String, PathBuf)],
    logs: &Path,
) -> Result<Process> {
    let container = &pod["spec"]["containers"][0];
    let image = image_of(container, images)?;
    let user = User::of(pod)?;
    let root = folder.join("root");
    std::fs::create_dir_all(&root)?;

    let read_only = container["securityContext"]["readOnlyRootFilesystem"] == true;
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &sandbox.name, "sh", "-c", SCRIPT, "sh"]);
    command
        .arg(&root)
        .arg(&image.program)
        .arg(image.entry_point);
    command.arg(if read_only { "ro" } else { "rw" });
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let name = text(&mount["name"]);
        let (_, source) = (volumes.iter())
            .find(|(volume, _)| volume == name)
            .with_context(|| format!("no volume is named `{name}`"))?;
        if !mount["subPath"].is_null() || !mount["subPathExpr"].is_null() {
            bail!("`subPath` is not known");
        }
        command.arg(source).arg(text(&mount["mountPath"]));
        command.arg(if mount["readOnly"] == true {
            "ro"
        } else {
            "rw"
        });
    }
    command.args(["--", "/usr/bin/setpriv"]);
    command.args(["--reuid", &user.user.to_string()]);
    command.args(["--regid", &user.group.to_string()]);
    match user.volume_group {
        Some(group) => command.args(["--groups", &group.to_string()]),
        None => command.arg("--clear-groups"),
    };
    command.args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]);
    command.env_clear();
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.env("KUBERNETES_SERVICE_HOST", SERVICE_ADDRESS);
    command.env("KUBERNETES_SERVICE_PORT", "443");
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = text(&variable["name"]);
        let value = value_of(variable, pod, sandbox.address)
            .with_context(|| format!("environment variable `{name}`"))?;
        command.env(name, value);
    }
    match words(&container["command"]) {
        words if words.is_empty() => command.arg(image.entry_point),
        words => command.args(words),
    };
    command.args(words(&container["args"]));

    let name = format!(
        "{}_{}",
        text(&pod["metadata"]["namespace"]),
        text(&pod["metadata"]["name"])
    );
    Process::start(&name, &mut command, &logs.join("pods"))
}

fn image_of<'a>(container: &Value, images: &'a [Image]) -> Result<&'a Image> {
    let image = text(&container["image"]);
    let repository = image.split('@').next().unwrap_or_default();
    let last = repository.rsplit('/').next().unwrap_or_default();
    let last = last.split(':').next().unwrap_or_default();
    (images.iter())
        .find(|known| known.repository == last)
        .with_context(|| format!("no program for the image `{image}`"))
}

fn words(value: &Value) -> Vec<&str> {
    let words = value.as_array().into_iter().flatten();
    words.filter_map(Value::as_str).collect()
}

fn value_of(variable: &Value, pod: &Value, address: Ipv4Addr) -> Result<String> {
    if let Some(value) = variable["value"].as_str() {
        return Ok(value.to_owned());
    }
    let from = &variable["valueFrom"];
    if from.is_null() {
        return Ok(String::new());
    }
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        return field(path, pod, address);
    }
    if let Some(resource) = from["resourceFieldRef"]["resource"].as_str() {
        return resource_of(resource, &pod["spec"]["containers"][0]);
    }
    bail!("its source is not known");
}

/// A field of the downward API.
pub(super) fn field(path: &str, pod: &Value, address: Ipv4Addr) -> Result<String> {
    Ok(match path {
        "metadata.name" => text(&pod["metadata"]["name"]).to_owned(),
        "metadata.namespace" => text(&pod["metadata"]["namespace"]).to_owned(),
        "metadata.uid" => text(&pod["metadata"]["uid"]).to_owned(),
        "spec.nodeName" => NODE.to_owned(),
        "spec.serviceAccountName" => text(&pod["spec"]["serviceAccountName"]).to_owned(),
        "status.podIP" => address.to_string(),
        "status.hostIP" => NODE_ADDRESS.to_owned(),
        other => bail!("the field `{other}` is not known"),
    })
}

/// A limit in whole units: bytes, or cores rounded up.
fn resource_of(resource: &str, container: &Value) -> Result<String> {
    let (list, name) = resource.split_once('.').context("no dot in a resource")?;
    let quantity = match &container["resources"][list][name] {
        Value::Null if name == "cpu" => "2",
        quantity => text(quantity),
    };
    let (number, unit) = quantity.split_at(
        (quantity.find(|character: char| !character.is_ascii_digit())).unwrap_or(quantity.len()),
    );
    let number: u64 = number.parse().with_context(|| quantity.to_owned())?;
    Ok(match unit {
        "" => number,
        "m" => number.div_ceil(1000),
        "Ki" => number << 10,
        "Mi" => number << 20,
        "Gi" => number << 30,
        other => bail!("the unit `{other}` is not known"),
    }
    .to_string())
}
