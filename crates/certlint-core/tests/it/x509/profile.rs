//! The facts and judgements about certificates, on the files of fixtures/certs.

use std::path::{Path, PathBuf};

use certlint_core::x509::chain::{ChainOrder, included_root, lacks_issuer, order};
use certlint_core::x509::profile::{
    Expiry, KeyWeakness, ServerFault, expiry, key_weakness, server_faults,
};
use certlint_core::x509::{Certificate, Curve, SignatureHash, read_certificates};

/// 2026-11-21T00:00:00Z.
const NOW: i64 = 1_795_219_200;
const DAY: i64 = 86_400;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn chain(name: &str) -> Vec<Certificate> {
    let bytes =
        std::fs::read(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let file = read_certificates(&bytes);
    assert_eq!(file.refused, None, "{name}");
    file.certificates
}

fn leaf(name: &str) -> Certificate {
    chain(name).swap_remove(0)
}

#[test]
fn the_facts_of_a_certificate_are_read() {
    let [leaf, intermediate] = &chain("certs/example.com.crt")[..] else {
        panic!("leaf and intermediate");
    };
    assert_eq!(leaf.subject(), "CN=example.com");
    assert_eq!(
        leaf.issuer(),
        "O=Certlint Tests, CN=Certlint Test Intermediate"
    );
    assert_eq!(leaf.names.names(), ["example.com", "www.example.com"]);
    assert_eq!(leaf.not_before, NOW - 51 * DAY);
    assert_eq!(leaf.not_after - leaf.not_before, 90 * DAY);
    assert_eq!(leaf.public_key.bits(), 256);
    assert_eq!(leaf.public_key.curve(), Some(Curve::P256));
    assert_eq!(leaf.signature_hash, SignatureHash::Other);
    assert!(!leaf.is_v1 && !leaf.extensions.is_ca && leaf.extensions.has_san);
    assert!(leaf.extensions.key_usage.unwrap().digital_signature);
    assert!(leaf.extensions.extended_key_usage.unwrap().server_auth);
    assert!(leaf.extensions.authority_key_id.is_some());
    assert_eq!(
        leaf.extensions.authority_key_id,
        intermediate.extensions.subject_key_id
    );
    assert!(intermediate.extensions.is_ca);
    assert!(intermediate.extensions.key_usage.unwrap().key_cert_sign);
    assert_eq!(leaf.sha256_hex().len(), 64);
}

#[test]
fn names_come_through_as_they_are() {
    for (name, names, unusable) in [
        ("ip", &["192.0.2.1", "2001:db8::1", "example.com"][..], 0),
        ("ip-in-dns", &[], 1),
        ("bad-san", &["good.example.com"], 3),
        ("non-ascii-san", &["example.com"], 1),
        (
            "wildcard-apex.example.com",
            &["*.example.com", "example.com"],
            0,
        ),
        ("cn-only", &[], 0),
    ] {
        let leaf = leaf(&format!("certs/{name}.crt"));
        let mut found = leaf.names.names();
        found.sort();
        assert_eq!(found, names, "{name}");
        assert_eq!(leaf.names.unusable().len(), unusable, "{name}");
    }
    let cn_only = leaf("certs/cn-only.crt");
    assert_eq!(&*cn_only.common_names[0], "www.example.com");
    assert!(!cn_only.extensions.has_san);
}

#[test]
fn validity_is_judged_at_the_given_moment() {
    for (name, expected) in [
        ("example.com", Expiry::Valid),
        ("expired", Expiry::Expired { ago: 53 * DAY }),
        ("expiring", Expiry::Imminent { left: 5 * DAY }),
        ("expiring-soon", Expiry::Soon { left: 16 * DAY }),
        (
            "not-yet-valid",
            Expiry::NotYetValid {
                starts_in: 10 * DAY,
            },
        ),
    ] {
        assert_eq!(
            expiry(&leaf(&format!("certs/{name}.crt")), NOW),
            expected,
            "{name}"
        );
    }
}

#[test]
fn weak_keys_are_told_by_size_and_kind() {
    for (name, expected) in [
        ("certs/example.com.crt", None),
        ("certs/rsa.example.com.crt", None),
        ("pem/secp384r1.crt", None),
        (
            "certs/rsa-1024.crt",
            Some(KeyWeakness::RsaTooSmall { bits: 1024 }),
        ),
        ("certs/ed25519.crt", Some(KeyWeakness::Edwards)),
        ("pem/ed448.crt", Some(KeyWeakness::Edwards)),
        ("pem/secp521r1.crt", Some(KeyWeakness::P521)),
        (
            "pem/secp256k1.crt",
            Some(KeyWeakness::Curve(Curve::Secp256k1)),
        ),
        ("pem/rsa-pss.crt", Some(KeyWeakness::RsaPss)),
    ] {
        assert_eq!(key_weakness(&leaf(name)), expected, "{name}");
    }
    assert_eq!(leaf("pem/secp521r1.crt").public_key.bits(), 521);
}

#[test]
fn a_server_certificate_has_no_faults_and_others_do() {
    for (name, expected) in [
        ("example.com", vec![]),
        ("self-signed", vec![]),
        (
            "client-only",
            vec![ServerFault::NoServerAuth { any: false }],
        ),
        ("ca-leaf", vec![ServerFault::Authority]),
        (
            "intermediate",
            vec![
                ServerFault::Authority,
                ServerFault::NoDigitalSignature,
                ServerFault::NoExtendedKeyUsage,
            ],
        ),
    ] {
        assert_eq!(
            server_faults(&leaf(&format!("certs/{name}.crt"))),
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_order_of_a_chain_is_judged_by_names_and_key_identifiers() {
    let [leaf, intermediate] = <[_; 2]>::try_from(chain("certs/example.com.crt")).unwrap();
    let root = self::leaf("certs/root.crt");
    let stranger = self::leaf("certs/private-leaf-only.crt");
    let parts = |parts: &[&Certificate]| parts.iter().copied().cloned().collect::<Vec<_>>();
    for (chain, expected) in [
        (parts(&[]), ChainOrder::InOrder),
        (parts(&[&leaf]), ChainOrder::InOrder),
        (parts(&[&leaf, &intermediate]), ChainOrder::InOrder),
        (parts(&[&leaf, &intermediate, &root]), ChainOrder::InOrder),
        (parts(&[&leaf, &leaf, &intermediate]), ChainOrder::InOrder),
        (
            parts(&[&leaf, &intermediate, &intermediate]),
            ChainOrder::InOrder,
        ),
        (
            parts(&[&leaf, &root, &intermediate]),
            ChainOrder::Misordered { index: 1 },
        ),
        (parts(&[&leaf, &root]), ChainOrder::Unrelated { index: 1 }),
        (
            parts(&[&leaf, &stranger]),
            ChainOrder::Unrelated { index: 1 },
        ),
        (
            parts(&[&leaf, &stranger, &intermediate]),
            ChainOrder::Unrelated { index: 1 },
        ),
        (
            parts(&[&intermediate, &leaf]),
            ChainOrder::LeafNotFirst { leaf: 1 },
        ),
        (
            parts(&[&root, &intermediate, &leaf]),
            ChainOrder::LeafNotFirst { leaf: 2 },
        ),
        (parts(&[&intermediate, &root]), ChainOrder::InOrder),
    ] {
        let names: Vec<_> = chain.iter().map(Certificate::subject).collect();
        assert_eq!(order(&chain), expected, "{names:?}");
    }
    assert_eq!(
        order(&self::chain("certs/misordered.crt")),
        ChainOrder::Misordered { index: 1 }
    );
}

#[test]
fn a_missing_issuer_and_an_included_root_are_seen() {
    for (name, lacks, root) in [
        ("example.com", false, None),
        ("leaf-only", true, None),
        ("private-leaf-only", true, None),
        ("self-signed", false, None),
        ("misordered", false, Some(1)),
        ("root", false, None),
    ] {
        let chain = chain(&format!("certs/{name}.crt"));
        assert_eq!(lacks_issuer(&chain), lacks, "{name}");
        assert_eq!(included_root(&chain), root, "{name}");
    }
    assert!(leaf("certs/leaf-only.crt").is_public());
    assert!(!leaf("certs/private-leaf-only.crt").is_public());
    assert!(leaf("certs/self-signed.crt").is_self_signed());
}
