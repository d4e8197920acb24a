//! Certificate and key files of any bytes.

#![no_main]

use certlint_core::x509::{pair, read_certificates, read_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = read_certificates(bytes);
    let key = read_key(bytes);
    for certificate in &file.certificates {
        let _ = pair(certificate, &key);
    }
    let _ = format!("{file:?}");
});
