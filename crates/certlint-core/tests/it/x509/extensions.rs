//! Certificates with odd extensions, made for each case.

use certlint_core::x509::profile::{ServerFault, server_faults};
use certlint_core::x509::{Certificate, SAN, read_certificates};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair};

const SAN_NUMBER: &[u64] = &[2, 5, 29, 17];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
/// serverAuth alone.
const SERVER: &[u8] = &[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];

/// A self-signed certificate with these extensions and no others.
fn certificate(name: &str, extensions: &[(&[u64], bool, &[u8])]) -> Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if !name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    for &(number, critical, content) in extensions {
        let mut extension = CustomExtension::from_oid_content(number, content.to_vec());
        extension.set_criticality(critical);
        params.custom_extensions.push(extension);
    }
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("a certificate").pem();
    let mut file = read_certificates(pem.as_bytes());
    assert_eq!(file.refused, None);
    file.certificates.swap_remove(0)
}

/// A subjectAltName of entries with their tags.
fn san(entries: &[(u8, &[u8])]) -> Vec<u8> {
    let mut inside = Vec::new();
    for (tag, value) in entries {
        inside.extend([*tag, u8::try_from(value.len()).expect("a short entry")]);
        inside.extend(*value);
    }
    let length = u8::try_from(inside.len()).expect("a short list");
    [&[0x30, length][..], &inside].concat()
}

const DNS: u8 = 0x82;
const ADDRESS: u8 = 0x87;

#[test]
fn every_entry_of_a_san_counts_beside_odd_ones() {
    let value = san(&[
        (DNS, b"example.com"),
        (0xa0, &[6, 1, 42, 0xa0, 2, 12, 0]),
        (0x81, b"mail@example.com"),
        (0xa4, &[0xff, 0xff]),
        (DNS, b"\xff\xfe"),
        (DNS, b""),
        (DNS, b"nul\0.example.com"),
        (ADDRESS, &[192, 0, 2]),
        (ADDRESS, &[192, 0, 2, 1]),
        (DNS, b"www.example.com"),
    ]);
    let certificate = certificate(
        "x",
        &[
            (SAN_NUMBER, false, &value),
            (EXTENDED_KEY_USAGE, false, SERVER),
        ],
    );
    let mut names = certificate.names.names();
    names.sort();
    assert_eq!(names, ["192.0.2.1", "example.com", "www.example.com"]);
    assert_eq!(certificate.names.unusable().len(), 4);
    assert!(certificate.extensions.unreadable.is_empty());
}

#[test]
fn a_san_that_is_empty_unreadable_or_doubled_is_told_apart() {
    let one = san(&[(DNS, b"example.com")]);
    let two = san(&[(DNS, b"example.org")]);
    for (extensions, names, unreadable, duplicate) in [
        (
            &[(SAN_NUMBER, false, &[0x30, 0][..])][..],
            &[][..],
            false,
            false,
        ),
        (&[(SAN_NUMBER, false, &[0x30, 5, DNS, 9])], &[], true, false),
        (&[(SAN_NUMBER, false, b"example.com")], &[], true, false),
        (
            &[(SAN_NUMBER, false, &[&one[..], b"rest"].concat())],
            &[],
            true,
            false,
        ),
        (
            &[(SAN_NUMBER, false, &one[..]), (SAN_NUMBER, false, &two)],
            &["example.com"],
            false,
            true,
        ),
    ] {
        let facts = certificate("x", extensions);
        assert!(facts.extensions.has_san);
        assert_eq!(facts.names.names(), names);
        let has = |list: &[Box<str>]| list.iter().any(|number| &**number == SAN);
        assert_eq!(has(&facts.extensions.unreadable), unreadable, "{names:?}");
        assert_eq!(has(&facts.extensions.duplicate), duplicate, "{names:?}");
    }
}

#[test]
fn what_clients_refuse_in_a_server_certificate() {
    let names = san(&[(DNS, b"example.com")]);
    let usable = (SAN_NUMBER, false, &names[..]);
    let server = (EXTENDED_KEY_USAGE, false, SERVER);
    let any = &[0x30, 6, 6, 4, 0x55, 0x1d, 37, 0][..];
    let private = &[1, 3, 6, 1, 4, 1, 55738, 1][..];
    for (subject, extensions, expected) in [
        ("x", &[usable, server][..], vec![]),
        ("", &[(SAN_NUMBER, true, &names[..]), server], vec![]),
        ("", &[usable, server], vec![ServerFault::EmptySubject]),
        ("x", &[usable], vec![ServerFault::NoExtendedKeyUsage]),
        (
            "x",
            &[usable, (EXTENDED_KEY_USAGE, false, any)],
            vec![ServerFault::NoServerAuth { any: true }],
        ),
        (
            "x",
            &[usable, (EXTENDED_KEY_USAGE, false, b"none")],
            vec![ServerFault::UnreadableExtension("2.5.29.37".into())],
        ),
        (
            "x",
            &[usable, server, (private, true, b"?")],
            vec![ServerFault::UnknownCritical("1.3.6.1.4.1.55738.1".into())],
        ),
        ("x", &[usable, server, (private, false, b"?")], vec![]),
        (
            "x",
            &[usable, server, server],
            vec![ServerFault::DuplicateExtension("2.5.29.37".into())],
        ),
        // keyEncipherment alone.
        (
            "x",
            &[usable, server, (KEY_USAGE, true, &[3, 2, 5, 0x20])],
            vec![ServerFault::NoDigitalSignature],
        ),
    ] {
        let leaf = certificate(subject, extensions);
        assert_eq!(server_faults(&leaf), expected, "{extensions:?}");
    }
}

#[test]
fn a_certificate_of_version_1_has_a_fault_of_its_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pem/v1.crt");
    let file = read_certificates(&std::fs::read(path).unwrap());
    let leaf = &file.certificates[0];
    assert!(leaf.is_v1 && leaf.is_self_signed() && !leaf.extensions.has_san);
    assert_eq!(server_faults(leaf), [ServerFault::Version1]);
}

#[test]
fn policies_of_the_browser_forum_and_sct_lists_mark_public_certificates() {
    let policies = &[2, 5, 29, 32][..];
    let policy = |last: u8| [0x30, 10, 0x30, 8, 6, 6, 0x67, 0x81, 0x0c, 1, 2, last];
    let sct_list = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2][..];
    for (number, content, public) in [
        (policies, &policy(1)[..], true),
        (policies, &policy(9), false),
        (
            policies,
            &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 32, 0],
            false,
        ),
        (sct_list, b"any bytes", true),
    ] {
        let certificate = certificate("x", &[(number, false, content)]);
        assert_eq!(certificate.is_public(), public, "{content:02x?}");
    }
}

#[test]
fn a_name_is_shown_without_control_characters() {
    let certificate = certificate("evil\n\u{1b}[31m name", &[]);
    assert_eq!(certificate.subject(), "CN=evil\\n\\u{1b}[31m name");
    assert_eq!(&*certificate.common_names[0], "evil\n\u{1b}[31m name");
}
