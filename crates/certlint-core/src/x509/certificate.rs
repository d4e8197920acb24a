//! One X.509 certificate, reduced to the facts that rules ask for.
//!
//! The structure is read by x509-parser; the values of extensions are read here, entry by entry,
//! so that one odd name does not hide the others (names come through as raw bytes).

use std::ops::Range;

use sha2::{Digest as _, Sha256};
use text_span::Span;
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::nom::Parser as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AttributeTypeAndValue, X509Name, X509Version};

use super::extensions::{Extensions, SAN};
use super::public_key::{KeyType, PublicKey};
use crate::name::SanSet;

/// A certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The PEM block in the file.
    pub at: Span,
    /// SHA-256 of the DER.
    pub sha256: [u8; 32],
    /// The names that it covers.
    pub names: SanSet,
    /// Common names of the subject, for hints only: no browser looks at them.
    pub common_names: Vec<Box<str>>,
    /// First second of validity, in Unix time.
    pub not_before: i64,
    /// Last second of validity, in Unix time.
    pub not_after: i64,
    /// The key that it certifies.
    pub public_key: PublicKey,
    /// The kind of that key.
    pub key_type: KeyType,
    /// Its extensions.
    pub extensions: Extensions,
    /// The hash of the algorithm that signed it.
    pub signature_hash: SignatureHash,
    /// Version 1 or 2, which have no extensions.
    pub is_v1: bool,
    der: Box<[u8]>,
    subject: Range<usize>,
    issuer: Range<usize>,
}

/// The part of a certificate that is kept where there are too many to keep them whole.
#[derive(Clone, Debug)]
pub struct Remembered<'a> {
    /// SHA-256 of the DER.
    pub sha256: [u8; 32],
    /// The names that it covers.
    pub names: SanSet,
    /// First second of validity, in Unix time.
    pub not_before: i64,
    /// Last second of validity, in Unix time.
    pub not_after: i64,
    /// The issuer in DER.
    pub issuer: &'a [u8],
    /// The answer of [`Certificate::is_self_signed`].
    pub is_self_signed: bool,
    /// The subjectAltName is there and cannot be read.
    pub has_unreadable_san: bool,
    /// The kind of its key.
    pub key_type: KeyType,
}

/// The hash function of a signature, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureHash {
    /// MD5 or older.
    Md5,
    /// SHA-1.
    Sha1,
    /// Anything else.
    Other,
}

impl Certificate {
    /// Reads one certificate from the front of `der`; also gives the length that it takes.
    ///
    /// `None` when it is not one, as far as can be told.
    pub(super) fn read(der: &[u8], at: Span) -> Option<(Self, usize)> {
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (rest, parsed) = parser.parse(der).ok()?;
        let length = der.len() - rest.len();
        Some((Self::from_parsed(&parsed, &der[..length], at), length))
    }

    fn from_parsed(parsed: &X509Certificate<'_>, der: &[u8], at: Span) -> Self {
        let tbs = &parsed.tbs_certificate;
        let (extensions, san) = Extensions::read(tbs.extensions());
        let public_key = PublicKey::from_spki(&tbs.subject_pki);
        let common_names: Vec<Box<str>> = tbs.subject.iter_common_name().map(text).collect();
        let names = SanSet::new(
            &san.dns,
            &san.addresses,
            common_names.iter().map(|name| name.as_bytes()),
        );
        Self {
            at,
            sha256: Sha256::digest(der).into(),
            names,
            common_names,
            not_before: tbs.validity.not_before.timestamp(),
            not_after: tbs.validity.not_after.timestamp(),
            key_type: public_key.key_type(),
            public_key,
            extensions,
            signature_hash: SignatureHash::from_oid(
                parsed.signature_algorithm.algorithm.as_bytes(),
            ),
            is_v1: tbs.version != X509Version::V3,
            subject: range_in(der, tbs.subject.as_raw()),
            issuer: range_in(der, tbs.issuer.as_raw()),
            der: der.into(),
        }
    }

    /// A certificate that was read before, of which only this is known.
    ///
    /// It is in a model for its names and its validity. The rest that rules ask for is not here:
    /// key and extensions are empty, and only [`Self::issuer`] and [`Self::is_self_signed`] answer
    /// as they would for the whole certificate.
    #[must_use]
    pub fn remembered(facts: Remembered<'_>) -> Self {
        let issuer = 0..facts.issuer.len();
        let subject = if facts.is_self_signed {
            issuer.clone()
        } else {
            0..0
        };
        let unreadable = facts.has_unreadable_san.then(|| SAN.into());
        Self {
            at: Span::new(0, 0),
            sha256: facts.sha256,
            common_names: facts.names.common_names().to_vec(),
            names: facts.names,
            not_before: facts.not_before,
            not_after: facts.not_after,
            public_key: PublicKey::Other,
            key_type: facts.key_type,
            extensions: Extensions {
                unreadable: unreadable.into_iter().collect(),
                ..Extensions::default()
            },
            signature_hash: SignatureHash::Other,
            is_v1: false,
            der: facts.issuer.into(),
            subject,
            issuer,
        }
    }

    /// SHA-256 of the DER in lower-case hexadecimal.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        self.sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The subject as text (`CN=example.com, O=Example`); control characters are escaped.
    #[must_use]
    pub fn subject(&self) -> String {
        name_text(self.raw_subject())
    }

    /// The issuer as text; control characters are escaped.
    #[must_use]
    pub fn issuer(&self) -> String {
        name_text(self.raw_issuer())
    }

    /// The subject in DER, for comparing.
    #[must_use]
    pub fn raw_subject(&self) -> &[u8] {
        &self.der[self.subject.clone()]
    }

    /// The issuer in DER, for comparing.
    #[must_use]
    pub fn raw_issuer(&self) -> &[u8] {
        &self.der[self.issuer.clone()]
    }

    /// The subject has no attribute at all.
    #[must_use]
    pub fn has_empty_subject(&self) -> bool {
        self.raw_subject() == [0x30, 0x00]
    }

    /// Subject and issuer are the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.raw_subject() == self.raw_issuer()
    }

    /// Signed with its own key, as far as names and key identifiers tell.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.issued(self)
    }

    /// Whether this certificate's key signed `child`, as far as names and key identifiers tell
    /// (RFC 5280, sections 4.1.2.4 and 4.2.1.1): no signature is computed.
    #[must_use]
    pub fn issued(&self, child: &Self) -> bool {
        if self.raw_subject() != child.raw_issuer() {
            return false;
        }
        let named = &child.extensions.authority_key_id;
        let own = &self.extensions.subject_key_id;
        match (named, own) {
            (Some(named), Some(own)) => named == own,
            _ => true,
        }
    }

    /// Carries what only public authorities put in: an SCT list (RFC 6962, section 3.3) or a
    /// policy of the CA/Browser Forum. Without them it may still be public.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.extensions.has_sct_list || self.extensions.has_public_policy
    }
}

impl SignatureHash {
    fn from_oid(oid: &[u8]) -> Self {
        match oid {
            // PKCS #1: md2, md4 and md5 with RSA.
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2..=4] => Self::Md5,
            // With RSA, ECDSA, DSA; and an old OIW number for RSA.
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5]
            | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]
            | [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3]
            | [0x2b, 0x0e, 3, 2, 29] => Self::Sha1,
            _ => Self::Other,
        }
    }
}

/// Where `part`, a slice of `whole`, lies in it.
fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

/// An attribute value as text; bytes that are no text are replaced.
fn text(attribute: &AttributeTypeAndValue<'_>) -> Box<str> {
    let bytes = attribute.as_slice();
    if attribute.attr_value().tag() == Tag::BmpString {
        let units = bytes
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
    }
    String::from_utf8_lossy(bytes).into()
}

fn name_text(der: &[u8]) -> String {
    let Ok((_, name)) = X509Name::from_der(der) else {
        return String::new();
    };
    let escape = |character: char| -> String {
        if character.is_control() {
            character.escape_default().collect()
        } else {
            character.into()
        }
    };
    name.to_string().chars().map(escape).collect()
}
