//! Judgements about a leaf that need to know X.509: validity, key strength, fitness for a server.
//!
//! Each answers with an enum, without levels or words; the rules have those.

use super::certificate::Certificate;
use super::extensions::EXTENDED_KEY_USAGE;
use super::public_key::{Curve, PublicKey};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Where a moment lies in the validity of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The end is past.
    Expired {
        /// Seconds since then.
        ago: i64,
    },
    /// The end is so near that renewal has failed, to all appearances.
    Imminent {
        /// Seconds until then.
        left: i64,
    },
    /// The beginning is to come.
    NotYetValid {
        /// Seconds until then.
        starts_in: i64,
    },
    /// The end is so near that a renewal by the usual programs should have happened.
    Soon {
        /// Seconds until then.
        left: i64,
    },
    /// Neither.
    Valid,
}

/// Judges the validity at `now`, in Unix time.
///
/// cert-manager renews when a third of the lifetime is left; certbot too, or at half of it for
/// lifetimes below ten days. Less than that, and at most 30 days, is [`Expiry::Soon`]; less than a
/// tenth (at least a day, at most seven days) is [`Expiry::Imminent`].
#[must_use]
pub fn expiry(certificate: &Certificate, now: i64) -> Expiry {
    expiry_between(certificate.not_before, certificate.not_after, now)
}

fn expiry_between(not_before: i64, not_after: i64, now: i64) -> Expiry {
    if now > not_after {
        return Expiry::Expired {
            ago: now - not_after,
        };
    }
    if now < not_before {
        return Expiry::NotYetValid {
            starts_in: not_before - now,
        };
    }
    let lifetime = not_after - not_before;
    let left = not_after - now;
    let share = if lifetime < 10 * DAY { 2 } else { 3 };
    let soon = (lifetime / share).min(30 * DAY);
    // A certificate of hours must not be in danger from its first second on.
    let imminent = (lifetime / 10).clamp(DAY, 7 * DAY).min(soon);
    if left < imminent {
        Expiry::Imminent { left }
    } else if left < soon {
        Expiry::Soon { left }
    } else {
        Expiry::Valid
    }
}

/// Why a key is weak, or refused by clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWeakness {
    /// Below 2048 bits: nginx with OpenSSL's security level 2 (Debian) refuses to load it.
    RsaTooSmall {
        /// Size of the modulus in bits.
        bits: usize,
    },
    /// The public exponent is even, or below 3 (TLS BR 6.1.6).
    RsaExponentInvalid,
    /// No client accepts DSA.
    Dsa,
    /// A curve that browsers do not have.
    Curve(Curve),
    /// The size is not a multiple of 8 bits (TLS BR 6.1.5).
    RsaOddSize {
        /// Size of the modulus in bits.
        bits: usize,
    },
    /// The public exponent is below 65537 (TLS BR 6.1.6).
    RsaExponentSmall,
    /// P-521, which part of the clients cannot verify.
    P521,
    /// Ed25519 or Ed448: not allowed to public authorities (TLS BR 6.1.5).
    Edwards,
    /// An RSA-PSS key: not allowed to public authorities (TLS BR 7.1.3.1).
    RsaPss,
}

impl KeyWeakness {
    /// Clients (or nginx) refuse it; otherwise only some do.
    #[must_use]
    pub fn is_refused(self) -> bool {
        matches!(
            self,
            Self::RsaTooSmall { .. } | Self::RsaExponentInvalid | Self::Dsa | Self::Curve(_)
        )
    }
}

/// The worst thing about the key, if any.
#[must_use]
pub fn key_weakness(certificate: &Certificate) -> Option<KeyWeakness> {
    let key = &certificate.public_key;
    match key {
        PublicKey::Dsa => Some(KeyWeakness::Dsa),
        PublicKey::Ec { curve, .. } => match curve {
            Curve::P256 | Curve::P384 => None,
            Curve::P521 => Some(KeyWeakness::P521),
            _ => Some(KeyWeakness::Curve(*curve)),
        },
        PublicKey::Ed25519(_) | PublicKey::Ed448(_) => Some(KeyWeakness::Edwards),
        PublicKey::Other => None,
        PublicKey::Rsa { exponent, pss, .. } => {
            let bits = key.bits();
            let even = exponent.last().is_none_or(|byte| byte % 2 == 0);
            if bits < 2048 {
                Some(KeyWeakness::RsaTooSmall { bits })
            } else if even || **exponent == [1] {
                Some(KeyWeakness::RsaExponentInvalid)
            } else if !bits.is_multiple_of(8) {
                Some(KeyWeakness::RsaOddSize { bits })
            } else if exponent.len() < 3 {
                Some(KeyWeakness::RsaExponentSmall)
            } else {
                pss.then_some(KeyWeakness::RsaPss)
            }
        }
    }
}

/// Why clients may refuse a leaf as a server's certificate, whatever its names are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFault {
    /// An extended key usage without serverAuth.
    NoServerAuth {
        /// It has `anyExtendedKeyUsage`, which some clients accept in its place.
        any: bool,
    },
    /// Version 1, without extensions: Go and rustls refuse.
    Version1,
    /// A critical extension that clients do not know; its number.
    UnknownCritical(Box<str>),
    /// An extension is there twice; its number.
    DuplicateExtension(Box<str>),
    /// An extension cannot be read; its number.
    UnreadableExtension(Box<str>),
    /// An empty subject, and a subjectAltName that is not critical (RFC 5280, section 4.2.1.6).
    EmptySubject,
    /// A certificate of an authority: Firefox and rustls refuse it as a server's.
    Authority,
    /// A key usage without digitalSignature: ECDHE handshakes fail in strict clients.
    NoDigitalSignature,
    /// No extended key usage at all: Apple's clients refuse, others do not.
    NoExtendedKeyUsage,
}

impl ServerFault {
    /// Most clients refuse; otherwise some do.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !matches!(
            self,
            Self::Authority | Self::NoDigitalSignature | Self::NoExtendedKeyUsage
        )
    }
}

/// All faults of a leaf, the worst first.
#[must_use]
pub fn server_faults(leaf: &Certificate) -> Vec<ServerFault> {
    let facts = &leaf.extensions;
    let mut faults = Vec::new();
    match facts.extended_key_usage {
        Some(usage) if !usage.server_auth => {
            faults.push(ServerFault::NoServerAuth { any: usage.any })
        }
        _ => {}
    }
    if leaf.is_v1 {
        faults.push(ServerFault::Version1);
    }
    faults.extend(
        facts
            .unknown_critical
            .iter()
            .cloned()
            .map(ServerFault::UnknownCritical),
    );
    faults.extend(
        facts
            .duplicate
            .iter()
            .cloned()
            .map(ServerFault::DuplicateExtension),
    );
    faults.extend(
        facts
            .unreadable
            .iter()
            .cloned()
            .map(ServerFault::UnreadableExtension),
    );
    if leaf.has_empty_subject() && facts.has_san && !facts.san_is_critical {
        faults.push(ServerFault::EmptySubject);
    }
    if facts.is_ca {
        faults.push(ServerFault::Authority);
    }
    if facts
        .key_usage
        .is_some_and(|usage| !usage.digital_signature)
    {
        faults.push(ServerFault::NoDigitalSignature);
    }
    let is_unreadable = facts
        .unreadable
        .iter()
        .any(|number| &**number == EXTENDED_KEY_USAGE);
    if facts.extended_key_usage.is_none() && !is_unreadable && !leaf.is_v1 {
        faults.push(ServerFault::NoExtendedKeyUsage);
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_goes_by_the_lifetime() {
        let soon = |left| Expiry::Soon { left };
        let imminent = |left| Expiry::Imminent { left };
        for (lifetime, left, expected) in [
            (365 * DAY, 31 * DAY, Expiry::Valid),
            (365 * DAY, 30 * DAY, Expiry::Valid),
            (365 * DAY, 30 * DAY - 1, soon(30 * DAY - 1)),
            (365 * DAY, 7 * DAY, soon(7 * DAY)),
            (365 * DAY, 7 * DAY - 1, imminent(7 * DAY - 1)),
            (90 * DAY, 30 * DAY, Expiry::Valid),
            (90 * DAY, 29 * DAY, soon(29 * DAY)),
            (45 * DAY, 15 * DAY, Expiry::Valid),
            (45 * DAY, 14 * DAY, soon(14 * DAY)),
            (45 * DAY, 4 * DAY, imminent(4 * DAY)),
            (6 * DAY, 3 * DAY, Expiry::Valid),
            (6 * DAY, 3 * DAY - 1, soon(3 * DAY - 1)),
            (6 * DAY, DAY - 1, imminent(DAY - 1)),
            (DAY, 13 * HOUR, Expiry::Valid),
            (DAY, 11 * HOUR, imminent(11 * HOUR)),
            (90 * DAY, 0, imminent(0)),
            (90 * DAY, -1, Expiry::Expired { ago: 1 }),
        ] {
            let answer = expiry_between(0, lifetime, lifetime - left);
            assert_eq!(answer, expected, "{lifetime} {left}");
        }
        assert_eq!(
            expiry_between(10, 20, 9),
            Expiry::NotYetValid { starts_in: 1 }
        );
    }

    #[test]
    fn absurd_dates_do_not_overflow() {
        assert!(matches!(
            expiry_between(i64::from(i32::MAX), -1, 0),
            Expiry::Expired { .. }
        ));
        // The largest year of a GeneralizedTime.
        assert_eq!(expiry_between(0, 253_402_300_799, 5), Expiry::Valid);
    }
}
