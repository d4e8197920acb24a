//! Name constraints: which names a CA above the leaf permits.
//!
//! RFC 5280 section 4.2.1.10, as clients extend it: a leading dot in a dNSName constraint means
//! "strictly below", and a wildcard must lie inside a permitted tree as a whole and may not touch
//! an excluded one. Every name of the certificate must pass, not only the one that is asked for.

use std::fmt;
use std::net::IpAddr;

use super::SanSet;
use super::label::check_labels;

/// The constraints of one CA, as far as they are about DNS names and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

/// One base of a GeneralSubtree, as the certificate has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawSubtree<'a> {
    /// The bytes of an iPAddress: an address and a mask.
    Address(&'a [u8]),
    /// The bytes of a dNSName.
    Dns(&'a [u8]),
}

/// Why a CA does not permit a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A name lies in an excluded tree.
    #[error("`{name}` is excluded by `{subtree}`")]
    Excluded {
        /// The name of the leaf.
        name: String,
        /// The constraint.
        subtree: String,
    },
    /// A constraint cannot be read, so clients refuse the chain.
    #[error("the constraint `{subtree}` is malformed")]
    Malformed {
        /// The constraint.
        subtree: String,
    },
    /// A name lies in no permitted tree.
    #[error("`{name}` is in no permitted tree")]
    NotPermitted {
        /// The name of the leaf.
        name: String,
    },
    /// An entry of the leaf cannot be read, so it cannot be told whether it is permitted.
    #[error("the entry `{name}` is malformed, and names are constrained")]
    UnreadableName {
        /// The entry of the leaf.
        name: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subtree {
    Address {
        network: IpAddr,
        prefix: u32,
    },
    /// Everything, `x` and below, or strictly below `x`.
    Dns {
        base: Box<str>,
        strictly_below: bool,
    },
    MalformedAddress(String),
    MalformedDns(String),
}

impl NameConstraints {
    /// Reads the constraints. What cannot be read is kept as such: it refuses every name of its
    /// kind.
    pub fn new<'a>(
        permitted: impl IntoIterator<Item = RawSubtree<'a>>,
        excluded: impl IntoIterator<Item = RawSubtree<'a>>,
    ) -> Self {
        Self {
            permitted: permitted.into_iter().map(Subtree::read).collect(),
            excluded: excluded.into_iter().map(Subtree::read).collect(),
        }
    }

    /// Whether every name of a leaf is permitted.
    ///
    /// # Errors
    /// The first name that is not, or the constraint that cannot be read.
    pub fn permits(&self, san: &SanSet) -> Result<(), Violation> {
        for name in san.exact() {
            self.check(Name::Exact(name))?;
        }
        for base in san.wildcards() {
            self.check(Name::Wildcard(base))?;
        }
        for &address in san.addresses() {
            self.check(Name::Address(address))?;
        }
        self.check_unusable(san)
    }

    fn check(&self, name: Name<'_>) -> Result<(), Violation> {
        for subtree in &self.excluded {
            if subtree.touches(name)? {
                return Err(Violation::Excluded {
                    name: name.to_string(),
                    subtree: subtree.to_string(),
                });
            }
        }
        let mut limited = false;
        for subtree in self.permitted.iter().filter(|subtree| subtree.is_for(name)) {
            limited = true;
            if subtree.contains(name)? {
                return Ok(());
            }
        }
        if limited {
            return Err(Violation::NotPermitted {
                name: name.to_string(),
            });
        }
        Ok(())
    }

    fn check_unusable(&self, san: &SanSet) -> Result<(), Violation> {
        let constrained = |entry: &super::UnusableEntry| {
            let is_address = entry.reason == super::InvalidReason::AddressLength;
            self.permitted
                .iter()
                .chain(&self.excluded)
                .any(|subtree| subtree.is_for_addresses() == is_address)
        };
        match san.unusable().iter().find(|entry| constrained(entry)) {
            Some(entry) => Err(Violation::UnreadableName { name: entry.text() }),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
enum Name<'a> {
    Address(IpAddr),
    Exact(&'a str),
    Wildcard(&'a str),
}

impl Subtree {
    fn read(raw: RawSubtree<'_>) -> Self {
        match raw {
            RawSubtree::Address(octets) => Self::read_address(octets).unwrap_or_else(|| {
                Self::MalformedAddress(octets.iter().map(|octet| format!("{octet:02x}")).collect())
            }),
            RawSubtree::Dns(bytes) => Self::read_dns(bytes)
                .unwrap_or_else(|| Self::MalformedDns(bytes.escape_ascii().to_string())),
        }
    }

    fn read_dns(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?.to_ascii_lowercase();
        let (base, strictly_below) = match text.strip_prefix('.') {
            Some(base) => (base, true),
            None => (text.as_str(), false),
        };
        if !text.is_empty() {
            check_labels(base).ok()?;
        }
        Some(Self::Dns {
            base: base.into(),
            strictly_below,
        })
    }

    fn read_address(octets: &[u8]) -> Option<Self> {
        let half = octets.len() / 2;
        let (address, mask) = octets.split_at(half);
        let network = match half {
            4 => IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
            16 => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
            _ => return None,
        };
        if mask.len() != half {
            return None;
        }
        let ones: u32 = mask.iter().map(|octet| octet.leading_ones()).sum();
        let all: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
        let first_zero = mask.iter().position(|&octet| octet != 0xff).unwrap_or(half);
        let is_prefix = ones == all && mask.iter().skip(first_zero + 1).all(|&octet| octet == 0);
        is_prefix.then_some(Self::Address {
            network,
            prefix: ones,
        })
    }

    const fn is_for_addresses(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::MalformedAddress(_))
    }

    const fn is_for(&self, name: Name<'_>) -> bool {
        matches!(name, Name::Address(_)) == self.is_for_addresses()
    }

    fn malformed(&self) -> Violation {
        Violation::Malformed {
            subtree: self.to_string(),
        }
    }

    /// Whether a name lies inside the tree as a whole.
    fn contains(&self, name: Name<'_>) -> Result<bool, Violation> {
        match (self, name) {
            (Self::Address { network, prefix }, Name::Address(address)) => {
                Ok(is_inside(*network, *prefix, address))
            }
            (
                Self::Dns {
                    base,
                    strictly_below,
                },
                Name::Exact(name),
            ) => Ok(is_at_or_below(name, base, *strictly_below)),
            // What is below the base of the wildcard is below whatever holds the base.
            (Self::Dns { base, .. }, Name::Wildcard(name)) => Ok(is_at_or_below(name, base, false)),
            (Self::MalformedAddress(_), Name::Address(_)) => Err(self.malformed()),
            (Self::MalformedDns(_), Name::Exact(_) | Name::Wildcard(_)) => Err(self.malformed()),
            _ => Ok(false),
        }
    }

    /// Whether any host of a name lies inside the tree.
    fn touches(&self, name: Name<'_>) -> Result<bool, Violation> {
        if self.contains(name)? {
            return Ok(true);
        }
        let (
            Self::Dns {
                base,
                strictly_below: false,
            },
            Name::Wildcard(parent),
        ) = (self, name)
        else {
            return Ok(false);
        };
        Ok(base.split_once('.').is_some_and(|(_, rest)| rest == parent))
    }
}

fn is_at_or_below(name: &str, base: &str, strictly: bool) -> bool {
    if base.is_empty() {
        return true;
    }
    match name.strip_suffix(base) {
        Some("") => !strictly,
        Some(front) => front.ends_with('.'),
        None => false,
    }
}

fn is_inside(network: IpAddr, prefix: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { network, prefix } => write!(f, "{network}/{prefix}"),
            Self::Dns {
                base,
                strictly_below: true,
            } => write!(f, ".{base}"),
            Self::Dns { base, .. } => f.write_str(base),
            Self::MalformedAddress(text) | Self::MalformedDns(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Exact(name) => f.write_str(name),
            Self::Wildcard(base) => write!(f, "*.{base}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(permitted: &[&str], excluded: &[&str], names: &[&str]) -> Result<(), String> {
        let dns = |list: &[&str]| -> Vec<Vec<u8>> {
            list.iter().map(|name| name.as_bytes().to_vec()).collect()
        };
        let (permitted, excluded) = (dns(permitted), dns(excluded));
        NameConstraints::new(
            permitted.iter().map(|name| RawSubtree::Dns(name)),
            excluded.iter().map(|name| RawSubtree::Dns(name)),
        )
        .permits(&SanSet::new(names, [[0_u8; 0]; 0], [""; 0]))
        .map_err(|violation| violation.to_string())
    }

    #[test]
    fn every_name_must_lie_in_a_permitted_tree() {
        assert_eq!(
            verdict(&["a.test"], &[], &["a.test", "x.a.test", "*.a.test"]),
            Ok(())
        );
        assert_eq!(
            verdict(&["a.test"], &[], &["a.test", "b.test"]),
            Err("`b.test` is in no permitted tree".to_owned())
        );
        assert!(verdict(&["a.test"], &[], &["xa.test"]).is_err());
        assert_eq!(verdict(&["b.test", "A.TEST"], &[], &["a.test"]), Ok(()));
    }

    #[test]
    fn a_leading_dot_means_strictly_below() {
        assert_eq!(
            verdict(&[".a.test"], &[], &["x.a.test", "*.a.test", "x.y.a.test"]),
            Ok(())
        );
        assert!(verdict(&[".a.test"], &[], &["a.test"]).is_err());
    }

    #[test]
    fn a_wildcard_may_not_touch_an_excluded_tree() {
        assert_eq!(
            verdict(&[], &["bad.a.test"], &["*.a.test"]),
            Err("`*.a.test` is excluded by `bad.a.test`".to_owned())
        );
        assert_eq!(verdict(&[], &["very.bad.a.test"], &["*.a.test"]), Ok(()));
        assert_eq!(verdict(&[], &["bad.a.test"], &["ok.a.test"]), Ok(()));
        assert!(verdict(&[], &[".a.test"], &["*.a.test"]).is_err());
    }

    #[test]
    fn an_empty_constraint_is_every_name() {
        assert_eq!(verdict(&[""], &[], &["a.test"]), Ok(()));
        assert!(verdict(&[], &[""], &["a.test"]).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_refused_where_its_kind_is_constrained() {
        for broken in ["a.test.", "*.a.test", "a..test", "."] {
            assert_eq!(
                verdict(&[broken], &[], &["a.test"]),
                Err(format!("the constraint `{broken}` is malformed"))
            );
        }
        assert_eq!(
            verdict(&["a.test"], &[], &["a.test", "a.test."]),
            Err("the entry `a.test.` is malformed, and names are constrained".to_owned())
        );
        assert_eq!(verdict(&[], &[], &["a.test."]), Ok(()));
    }

    #[test]
    fn addresses_lie_in_a_network_of_their_own_family() {
        let v4 = |mask: [u8; 4]| [&[10, 1, 0, 0], &mask[..]].concat();
        let permits = |octets: &[u8], address: &[u8]| {
            NameConstraints::new([RawSubtree::Address(octets)], [])
                .permits(&SanSet::new([""; 0], [address], [""; 0]))
                .is_ok()
        };
        assert!(permits(&v4([255, 255, 0, 0]), &[10, 1, 9, 9]));
        assert!(!permits(&v4([255, 255, 0, 0]), &[10, 2, 9, 9]));
        assert!(permits(&v4([0, 0, 0, 0]), &[192, 0, 2, 1]));
        assert!(permits(&v4([255, 255, 255, 255]), &[10, 1, 0, 0]));
        assert!(!permits(&v4([255, 255, 255, 255]), &[10, 1, 0, 1]));
        assert!(
            !permits(&v4([255, 0, 255, 0]), &[10, 1, 0, 0]),
            "not a prefix"
        );
        assert!(
            !permits(&v4([254, 1, 0, 0]), &[10, 1, 0, 0]),
            "not a prefix"
        );
        assert!(!permits(&[10, 1, 0, 0], &[10, 1, 0, 0]), "no mask");
        assert!(!permits(&v4([0, 0, 0, 0]), &[0; 16]), "another family");
        assert!(permits(&[0; 32], &[1; 16]));
    }
}
