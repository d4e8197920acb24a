//! The presented names of a certificate: the usable entries of its subjectAltName, laid out for fast
//! questions, and the unusable ones with their reasons.

use std::net::IpAddr;

use super::presented::{self, Presented};
use super::{CoveredBy, InvalidReason};

/// The names of one certificate.
///
/// One certificate may be asked for ten thousand hosts, so names are kept as sorted slices and
/// found by binary search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SanSet {
    exact: Box<[Box<str>]>,
    /// The bases of wildcards: `example.com` of `*.example.com`.
    wildcards: Box<[Box<str>]>,
    addresses: Box<[IpAddr]>,
    unusable: Box<[UnusableEntry]>,
    common_names: Box<[Box<str>]>,
    has_dns: bool,
}

/// A subjectAltName entry that matches nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnusableEntry {
    /// The bytes of the entry, as the certificate has them.
    pub raw: Box<[u8]>,
    /// Why it matches nothing.
    pub reason: InvalidReason,
}

impl UnusableEntry {
    /// The entry for a message: text with odd bytes escaped, or the octets of an address in
    /// hexadecimal.
    #[must_use]
    pub fn text(&self) -> String {
        if self.reason == InvalidReason::AddressLength {
            let octets: Vec<String> = self
                .raw
                .iter()
                .map(|octet| format!("{octet:02x}"))
                .collect();
            return octets.join(":");
        }
        match str::from_utf8(&self.raw) {
            Ok(text) => text.chars().map(readable).collect(),
            Err(_) => self.raw.escape_ascii().to_string(),
        }
    }

    /// The clients that refuse the whole certificate because of this entry; mostly none.
    #[must_use]
    pub const fn refused_by(&self) -> &'static [&'static str] {
        self.reason.refused_by()
    }
}

/// One character, escaped when it would not be seen, or would change how the rest is seen.
fn readable(character: char) -> String {
    if character.is_ascii_graphic() || character == ' ' || character.is_alphanumeric() {
        character.to_string()
    } else {
        character.escape_default().to_string()
    }
}

impl SanSet {
    /// Sorts the entries of a certificate into usable and unusable ones.
    ///
    /// `dns` are the bytes of the dNSName entries, `addresses` the octets of the iPAddress
    /// entries, `common_names` the text of the subject's common names, which only hints look at.
    pub fn new<D, A, C>(
        dns: impl IntoIterator<Item = D>,
        addresses: impl IntoIterator<Item = A>,
        common_names: impl IntoIterator<Item = C>,
    ) -> Self
    where
        D: AsRef<[u8]>,
        A: AsRef<[u8]>,
        C: AsRef<[u8]>,
    {
        let mut exact = Vec::new();
        let mut wildcards = Vec::new();
        let mut octets = Vec::new();
        let mut unusable = Vec::new();
        let mut has_dns = false;
        for raw in dns {
            has_dns = true;
            match presented::read(raw.as_ref()) {
                Ok(Presented::Exact(name)) => exact.push(name),
                Ok(Presented::Wildcard(base)) => wildcards.push(base),
                Err(reason) => unusable.push(UnusableEntry {
                    raw: raw.as_ref().into(),
                    reason,
                }),
            }
        }
        for raw in addresses {
            match address_of(raw.as_ref()) {
                Some(address) => octets.push(address),
                None => unusable.push(UnusableEntry {
                    raw: raw.as_ref().into(),
                    reason: InvalidReason::AddressLength,
                }),
            }
        }
        let common_names = common_names
            .into_iter()
            .map(|name| String::from_utf8_lossy(name.as_ref()).into())
            .collect();
        Self {
            exact: sorted(exact),
            wildcards: sorted(wildcards),
            addresses: sorted(octets),
            unusable: sorted(unusable),
            common_names,
            has_dns,
        }
    }

    /// The usable entries as they are written, sorted: names, `*.base`, addresses.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.exact.iter().map(ToString::to_string).collect();
        names.extend(self.wildcards.iter().map(|base| format!("*.{base}")));
        names.extend(self.addresses.iter().map(ToString::to_string));
        names.sort_unstable();
        names
    }

    /// The entries that match nothing, sorted.
    #[must_use]
    pub fn unusable(&self) -> &[UnusableEntry] {
        &self.unusable
    }

    /// The host names among the usable entries, sorted.
    #[must_use]
    pub fn exact(&self) -> &[Box<str>] {
        &self.exact
    }

    /// The bases of the usable wildcards, sorted: `example.com` of `*.example.com`.
    #[must_use]
    pub fn wildcards(&self) -> &[Box<str>] {
        &self.wildcards
    }

    /// The addresses, sorted.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The common names of the subject. No client that follows RFC 9525 looks at them.
    #[must_use]
    pub fn common_names(&self) -> &[Box<str>] {
        &self.common_names
    }

    /// Whether the certificate has any dNSName, usable or not. Where it has none, some clients
    /// fall back to the common name.
    #[must_use]
    pub const fn has_dns(&self) -> bool {
        self.has_dns
    }

    /// Whether no entry is usable: no client that follows RFC 9525 accepts the certificate for
    /// anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty() && self.addresses.is_empty()
    }

    /// The entries that cover one host name: lower case, A-labels, no trailing dot.
    pub(super) fn covering(&self, host: &str) -> Option<CoveredBy> {
        if self.has_exact(host) {
            return Some(CoveredBy::Exact);
        }
        let (label, base) = host.split_once('.')?;
        (!label.is_empty() && self.has_wildcard(base)).then_some(CoveredBy::Wildcard)
    }

    pub(super) fn has_exact(&self, name: &str) -> bool {
        self.exact
            .binary_search_by(|entry| (**entry).cmp(name))
            .is_ok()
    }

    /// Whether `*.base` is there.
    pub(super) fn has_wildcard(&self, base: &str) -> bool {
        self.wildcards
            .binary_search_by(|entry| (**entry).cmp(base))
            .is_ok()
    }

    pub(super) fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.binary_search(&address).is_ok()
    }
}

fn address_of(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(octets).ok().map(IpAddr::from)
}

fn sorted<T: Ord>(mut entries: Vec<T>) -> Box<[T]> {
    entries.sort_unstable();
    entries.dedup();
    entries.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_stand_once() {
        let san = SanSet::new(
            [
                "www.example.com",
                "*.example.com",
                "WWW.example.com",
                "a.example.com",
            ],
            [&[192, 0, 2, 1][..], &[192, 0, 2, 1]],
            [""; 0],
        );
        assert_eq!(
            san.names(),
            [
                "*.example.com",
                "192.0.2.1",
                "a.example.com",
                "www.example.com"
            ]
        );
        assert!(!san.is_empty());
    }

    #[test]
    fn unusable_entries_say_what_breaks_for_whom() {
        let dns: [&[u8]; 4] = [b"caf\xe9.example", b"", b"example.com.", b"a\x1b[31m"];
        let san = SanSet::new(dns, [[10, 0, 0, 0, 1]], [""; 0]);
        assert!(san.is_empty());
        let said: Vec<_> = san
            .unusable()
            .iter()
            .map(|entry| {
                (
                    entry.text(),
                    entry.reason.as_str(),
                    entry.refused_by().len(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                (String::new(), "empty", 1),
                ("0a:00:00:00:01".to_owned(), "address-length", 3),
                ("a\\u{1b}[31m".to_owned(), "whitespace", 0),
                ("caf\\xe9.example".to_owned(), "non-ascii", 2),
                ("example.com.".to_owned(), "trailing-dot", 0),
            ]
        );
    }

    #[test]
    fn an_entry_of_another_kind_does_not_make_a_dns_name() {
        let san = SanSet::new([""; 0], [[192, 0, 2, 1]], ["www.example.com"]);
        assert!(!san.has_dns());
        assert!(!san.is_empty());
        assert_eq!(san.common_names(), ["www.example.com".into()]);
    }
}
