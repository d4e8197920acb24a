//! Certificates that a program serves until, or because, it has no real one.

use std::fmt;

use super::Certificate;

/// The maker of a placeholder certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `mod_md` of Apache, while it waits for its authority.
    Apache,
    /// Debian's `ssl-cert-snakeoil`, with the name of the machine that it was made on.
    Debian,
    /// ingress-nginx, or a controller that began as a copy of it.
    IngressNginx,
    /// The staging environment of an ACME authority.
    Staging,
    /// Traefik.
    Traefik,
}

/// Common names that only the placeholders of these programs have.
const COMMON_NAMES: [(&str, Placeholder); 3] = [
    ("Apache Managed Domain Fallback", Placeholder::Apache),
    (
        "Kubernetes Ingress Controller Fake Certificate",
        Placeholder::IngressNginx,
    ),
    ("TRAEFIK DEFAULT CERT", Placeholder::Traefik),
];

impl Placeholder {
    /// Whether `leaf`, of a file of this name, is a placeholder, and whose.
    #[must_use]
    pub fn of(leaf: &Certificate, file: &str) -> Option<Self> {
        let common_names = || leaf.common_names.iter().map(AsRef::<str>::as_ref);
        let known = COMMON_NAMES
            .iter()
            .find(|(name, _)| common_names().any(|own| own == *name));
        if let Some(&(_, placeholder)) = known {
            return Some(placeholder);
        }
        let issuer = leaf.issuer();
        if issuer.contains("(STAGING)") || issuer.contains("Fake LE") {
            return Some(Self::Staging);
        }
        (leaf.is_self_signed() && file.contains("ssl-cert-snakeoil")).then_some(Self::Debian)
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apache => "a placeholder that Apache serves while it waits for a certificate",
            Self::Debian => "a placeholder that Debian made for this machine",
            Self::IngressNginx => {
                "a placeholder that ingress-nginx serves for hosts without a certificate"
            }
            Self::Staging => "a test certificate of a staging authority, which no client trusts",
            Self::Traefik => "a placeholder that Traefik serves for hosts without a certificate",
        })
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, Issuer, KeyPair};

    use super::super::read_certificates;
    use super::*;

    const INGRESS_NGINX: &str = "Kubernetes Ingress Controller Fake Certificate";

    fn params(common_name: &str, dns: &[&str]) -> CertificateParams {
        let dns: Vec<String> = dns.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params
    }

    fn read(pem: &str) -> Certificate {
        let mut file = read_certificates(pem.as_bytes());
        assert_eq!(file.refused, None);
        file.certificates.swap_remove(0)
    }

    fn self_signed(common_name: &str, dns: &[&str]) -> Certificate {
        let key = KeyPair::generate().unwrap();
        read(&params(common_name, dns).self_signed(&key).unwrap().pem())
    }

    fn issued(common_name: &str, dns: &[&str], issuer: &str) -> Certificate {
        let issuer = Issuer::new(params(issuer, &[]), KeyPair::generate().unwrap());
        let key = KeyPair::generate().unwrap();
        let leaf = params(common_name, dns).signed_by(&key, &issuer).unwrap();
        read(&leaf.pem())
    }

    #[test]
    fn placeholders_are_known_by_common_name_issuer_or_file() {
        let of = Placeholder::of;
        let fake = self_signed(INGRESS_NGINX, &["ingress.local"]);
        assert_eq!(of(&fake, "tls.crt"), Some(Placeholder::IngressNginx));
        let traefik = self_signed("TRAEFIK DEFAULT CERT", &["0a1b.2c3d.traefik.default"]);
        assert_eq!(of(&traefik, "tls.crt"), Some(Placeholder::Traefik));
        let apache = self_signed("Apache Managed Domain Fallback", &["example.com"]);
        assert_eq!(of(&apache, "tls.crt"), Some(Placeholder::Apache));
        let debian = self_signed("build-7", &["build-7"]);
        let file = "/etc/ssl/certs/ssl-cert-snakeoil.pem";
        assert_eq!(of(&debian, file), Some(Placeholder::Debian));
        for authority in [
            "(STAGING) Counterfeit Cashew R10",
            "Fake LE Intermediate X1",
        ] {
            let staging = issued("example.com", &["example.com"], authority);
            assert_eq!(of(&staging, "tls.crt"), Some(Placeholder::Staging));
        }
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_a_certificate() {
        let of = Placeholder::of;
        for certificate in [
            self_signed("example.com", &["example.com"]),
            self_signed("build-7", &["ssl-cert-snakeoil.example.com"]),
            self_signed("Kubernetes Ingress Controller", &["ingress.local"]),
            self_signed("traefik.default.example.com", &["traefik.default"]),
            self_signed("staging.example.com", &["staging.example.com"]),
            issued("(STAGING) shop", &["shop.example.com"], "Example CA"),
            issued("ingress.local", &["ingress.local"], "Example CA"),
            issued("staging.example.com", &["a.example"], "Example Staging CA"),
        ] {
            let subject = certificate.subject();
            assert_eq!(of(&certificate, "certs/staging.crt"), None, "{subject}");
        }
        let issued = issued("build-7", &["build-7"], "Example CA");
        assert_eq!(of(&issued, "/etc/ssl/certs/ssl-cert-snakeoil.pem"), None);
    }
}
