//! Facts from damaged certificates: the input says which bytes of a good one to change.

#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certlint_core::name::{HostPattern, covers, hints};
use certlint_core::x509::profile::{expiry, key_weakness, server_faults};
use certlint_core::x509::pem::scan;
use certlint_core::x509::{chain, read_certificates};
use libfuzzer_sys::fuzz_target;

const GOOD: [&[u8]; 4] = [
    include_bytes!("../../../../fixtures/certs/example.com.crt"),
    include_bytes!("../../../../fixtures/certs/ip.crt"),
    include_bytes!("../../../../fixtures/certs/san-many.crt"),
    include_bytes!("../../../../fixtures/certs/intermediate.crt"),
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, changes)) = input.split_first() else {
        return;
    };
    let good = GOOD[usize::from(*choice) % GOOD.len()];
    let Some(Ok(block)) = scan(good).next() else {
        panic!("the good certificate is not one");
    };
    let mut der = block.der.to_vec();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % der.len();
        der[at] = change[2];
    }
    let text = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(&der)
    );
    let file = read_certificates(text.as_bytes());
    for certificate in &file.certificates {
        let _ = (expiry(certificate, 0), key_weakness(certificate));
        let _ = (server_faults(certificate), certificate.subject());
        let host = HostPattern::host("www.example.com");
        let _ = covers(&certificate.names, &host);
        let _ = hints(&certificate.names, &host, &|_| false);
        let _ = certificate.names.names();
    }
    let _ = chain::order(&file.certificates);
});
