//! Host patterns and SAN entries of any bytes: no panic, no hang, and nothing covers more labels
//! than it has.

#![no_main]

use certlint_core::name::{HostPattern, SanSet, Verdict, covers, hints};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // The first line is the name, the others are entries of the certificate.
    let mut lines = input.split(|&byte| byte == b'\n');
    let name = lines.next().unwrap_or_default();
    let entries: Vec<_> = lines.take(50).collect();
    let san = SanSet::new(entries.iter(), entries.iter(), entries.iter());
    let text = String::from_utf8_lossy(name);
    let patterns = [
        HostPattern::nginx(name),
        HostPattern::host(&text),
        HostPattern::ingress(&text),
        HostPattern::gateway(&text),
    ];
    for pattern in &patterns {
        let verdict = covers(&san, pattern);
        assert!(!verdict.word().is_empty());
        let _ = pattern.to_string();
        for hint in hints(&san, pattern, &|other| other.len() % 2 == 0) {
            assert!(!hint.sentence(&san, pattern).is_empty());
        }
        if let (HostPattern::Exact(host), Verdict::Covered(_)) = (pattern, &verdict) {
            let dots = host.matches('.').count();
            let fits = |entry: &[u8]| entry.iter().filter(|&&b| b == b'.').count() == dots;
            assert!(entries.iter().any(|entry| fits(entry)), "{host} is covered");
        }
    }
    let _ = san.names();
    for entry in san.unusable() {
        let _ = (entry.text(), entry.refused_by());
    }
});
