//! Tells what a text is: nginx configuration, Kubernetes manifests, or nothing of ours.
//!
//! A ConfigMap may hold a whole nginx.conf, so its text looks like both; an nginx configuration that
//! looks like manifests is not known. Manifests are therefore looked for first.

use std::path::Path;

use certlint_core::kubernetes::looks_like_manifest;
use certlint_core::nginx::dump::Dump;
use certlint_core::nginx::{self, Kind};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Kubernetes manifests, YAML or JSON.
    Manifests,
    /// nginx configuration, or a template of one.
    Nginx(Kind),
    /// Neither.
    Other,
}

/// Objects say what they are at their top, so this much tells, in bytes.
pub(crate) const MANIFEST_HEAD: usize = 256 << 10;

/// Endings of the files that manifests are kept in.
const MANIFEST_ENDINGS: &[&str] = &["json", "yaml", "yml"];

/// Tells what a text is.
pub(crate) fn sniff(text: &[u8]) -> Sniffed {
    if looks_like_manifest(&text[..text.len().min(MANIFEST_HEAD)]) {
        return Sniffed::Manifests;
    }
    match nginx::sniff(text) {
        // A dump is as good as a main file.
        Kind::Other if Dump::split(text).is_some() => Sniffed::Nginx(Kind::Main),
        Kind::Other => Sniffed::Other,
        kind => Sniffed::Nginx(kind),
    }
}

/// True for a file that is called as manifests are.
pub(crate) fn may_be_manifest(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        let mut known = MANIFEST_ENDINGS.iter();
        known.any(|known| known.eq_ignore_ascii_case(ending))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INGRESS: &str = "kind: Ingress\napiVersion: networking.k8s.io/v1\n";

    #[test]
    fn texts_are_told_apart() {
        let config_map = "apiVersion: v1\nkind: ConfigMap\ndata:\n  nginx.conf: |\n    \
                          events {}\n    http {}\n";
        let returns = "server {\n  listen 80;\n  return 200 '{\"apiVersion\":\"v1\",\
                       \"kind\":\"List\"}';\n}\n";
        let cases = [
            (INGRESS, Sniffed::Manifests),
            (config_map, Sniffed::Manifests),
            (returns, Sniffed::Nginx(Kind::Fragment)),
            ("services: {}\n", Sniffed::Other),
            ("{\"kind\": \"library\"}", Sniffed::Other),
            ("server { listen 80; }\n", Sniffed::Nginx(Kind::Fragment)),
        ];
        for (text, expected) in cases {
            assert_eq!(sniff(text.as_bytes()), expected, "{text}");
        }
    }
}
