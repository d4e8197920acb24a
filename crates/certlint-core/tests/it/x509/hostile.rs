//! Damaged and made-up input: whatever the bytes are, reading them ends without a panic.

use std::hint::black_box;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certlint_core::x509::chain::{included_root, lacks_issuer, order};
use certlint_core::x509::pem;
use certlint_core::x509::profile::{expiry, key_weakness, server_faults};
use certlint_core::x509::{pair, read_certificates, read_key};
use proptest::prelude::*;
use proptest::sample::Index;

/// Every certificate and key file of the fixtures.
fn fixtures() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut paths: Vec<_> = ["certs", "pem"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).expect("a folder of fixtures"))
        .map(|entry| entry.expect("a fixture").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "crt" || extension == "key")
        })
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a fixture"))
        .collect()
}

/// Everything that can be asked about bytes.
fn read_all(bytes: &[u8]) {
    let file = read_certificates(bytes);
    let key = read_key(bytes);
    let _ = format!("{file:?} {key:?}");
    if let Some(refusal) = &file.refused {
        let _ = format!("{refusal} {:?}", refusal.help("F"));
        assert!(refusal.at.end as usize <= bytes.len());
    }
    for oddity in &file.oddities {
        assert!(!oddity.kind.to_string().is_empty());
        assert!(oddity.at.end as usize <= bytes.len());
    }
    let chain = &file.certificates;
    black_box((order(chain), lacks_issuer(chain), included_root(chain)));
    for certificate in chain {
        assert!(!certificate.subject().contains('\n') && !certificate.issuer().contains('\n'));
        black_box((pair(certificate, &key), expiry(certificate, 0)));
        black_box((key_weakness(certificate), server_faults(certificate)));
    }
}

#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Remove(Index, usize),
    Insert(Index, &'static [u8]),
    CutOff(Index),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len() + 1;
        match self {
            Self::Set(at, byte) => {
                let at = at.index(size);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Self::Remove(at, count) => {
                let at = at.index(size);
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Insert(at, text) => {
                let at = at.index(size);
                bytes.splice(at..at, text.iter().copied());
            }
            Self::CutOff(at) => bytes.truncate(at.index(size)),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    const TEXTS: &[&[u8]] = &[
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b":",
        b"-",
        b"=",
        b"\x0c",
        b"\xef\xbb\xbf",
        b"\x30\x80",
        b"\x84\xff\xff\xff\xff",
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\n",
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<Index>(), 1usize..70).prop_map(|(at, count)| Damage::Remove(at, count)),
        (any::<Index>(), prop::sample::select(TEXTS))
            .prop_map(|(at, text)| Damage::Insert(at, text)),
        any::<Index>().prop_map(Damage::CutOff),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_files_are_read_without_a_panic(
        file in prop::sample::select(fixtures()),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let mut bytes = file;
        for damage in &damages {
            damage.apply(&mut bytes);
        }
        read_all(&bytes);
    }

    #[test]
    fn damaged_der_is_read_without_a_panic(
        file in prop::sample::select(fixtures()),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let Some(Ok(block)) = pem::scan(&file).next() else {
            return Ok(());
        };
        let mut der = block.der.to_vec();
        for damage in &damages {
            damage.apply(&mut der);
        }
        let label = String::from_utf8_lossy(block.label);
        let text = STANDARD.encode(&der);
        read_all(format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n").as_bytes());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_all(&bytes);
        let text = STANDARD.encode(&bytes);
        for label in ["CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            read_all(format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n").as_bytes());
        }
    }
}
