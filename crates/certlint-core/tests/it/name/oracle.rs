//! The name matcher against rustls-webpki, the strictest of the common clients: for made-up names
//! and certificates both must give the same answer. And what must hold for any input at all.

use std::net::IpAddr;
use std::sync::LazyLock;

use certlint_core::name::{
    HostPattern, NameConstraints, RawSubtree, Regex, SanSet, Verdict, a_label, covers, hints,
    nginx_refusal,
};
use proptest::prelude::*;
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, KeyPair, SanType};
use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().expect("a key"));

/// Labels that matter: few, so that names meet, and odd ones.
const LABELS: [&str; 18] = [
    "a",
    "b",
    "www",
    "WWW",
    "example",
    "test",
    "com",
    "x_y",
    "_",
    "-a",
    "b-",
    "xn--bcher-kva",
    "1",
    "1a",
    "",
    "a b",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl",
];

const ADDRESSES: [&str; 5] = [
    "127.0.0.1",
    "127.0.0.2",
    "::1",
    "::ffff:127.0.0.1",
    "2001:db8::1",
];

fn label() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        // Plain labels four times in five: else hardly any name would be valid.
        4 => prop::sample::select(&LABELS[..7]),
        1 => prop::sample::select(&LABELS[..]),
    ]
}

fn host() -> impl Strategy<Value = String> {
    let name = || prop::collection::vec(label(), 1..5).prop_map(|labels| labels.join("."));
    prop_oneof![
        8 => name(),
        1 => name().prop_map(|name| name + "."),
        1 => prop::sample::select(&ADDRESSES[..]).prop_map(str::to_owned),
    ]
}

fn entry() -> impl Strategy<Value = String> {
    let star = prop::sample::select(&["*", "*", "*", "*", "w*", "*w", "**"][..]);
    prop_oneof![
        4 => host(),
        4 => (star, host()).prop_map(|(star, host)| format!("{star}.{host}")),
        1 => (host(), host()).prop_map(|(front, back)| format!("{front}.*.{back}")),
        1 => Just("*".to_owned()),
    ]
}

/// A host that has something to do with the entries, mostly.
fn question() -> impl Strategy<Value = (Vec<String>, Vec<IpAddr>, String)> {
    let addresses = prop::sample::select(&ADDRESSES[..])
        .prop_map(|text| text.parse::<IpAddr>().expect("an address"));
    let entries = prop::collection::vec(entry(), 0..5);
    (
        entries,
        prop::collection::vec(addresses, 0..3),
        label(),
        host(),
        0..4_u8,
    )
        .prop_map(|(dns, ip, label, other, kind)| {
            let first = dns.first().cloned().unwrap_or_default();
            let host = match kind {
                0 => other,
                1 => first.replacen('*', label, 1),
                2 => first.trim_start_matches("*.").to_owned(),
                _ => format!("{label}.{first}"),
            };
            (dns, ip, host)
        })
}

/// `None` where the host is no host at all, as `theirs`.
fn ours(dns: &[String], ip: &[IpAddr], host: &str) -> Option<bool> {
    let octets = ip.iter().map(|address| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    });
    match covers(&SanSet::new(dns, octets, [""; 0]), &HostPattern::host(host)) {
        Verdict::Covered(_) => Some(true),
        Verdict::NotCovered => Some(false),
        _ => None,
    }
}

fn theirs(dns: &[String], ip: &[IpAddr], host: &str) -> Option<bool> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = dns
        .iter()
        .map(|name| SanType::DnsName(Ia5String::try_from(name.as_str()).expect("ASCII")))
        .chain(ip.iter().copied().map(SanType::IpAddress))
        .collect();
    let certificate = params.self_signed(&*KEY).expect("a certificate");
    let der = CertificateDer::from(certificate.der().to_vec());
    let leaf = EndEntityCert::try_from(&der).expect("a readable certificate");
    let host = ServerName::try_from(host).ok()?;
    Some(leaf.verify_is_valid_for_subject_name(&host).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_answer_is_that_of_rustls_webpki((dns, ip, host) in question()) {
        let (ours, theirs) = (ours(&dns, &ip, &host), theirs(&dns, &ip, &host));
        prop_assert_eq!(ours, theirs, "{:?} for {:?} {:?}", host, dns, ip);
    }

    #[test]
    fn no_text_makes_anything_panic(
        dns in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4),
        ip in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..18), 0..3),
        cn in prop::collection::vec(".{0,30}", 0..3),
        word in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        everything(&dns, &ip, &cn, &word);
    }

    #[test]
    fn no_likely_text_makes_anything_panic(
        dns in prop::collection::vec("[*a.:/ ,é\u{0}\\[\\]-]{0,12}", 0..4),
        word in "~?[*a.:/ ,$_é\\[\\](){}+?|^\\\\0-9-]{0,16}",
    ) {
        let dns: Vec<Vec<u8>> = dns.into_iter().map(String::into_bytes).collect();
        everything(&dns, &[], std::slice::from_ref(&word), word.as_bytes());
    }

    #[test]
    fn a_covered_host_has_an_entry_of_its_own_length((dns, _, host) in question()) {
        let san = SanSet::new(&dns, [[0_u8; 0]; 0], [""; 0]);
        if let (Verdict::Covered(_), HostPattern::Exact(host)) =
            (covers(&san, &HostPattern::host(&host)), HostPattern::host(&host))
        {
            let labels = host.split('.').count();
            prop_assert!(
                dns.iter().any(|entry| entry.split('.').count() == labels),
                "{} by {:?}", host, dns
            );
        }
    }

    #[test]
    fn what_is_covered_stays_covered_with_more_entries(
        (dns, _, host) in question(),
        more in prop::collection::vec(entry(), 0..3),
    ) {
        let host = HostPattern::host(&host);
        let few = SanSet::new(&dns, [[0_u8; 0]; 0], [""; 0]);
        let all = SanSet::new(dns.iter().chain(&more), [[0_u8; 0]; 0], [""; 0]);
        if matches!(covers(&few, &host), Verdict::Covered(_)) {
            prop_assert!(matches!(covers(&all, &host), Verdict::Covered(_)));
        }
    }

    #[test]
    fn a_pattern_reads_its_own_text_back(word in "[*.]{0,2}[a-z_.*-]{0,12}[.*]{0,2}") {
        let pattern = HostPattern::nginx(word.as_bytes());
        if !matches!(pattern, HostPattern::Invalid(_) | HostPattern::CatchAll) {
            prop_assert_eq!(HostPattern::nginx(pattern.to_string().as_bytes()), pattern);
        }
    }
}

/// Runs whatever takes text.
fn everything(dns: &[Vec<u8>], ip: &[Vec<u8>], cn: &[String], word: &[u8]) {
    let san = SanSet::new(dns, ip, cn);
    let text = String::from_utf8_lossy(word);
    let mut patterns = vec![
        HostPattern::nginx(word),
        HostPattern::host(&text),
        HostPattern::ingress(&text),
        HostPattern::gateway(&text),
        HostPattern::Regex(Regex::new(word)),
    ];
    patterns.extend(cn.iter().map(|name| HostPattern::host(name)));
    for pattern in &patterns {
        assert!(!covers(&san, pattern).word().is_empty());
        for hint in hints(&san, pattern, &|_| false) {
            assert!(!hint.sentence(&san, pattern).is_empty());
        }
        if let HostPattern::Regex(regex) = pattern {
            assert!(
                regex
                    .unescaped_dots()
                    .iter()
                    .all(|&dot| regex.pattern()[dot] == b'.')
            );
            if let Err(error) = regex.compile() {
                assert!(error.offset <= regex.pattern().len(), "{error}");
            }
        }
    }
    assert_eq!(san.names().is_empty(), san.is_empty());
    assert!(
        san.unusable()
            .iter()
            .all(|entry| entry.text().is_ascii() || !entry.raw.is_ascii())
    );
    assert!(nginx_refusal(word).is_none_or(|_| !word.is_empty()));
    assert!(a_label(word).is_none_or(|name| name.is_ascii()));
    let subtrees = || {
        dns.iter()
            .map(|name| RawSubtree::Dns(name))
            .chain(ip.iter().map(|ip| RawSubtree::Address(ip)))
    };
    let open = NameConstraints::new([], []);
    assert_eq!(open.permits(&san), Ok(()));
    let closed = NameConstraints::new([], subtrees());
    assert!(san.is_empty() && san.unusable().is_empty() || closed.permits(&san).is_err());
}
