//! Certificates and keys for the benchmarks, made by openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tools::shell;

/// Key pairs of each type; their files are copied, so that each certificate has its own key file.
const KEYS: usize = 8;

/// Makes certificates in `certs/`, every fourth of them RSA.
pub(super) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes the keys.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let folder = folder.join("certs");
        fs::create_dir(&folder)?;
        let own = Self { folder };
        for number in 0..KEYS {
            let (ec, rsa) = (format!("ec{number}.pem"), format!("rsa{number}.pem"));
            own.openssl(&[
                "genpkey",
                "-out",
                &ec,
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])?;
            own.openssl(&[
                "genpkey",
                "-out",
                &rsa,
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:2048",
            ])?;
        }
        Ok(own)
    }

    /// Makes `certs/NUMBER.crt` and `.key` for some names.
    pub(super) fn make(&self, number: usize, names: &[String]) -> Result<()> {
        let kind = if number % 4 == 3 { "rsa" } else { "ec" };
        let (key, out) = (format!("{number}.key"), format!("{number}.crt"));
        let pair = format!("{kind}{}.pem", number % KEYS);
        fs::copy(self.folder.join(pair), self.folder.join(&key))?;
        let names: Vec<_> = names.iter().map(|name| format!("DNS:{name}")).collect();
        self.openssl(&[
            "req",
            "-new",
            "-x509",
            "-key",
            &key,
            "-out",
            &out,
            "-days",
            "3650",
            "-subj",
            "/O=bench",
            "-addext",
            &format!("subjectAltName={}", names.join(",")),
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
    }

    /// The path of a certificate, `crt`, or its key, `key`.
    pub(super) fn file(&self, number: usize, ending: &str) -> PathBuf {
        self.folder.join(format!("{number}.{ending}"))
    }

    fn openssl(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("openssl");
        shell::read(command.args(arguments).current_dir(&self.folder)).map(drop)
    }
}
