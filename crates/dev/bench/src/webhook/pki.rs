//! Certificates of a large cluster: one for each Secret, no two alike, with RSA keys.
//!
//! They are signed with elliptic curves, and share a few keys: making 50,000 RSA keys would take
//! hours, and reading them takes as much work as if each had its own. They are kept between runs
//! in `target/bench`, in a folder named after what makes them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, SerialNumber, date_time_ymd,
};
use sha2::{Digest, Sha256};

use super::super::kept;
use super::cluster;

/// RSA keys that the leaves share.
const KEYS: usize = 8;
/// Leaves that are made; no cluster has more Secrets.
const LEAVES: usize = 50_000;

/// The content of the Secrets.
pub(super) struct Pki {
    /// A leaf for each Secret: DER in base64.
    leaves: Vec<String>,
    /// In PEM.
    keys: Vec<String>,
    intermediate: String,
    /// A directory with `tls.crt` and `tls.key` for 127.0.0.1, and `ca.crt`.
    pub(super) serving: PathBuf,
}

impl Pki {
    /// Reads them; makes them where they are not there yet.
    pub(super) fn new(parent: &Path) -> Result<Self> {
        let makers = concat!(include_str!("pki.rs"), include_str!("cluster.rs"));
        let key = Sha256::digest(makers);
        let key: String = key[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = kept(parent, &format!("webhook-{key}"), fill)?;
        let read = |name: &str| fs::read_to_string(folder.join(name));
        let leaves = read("leaves")?.lines().map(str::to_owned).collect();
        let keys = (0..KEYS).map(|key| read(&format!("{key}.key")));
        Ok(Self {
            leaves,
            keys: keys.collect::<Result<_, _>>()?,
            intermediate: read("intermediate.crt")?,
            serving: folder,
        })
    }

    /// `tls.crt` of a Secret: the leaf and what signed it.
    pub(super) fn chain(&self, number: usize) -> String {
        let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
        let mut rest = self.leaves[number].as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = more;
        }
        pem.push_str("-----END CERTIFICATE-----\n");
        pem.push_str(&self.intermediate);
        pem
    }

    /// `tls.key` of a Secret.
    pub(super) fn key(&self, number: usize) -> &str {
        &self.keys[number % KEYS]
    }

    /// The authority of the serving certificate.
    pub(super) fn authority(&self) -> PathBuf {
        self.serving.join("ca.crt")
    }
}

fn fill(folder: &Path) -> Result<()> {
    let root_key = KeyPair::generate()?;
    let root = authority("bench root");
    fs::write(folder.join("ca.crt"), root.self_signed(&root_key)?.pem())?;
    let root = Issuer::new(root, root_key);

    let key = KeyPair::generate()?;
    let serving = params(&["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let certificate = serving.signed_by(&key, &root)?;
    fs::write(folder.join("tls.crt"), certificate.pem())?;
    fs::write(folder.join("tls.key"), key.serialize_pem())?;

    let key = KeyPair::generate()?;
    let intermediate = authority("bench intermediate");
    let certificate = intermediate.signed_by(&key, &root)?;
    fs::write(folder.join("intermediate.crt"), certificate.pem())?;
    let intermediate = Issuer::new(intermediate, key);

    let mut keys = Vec::new();
    for number in 0..KEYS {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        fs::write(folder.join(format!("{number}.key")), key.serialize_pem())?;
        keys.push(key);
    }
    let mut leaves = Vec::new();
    for number in 0..LEAVES {
        let mut leaf = params(&cluster::names(number))?;
        leaf.serial_number = Some(SerialNumber::from(u64::MAX - number as u64));
        let leaf = leaf.signed_by(&keys[number % KEYS], &intermediate)?;
        writeln!(leaves, "{}", BASE64.encode(leaf.der()))?;
    }
    fs::write(folder.join("leaves"), leaves).context("the leaves cannot be kept")
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn params(names: &[String]) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names)?;
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2045, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
