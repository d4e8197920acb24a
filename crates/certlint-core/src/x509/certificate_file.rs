//! A file as nginx loads it for `ssl_certificate`.
//!
//! The first certificate is the leaf, all others are sent after it in file order, and one bad
//! block refuses the whole file (nginx manual, ngx_http_ssl_module, `ssl_certificate`; details
//! measured on nginx 1.22.1 and 1.31.5).

use std::fmt;

use memchr::memmem;
use text_span::Span;

use super::certificate::Certificate;
use super::chain::{ChainOrder, order};
use super::der::{Reader, tag};
use super::pem::{self, Block, NearMissKind};
use super::refusal::{self, Refusal, RefusalKind};

/// The certificates of a file, or why there are none.
#[derive(Clone, Debug, Default)]
pub struct CertificateFile {
    /// The leaf first, then the rest in file order. With `refused`, what was read until then.
    pub certificates: Vec<Certificate>,
    /// Why the file is not used.
    pub refused: Option<Refusal>,
    /// Oddities that nginx reads in another way than meant; also for files that are refused.
    pub oddities: Vec<Oddity>,
    /// A private key is in the file, or may be: its text must not be shown.
    pub may_hold_key: bool,
}

/// Something that nginx reads without complaint, though not as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The line or block.
    pub at: Span,
    /// Its kind.
    pub kind: OddityKind,
}

/// An oddity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddityKind {
    /// A UTF-8 byte order mark; nginx skips it, several other readers lose the certificate after it.
    ByteOrderMark,
    /// Label `X509 CERTIFICATE`; other readers skip such a block.
    OldLabel,
    /// A line that was meant to begin a block and does not, so that the block is skipped.
    Skipped(NearMissKind),
    /// Bytes after the certificate inside its block; nginx ignores them after the leaf only.
    TrailingBytes,
    /// Label `TRUSTED CERTIFICATE` on the leaf; other readers skip such a block.
    TrustedLabel,
    /// Label `TRUSTED CERTIFICATE` after the leaf, which nginx skips.
    TrustedLabelInChain,
}

impl OddityKind {
    /// The certificate that is meant is not the one that is used: nginx skips or cuts something.
    #[must_use]
    pub fn changes_what_is_served(self) -> bool {
        matches!(self, Self::Skipped(_) | Self::TrustedLabelInChain)
    }
}

impl fmt::Display for OddityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByteOrderMark => {
                "a byte order mark stands before the first block; nginx skips it, other programs skip the certificate"
            }
            Self::OldLabel => {
                "label `X509 CERTIFICATE`; nginx reads it, other programs skip the block"
            }
            Self::Skipped(NearMissKind::AfterNul) => {
                "nginx stops reading at a NUL byte and skips the blocks after it"
            }
            Self::Skipped(NearMissKind::NotAtLineStart) => {
                "the BEGIN line does not start at the beginning of a line, so nginx skips the block"
            }
            Self::Skipped(NearMissKind::Spelling) => {
                "the BEGIN line is misspelt, so nginx skips the block"
            }
            Self::Skipped(NearMissKind::Swallowed) => {
                "the block before has no END line of its own, so nginx skips this block"
            }
            Self::TrailingBytes => "bytes follow the certificate inside of its block; nginx ignores them",
            Self::TrustedLabel => {
                "label `TRUSTED CERTIFICATE`; nginx reads it, other programs skip the block"
            }
            Self::TrustedLabelInChain => {
                "label `TRUSTED CERTIFICATE` after the first certificate, so nginx skips the block"
            }
        })
    }
}

/// Reads a file as nginx does for `ssl_certificate`.
#[must_use]
pub fn read_certificates(bytes: &[u8]) -> CertificateFile {
    let mut file = CertificateFile {
        certificates: Vec::new(),
        refused: None,
        oddities: Vec::new(),
        may_hold_key: memmem::find(bytes, b"PRIVATE KEY").is_some(),
    };
    file.refused = Refusal::encrypted(bytes);
    if file.refused.is_some() {
        return file;
    }
    let mut blocks = pem::scan(bytes);
    let mut other_label = None;
    for block in &mut blocks {
        let read = match block {
            Ok(block) if block.is_certificate() => file.add(&block),
            Ok(block) => {
                other_label.get_or_insert((block.label, block.at));
                Ok(())
            }
            Err(malformed) => Err(malformed.into()),
        };
        if let Err(refusal) = read {
            file.refused = Some(refusal);
            break;
        }
    }
    if file.refused.is_none() && blocks.is_cut_off() {
        file.refused = Some(Refusal::limit(RefusalKind::TooManyBlocks, Span::new(0, 0)));
    }
    if file.refused.is_none() && file.certificates.is_empty() {
        file.may_hold_key |= other_label.is_none();
        file.refused = Some(refusal::without_certificate(
            bytes,
            other_label,
            blocks.near_misses(),
        ));
    }
    for miss in blocks.near_misses() {
        file.oddities.push(Oddity {
            at: miss.at,
            kind: OddityKind::Skipped(miss.kind),
        });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        file.oddities.push(Oddity {
            at: Span::new(0, 3),
            kind: OddityKind::ByteOrderMark,
        });
    }
    file.oddities.sort_by_key(|oddity| oddity.at.start);
    file
}

impl CertificateFile {
    /// The first certificate is the one that was meant to be: no block before it is skipped, and it
    /// is no authority that should come later.
    #[must_use]
    pub fn is_leaf_meant(&self) -> bool {
        let Some(leaf) = self.certificates.first() else {
            return false;
        };
        let is_skip = |odd: &Oddity| odd.kind.changes_what_is_served();
        let mut skipped = self.oddities.iter().filter(|odd| is_skip(odd));
        !skipped.any(|odd| odd.at.start < leaf.at.start)
            && !matches!(order(&self.certificates), ChainOrder::LeafNotFirst { .. })
    }

    /// Adds the certificate of a block, or gives the reason for which the file is refused.
    fn add(&mut self, block: &Block<'_>) -> Result<(), Refusal> {
        let is_leaf = self.certificates.is_empty();
        let trusted = block.label == b"TRUSTED CERTIFICATE";
        if trusted && !is_leaf {
            self.note(block, OddityKind::TrustedLabelInChain);
            return Ok(());
        }
        if !block.header.is_empty() {
            return Err(Refusal::header(block));
        }
        let Some((certificate, length)) = Certificate::read(&block.der, block.at) else {
            // OpenSSL also reads encodings that are not DER; what is one whole element may be such.
            let is_element = Reader::sequence(&block.der).is_some();
            let kind = RefusalKind::NotACertificate;
            return Err(if is_element {
                Refusal::limit(kind, block.at)
            } else {
                Refusal::new(kind, block.at)
            });
        };
        let rest = &block.der[length..];
        if is_leaf && !rest.is_empty() && !is_trust_data(rest) {
            return Err(Refusal::new(RefusalKind::TrailingBytes, block.at));
        }
        match block.label {
            b"X509 CERTIFICATE" => self.note(block, OddityKind::OldLabel),
            b"TRUSTED CERTIFICATE" => self.note(block, OddityKind::TrustedLabel),
            _ if !rest.is_empty() => self.note(block, OddityKind::TrailingBytes),
            _ => {}
        }
        self.certificates.push(certificate);
        Ok(())
    }

    fn note(&mut self, block: &Block<'_>, kind: OddityKind) {
        self.oddities.push(Oddity { at: block.at, kind });
    }
}

/// OpenSSL's trust settings, which it writes after a trusted certificate: a sequence of optional
/// parts in a fixed order. It reads them after any leaf, whatever the label is.
fn is_trust_data(bytes: &[u8]) -> bool {
    let Some(settings) = Reader::new(bytes).expect(tag::SEQUENCE) else {
        return false;
    };
    let mut parts = Reader::new(settings);
    for part in [
        tag::SEQUENCE,
        tag::CONTEXT_0,
        tag::UTF8_STRING,
        tag::OCTET_STRING,
        tag::CONTEXT_1,
    ] {
        parts.optional(part);
    }
    parts.is_empty()
}
