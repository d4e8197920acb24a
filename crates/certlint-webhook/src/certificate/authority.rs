//! A CA, and what it signs.

use std::time::Duration;

use certlint_core::x509::{self, Pair};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    date_time_ymd,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::{Zeroize as _, Zeroizing};

/// Certificates begin that many seconds in the past, for API servers whose clock is late.
const SKEW: i64 = 300;

/// A CA with its private key.
pub(super) struct Authority {
    pub(super) certificate: x509::Certificate,
    /// The certificate as PEM.
    pub(super) pem: String,
    key: Key,
}

/// A private key that is wiped when it goes.
struct Key(KeyPair);

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Something could not be made or signed.
pub(super) type Failure = rcgen::Error;

impl Authority {
    /// Makes a new one.
    pub(super) fn new(now: i64, lifetime: Duration) -> Result<Self, Failure> {
        let key = Key(KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?);
        // The name tells one CA from the next, for people and for chain building.
        let mut params = params(
            &format!("certlint-webhook-ca@{now}"),
            now,
            now + seconds(lifetime),
        );
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
        ];
        let pem = params.self_signed(&key.0)?.pem();
        let certificate = first(&pem).ok_or(Failure::CouldNotParseCertificate)?;
        Ok(Self {
            certificate,
            pem,
            key,
        })
    }

    /// Reads one; `None` where it is none, or where certificate and key do not fit.
    pub(super) fn read(pem: &[u8], key: &[u8]) -> Option<Self> {
        let certificate = first(std::str::from_utf8(pem).ok()?)?;
        if !certificate.extensions.is_ca
            || x509::pair(&certificate, &x509::read_key(key)) != Pair::Match
        {
            return None;
        }
        let key = Key(KeyPair::from_pem(std::str::from_utf8(key).ok()?).ok()?);
        let at = &certificate.at;
        let pem = std::str::from_utf8(pem.get(at.start as usize..at.end as usize)?).ok()?;
        let pem = pem.trim().to_owned() + "\n";
        Some(Self {
            certificate,
            pem,
            key,
        })
    }

    /// Whether something that it signs now is accepted.
    pub(super) fn is_valid(&self, now: i64) -> bool {
        (self.certificate.not_before..=self.certificate.not_after).contains(&now)
    }

    /// The private key as PEM.
    pub(super) fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.key.0.serialize_pem())
    }

    /// Signs a certificate for these names with a new key. It ends with the CA at the latest.
    pub(super) fn sign(
        &self,
        names: &[String],
        now: i64,
        lifetime: Duration,
    ) -> Result<(CertifiedKey, i64), Failure> {
        let not_after = (now + seconds(lifetime)).min(self.certificate.not_after);
        let common_name = names.last().map(String::as_str).unwrap_or_default();
        let mut params = params(common_name, now, not_after);
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_ca_cert_pem(&self.pem, &self.key.0)?;
        let key = Key(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?);
        let leaf = params.signed_by(&key.0, &issuer)?;
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.0.serialize_der()));
        let chain = vec![leaf.der().clone()];
        let provider = aws_lc_rs::default_provider();
        let certified = CertifiedKey::from_der(chain, private, &provider)
            .map_err(|_| Failure::CouldNotParseKeyPair)?;
        Ok((certified, not_after))
    }
}

fn params(common_name: &str, now: i64, not_after: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs((now - SKEW).max(0).unsigned_abs());
    params.not_after = epoch + Duration::from_secs(not_after.max(0).unsigned_abs());
    params
}

/// The first certificate of a PEM text.
fn first(pem: &str) -> Option<x509::Certificate> {
    let certificates = x509::read_certificates(pem.as_bytes()).certificates;
    certificates.into_iter().next()
}

pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
