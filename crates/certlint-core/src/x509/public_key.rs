//! Public keys: what a certificate holds, and what a private key would show of itself.
//!
//! Two keys are compared by value: RSA by modulus and exponent, elliptic curves by curve and
//! point, whichever form the point is written in. Only public parts ever get here.

use std::fmt;

use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::der::{Reader, tag};

/// A public key, in the form in which two of them can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA, for any padding or for PSS only.
    Rsa {
        /// Big-endian, without leading zeros.
        modulus: Box<[u8]>,
        /// Big-endian, without leading zeros.
        exponent: Box<[u8]>,
        /// The key says that it is for RSASSA-PSS only.
        pss: bool,
    },
    /// A point on an elliptic curve of Weierstrass form.
    Ec {
        /// The curve.
        curve: Curve,
        /// The point in compressed form (SEC 1, section 2.3.3).
        point: Box<[u8]>,
    },
    /// RFC 8410.
    Ed25519(Box<[u8]>),
    /// RFC 8410.
    Ed448(Box<[u8]>),
    /// Accepted by no client.
    Dsa,
    /// Of an unknown kind, or unreadable.
    Other,
}

/// The kind of a key, as OpenSSL keeps certificates apart: one of each in a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// DSA.
    Dsa,
    /// An elliptic curve for ECDSA.
    Ecdsa,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// Of an unknown kind, or unreadable.
    Other,
    /// RSA for any padding.
    Rsa,
    /// RSA for RSASSA-PSS only.
    RsaPss,
}

impl KeyType {
    /// The word that reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dsa => "dsa",
            Self::Ecdsa => "ecdsa",
            Self::Ed25519 => "ed25519",
            Self::Ed448 => "ed448",
            Self::Other => "other",
            Self::Rsa => "rsa",
            Self::RsaPss => "rsa-pss",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dsa => "DSA",
            Self::Ecdsa => "ECDSA",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::Other => "unknown",
            Self::Rsa => "RSA",
            Self::RsaPss => "RSA-PSS",
        })
    }
}

/// A named curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// One of RFC 5639.
    Brainpool,
    /// Written out as parameters instead of a name.
    Explicit,
    /// Another one.
    Other,
    /// secp192r1.
    P192,
    /// secp224r1.
    P224,
    /// secp256r1, prime256v1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// secp256k1.
    Secp256k1,
}

impl Curve {
    /// The curve that encoded `ECParameters` name (RFC 5480, section 2.1.1).
    pub(super) fn from_parameters(parameters: &[u8]) -> Self {
        match Reader::new(parameters).element() {
            Some(element) if element.tag == tag::OID => Self::from_oid(element.value),
            Some(element) if element.tag == tag::SEQUENCE => Self::Explicit,
            _ => Self::Other,
        }
    }

    fn from_oid(oid: &[u8]) -> Self {
        match oid {
            oid::P192 => Self::P192,
            oid::P224 => Self::P224,
            oid::P256 => Self::P256,
            oid::P384 => Self::P384,
            oid::P521 => Self::P521,
            oid::SECP256K1 => Self::Secp256k1,
            _ if oid.starts_with(oid::BRAINPOOL) => Self::Brainpool,
            _ => Self::Other,
        }
    }

    /// Length of a coordinate in bytes; `None` where the name does not tell.
    pub(super) fn coordinate_length(self) -> Option<usize> {
        match self {
            Self::Brainpool | Self::Explicit | Self::Other => None,
            Self::P192 => Some(24),
            Self::P224 => Some(28),
            Self::P256 | Self::Secp256k1 => Some(32),
            Self::P384 => Some(48),
            Self::P521 => Some(66),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Brainpool => "brainpool",
            Self::Explicit => "explicit parameters",
            Self::Other => "unknown curve",
            Self::P192 => "P-192",
            Self::P224 => "P-224",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        })
    }
}

impl PublicKey {
    /// The key of a certificate.
    pub(super) fn from_spki(spki: &SubjectPublicKeyInfo<'_>) -> Self {
        let bits = &*spki.subject_public_key.data;
        match spki.algorithm.algorithm.as_bytes() {
            oid::RSA => Self::rsa(bits, false),
            oid::RSA_PSS => Self::rsa(bits, true),
            oid::EC => {
                let curve = match &spki.algorithm.parameters {
                    Some(any) if any.tag() == Tag::Oid => Curve::from_oid(any.data),
                    Some(any) if any.tag() == Tag::Sequence => Curve::Explicit,
                    _ => Curve::Other,
                };
                Self::ec(curve, bits)
            }
            oid::ED25519 => Self::Ed25519(bits.into()),
            oid::ED448 => Self::Ed448(bits.into()),
            oid::DSA => Self::Dsa,
            _ => Self::Other,
        }
    }

    /// From an encoded `RSAPublicKey` (RFC 8017, appendix A.1.1).
    fn rsa(bytes: &[u8], pss: bool) -> Self {
        let read = || {
            let mut key = Reader::sequence(bytes)?;
            Some((key.positive()?, key.positive()?))
        };
        match read() {
            Some((modulus, exponent)) => Self::Rsa {
                modulus: modulus.into(),
                exponent: exponent.into(),
                pss,
            },
            None => Self::Other,
        }
    }

    /// From a point in any form: compressed, uncompressed or hybrid.
    pub(super) fn ec(curve: Curve, point: &[u8]) -> Self {
        let point = match point {
            [4 | 6 | 7, coordinates @ ..] if coordinates.len() % 2 == 0 => {
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                let sign = 2 | y.last().copied().unwrap_or_default() & 1;
                std::iter::once(sign).chain(x.iter().copied()).collect()
            }
            _ => point.into(),
        };
        Self::Ec { curve, point }
    }

    /// The kind of key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self {
            Self::Dsa => KeyType::Dsa,
            Self::Ec { .. } => KeyType::Ecdsa,
            Self::Ed25519(_) => KeyType::Ed25519,
            Self::Ed448(_) => KeyType::Ed448,
            Self::Other => KeyType::Other,
            Self::Rsa { pss: false, .. } => KeyType::Rsa,
            Self::Rsa { pss: true, .. } => KeyType::RsaPss,
        }
    }

    /// The size that people name: modulus, field or key in bits; 0 where it is not known.
    #[must_use]
    pub fn bits(&self) -> usize {
        match self {
            Self::Dsa | Self::Other => 0,
            Self::Ec {
                curve: Curve::P521, ..
            } => 521,
            Self::Ec { point, .. } => point.len().saturating_sub(1) * 8,
            Self::Ed25519(_) => 256,
            Self::Ed448(_) => 456,
            Self::Rsa { modulus, .. } => {
                let unused = modulus
                    .first()
                    .map_or(0, |byte| byte.leading_zeros() as usize);
                modulus.len() * 8 - unused
            }
        }
    }

    /// The curve of an ECDSA key.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        match self {
            Self::Ec { curve, .. } => Some(*curve),
            _ => None,
        }
    }
}

/// Object identifiers without tag and length.
pub(super) mod oid {
    pub(in crate::x509) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(in crate::x509) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    pub(in crate::x509) const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
    pub(in crate::x509) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(in crate::x509) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(in crate::x509) const ED448: &[u8] = &[0x2b, 0x65, 0x71];
    pub(super) const P192: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
    pub(super) const P224: &[u8] = &[0x2b, 0x81, 0x04, 0, 33];
    pub(super) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    pub(super) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
    pub(super) const P521: &[u8] = &[0x2b, 0x81, 0x04, 0, 35];
    pub(super) const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0, 10];
    pub(super) const BRAINPOOL: &[u8] = &[0x2b, 0x24, 3, 3, 2, 8, 1, 1];
}
