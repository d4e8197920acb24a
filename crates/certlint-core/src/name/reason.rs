//! Why a name can match nothing: the reasons that host patterns and subjectAltName entries share,
//! with the words and explanations that reports use.

use std::fmt;

/// Why a host name or a subjectAltName entry can never match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvalidReason {
    /// An iPAddress entry that has neither 4 nor 16 octets.
    AddressLength,
    /// An IP address with a prefix length.
    AddressRange,
    /// A byte that no host name has, or a label that begins or ends with a hyphen.
    BadCharacter,
    /// Several names joined with commas.
    Comma,
    /// More than one star in a host pattern.
    DoubleWildcard,
    /// No text at all.
    Empty,
    /// Two adjacent dots, or a dot at the start of a host.
    EmptyLabel,
    /// `~` with nothing after it.
    EmptyRegex,
    /// An IP address in a dNSName entry.
    IpInDns,
    /// A label that is empty or over 63 bytes, or a name over 253 bytes.
    LabelLength,
    /// Bytes above 0x7f: names on the wire are A-labels.
    NonAscii,
    /// A NUL byte.
    Nul,
    /// The last label is all digits, as in a broken IPv4 address.
    NumericTld,
    /// A star that shares its label with other characters.
    PartialWildcard,
    /// A port after the name.
    Port,
    /// A dot at the end.
    TrailingDot,
    /// A URL, or a path.
    Url,
    /// White space or a control character.
    Whitespace,
    /// A star where it means nothing.
    WildcardPosition,
    /// A star with less than two labels after it, in a certificate.
    WildcardTld,
}

impl InvalidReason {
    /// The word of this reason in machine formats.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddressLength => "address-length",
            Self::AddressRange => "address-range",
            Self::BadCharacter => "bad-character",
            Self::Comma => "comma",
            Self::DoubleWildcard => "double-wildcard",
            Self::Empty => "empty",
            Self::EmptyLabel => "empty-label",
            Self::EmptyRegex => "empty-regex",
            Self::IpInDns => "ip-in-dns",
            Self::LabelLength => "label-length",
            Self::NonAscii => "non-ascii",
            Self::Nul => "nul",
            Self::NumericTld => "numeric-tld",
            Self::PartialWildcard => "partial-wildcard",
            Self::Port => "port",
            Self::TrailingDot => "trailing-dot",
            Self::Url => "url",
            Self::Whitespace => "whitespace",
            Self::WildcardPosition => "wildcard-position",
            Self::WildcardTld => "wildcard-tld",
        }
    }

    /// The fault, as the end of a sentence that begins with the name.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::AddressLength => "is an IP entry of neither 4 nor 16 octets",
            Self::AddressRange => "is a range of addresses, where only single ones count",
            Self::BadCharacter => "has a character that no host name can have there",
            Self::Comma => "joins several names with a comma",
            Self::DoubleWildcard => "has more than one `*`",
            Self::Empty => "is empty",
            Self::EmptyLabel => "has an empty label",
            Self::EmptyRegex => "is a regular expression without text",
            Self::IpInDns => "is an address that stands as a DNS name",
            Self::LabelLength => "is too long, or has a label that is not 1 to 63 bytes long",
            Self::NonAscii => {
                "has bytes above 0x7f, where names on the wire are A-labels (`xn--…`)"
            }
            Self::Nul => "has a NUL byte",
            Self::NumericTld => {
                "ends in a label of digits only, so it is neither a name nor an address"
            }
            Self::PartialWildcard => "has a `*` that is only a part of a label",
            Self::Port => "has a port, which is no part of a name",
            Self::TrailingDot => "ends in a dot",
            Self::Url => "is a URL or has a path",
            Self::Whitespace => "has white space or a control character",
            Self::WildcardPosition => "has a `*` in a place where it has no meaning",
            Self::WildcardTld => "has a `*` with less than two labels behind it",
        }
    }

    /// The clients that refuse the whole certificate because of an entry with this fault, however
    /// good its other entries are. Empty for most faults: they only make the entry useless.
    /// Measured with Chromium 156, Go 1.27, OpenJDK 17 and 25, and GnuTLS 3.7.
    #[must_use]
    pub const fn refused_by(self) -> &'static [&'static str] {
        match self {
            Self::AddressLength => &["Chromium", "Go", "Java"],
            Self::Empty => &["GnuTLS"],
            Self::NonAscii => &["Chromium", "Go"],
            _ => &[],
        }
    }
}

impl fmt::Display for InvalidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
