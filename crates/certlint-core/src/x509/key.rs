//! Private keys: their public halves, and whether one belongs to a certificate.
//!
//! Reads PKCS #8 (RFC 5958), PKCS #1 (RFC 8017) and SEC 1 (RFC 5915). Mostly the public half is
//! written in the file; where it is not (`openssl ec -no_public`, Ed25519), it is computed. The
//! private half is never kept or shown. Bytes after the key are ignored, as OpenSSL does.

use super::certificate::Certificate;
use super::der::{Reader, tag};
use super::key_file::{KeyFile, KeyOutcome};
use super::public_key::{Curve, KeyType, PublicKey, oid};

/// The public half of a private key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    key_type: KeyType,
    /// `None` where the file does not carry it and it is not computed here.
    public: Option<PublicKey>,
}

/// Whether a certificate and a key belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// They do.
    Match,
    /// Same type, another key: nginx does not start ("key values mismatch").
    Mismatch,
    /// Another type: nginx starts, and every handshake fails.
    OtherType {
        /// The certificate's type.
        certificate: KeyType,
        /// The key's type.
        key: KeyType,
    },
    /// The key is encrypted, so its public half is not known.
    Encrypted,
    /// The key is of a kind that is not read here, or no key was found.
    CannotTell,
}

impl Pair {
    /// The word that reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch | Self::OtherType { .. } => "mismatch",
            Self::Encrypted => "encrypted",
            Self::CannotTell => "cannot-tell",
        }
    }
}

/// Compares the public keys of a certificate and a key file.
///
/// A server may have several certificates and keys of different types in any order, so a caller
/// decides what [`Pair::OtherType`] means there.
#[must_use]
pub fn pair(certificate: &Certificate, file: &KeyFile) -> Pair {
    let key = match &file.outcome {
        KeyOutcome::Found(key) => key,
        KeyOutcome::Encrypted { .. } => return Pair::Encrypted,
        KeyOutcome::Refused(_) => return Pair::CannotTell,
    };
    let certified = &certificate.public_key;
    let types = (certified.key_type(), key.key_type);
    if types.0 == KeyType::Other || types.1 == KeyType::Other {
        return Pair::CannotTell;
    }
    if types.0 != types.1 {
        return Pair::OtherType {
            certificate: types.0,
            key: types.1,
        };
    }
    match (certified, &key.public) {
        // DSA keys are not read.
        (PublicKey::Dsa, _) | (_, None) => Pair::CannotTell,
        (certified, Some(public)) if certified == public => Pair::Match,
        (PublicKey::Ec { curve: left, .. }, Some(PublicKey::Ec { curve: right, .. })) => {
            // Parameters that are written out may be those of a named curve.
            if left.coordinate_length().is_none() || right.coordinate_length().is_none() {
                Pair::CannotTell
            } else {
                Pair::Mismatch
            }
        }
        _ => Pair::Mismatch,
    }
}

/// Only the type: even a public half says more than a log needs.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("key_type", &self.key_type)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// The kind of key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    fn new(public: PublicKey) -> Self {
        Self {
            key_type: public.key_type(),
            public: Some(public),
        }
    }

    fn unknown(key_type: KeyType) -> Self {
        Self {
            key_type,
            public: None,
        }
    }

    /// Reads a PKCS #8 `PrivateKeyInfo`, which may carry the public half at its end.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let mut info = Reader::leading_sequence(der)?;
        info.expect(tag::INTEGER)?;
        let mut algorithm = Reader::new(info.expect(tag::SEQUENCE)?);
        let number = algorithm.expect(tag::OID)?;
        let private = info.expect(tag::OCTET_STRING)?;
        info.optional(tag::CONTEXT_0);
        let public = info.optional(0x81).and_then(|bits| bits.strip_prefix(&[0]));
        let key = match number {
            oid::RSA => Self::from_pkcs1(private, false)?,
            oid::RSA_PSS => Self::from_pkcs1(private, true)?,
            oid::EC => {
                let curve = Curve::from_parameters(algorithm.rest());
                Self::from_sec1(private, Some(curve))?
            }
            oid::ED25519 => {
                let seed = Reader::new(private).expect(tag::OCTET_STRING)?;
                let signing = ed25519_dalek::SigningKey::from_bytes(seed.try_into().ok()?);
                Self::new(PublicKey::Ed25519(
                    signing.verifying_key().to_bytes().into(),
                ))
            }
            oid::ED448 => match public {
                Some(point) => Self::new(PublicKey::Ed448(point.into())),
                None => Self::unknown(KeyType::Ed448),
            },
            oid::DSA => Self::unknown(KeyType::Dsa),
            _ => Self::unknown(KeyType::Other),
        };
        Some(key)
    }

    /// Reads a PKCS #1 `RSAPrivateKey`, which begins with version, modulus and exponent.
    pub(super) fn from_pkcs1(der: &[u8], pss: bool) -> Option<Self> {
        let mut key = Reader::leading_sequence(der)?;
        key.expect(tag::INTEGER)?;
        let modulus = key.positive()?.into();
        let exponent = key.positive()?.into();
        key.finish()?;
        Some(Self::new(PublicKey::Rsa {
            modulus,
            exponent,
            pss,
        }))
    }

    /// Reads a SEC 1 `ECPrivateKey`; the curve is in it or, in PKCS #8, outside of it.
    pub(super) fn from_sec1(der: &[u8], curve: Option<Curve>) -> Option<Self> {
        let mut key = Reader::leading_sequence(der)?;
        key.expect(tag::INTEGER)?;
        let scalar = key.expect(tag::OCTET_STRING)?;
        let parameters = key.optional(tag::CONTEXT_0);
        let curve = curve
            .or_else(|| parameters.map(Curve::from_parameters))
            .unwrap_or(Curve::Other);
        let point = match key.optional(tag::CONTEXT_1) {
            Some(bits) => Some(Reader::new(bits).bit_string()?.into()),
            None => public_point(curve, scalar),
        };
        key.finish()?;
        Some(match point {
            Some(point) => Self::new(PublicKey::ec(curve, &point)),
            None => Self::unknown(KeyType::Ecdsa),
        })
    }
}

/// Computes the public point of a private scalar on the curves that certificates have.
fn public_point(curve: Curve, scalar: &[u8]) -> Option<Box<[u8]>> {
    let length = curve.coordinate_length()?;
    // SEC 1 says full length; OpenSSL also reads shorter ones.
    let mut padded = zeroize::Zeroizing::new([0u8; 66]);
    let start = length.checked_sub(scalar.len())?;
    padded[start..length].copy_from_slice(scalar);
    let scalar = &padded[..length];
    let point = match curve {
        Curve::P256 => {
            use p256::elliptic_curve::sec1::ToEncodedPoint as _;
            let key = p256::SecretKey::from_slice(scalar).ok()?;
            key.public_key().to_encoded_point(true).as_bytes().into()
        }
        Curve::P384 => {
            use p384::elliptic_curve::sec1::ToEncodedPoint as _;
            let key = p384::SecretKey::from_slice(scalar).ok()?;
            key.public_key().to_encoded_point(true).as_bytes().into()
        }
        Curve::P521 => {
            use p521::elliptic_curve::sec1::ToEncodedPoint as _;
            let key = p521::SecretKey::from_slice(scalar).ok()?;
            key.public_key().to_encoded_point(true).as_bytes().into()
        }
        _ => return None,
    };
    Some(point)
}
