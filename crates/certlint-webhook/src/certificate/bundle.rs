//! The CAs that the API server is told to trust.

use std::collections::BTreeMap;

use certlint_core::x509;

/// Certificates of CAs, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bundle {
    /// By their end and hash, so that equal bundles are equal texts.
    certificates: BTreeMap<(i64, [u8; 32]), String>,
}

/// More are not kept; there are two while a CA is replaced.
const MAX: usize = 16;

impl Bundle {
    /// Takes all that is readable and has not ended from a PEM text.
    pub(super) fn read(pem: &[u8], now: i64) -> Self {
        let mut bundle = Self::default();
        for certificate in x509::read_certificates(pem).certificates {
            let at = &certificate.at;
            let text = pem.get(at.start as usize..at.end as usize);
            if let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()) {
                bundle.add(&certificate, text, now);
            }
        }
        bundle
    }

    /// Adds a CA, if it has not ended.
    pub(super) fn add(&mut self, certificate: &x509::Certificate, pem: &str, now: i64) {
        if certificate.not_after < now {
            return;
        }
        let key = (certificate.not_after, certificate.sha256);
        self.certificates.insert(key, pem.trim().to_owned() + "\n");
        if self.certificates.len() > MAX {
            self.certificates.pop_first();
        }
    }

    /// Adds all of another one.
    pub(super) fn extend(&mut self, other: Self) {
        self.certificates.extend(other.certificates);
    }

    pub(super) fn contains(&self, sha256: &[u8; 32]) -> bool {
        self.certificates.keys().any(|(_, own)| own == sha256)
    }

    /// As PEM.
    pub(super) fn pem(&self) -> String {
        self.certificates.values().map(String::as_str).collect()
    }
}
