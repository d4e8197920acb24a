//! The serving certificate from two files that somebody else renews.
//!
//! The files are read again and again and compared by content. Watching them for writes would miss
//! what kubelet does: it swaps a symbolic link to the directory, and the old files are never
//! written. A pair that does not fit is not taken up; the one before goes on being served.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use certlint_core::x509;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use crate::certificate::Current;
use crate::metrics::Metrics;

/// How often the files are compared.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);
/// Secrets and ConfigMaps are no larger.
const MAX_BYTES: u64 = 1 << 20;

/// Looks at the files for ever.
pub(crate) async fn keep(dir: PathBuf, current: Current, metrics: Arc<Metrics>, every: Duration) {
    let mut files = Files { dir, seen: None };
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match files.changed() {
            Ok(None) => {}
            Ok(Some(pair)) => {
                tracing::info!(not_after = pair.not_after, "serving certificate loaded");
                metrics.certificate(Ok(pair.not_after));
                current.store(Some(Arc::new(pair.key)));
            }
            Err(why) => {
                tracing::error!(why, "serving certificate not taken up");
                metrics.certificate(Err(()));
            }
        }
    }
}

struct Files {
    dir: PathBuf,
    /// Of both files when they were last looked at, whether they were usable or not.
    seen: Option<Result<[u8; 32], String>>,
}

struct Pair {
    key: CertifiedKey,
    /// Unix time.
    not_after: i64,
}

impl Files {
    /// The pair, when it is another one than before; a failure is told once, too.
    fn changed(&mut self) -> Result<Option<Pair>, String> {
        let read = || {
            Ok((
                read(&self.dir.join("tls.crt"))?,
                read(&self.dir.join("tls.key"))?,
            ))
        };
        let read: Result<_, String> = read();
        let now = read.as_ref().map(digest).map_err(Clone::clone);
        if self.seen.as_ref() == Some(&now) {
            return Ok(None);
        }
        self.seen = Some(now);
        let (certificate, key) = read?;
        pair(&certificate, &key).map(Some)
    }
}

fn digest((certificate, key): &(Vec<u8>, Vec<u8>)) -> [u8; 32] {
    let lengths = (certificate.len() as u64).to_be_bytes();
    let digest = Sha256::new().chain_update(lengths);
    digest
        .chain_update(certificate)
        .chain_update(key)
        .finalize()
        .into()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let file =
        std::fs::File::open(path).map_err(|error| format!("cannot open `{name}`: {error}"))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read `{name}`: {error}"))?;
    Ok(bytes)
}

fn pair(certificate: &[u8], key: &[u8]) -> Result<Pair, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|_| "`tls.crt` is not PEM")?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "`tls.key` is no private key")?;
    let leaf = x509::read_certificates(certificate);
    let Some(leaf) = leaf.certificates.first() else {
        return Err("`tls.crt` has no readable certificate".to_owned());
    };
    let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(|error| format!("`tls.crt` and `tls.key` are no pair: {error}"))?;
    Ok(Pair {
        key,
        not_after: leaf.not_after,
    })
}
