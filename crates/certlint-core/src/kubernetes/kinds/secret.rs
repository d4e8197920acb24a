//! Secret, as far as it is about certificates.

use manifest_syntax::Node;

use super::shape::{METADATA, Shape, field, unread};
use super::{Entry, Kind, Role, Watched, no_links};
use crate::kubernetes::facts::{Fact, Fault, Meta, Misspelt, Part, Secret};
use crate::kubernetes::mounts;
use crate::kubernetes::reading::{at_key, base64_of, decode, path};
use crate::source::{Locate as _, SourceId, Spanned};
use crate::x509::{self, Encryption};
use Shape::{Map, Text};

/// See the module.
pub static SECRET: Kind = Kind {
    name: "Secret",
    group: "",
    former_groups: &[],
    versions: &["v1"],
    plural: "secrets",
    is_namespaced: true,
    watched: Some(Watched {
        product: None,
        role: Role::Reviewed(&Entry {
            value: "secret",
            about: "Secrets of type kubernetes.io/tls",
        }),
    }),
    fields: &[
        METADATA,
        field("data", Map(&Text)),
        unread("immutable"),
        field("stringData", Map(&Text)),
        field("type", Text),
    ],
    read: |object| {
        let secret = secret(object.node, object.source, object.meta());
        Some(Fact::Secret(Box::new(secret)))
    },
    links: no_links,
};

pub(in crate::kubernetes) fn secret(node: Node<'_>, source: SourceId, meta: Meta) -> Secret {
    let is_tls_type = node.get("type").and_then(Node::text) == Some("kubernetes.io/tls");
    // `stringData` wins over `data` (API reference of Secret).
    let value = |key: &str| {
        let plain = path(node, &["stringData", key]).filter(|value| !value.is_null());
        let encoded = path(node, &["data", key]).filter(|value| !value.is_null());
        match (plain, encoded) {
            (Some(plain), _) => Some((plain, false)),
            (None, Some(encoded)) => Some((encoded, true)),
            (None, None) => None,
        }
    };
    let bytes = |(node, is_encoded): (Node<'_>, bool)| decode(node, is_encoded);
    let mut certificate = value("tls.crt");
    let mut key = value("tls.key");
    let is_tls = is_tls_type || certificate.is_some() || key.is_some();
    if !is_tls {
        (certificate, key) = (value("cert"), value("key"));
    }
    let decoded = certificate.map(bytes);
    Secret {
        has_tls_type: is_tls_type,
        type_at: node
            .get("type")
            .map_or_else(|| meta.at.clone(), |kind| kind.at(source)),
        has_authority: value("ca.crt")
            .and_then(|(node, _)| node.text())
            .is_some_and(|text| !text.trim().is_empty()),
        is_encrypted: decoded == Some(Err(Fault::Encrypted)),
        misspelt: Misspelt {
            certificate: (is_tls && certificate.is_none())
                .then(|| near_key(node, source, "tls.crt", CERTIFICATE_KEYS))
                .flatten(),
            key: (is_tls && key.is_none())
                .then(|| near_key(node, source, "tls.key", KEY_KEYS))
                .flatten(),
        },
        files: mounts::secret_files(node, source, is_tls),
        summarised: None,
        is_tls,
        leaf_is_first_block: match &decoded {
            Some(Ok(bytes)) if is_tls => x509::pem::is_certificate_first(bytes),
            _ => false,
        },
        certificate: certificate.zip(decoded).map(|((node, _), bytes)| Part {
            at: at_key(node, source),
            value: bytes.and_then(|bytes| pem(&bytes).map(|()| x509::read_certificates(&bytes))),
        }),
        key: key.map(|value| Part {
            at: at_key(value.0, source),
            value: bytes(value).and_then(|bytes| match pem(&bytes) {
                // A file that is no key is `key-unreadable`, as on disk.
                Ok(()) | Err(Fault::NoPem) => Ok(x509::read_key(&bytes)),
                Err(fault) => Err(fault),
            }),
        }),
        meta,
    }
}

/// What people call `tls.crt`.
const CERTIFICATE_KEYS: &[&str] = &[
    "cert",
    "cert.pem",
    "certificate",
    "crt",
    "fullchain.pem",
    "server.crt",
    "tls.pem",
];

/// What people call `tls.key`.
const KEY_KEYS: &[&str] = &["key", "key.pem", "privkey.pem", "server.key", "tls.pem"];

/// The key of a Secret that was most likely meant to be `wanted`.
fn near_key(
    node: Node<'_>,
    source: SourceId,
    wanted: &str,
    aliases: &[&str],
) -> Option<Spanned<String>> {
    let maps = ["data", "stringData"].map(|map| node.get(map));
    let keys = maps.into_iter().flatten().flat_map(Node::entries);
    let near = keys.filter_map(|(key, value)| {
        let text = key.text();
        let folded = text.to_ascii_lowercase().replace(['_', '-'], ".");
        // The other of the two names is two letters away.
        let is_other = matches!(text, "tls.crt" | "tls.key" | "ca.crt");
        let distance = match aliases.contains(&folded.as_str()) {
            true => 1,
            false => strsim::damerau_levenshtein(&folded, wanted),
        };
        (!is_other && distance <= 2).then(|| (distance, text, at_key(value, source)))
    });
    let (_, text, at) = near.min_by_key(|(distance, ..)| *distance)?;
    Some(Spanned::new(text.to_owned(), at))
}

/// Whether a value can be PEM at all.
fn pem(bytes: &[u8]) -> Result<(), Fault> {
    const MARK: &[u8] = b"-----BEGIN ";
    let has_mark = |bytes: &[u8]| memchr::memmem::find(bytes, MARK).is_some();
    if bytes.trim_ascii().is_empty() {
        return Err(Fault::Empty);
    }
    if Encryption::of_file(bytes).is_some() {
        return Err(Fault::EncodedEncrypted);
    }
    if has_mark(bytes) {
        return Ok(());
    }
    match base64_of(bytes.trim_ascii()) {
        Some(inner) if has_mark(&inner) => Err(Fault::DoubleBase64),
        _ => Err(Fault::NoPem),
    }
}
