//! CAs, and the certificates that they sign.

use certlint_core::x509::{Curve, PublicKey, read_certificates};

use super::super::authority::Authority;
use super::super::bundle::Bundle;
use super::*;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[test]
fn a_ca_comes_back_from_what_is_stored() {
    let authority = Authority::new(START, YEAR).unwrap();
    let read = Authority::read(authority.pem.as_bytes(), authority.key_pem().as_bytes()).unwrap();
    assert_eq!(read.certificate.sha256, authority.certificate.sha256);
    assert_eq!(read.pem, authority.pem);
    assert_eq!(*read.key_pem(), *authority.key_pem());
    assert_eq!(read.certificate.public_key.curve(), Some(Curve::P384));
    assert_eq!(read.certificate.not_after, START + 365 * 24 * 60 * 60);
    assert!(read.is_valid(START) && !read.is_valid(START + 366 * 24 * 60 * 60));
}

#[test]
fn a_ca_needs_its_own_key() {
    let (one, two) = (
        Authority::new(START, YEAR).unwrap(),
        Authority::new(START, YEAR).unwrap(),
    );
    assert!(Authority::read(one.pem.as_bytes(), two.key_pem().as_bytes()).is_none());
    assert!(Authority::read(one.pem.as_bytes(), b"").is_none());
    assert!(Authority::read(b"\xff", one.key_pem().as_bytes()).is_none());
}

#[test]
fn what_is_no_ca_does_not_sign() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["a".to_owned()]).unwrap();
    let leaf = params.self_signed(&key).unwrap().pem();
    assert!(Authority::read(leaf.as_bytes(), key.serialize_pem().as_bytes()).is_none());
}

#[test]
fn what_is_signed_ends_with_the_ca_at_the_latest() {
    let authority = Authority::new(START, Duration::from_secs(100)).unwrap();
    let names = ["certlint", "certlint.tools", "certlint.tools.svc"].map(str::to_owned);
    let (key, not_after) = authority.sign(&names, START + 50, YEAR).unwrap();
    assert_eq!(not_after, START + 100);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        BASE64.encode(&key.cert[0])
    );
    let leaf = &read_certificates(pem.as_bytes()).certificates[0];
    assert_eq!(leaf.not_after, not_after);
    assert!(!leaf.extensions.is_ca);
    assert_eq!(leaf.names.names(), names);
    assert!(matches!(leaf.public_key, PublicKey::Ec { .. }));
    assert_eq!(leaf.public_key.curve(), Some(Curve::P256));
}

#[test]
fn a_bundle_does_not_depend_on_the_order_of_what_was_read() {
    let (one, two) = (
        Authority::new(START, YEAR).unwrap(),
        Authority::new(START + 1, YEAR).unwrap(),
    );
    let forth = Bundle::read(format!("{}{}", one.pem, two.pem).as_bytes(), START);
    let back = Bundle::read(
        format!("{}\n# the old one\n{}", two.pem, one.pem).as_bytes(),
        START,
    );
    assert_eq!(forth.pem(), back.pem());
    assert_eq!(count(&forth.pem()), 2);
    let later = START + 365 * 24 * 60 * 60 + 1;
    assert_eq!(Bundle::read(forth.pem().as_bytes(), later).pem(), two.pem);
}
