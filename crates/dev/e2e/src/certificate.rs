//! Certificates for the cases, as an authority issues them: a leaf and the intermediate below a root
//! that nobody sends.

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, date_time_ymd,
};

/// The content of a TLS Secret, as PEM.
#[derive(Clone)]
pub(super) struct Pair {
    /// The leaf, and the intermediate after it.
    pub(super) chain: String,
    /// The key of the leaf.
    pub(super) key: String,
}

/// An authority that issues certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its key, as PEM.
    pub(super) key: String,
    /// Its own certificate, which clients that trust it are given.
    pub(super) certificate: String,
}

impl Authority {
    /// An intermediate authority below a root that is thrown away.
    pub(super) fn new() -> Result<Self> {
        let root_key = KeyPair::generate()?;
        let root = Issuer::new(authority("e2e root")?, root_key);
        let key = KeyPair::generate()?;
        let parameters = authority("e2e intermediate")?;
        let certificate = parameters.signed_by(&key, &root)?.pem();
        Ok(Self::of(parameters, key, certificate))
    }

    /// An authority that is its own root, as the one of a webhook.
    pub(super) fn root() -> Result<Self> {
        let key = KeyPair::generate()?;
        let parameters = authority("e2e webhook")?;
        let certificate = parameters.self_signed(&key)?.pem();
        Ok(Self::of(parameters, key, certificate))
    }

    /// The same, most of whose year is over.
    pub(super) fn aged() -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let mut parameters = authority("e2e aged webhook")?;
        let now = jiff::Timestamp::now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        let day = |days: i64| -> Result<_> {
            let date = now.checked_add(jiff::Span::new().days(days))?;
            let (month, day) = (date.month().try_into()?, date.day().try_into()?);
            Ok(date_time_ymd(date.year().into(), month, day))
        };
        parameters.not_before = day(-300)?;
        parameters.not_after = day(65)?;
        let certificate = parameters.self_signed(&key)?.pem();
        Ok(Self::of(parameters, key, certificate))
    }

    fn of(parameters: CertificateParams, key: KeyPair, certificate: String) -> Self {
        Self {
            key: key.serialize_pem(),
            issuer: Issuer::new(parameters, key),
            certificate,
        }
    }

    /// A certificate for names, valid for many years.
    pub(super) fn issue(&self, names: &[&str]) -> Result<Pair> {
        self.issue_until(names, 2100)
    }

    /// A certificate for names that ends with the beginning of a year.
    pub(super) fn issue_until(&self, names: &[&str], year: i32) -> Result<Pair> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names)?;
        parameters.distinguished_name = DistinguishedName::new();
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(year, 1, 1);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let leaf = parameters.signed_by(&key, &self.issuer)?;
        Ok(Pair {
            chain: format!("{}{}", leaf.pem(), self.certificate),
            key: key.serialize_pem(),
        })
    }
}

fn authority(name: &str) -> Result<CertificateParams> {
    let mut parameters = CertificateParams::new(Vec::<String>::new())?;
    parameters.distinguished_name = DistinguishedName::new();
    (parameters.distinguished_name).push(DnType::CommonName, name);
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2100, 1, 1);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(parameters)
}
