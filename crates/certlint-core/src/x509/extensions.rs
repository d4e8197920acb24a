//! The extensions of a certificate (RFC 5280, section 4.2) that decide what it is good for.
//!
//! Each is read by itself: one that is unreadable or doubled is noted by its number, and the
//! others still count.

use x509_parser::extensions::X509Extension;

use super::der::{Reader, oid_text, tag};

/// The extensions of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// `cA` of the basic constraints.
    pub is_ca: bool,
    /// The key usage; `None` without the extension, which allows every use.
    pub key_usage: Option<KeyUsage>,
    /// The extended key usage; `None` without the extension, which allows every use.
    pub extended_key_usage: Option<ExtendedKeyUsage>,
    /// The identifier of the key that signed this certificate.
    pub authority_key_id: Option<Box<[u8]>>,
    /// The identifier of the key that this certificate is for.
    pub subject_key_id: Option<Box<[u8]>>,
    /// A subjectAltName is there.
    pub has_san: bool,
    /// The subjectAltName is critical.
    pub san_is_critical: bool,
    /// A list of signed certificate timestamps is there.
    pub has_sct_list: bool,
    /// A certificate policy of the CA/Browser Forum is there.
    pub has_public_policy: bool,
    /// Numbers of critical extensions that clients do not know, and so refuse.
    pub unknown_critical: Vec<Box<str>>,
    /// Numbers of extensions that are there more than once.
    pub duplicate: Vec<Box<str>>,
    /// Numbers of extensions whose value cannot be read.
    pub unreadable: Vec<Box<str>>,
}

/// The bits of the key usage that matter to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// Signing handshakes: every TLS 1.3 and ECDHE handshake.
    pub digital_signature: bool,
    /// Encrypting keys: the old RSA key exchange.
    pub key_encipherment: bool,
    /// Signing certificates.
    pub key_cert_sign: bool,
}

/// The purposes that matter to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtendedKeyUsage {
    /// TLS servers.
    pub server_auth: bool,
    /// TLS clients.
    pub client_auth: bool,
    /// `anyExtendedKeyUsage`.
    pub any: bool,
}

/// The raw entries of a subjectAltName that names are made of.
#[derive(Default)]
pub(super) struct San<'a> {
    pub(super) dns: Vec<&'a [u8]>,
    pub(super) addresses: Vec<&'a [u8]>,
}

/// Number of the subjectAltName, as in [`Extensions::unreadable`].
pub const SAN: &str = "2.5.29.17";
/// Number of the extended key usage, as there.
pub(super) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";

impl Extensions {
    /// Reads all extensions; of a doubled one, the first counts.
    pub(super) fn read<'a>(list: &[X509Extension<'a>]) -> (Self, San<'a>) {
        let mut facts = Self::default();
        let mut san = San::default();
        let mut numbers: Vec<&[u8]> = Vec::with_capacity(list.len());
        for extension in list {
            let number = extension.oid.as_bytes();
            if numbers.contains(&number) {
                facts.duplicate.push(oid_text(number).into());
                continue;
            }
            // A certificate has about ten; an absurd one must not take quadratic time.
            if numbers.len() < 100 {
                numbers.push(number);
            }
            if facts.read_one(number, extension, &mut san).is_none() {
                facts.unreadable.push(oid_text(number).into());
            }
            if extension.critical && !is_known(number) {
                facts.unknown_critical.push(oid_text(number).into());
            }
        }
        (facts, san)
    }

    /// Reads one extension; `None` when its value is malformed.
    fn read_one<'a>(
        &mut self,
        number: &[u8],
        extension: &X509Extension<'a>,
        san: &mut San<'a>,
    ) -> Option<()> {
        let value = extension.value;
        match number {
            [0x55, 0x1d, 14] => {
                self.subject_key_id = Some(Reader::new(value).expect(tag::OCTET_STRING)?.into());
            }
            [0x55, 0x1d, 15] => self.key_usage = Some(KeyUsage::read(value)?),
            [0x55, 0x1d, 17] => {
                self.has_san = true;
                self.san_is_critical = extension.critical;
                *san = San::read(value)?;
            }
            [0x55, 0x1d, 19] => {
                let mut constraints = Reader::sequence(value)?;
                self.is_ca =
                    matches!(constraints.optional(tag::BOOLEAN), Some([byte]) if *byte != 0);
            }
            [0x55, 0x1d, 32] => self.has_public_policy = has_public_policy(value)?,
            [0x55, 0x1d, 35] => {
                let mut identifier = Reader::sequence(value)?;
                self.authority_key_id = identifier.optional(0x80).map(Into::into);
            }
            [0x55, 0x1d, 37] => self.extended_key_usage = Some(ExtendedKeyUsage::read(value)?),
            // 1.3.6.1.4.1.11129.2.4.2. That it is there is enough; its signatures are not checked.
            [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2] => self.has_sct_list = true,
            _ => {}
        }
        Some(())
    }
}

impl KeyUsage {
    fn read(value: &[u8]) -> Option<Self> {
        let [_unused_bits, bits @ ..] = Reader::new(value).expect(tag::BIT_STRING)? else {
            return None;
        };
        let first = bits.first().copied().unwrap_or_default();
        Some(Self {
            digital_signature: first & 0x80 != 0,
            key_encipherment: first & 0x20 != 0,
            key_cert_sign: first & 0x04 != 0,
        })
    }
}

impl ExtendedKeyUsage {
    fn read(value: &[u8]) -> Option<Self> {
        let mut purposes = Reader::sequence(value)?;
        let mut usage = Self::default();
        while !purposes.is_empty() {
            match purposes.expect(tag::OID)? {
                [0x2b, 6, 1, 5, 5, 7, 3, 1] => usage.server_auth = true,
                [0x2b, 6, 1, 5, 5, 7, 3, 2] => usage.client_auth = true,
                [0x55, 0x1d, 37, 0] => usage.any = true,
                _ => {}
            }
        }
        Some(usage)
    }
}

impl<'a> San<'a> {
    /// Reads the entries; other kinds of names than dNSName and iPAddress are passed over.
    fn read(value: &'a [u8]) -> Option<Self> {
        const DNS_NAME: u8 = 0x82;
        const IP_ADDRESS: u8 = 0x87;
        let mut entries = Reader::sequence(value)?;
        let mut san = Self::default();
        while !entries.is_empty() {
            let entry = entries.element()?;
            match entry.tag {
                DNS_NAME => san.dns.push(entry.value),
                IP_ADDRESS => san.addresses.push(entry.value),
                _ => {}
            }
        }
        Some(san)
    }
}

/// Policies of the CA/Browser Forum: 2.23.140.1.1 (EV) and 2.23.140.1.2.1 to 3 (TLS BR 7.1.6.1).
fn has_public_policy(value: &[u8]) -> Option<bool> {
    let mut policies = Reader::sequence(value)?;
    let mut public = false;
    while !policies.is_empty() {
        let number = Reader::new(policies.expect(tag::SEQUENCE)?).expect(tag::OID)?;
        public |= matches!(
            number,
            [0x67, 0x81, 0x0c, 1, 1] | [0x67, 0x81, 0x0c, 1, 2, 1..=3]
        );
    }
    Some(public)
}

/// Extensions of RFC 5280 that clients process, so that they may be critical.
fn is_known(number: &[u8]) -> bool {
    matches!(
        number,
        [
            0x55,
            0x1d,
            14 | 15 | 17 | 19 | 30 | 31 | 32 | 33 | 35 | 36 | 37 | 54
        ]
    )
}
