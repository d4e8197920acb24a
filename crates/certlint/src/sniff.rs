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

/// Tells what the text of `path` is.
pub(crate) fn sniff(path: &Path, text: &[u8]) -> Sniffed {
    if is_manifest(path, text) {
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

/// Words alone tell little about a text of any other name, such as standard input.
fn is_manifest(path: &Path, text: &[u8]) -> bool {
    let head = &text[..text.len().min(MANIFEST_HEAD)];
    looks_like_manifest(head) && (may_be_manifest(path) || is_shaped(head))
}

/// Opens as JSON, or has a line that begins with `apiVersion:`, as first of a list item or not.
fn is_shaped(text: &[u8]) -> bool {
    if matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return true;
    }
    memchr::memmem::find_iter(text, b"apiVersion").any(|at| {
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |line| line + 1);
        let before = &text[line..at];
        let before = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before);
        matches!(before, b"" | b"- " | b"\"" | b"- \"")
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
            ("<stdin>", INGRESS, Sniffed::Manifests),
            (
                "<stdin>",
                "\u{feff}apiVersion: v1\nkind: List\n",
                Sniffed::Manifests,
            ),
            (
                "<stdin>",
                "- apiVersion: v1\n  kind: Secret\n",
                Sniffed::Manifests,
            ),
            (
                "<stdin>",
                "\n {\"kind\":\"A\",\"apiVersion\":\"v1\"}",
                Sniffed::Manifests,
            ),
            ("<stdin>", config_map, Sniffed::Manifests),
            ("nginx.conf", returns, Sniffed::Nginx(Kind::Fragment)),
            (
                "README.md",
                "Its `apiVersion` and `kind` say so.\n",
                Sniffed::Other,
            ),
            (
                "a.yaml",
                "values:\n  apiVersion: v1\n  kind: x\n",
                Sniffed::Manifests,
            ),
            ("a.YML", INGRESS, Sniffed::Manifests),
            ("compose.yaml", "services: {}\n", Sniffed::Other),
            ("package.json", "{\"kind\": \"library\"}", Sniffed::Other),
            (
                "site.yaml",
                "server { listen 80; }\n",
                Sniffed::Nginx(Kind::Fragment),
            ),
        ];
        for (path, text, expected) in cases {
            assert_eq!(
                sniff(Path::new(path), text.as_bytes()),
                expected,
                "{path} {text}"
            );
        }
    }
}
