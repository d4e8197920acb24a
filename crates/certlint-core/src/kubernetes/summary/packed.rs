//! The names of a certificate and the version of its Secret, in one piece of memory.
//!
//! Each entry is a letter for its kind, two bytes of length and the bytes as the certificate has
//! them, so that unpacking them judges them anew, with the same result.

use std::net::IpAddr;

use crate::name::{InvalidReason, SanSet};

const DNS: u8 = b'D';
const ADDRESS: u8 = b'A';
const COMMON_NAME: u8 = b'C';
const VERSION: u8 = b'V';

pub(super) fn pack(names: Option<&SanSet>, version: &str) -> Box<[u8]> {
    let mut packed = Vec::new();
    let mut push = |kind: u8, bytes: &[u8]| {
        // A longer entry is no name, and is none either when it is cut.
        let bytes = &bytes[..bytes.len().min(usize::from(u16::MAX))];
        packed.push(kind);
        packed.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
        packed.extend(bytes);
    };
    push(VERSION, version.as_bytes());
    let none = SanSet::default();
    let names = names.unwrap_or(&none);
    for name in names.exact() {
        push(DNS, name.as_bytes());
    }
    for base in names.wildcards() {
        push(DNS, format!("*.{base}").as_bytes());
    }
    for address in names.addresses() {
        match address {
            IpAddr::V4(address) => push(ADDRESS, &address.octets()),
            IpAddr::V6(address) => push(ADDRESS, &address.octets()),
        }
    }
    for entry in names.unusable() {
        match entry.reason {
            InvalidReason::AddressLength => push(ADDRESS, &entry.raw),
            _ => push(DNS, &entry.raw),
        }
    }
    for name in names.common_names() {
        push(COMMON_NAME, name.as_bytes());
    }
    packed.into()
}

/// The names of the certificate.
pub(super) fn names(packed: &[u8]) -> SanSet {
    let of =
        |kind: u8| entries(packed).filter_map(move |(own, bytes)| (own == kind).then_some(bytes));
    SanSet::new(of(DNS), of(ADDRESS), of(COMMON_NAME))
}

/// The version of the Secret.
pub(super) fn version(packed: &[u8]) -> &str {
    let mut entries = entries(packed);
    let version = entries.find(|(kind, _)| *kind == VERSION);
    version.map_or("", |(_, bytes)| str::from_utf8(bytes).unwrap_or_default())
}

fn entries(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let [kind, high, low, behind @ ..] = rest else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (bytes, behind) = behind.split_at_checked(length)?;
        rest = behind;
        Some((*kind, bytes))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_the_same_after_packing(
            dns in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..4),
            hosts in proptest::collection::vec("(\\*\\.)?[a-z]{1,3}\\.[a-zA-Z]{2,3}\\.?", 0..4),
            addresses in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..17), 0..3),
            common_names in proptest::collection::vec(".{0,8}", 0..3),
        ) {
            let dns = dns.into_iter().chain(hosts.into_iter().map(String::into_bytes));
            let san = SanSet::new(dns, addresses, common_names);
            let packed = pack(Some(&san), "17");
            prop_assert_eq!(names(&packed), san);
            prop_assert_eq!(version(&packed), "17");
        }
    }
}
