//! The chain in a certificate file: order, gaps, strangers.
//!
//! nginx sends the certificates as the file has them and never completes or sorts them. All
//! answers come from names and key identifiers (RFC 5280, sections 4.1.2.4, 4.2.1.1 and 4.2.1.2);
//! no signature is computed.

use super::certificate::Certificate;

/// The order of the certificates in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainOrder {
    /// Each certificate issued one before it.
    InOrder,
    /// An authority comes first and the leaf later: nginx takes the authority for the leaf.
    LeafNotFirst {
        /// Index of the leaf.
        leaf: usize,
    },
    /// A certificate belongs to the chain, and comes before the one that it issued.
    Misordered {
        /// Its index.
        index: usize,
    },
    /// A certificate has nothing to do with the leaf.
    Unrelated {
        /// Its index.
        index: usize,
    },
}

/// The names of files that by custom hold the issuer of the certificate in a file: certbot's, those
/// of other ACME clients, and those that authorities send.
pub(crate) fn files_with_issuer(file: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    const WHOLE: [&str; 9] = [
        "fullchain.pem",
        "fullchain.cer",
        "fullchain.crt",
        "chain.pem",
        "chain.crt",
        "ca-bundle.crt",
        "intermediate.pem",
        "intermediate.crt",
        "ca.cer",
    ];
    const AFTER_STEM: [&str; 8] = [
        ".fullchain.pem",
        "-fullchain.pem",
        ".chain.pem",
        "-chain.pem",
        "-chain.crt",
        ".chain.crt",
        ".ca-bundle",
        ".issuer.crt",
    ];
    let stem = match memchr::memrchr(b'.', file) {
        Some(dot) => file[..dot].to_vec(),
        None => file.to_vec(),
    };
    let of_stem = AFTER_STEM.map(|ending| [stem.as_slice(), ending.as_bytes()].concat());
    let whole = WHOLE.map(|name| name.as_bytes().to_vec());
    whole.into_iter().chain(of_stem)
}

/// Judges the order of a file, leaf first. Duplicates are passed over.
///
/// Where several things are wrong, the first of [`ChainOrder`]'s order is given.
#[must_use]
pub fn order(certificates: &[Certificate]) -> ChainOrder {
    let Some(first) = certificates.first() else {
        return ChainOrder::InOrder;
    };
    if first.extensions.is_ca
        && let Some(leaf) = certificates
            .iter()
            .position(|other| !other.extensions.is_ca)
        && related(certificates, leaf)[0]
    {
        return ChainOrder::LeafNotFirst { leaf };
    }
    let related = related(certificates, 0);
    let stands_late = |index: usize| {
        let (before, rest) = certificates.split_at(index);
        before
            .iter()
            .any(|other| rest[0].issued(other) || rest[0].sha256 == other.sha256)
    };
    let later = || 1..certificates.len();
    if let Some(index) = later().find(|&index| related[index] && !stands_late(index)) {
        return ChainOrder::Misordered { index };
    }
    match later().find(|&index| !related[index]) {
        Some(index) => ChainOrder::Unrelated { index },
        None => ChainOrder::InOrder,
    }
}

/// True when the leaf is not self-signed and no certificate of the file issued it.
///
/// Whether that is a mistake depends: a root that clients know may issue leaves directly.
#[must_use]
pub fn lacks_issuer(certificates: &[Certificate]) -> bool {
    certificates.split_first().is_some_and(|(leaf, rest)| {
        !leaf.is_self_signed() && !rest.iter().any(|other| other.issued(leaf))
    })
}

/// Index of a root (a self-signed certificate after the leaf), which no client needs to be sent.
#[must_use]
pub fn included_root(certificates: &[Certificate]) -> Option<usize> {
    (1..certificates.len()).find(|&index| certificates[index].is_self_signed())
}

/// For each certificate, whether `leaf` leads to it through issuers in the file.
fn related(certificates: &[Certificate], leaf: usize) -> Vec<bool> {
    let mut related = vec![false; certificates.len()];
    let mut todo = vec![leaf];
    related[leaf] = true;
    while let Some(child) = todo.pop() {
        for (index, certificate) in certificates.iter().enumerate() {
            if !related[index] && certificate.issued(&certificates[child]) {
                related[index] = true;
                todo.push(index);
            }
        }
    }
    for (related, certificate) in related.iter_mut().zip(certificates) {
        *related |= certificate.sha256 == certificates[leaf].sha256;
    }
    related
}
