//! What a hint is, and how it is said. [`super::hints`] finds them.

use super::{HostPattern, SanSet};

/// Names that the sentence of [`HintKind::None`] lists before "and N more".
const LISTED: usize = 5;

/// Why a name is not covered although it looks as if it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What kind of near miss.
    pub kind: HintKind,
    /// What it is about: mostly the entry of the certificate that is near, as text. For
    /// [`HintKind::OtherCertificate`] the place of the other certificate; for
    /// [`HintKind::DefaultCertificate`] and [`HintKind::None`] not used.
    pub entry: String,
}

/// The kinds of near miss, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HintKind {
    /// Another certificate of the same configuration covers the host. Only who sees the whole
    /// configuration can tell.
    OtherCertificate,
    /// The certificate is a controller's or a distribution's placeholder. Only who sees the whole
    /// certificate can tell.
    DefaultCertificate,
    /// The name is in the common name, and there is no dNSName.
    CnOnly,
    /// The name is in the common name, which a dNSName puts out of use.
    CnIgnored,
    /// The address stands as a dNSName.
    IpInDns,
    /// The same address in the other form: IPv4, or IPv4-mapped IPv6.
    IpMapped,
    /// `*.x` for `x` itself.
    ApexNeedsOwnEntry,
    /// `*.x` for something two or more labels below `x`.
    WildcardOneLabelOnly,
    /// `x` for `www.x`, or the other way round.
    WwwVsApex,
    /// `x` for `*.x`.
    WildcardMissing,
    /// An entry that would match without its trailing dot.
    SanTrailingDot,
    /// An entry that would match without its white space.
    SanWhitespace,
    /// An entry that would match if it were the host of its URL.
    SanIsUrl,
    /// An entry that would match without its port.
    SanHasPort,
    /// An entry whose star is only a part of a label.
    PartialWildcard,
    /// An entry whose star is not the left-most label.
    WildcardNotLeftmost,
    /// An entry whose star has less than two labels behind it.
    WildcardOnTld,
    /// An entry that would match as A-labels.
    SanNotAscii,
    /// An entry with a NUL byte.
    SanNul,
    /// A name that differs in one or two characters.
    Typo,
    /// A name that differs in the top-level domain only.
    OtherTld,
    /// Nothing is near: list what there is.
    None,
}

impl HintKind {
    /// The word of this hint in machine formats.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherCertificate => "other-certificate",
            Self::DefaultCertificate => "default-certificate",
            Self::CnOnly => "cn-only",
            Self::CnIgnored => "cn-ignored",
            Self::IpInDns => "ip-in-dns",
            Self::IpMapped => "ip-mapped",
            Self::ApexNeedsOwnEntry => "apex-needs-own-entry",
            Self::WildcardOneLabelOnly => "wildcard-one-label-only",
            Self::WwwVsApex => "www-vs-apex",
            Self::WildcardMissing => "wildcard-missing",
            Self::SanTrailingDot => "san-trailing-dot",
            Self::SanWhitespace => "san-whitespace",
            Self::SanIsUrl => "san-is-url",
            Self::SanHasPort => "san-has-port",
            Self::PartialWildcard => "partial-wildcard",
            Self::WildcardNotLeftmost => "wildcard-not-leftmost",
            Self::WildcardOnTld => "wildcard-on-tld",
            Self::SanNotAscii => "san-not-ascii",
            Self::SanNul => "san-nul",
            Self::Typo => "typo",
            Self::OtherTld => "other-tld",
            Self::None => "none",
        }
    }
}

impl Hint {
    /// The word of this hint in machine formats.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.kind.as_str()
    }

    /// The hint as a sentence about a pattern that a certificate does not cover.
    #[must_use]
    pub fn sentence(&self, san: &SanSet, pattern: &HostPattern) -> String {
        let entry = &self.entry;
        match self.kind {
            HintKind::OtherCertificate => {
                format!("{entry} covers `{pattern}`; is the wrong file set here?")
            }
            HintKind::DefaultCertificate => {
                "this is a placeholder certificate, not one for this name".to_owned()
            }
            HintKind::CnOnly => format!(
                "`{pattern}` is only in the common name, which browsers, Go and rustls ignore; \
                 reissue the certificate with a subjectAltName"
            ),
            HintKind::CnIgnored => format!(
                "the common name `{entry}` is not used once a subjectAltName is present; \
                 add `{pattern}` to the subjectAltName"
            ),
            HintKind::IpInDns => {
                format!("the address stands as a DNS name; it must be an IP entry (`IP:{pattern}`)")
            }
            HintKind::IpMapped => format!(
                "the certificate has `{entry}`, and only Java takes an IPv4-mapped IPv6 address \
                 and its IPv4 form as equal"
            ),
            HintKind::ApexNeedsOwnEntry => {
                let apex = entry.strip_prefix("*.").unwrap_or(entry);
                format!("`{entry}` does not cover `{apex}` itself; add `{apex}`")
            }
            HintKind::WildcardOneLabelOnly => match sibling_wildcard(pattern) {
                Some(wildcard) => {
                    format!("`{entry}` stands for one label; add `{pattern}` or `{wildcard}`")
                }
                None => format!("`{entry}` stands for one label; add `{pattern}`"),
            },
            HintKind::WwwVsApex => {
                format!("the certificate has `{entry}` but not `{pattern}`")
            }
            HintKind::WildcardMissing => format!("only `{entry}` is there; add `*.{entry}`"),
            HintKind::SanTrailingDot
            | HintKind::SanWhitespace
            | HintKind::SanIsUrl
            | HintKind::SanHasPort
            | HintKind::PartialWildcard
            | HintKind::WildcardNotLeftmost
            | HintKind::WildcardOnTld
            | HintKind::SanNotAscii
            | HintKind::SanNul => format!("entry `{entry}` is not usable: {}", self.fault()),
            HintKind::Typo => format!("did you mean `{entry}`?"),
            HintKind::OtherTld => format!("the certificate is for `{entry}`"),
            HintKind::None => list(&san.names()),
        }
    }

    /// Why an entry is not usable.
    const fn fault(&self) -> &'static str {
        match self.kind {
            HintKind::SanTrailingDot => "it ends in a dot",
            HintKind::SanWhitespace => "it has white space",
            HintKind::SanIsUrl => "it is a URL; only the host belongs there",
            HintKind::SanHasPort => "a port is no part of a name",
            HintKind::PartialWildcard => "`*` must be a whole label",
            HintKind::WildcardNotLeftmost => "`*` must be the first label, and the only one",
            HintKind::WildcardOnTld => "`*` needs two labels behind it",
            HintKind::SanNotAscii => "it must be in A-labels (`xn--…`)",
            _ => "it has a NUL byte",
        }
    }
}

/// `*.b.x` for `a.b.x`: the other entry that would cover it.
fn sibling_wildcard(pattern: &HostPattern) -> Option<String> {
    let HostPattern::Exact(host) = pattern else {
        return None;
    };
    host.split_once('.').map(|(_, base)| format!("*.{base}"))
}

/// "it covers: `a`, `b`, … and N more".
fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "it has no usable name at all".to_owned();
    }
    let shown: Vec<String> = names
        .iter()
        .take(LISTED)
        .map(|name| format!("`{name}`"))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => format!("it covers: {shown}"),
        more => format!("it covers: {shown} and {more} more"),
    }
}
