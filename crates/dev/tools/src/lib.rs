//! What all chores share: running programs, and the tools that tests and benchmarks need, which are
//! Debian's packages, and pinned programs in the user's cache folder.
//!
//! Downloads are made under a temporary name in `~/.cache/certlint/` and renamed when complete, so
//! that a folder which is there is whole.

#![allow(
    clippy::disallowed_methods,
    reason = "the chores are programs: environment, files and processes are what they are for"
)]

mod go;
pub mod histogram;
mod peers;
pub mod say;
mod schemas;
pub mod shell;
pub mod target;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use self::go::{ETCD, GoTool, HELM_3, HELM_4, KUBECONFORM, KUBERNETES};
pub use self::peers::{Peers, peers};
pub use self::schemas::schemas;

/// Debian packages, each with a file that shows that it is there.
const PACKAGES: [(&str, &str); 7] = [
    ("nginx", "/usr/sbin/nginx"),
    (
        "libnginx-mod-stream",
        "/usr/lib/nginx/modules/ngx_stream_module.so",
    ),
    (
        "libnginx-mod-mail",
        "/usr/lib/nginx/modules/ngx_mail_module.so",
    ),
    ("faketime", "/usr/bin/faketime"),
    ("openssl", "/usr/bin/openssl"),
    ("util-linux", "/usr/bin/setsid"),
    ("iproute2", "/usr/sbin/ip"),
];

/// Source packages on PyPI whose test data is read as a corpus: name and version.
const SOURCES: [(&str, &str); 2] = [("crossplane", "0.5.8"), ("gixy-ng", "0.2.59")];

/// Debian packages that are unpacked, not installed, for the configurations in them.
const TREES: [&str; 4] = [
    "nginx-common",
    "mailman3-web",
    "tryton-server-nginx",
    "libnginx-mod-http-lua",
];

const CARGO_DENY: &str = "0.20.2";
const CARGO_FUZZ: &str = "0.13.2";

/// Installs everything that the tests need and is not there.
pub fn run() -> Result<()> {
    packages()?;
    for (name, version) in SOURCES {
        source(name, version)?;
    }
    debian_trees()?;
    cargo_deny()?;
    cargo_fuzz()?;
    for program in [KUBERNETES, ETCD, HELM_3, HELM_4, KUBECONFORM] {
        program.build()?;
    }
    Ok(())
}

/// Folders of the corpus, each with the name that reports show.
pub fn corpora() -> Result<Vec<(String, PathBuf)>> {
    let cache = shell::cache()?;
    let mut folders: Vec<_> = SOURCES
        .iter()
        .map(|(name, version)| format!("{name}-{version}"))
        .collect();
    folders.push("debian-trees".to_owned());
    Ok(folders
        .into_iter()
        .map(|name| (name.clone(), cache.join(name)))
        .collect())
}

/// `cargo-fuzz`, installed when it is not there.
pub fn cargo_fuzz() -> Result<PathBuf> {
    of_cargo("cargo-fuzz", CARGO_FUZZ)
}

/// `cargo-deny`, installed when it is not there.
pub fn cargo_deny() -> Result<PathBuf> {
    of_cargo("cargo-deny", CARGO_DENY)
}

/// A program that a crate of the registry is, in one version.
fn of_cargo(name: &str, version: &str) -> Result<PathBuf> {
    let folder = cached(&format!("{name}-{version}"), |temporary| {
        let mut install = shell::cargo();
        install.args(["install", name, "--quiet", "--locked", "--version", version]);
        shell::run(install.arg("--root").arg(temporary))
    })?;
    Ok(folder.join("bin").join(name))
}

fn packages() -> Result<()> {
    let mut missing: Vec<_> = PACKAGES
        .iter()
        .filter(|(_, file)| !Path::new(file).exists())
        .map(|(package, _)| *package)
        .collect();
    if !shell::has("python3") {
        missing.push("python3");
    }
    if !shell::capture(Command::new("python3").args(["-m", "pip", "--version"]))
        .is_ok_and(|output| output.status.success())
    {
        missing.push("python3-pip");
    }
    if missing.is_empty() {
        return Ok(());
    }
    say::aside(format!("tools: installing {}", missing.join(", ")));
    let install = || -> Result<()> {
        let mut command = apt()?;
        command.args(["install", "--yes", "--quiet", "--no-install-recommends"]);
        shell::run(command.args(&missing))
    };
    if install().is_err() {
        // The package lists of a fresh container are empty or old.
        shell::run(apt()?.args(["update", "--quiet"]))?;
        install().with_context(|| format!("cannot install {}", missing.join(", ")))?;
    }
    Ok(())
}

/// `apt-get` with the rights to install.
fn apt() -> Result<Command> {
    if !shell::has("apt-get") {
        bail!(
            "needs apt-get to install nginx; on other systems install nginx, openssl and pip by hand"
        );
    }
    let is_root = shell::read(Command::new("id").arg("-u"))? == "0";
    let mut command = if is_root {
        Command::new("env")
    } else if shell::has("sudo") {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    } else {
        bail!("needs to install packages, but this is neither root nor is there sudo");
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Ok(command)
}

/// A source package from PyPI, unpacked.
fn source(name: &str, version: &str) -> Result<()> {
    cached(&format!("{name}-{version}"), |temporary| {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
        ]);
        pip.arg("--dest").arg(temporary);
        shell::run(pip.arg(format!("{name}=={version}")))?;
        for entry in fs::read_dir(temporary)? {
            let archive = entry?.path();
            shell::run(
                Command::new("tar")
                    .arg("-xf")
                    .arg(&archive)
                    .arg("-C")
                    .arg(temporary),
            )?;
        }
        Ok(())
    })
    .map(drop)
}

/// The files of some Debian packages.
fn debian_trees() -> Result<()> {
    cached("debian-trees", |temporary| {
        for package in TREES {
            let folder = temporary.join(package);
            fs::create_dir_all(&folder)?;
            let download = || {
                let mut command = Command::new("apt-get");
                command.args(["download", "--quiet", package]);
                shell::run(command.current_dir(&folder))
            };
            if download().is_err() {
                shell::run(apt()?.args(["update", "--quiet"]))?;
                download()?;
            }
            for entry in fs::read_dir(&folder)? {
                let archive = entry?.path();
                shell::run(Command::new("dpkg").arg("-x").arg(&archive).arg(&folder))?;
                fs::remove_file(archive)?;
            }
        }
        Ok(())
    })
    .map(drop)
}

/// A folder of the cache; `fill` makes it when it is not there.
fn cached(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = shell::cache()?;
    let folder = cache.join(name);
    if !folder.is_dir() {
        say::aside(format!("tools: getting {name}"));
        fs::create_dir_all(&cache)?;
        let temporary = tempfile::tempdir_in(&cache)?;
        fill(temporary.path()).with_context(|| format!("cannot get {name}"))?;
        fs::rename(temporary.keep(), &folder)?;
    }
    Ok(folder)
}
