//! Why a file holds no usable certificate or key, in the words of a report, with the cure.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use text_span::Span;

use super::der::{Reader, tag};
use super::encryption::Encryption;
use super::pem::{Block, Malformed, MalformedKind, NearMiss, NearMissKind};

/// Why a file is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The block or bytes at fault; empty at 0 where the file as a whole is meant.
    pub at: Span,
    /// The fault.
    pub kind: RefusalKind,
    /// nginx refuses the file as well; otherwise it is only certlint that cannot read it.
    pub nginx_would_refuse: bool,
}

/// A fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// Base64 around the whole PEM text.
    Base64OfPem,
    /// A PEM block is malformed.
    Block(MalformedKind),
    /// Lines end in CR only.
    CarriageReturnsOnly,
    /// Certificates, where a private key is wanted.
    CertificateOnly,
    /// DER instead of PEM.
    Der {
        /// A private key, to all appearances.
        key: bool,
    },
    /// No bytes, or white space only.
    Empty,
    /// The block is encrypted, where a certificate is wanted.
    EncryptedBlock,
    /// The file as a whole is encrypted; another text is deployed.
    Encrypted(Encryption),
    /// `\n` as two characters instead of line ends.
    EscapedNewlines,
    /// Header lines, or a blank line, before the base64 of a block.
    HeaderLines,
    /// A private key, where a certificate is wanted.
    KeyOnly,
    /// Every BEGIN line is indented, misspelt or otherwise no BEGIN line.
    NearMiss(NearMissKind),
    /// The block is not a certificate.
    NotACertificate,
    /// The block is not a private key that can be read.
    NotAKey,
    /// No PEM block at all.
    NotPem,
    /// Blocks of another label only; the first label.
    OtherLabel(Box<str>),
    /// PKCS #12 (`.p12`, `.pfx`).
    Pkcs12,
    /// PKCS #7 (`.p7b`), in PEM or DER.
    Pkcs7 {
        /// The file is DER.
        der: bool,
    },
    /// More blocks than are read.
    TooManyBlocks,
    /// Bytes follow the certificate inside of its block.
    TrailingBytes,
    /// UTF-16 text.
    Utf16,
}

impl Refusal {
    /// A file that nginx refuses, too.
    pub(super) fn new(kind: RefusalKind, at: Span) -> Self {
        Self {
            at,
            kind,
            nginx_would_refuse: true,
        }
    }

    /// A file that only certlint cannot read.
    pub(super) fn limit(kind: RefusalKind, at: Span) -> Self {
        Self {
            nginx_would_refuse: false,
            ..Self::new(kind, at)
        }
    }

    /// A file that is encrypted as a whole.
    pub(super) fn encrypted(bytes: &[u8]) -> Option<Self> {
        let encryption = Encryption::of_file(bytes)?;
        let kind = RefusalKind::Encrypted(encryption);
        Some(Self::limit(kind, Span::new(0, 0)))
    }

    /// Says how the file is encrypted, if it is.
    #[must_use]
    pub fn encryption(&self) -> Option<Encryption> {
        match self.kind {
            RefusalKind::Encrypted(encryption) => Some(encryption),
            _ => None,
        }
    }

    /// A block with something before its base64.
    pub(super) fn header(block: &Block<'_>) -> Self {
        let kind = if memmem::find(block.header, b"ENCRYPTED").is_some() {
            RefusalKind::EncryptedBlock
        } else if memchr::memchr(b':', block.header).is_some() {
            RefusalKind::HeaderLines
        } else {
            RefusalKind::Block(MalformedKind::BlankLine)
        };
        Self::new(kind, block.at)
    }

    /// The cure for the file at `path`; `None` where the message says it all.
    #[must_use]
    pub fn help(&self, path: &str) -> Option<Cure> {
        let path = &shell_word(path);
        let text = match &self.kind {
            RefusalKind::Base64OfPem => {
                typed("decode it once", &format!("base64 -d {path} > {path}.pem"))
            }
            RefusalKind::Block(kind) => match kind {
                MalformedKind::Base64 => "replace the block: its base64 is damaged".into(),
                MalformedKind::Empty => "put the base64 text between BEGIN and END".into(),
                MalformedKind::Header => "remove the lines between BEGIN and the base64".into(),
                MalformedKind::BlankLine => "remove the blank lines between BEGIN and END".into(),
                MalformedKind::Glued => "put a line end between the END and the BEGIN line".into(),
                MalformedKind::WrongEnd => "give the END line the label of the BEGIN line".into(),
                MalformedKind::NoEnd => {
                    "the file is cut off: copy it again, with its END line".into()
                }
            },
            RefusalKind::CarriageReturnsOnly => typed(
                "end lines with LF",
                &format!("tr '\\r' '\\n' < {path} > {path}.pem"),
            ),
            RefusalKind::CertificateOnly => "name the file that holds the private key".into(),
            RefusalKind::Der { key } => {
                let command = if *key { "pkey" } else { "x509" };
                typed(
                    "convert it to PEM",
                    &format!("openssl {command} -inform der -in {path} -out {path}.pem"),
                )
            }
            RefusalKind::Encrypted(encryption) => typed("decrypt it", &encryption.cure(path)),
            RefusalKind::EscapedNewlines => typed(
                "write real line ends",
                &format!("printf '%b' \"$(cat {path})\" > {path}.pem"),
            ),
            RefusalKind::HeaderLines => "remove the lines between BEGIN and the base64".into(),
            RefusalKind::KeyOnly => "name the file that holds the certificate".into(),
            RefusalKind::NearMiss(NearMissKind::NotAtLineStart) => {
                "start every BEGIN and END line at the beginning of its line".into()
            }
            RefusalKind::NearMiss(NearMissKind::Spelling) => {
                "write `-----BEGIN CERTIFICATE-----`, with five dashes on each side".into()
            }
            RefusalKind::Pkcs12 => typed(
                "convert it to PEM (and the key with `-nocerts` for `-nokeys`)",
                &format!("openssl pkcs12 -in {path} -nokeys -out {path}.pem"),
            ),
            RefusalKind::Pkcs7 { der } => {
                let form = if *der { "-inform der " } else { "" };
                typed(
                    "convert it to PEM",
                    &format!("openssl pkcs7 -print_certs {form}-in {path} -out {path}.pem"),
                )
            }
            RefusalKind::TrailingBytes => typed(
                "write the certificate alone",
                &format!("openssl x509 -in {path} -out {path}.pem"),
            ),
            RefusalKind::Utf16 => typed(
                "write it as ASCII",
                &format!("iconv -f utf-16 -t ascii {path} > {path}.pem"),
            ),
            RefusalKind::Empty
            | RefusalKind::EncryptedBlock
            | RefusalKind::NearMiss(_)
            | RefusalKind::NotACertificate
            | RefusalKind::NotAKey
            | RefusalKind::NotPem
            | RefusalKind::OtherLabel(_)
            | RefusalKind::TooManyBlocks => return None,
        };
        Some(text)
    }
}

/// What to do about a file that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cure {
    /// What to do.
    pub what: &'static str,
    /// The command that does it.
    pub command: Option<String>,
}

fn typed(what: &'static str, command: &str) -> Cure {
    Cure {
        what,
        command: Some(command.to_owned()),
    }
}

impl From<&'static str> for Cure {
    fn from(what: &'static str) -> Self {
        Self {
            what,
            command: None,
        }
    }
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        match &self.command {
            Some(command) => write!(f, ": {command}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base64OfPem => "is base64 of a PEM file, not the PEM file itself",
            Self::Block(MalformedKind::Base64) => "has a block that is not valid base64",
            Self::Block(MalformedKind::BlankLine) => "has a blank line inside of a block",
            Self::Block(MalformedKind::Empty) => "has an empty block",
            Self::Block(MalformedKind::Glued) => "has an END and a BEGIN line glued into one line",
            Self::Block(MalformedKind::WrongEnd) => {
                "has a block whose END line does not match its BEGIN line"
            }
            Self::Block(MalformedKind::NoEnd) => "ends inside of a block",
            Self::CarriageReturnsOnly => "has lines that end in CR without LF",
            Self::CertificateOnly => "holds a certificate, and no private key",
            Self::Der { .. } => "is DER, not PEM",
            Self::Empty => "is empty",
            Self::EncryptedBlock => "has an encrypted block where a certificate should be",
            Self::Encrypted(_) => "is encrypted",
            Self::EscapedNewlines => "has `\\n` as two characters instead of line ends",
            Self::HeaderLines | Self::Block(MalformedKind::Header) => {
                "has header lines inside of a block"
            }
            Self::KeyOnly => "holds a private key, and no certificate",
            Self::NearMiss(NearMissKind::AfterNul) => "has a NUL byte before its first block",
            Self::NearMiss(NearMissKind::NotAtLineStart) => {
                "has BEGIN lines that do not start at the beginning of a line"
            }
            Self::NearMiss(NearMissKind::Spelling) => "has misspelt BEGIN lines",
            Self::NearMiss(NearMissKind::Swallowed) => "has a block without an END line",
            Self::NotACertificate => "has a block that is not a certificate",
            Self::NotAKey => "has a private key that cannot be read",
            Self::NotPem => "has no PEM block",
            Self::OtherLabel(label) => {
                return write!(
                    f,
                    "has a block `{label}`, and none of the kind that is needed"
                );
            }
            Self::Pkcs12 => "is PKCS #12, not PEM",
            Self::Pkcs7 { .. } => "is PKCS #7, which nginx does not read",
            Self::TooManyBlocks => "has more than 1000 PEM blocks",
            Self::TrailingBytes => "has bytes behind the certificate, inside of its block",
            Self::Utf16 => "is UTF-16 text",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::new(RefusalKind::Block(malformed.kind), malformed.at)
    }
}

/// A path as a shell takes it for one word.
fn shell_word(path: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-+=:,@".contains(character);
    if path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Why a file without any certificate block has none.
pub(super) fn without_certificate(
    bytes: &[u8],
    other_label: Option<(&[u8], Span)>,
    near_misses: &[NearMiss],
) -> Refusal {
    without(bytes, other_label, near_misses, |label| match label {
        b"PKCS7" | b"CMS" => RefusalKind::Pkcs7 { der: false },
        _ if label.ends_with(b"PRIVATE KEY") => RefusalKind::KeyOnly,
        _ => other(label),
    })
}

/// Why a file without any private key block has none.
pub(super) fn without_key(
    bytes: &[u8],
    other_label: Option<(&[u8], Span)>,
    near_misses: &[NearMiss],
) -> Refusal {
    without(bytes, other_label, near_misses, |label| match label {
        b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => {
            RefusalKind::CertificateOnly
        }
        _ => other(label),
    })
}

/// A BEGIN line that was meant says more than a block of another label.
fn without(
    bytes: &[u8],
    other_label: Option<(&[u8], Span)>,
    near_misses: &[NearMiss],
    kind: fn(&[u8]) -> RefusalKind,
) -> Refusal {
    match (other_label, near_misses.first()) {
        (None, _) => without_blocks(bytes, near_misses),
        (Some(_), Some(miss)) => Refusal::new(RefusalKind::NearMiss(miss.kind), miss.at),
        (Some((label, at)), None) => Refusal::new(kind(label), at),
    }
}

fn other(label: &[u8]) -> RefusalKind {
    let label = String::from_utf8_lossy(label);
    RefusalKind::OtherLabel(label.escape_debug().to_string().into())
}

/// Why a file has no block at all.
fn without_blocks(bytes: &[u8], near_misses: &[NearMiss]) -> Refusal {
    let whole = Span::new(0, 0);
    let has_marker = memmem::find(bytes, b"-----BEGIN ").is_some();
    let kind = if bytes.trim_ascii().is_empty() {
        RefusalKind::Empty
    } else if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        RefusalKind::Utf16
    } else if let Some(kind) = binary(bytes) {
        kind
    } else if has_marker && memmem::find(bytes, b"\\n").is_some() {
        RefusalKind::EscapedNewlines
    } else if has_marker && !bytes.contains(&b'\n') && bytes.contains(&b'\r') {
        RefusalKind::CarriageReturnsOnly
    } else if is_base64_of_pem(bytes) {
        RefusalKind::Base64OfPem
    } else if let Some(miss) = near_misses.first() {
        return Refusal::new(RefusalKind::NearMiss(miss.kind), miss.at);
    } else {
        RefusalKind::NotPem
    };
    Refusal::new(kind, whole)
}

/// The kind of DER that the file holds, if any.
fn binary(bytes: &[u8]) -> Option<RefusalKind> {
    const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let mut inside = Reader::new(Reader::new(bytes).expect(tag::SEQUENCE)?);
    let first = inside.element()?;
    let kind = match (first.tag, first.value) {
        (tag::OID, SIGNED_DATA) => RefusalKind::Pkcs7 { der: true },
        // The version of a PFX (RFC 7292, section 4).
        (tag::INTEGER, [3]) => RefusalKind::Pkcs12,
        (tag, _) => RefusalKind::Der {
            key: tag == tag::INTEGER,
        },
    };
    Some(kind)
}

/// Base64, in one line or many, of text that begins with a PEM block.
fn is_base64_of_pem(bytes: &[u8]) -> bool {
    // The first few lines are enough, and a multiple of four characters of them decodes.
    let mut symbols: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take(400)
        .collect();
    symbols.truncate(symbols.len() / 4 * 4);
    let decoded = STANDARD.decode(symbols).unwrap_or_default();
    memmem::find(&decoded, b"-----BEGIN ").is_some()
}
