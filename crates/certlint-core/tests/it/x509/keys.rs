//! Private keys in every form, and whether they belong to a certificate.
//!
//! Measured on nginx 1.22.1 with OpenSSL 3.0: every form that matches here starts and answers.

use std::path::{Path, PathBuf};

use certlint_core::x509::pem::MalformedKind;
use certlint_core::x509::{
    Certificate, KeyFile, KeyOutcome, KeyType, Pair, RefusalKind, pair, read_certificates, read_key,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn leaf(name: &str) -> Certificate {
    read_certificates(&bytes(name)).certificates.swap_remove(0)
}

fn key(name: &str) -> KeyFile {
    read_key(&bytes(name))
}

#[test]
fn a_key_belongs_to_its_certificate_in_every_form() {
    for (certificate, form) in [
        ("certs/rsa.example.com.crt", "pem/pkcs1.key"),
        ("certs/rsa.example.com.crt", "pem/pkcs8-rsa.key"),
        ("certs/example.com.crt", "pem/pkcs8-ec.key"),
        ("certs/example.com.crt", "pem/sec1.key"),
        ("certs/example.com.crt", "pem/sec1-parameters.key"),
        ("certs/example.com.crt", "pem/sec1-compressed.key"),
        ("certs/example.com.crt", "pem/sec1-no-public.key"),
        ("certs/example.com.crt", "pem/pkcs8-no-public.key"),
        ("certs/example.com.crt", "pem/crlf.key"),
        ("certs/example.com.crt", "pem/bom.key"),
        ("certs/example.com.crt", "pem/key-first.crt"),
        ("certs/example.com.crt", "pem/key-last.crt"),
        ("certs/ed25519.crt", "pem/pkcs8-ed25519.key"),
        ("pem/secp384r1.crt", "pem/secp384r1.key"),
        ("pem/secp384r1.crt", "pem/secp384r1-no-public.key"),
        ("pem/secp521r1.crt", "pem/secp521r1.key"),
        ("pem/secp521r1.crt", "pem/secp521r1-no-public.key"),
        ("pem/secp256k1.crt", "pem/secp256k1.key"),
        ("pem/rsa-pss.crt", "pem/rsa-pss.key"),
    ] {
        assert_eq!(pair(&leaf(certificate), &key(form)), Pair::Match, "{form}");
    }
}

#[test]
fn every_certificate_of_the_fixtures_has_its_key() {
    let mut pairs = 0;
    for entry in std::fs::read_dir(fixtures().join("certs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "crt") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let certificate = leaf(&format!("certs/{name}.crt"));
        let answer = pair(&certificate, &key(&format!("certs/{name}.key")));
        let expected = match name {
            "encrypted" => Pair::Encrypted,
            _ => Pair::Match,
        };
        assert_eq!(answer, expected, "{name}");
        pairs += 1;
    }
    assert!(pairs > 25, "{pairs}");
}

#[test]
fn another_key_of_the_same_type_is_a_mismatch() {
    for (certificate, form) in [
        ("certs/example.com.crt", "certs/mismatch.key"),
        ("certs/example.com.crt", "pem/secp384r1.key"),
        ("certs/example.com.crt", "pem/secp384r1-no-public.key"),
        ("pem/secp521r1.crt", "pem/sec1-no-public.key"),
        ("certs/rsa.example.com.crt", "certs/rsa-other.key"),
    ] {
        assert_eq!(
            pair(&leaf(certificate), &key(form)),
            Pair::Mismatch,
            "{form}"
        );
    }
}

#[test]
fn a_key_of_another_type_is_told_apart() {
    use KeyType::{Ecdsa, Ed448, Ed25519, Rsa, RsaPss};
    for (name, form, certificate, key_type) in [
        ("certs/example.com.crt", "certs/rsa-other.key", Ecdsa, Rsa),
        ("certs/rsa-other.crt", "certs/mismatch.key", Rsa, Ecdsa),
        ("certs/rsa-other.crt", "pem/rsa-pss.key", Rsa, RsaPss),
        ("certs/ed25519.crt", "pem/ed448.key", Ed25519, Ed448),
    ] {
        let expected = Pair::OtherType {
            certificate,
            key: key_type,
        };
        assert_eq!(pair(&leaf(name), &key(form)), expected, "{form}");
    }
}

#[test]
fn what_cannot_be_compared_is_never_a_mismatch() {
    for (certificate, form) in [
        ("pem/secp256k1.crt", "pem/secp256k1-no-public.key"),
        ("pem/ed448.crt", "pem/ed448.key"),
        ("certs/example.com.crt", "pem/der.key"),
        ("certs/example.com.crt", "pem/public.key"),
    ] {
        assert_eq!(
            pair(&leaf(certificate), &key(form)),
            Pair::CannotTell,
            "{form}"
        );
    }
    for form in ["pem/encrypted-pkcs8.key", "pem/encrypted-traditional.key"] {
        let certificate = leaf("certs/example.com.crt");
        assert_eq!(pair(&certificate, &key(form)), Pair::Encrypted, "{form}");
    }
}

#[test]
fn files_without_a_key_say_what_they_are() {
    for (name, kind) in [
        ("pem/der.key", RefusalKind::Der { key: true }),
        (
            "pem/public.key",
            RefusalKind::OtherLabel("PUBLIC KEY".into()),
        ),
        ("pem/empty.crt", RefusalKind::Empty),
        ("pem/pkcs12.crt", RefusalKind::Pkcs12),
        ("pem/glued.crt", RefusalKind::Block(MalformedKind::Glued)),
        ("certs/root.crt", RefusalKind::CertificateOnly),
    ] {
        let KeyOutcome::Refused(refusal) = key(name).outcome else {
            panic!("{name} holds no key");
        };
        assert_eq!(refusal.kind, kind, "{name}");
        assert!(refusal.nginx_would_refuse, "{name}");
    }
}

#[test]
fn a_key_shows_nothing_but_its_type() {
    let debug = format!("{:?}", key("certs/rsa.example.com.key"));
    assert_eq!(
        debug,
        "KeyFile { outcome: Found(Key { key_type: Rsa, .. }) }"
    );
}
