//! The throw-away certificates and keys that all cases of a run share.
//!
//! `ec00` … and `rsa00` … are good pairs; the others are named after what is special with them.
//! All of it is made by `openssl`, in a folder that every case links as `certs/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tools::shell;

/// How many ECDSA pairs there are: `ec00`, `ec01`, …
pub(crate) const ECDSA: usize = 16;
/// How many RSA pairs there are: `rsa00`, `rsa01`, …
pub(crate) const RSA: usize = 6;
/// How many Ed25519 pairs there are: `ed00`, …
pub(crate) const ED25519: usize = 2;

/// Host names after which pairs are named, for paths with variables: `a.test.crt`, `a.test.key`.
pub(crate) const HOSTS: [&str; 6] = [
    "a.test",
    "b.test",
    "www.a.test",
    "x.a.test",
    "127.0.0.1",
    "A.test",
];

/// Pairs that nginx accepts although their files look odd.
pub(crate) const ODD: [(&str, &str); 10] = [
    ("p384.crt", "p384.key"),
    ("chain-ec.crt", "ec00.key"),
    ("chain-mixed.crt", "rsa00.key"),
    ("combined-ec.pem", "combined-ec.pem"),
    ("crlf-ec.crt", "crlf-ec.key"),
    ("bom-ec.crt", "ec01.key"),
    ("text-ec.crt", "sec1-ec.key"),
    ("trusted-ec.crt", "ec02.key"),
    ("x509-rsa.crt", "pkcs1-rsa.key"),
    ("ec03.crt", "leading-text-ec.key"),
];

/// Certificate files that nginx refuses.
pub(crate) const BAD_CERTIFICATES: [&str; 7] = [
    "empty.crt",
    "der.crt",
    "ec00.key",
    "glued.crt",
    "garbage.crt",
    "bad-later.crt",
    "indented.crt",
];

/// Key files that nginx refuses beside `ec00.crt`.
pub(crate) const BAD_KEYS: [&str; 5] = [
    "empty.crt",
    "encrypted-ec.key",
    "ec00.crt",
    "garbage.crt",
    "der.key",
];

/// The folder with all of it below `parent`; made when it is not there yet.
pub(crate) fn cached(parent: &Path) -> Result<PathBuf> {
    // Another list of files is another pool.
    let version = &digest(include_bytes!("pool.rs"))[..12];
    let folder = parent.join(format!("pool-{version}"));
    if !folder.is_dir() {
        fs::create_dir_all(parent)?;
        let temporary = tempfile::tempdir_in(parent)?;
        make(temporary.path())?;
        fs::rename(temporary.keep(), &folder)?;
    }
    Ok(folder)
}

fn make(folder: &Path) -> Result<()> {
    let openssl = Maker { folder };
    for number in 0..ECDSA {
        openssl.pair(
            &format!("ec{number:02}"),
            &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        )?;
    }
    for number in 0..RSA {
        openssl.pair(
            &format!("rsa{number:02}"),
            &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        )?;
    }
    for number in 0..ED25519 {
        openssl.pair(&format!("ed{number:02}"), &["ED25519"])?;
    }
    for host in HOSTS {
        openssl.pair(host, &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"])?;
    }
    openssl.pair("p384", &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"])?;
    openssl.pair("weak", &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"])?;
    openssl.odd()?;
    openssl.bad()
}

struct Maker<'a> {
    folder: &'a Path,
}

impl Maker<'_> {
    /// A key and a self-signed certificate for it with the pair's name as common name.
    fn pair(&self, name: &str, algorithm: &[&str]) -> Result<()> {
        let key = format!("{name}.key");
        let mut command = vec!["genpkey", "-out", &key, "-algorithm"];
        command.extend(algorithm);
        self.openssl(&command)?;
        self.openssl(&[
            "req",
            "-new",
            "-x509",
            "-key",
            &key,
            "-out",
            &format!("{name}.crt"),
            "-days",
            "3650",
            "-subj",
            &format!("/CN={name}"),
            "-addext",
            &format!("subjectAltName=DNS:{name}.test,DNS:*.{name}.test"),
        ])
    }

    fn odd(&self) -> Result<()> {
        let (ec00, ec01) = (self.read("ec00.crt")?, self.read("ec01.crt")?);
        self.write("chain-ec.crt", format!("{ec00}{ec01}"))?;
        self.write("chain-mixed.crt", self.read("rsa00.crt")? + &ec01)?;
        self.write(
            "combined-ec.pem",
            self.read("ec04.key")? + &self.read("ec04.crt")?,
        )?;
        self.write("crlf-ec.crt", self.read("ec05.crt")?.replace('\n', "\r\n"))?;
        self.write("crlf-ec.key", self.read("ec05.key")?.replace('\n', "\r\n"))?;
        self.write("bom-ec.crt", format!("\u{feff}{ec01}"))?;
        self.openssl(&["x509", "-in", "ec06.crt", "-text", "-out", "text-ec.crt"])?;
        self.openssl(&["ec", "-in", "ec06.key", "-out", "sec1-ec.key"])?;
        self.openssl(&[
            "x509",
            "-in",
            "ec02.crt",
            "-trustout",
            "-out",
            "trusted-ec.crt",
        ])?;
        let x509 = self
            .read("rsa01.crt")?
            .replace(" CERTIFICATE", " X509 CERTIFICATE");
        self.write("x509-rsa.crt", x509)?;
        self.openssl(&[
            "rsa",
            "-in",
            "rsa01.key",
            "-traditional",
            "-out",
            "pkcs1-rsa.key",
        ])?;
        let key = self.read("ec03.key")?;
        self.write("leading-text-ec.key", format!("a key:\n\n{key}"))?;
        self.write("password", "wrong\nsecret\n".to_owned())?;
        self.openssl(&[
            "pkcs8",
            "-topk8",
            "-in",
            "ec00.key",
            "-out",
            "encrypted-ec.key",
            "-passout",
            "pass:secret",
        ])
    }

    fn bad(&self) -> Result<()> {
        let certificate = self.read("ec00.crt")?;
        self.write("empty.crt", String::new())?;
        self.openssl(&[
            "x509", "-in", "ec00.crt", "-outform", "der", "-out", "der.crt",
        ])?;
        self.openssl(&[
            "pkey", "-in", "ec00.key", "-outform", "der", "-out", "der.key",
        ])?;
        let second = self.read("ec01.crt")?;
        self.write("glued.crt", format!("{}{second}", certificate.trim_end()))?;
        let body: Vec<_> = certificate.lines().collect();
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        self.write("garbage.crt", garbage.to_owned())?;
        self.write("bad-later.crt", format!("{certificate}{garbage}"))?;
        self.write("indented.crt", format!("  {}\n", body.join("\n  ")))
    }

    fn openssl(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("openssl");
        shell::read(command.args(arguments).current_dir(self.folder)).map(drop)
    }

    fn read(&self, name: &str) -> Result<String> {
        fs::read_to_string(self.folder.join(name)).with_context(|| format!("cannot read {name}"))
    }

    fn write(&self, name: &str, text: String) -> Result<()> {
        fs::write(self.folder.join(name), text).with_context(|| format!("cannot write {name}"))
    }
}

/// Names of the good certificates by the SHA-256 of their DER.
pub(crate) fn names(folder: &Path) -> Result<BTreeMap<String, String>> {
    let pairs = (0..ECDSA).map(|n| format!("ec{n:02}"));
    let pairs = pairs.chain((0..RSA).map(|n| format!("rsa{n:02}")));
    let pairs = pairs.chain((0..ED25519).map(|n| format!("ed{n:02}")));
    let pairs = pairs
        .chain(HOSTS.map(str::to_owned))
        .chain(["p384".to_owned()]);
    pairs
        .map(|name| {
            let path: PathBuf = folder.join(format!("{name}.crt"));
            let mut command = Command::new("openssl");
            command.args(["x509", "-outform", "der", "-in"]).arg(path);
            let der = shell::capture(&mut command)?.stdout;
            Ok((digest(&der), name))
        })
        .collect()
}

/// SHA-256 as lower-case hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
