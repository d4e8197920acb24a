//! Hints and their texts. [`super::hints`] finds them.

use super::{HostPattern, SanSet};

/// Names that the sentence of [`HintKind::None`] lists before "and N more".
const LISTED: usize = 5;

/// Why a name is not covered although it looks as if it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The kind of near miss.
    pub kind: HintKind,
    /// Its subject: mostly the entry of the certificate that is near, as text. For
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
    /// The address is a dNSName.
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
    /// An entry whose star has less than two labels after it.
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

#[cfg(test)]
mod tests {
    use super::super::hints;
    use super::*;

    /// The first hint, as word and sentence.
    fn first(dns: &[&str], common_name: &str, pattern: &HostPattern) -> (&'static str, String) {
        let mapped = "::ffff:192.0.2.1".parse::<std::net::Ipv6Addr>().unwrap();
        let san = SanSet::new(dns, [mapped.octets()], [common_name]);
        let hint = hints(&san, pattern, &|_| false).swap_remove(0);
        (hint.as_str(), hint.sentence(&san, pattern))
    }

    #[test]
    fn every_hint_says_what_to_do() {
        let table: [(&[&str], &str, &str, &str, &str); 19] = [
            (
                &[],
                "www.example.com",
                "www.example.com",
                "cn-only",
                "`www.example.com` is only in the common name, which browsers, Go and rustls \
                 ignore; reissue the certificate with a subjectAltName",
            ),
            (
                &["other.test"],
                "www.example.com",
                "www.example.com",
                "cn-ignored",
                "the common name `www.example.com` is not used once a subjectAltName is present; \
                 add `www.example.com` to the subjectAltName",
            ),
            (
                &["192.0.2.9"],
                "",
                "192.0.2.9",
                "ip-in-dns",
                "the address stands as a DNS name; it must be an IP entry (`IP:192.0.2.9`)",
            ),
            (
                &[],
                "",
                "192.0.2.1",
                "ip-mapped",
                "the certificate has `::ffff:192.0.2.1`, and only Java takes an IPv4-mapped IPv6 \
                 address and its IPv4 form as equal",
            ),
            (
                &["*.example.com"],
                "",
                "example.com",
                "apex-needs-own-entry",
                "`*.example.com` does not cover `example.com` itself; add `example.com`",
            ),
            (
                &["*.example.com"],
                "",
                "a.b.example.com",
                "wildcard-one-label-only",
                "`*.example.com` stands for one label; add `a.b.example.com` or `*.b.example.com`",
            ),
            (
                &["*.example.com"],
                "",
                "*.b.example.com",
                "wildcard-one-label-only",
                "`*.example.com` stands for one label; add `*.b.example.com`",
            ),
            (
                &["example.com"],
                "",
                "www.example.com",
                "www-vs-apex",
                "the certificate has `example.com` but not `www.example.com`",
            ),
            (
                &["example.com"],
                "",
                "*.example.com",
                "wildcard-missing",
                "only `example.com` is there; add `*.example.com`",
            ),
            (
                &["www.example.com."],
                "",
                "www.example.com",
                "san-trailing-dot",
                "entry `www.example.com.` is not usable: it ends in a dot",
            ),
            (
                &["www.example.com\n"],
                "",
                "www.example.com",
                "san-whitespace",
                r"entry `www.example.com\n` is not usable: it has white space",
            ),
            (
                &["https://www.example.com/"],
                "",
                "www.example.com",
                "san-is-url",
                "entry `https://www.example.com/` is not usable: it is a URL; only the host \
                 belongs there",
            ),
            (
                &["www.example.com:443"],
                "",
                "www.example.com",
                "san-has-port",
                "entry `www.example.com:443` is not usable: a port is no part of a name",
            ),
            (
                &["w*.example.com"],
                "",
                "www.example.com",
                "partial-wildcard",
                "entry `w*.example.com` is not usable: `*` must be a whole label",
            ),
            (
                &["www.*.com"],
                "",
                "www.example.com",
                "wildcard-not-leftmost",
                "entry `www.*.com` is not usable: `*` must be the first label, and the only one",
            ),
            (
                &["*.com"],
                "",
                "example.com",
                "wildcard-on-tld",
                "entry `*.com` is not usable: `*` needs two labels behind it",
            ),
            (
                &["bücher.example"],
                "",
                "xn--bcher-kva.example",
                "san-not-ascii",
                "entry `bücher.example` is not usable: it must be in A-labels (`xn--…`)",
            ),
            (
                &["www.example.com\0.evil.test"],
                "",
                "www.example.com",
                "san-nul",
                r"entry `www.example.com\u{0}.evil.test` is not usable: it has a NUL byte",
            ),
            (
                &["exmaple.com"],
                "",
                "example.com",
                "typo",
                "did you mean `exmaple.com`?",
            ),
        ];
        for (dns, common_name, pattern, word, sentence) in table {
            let pattern = HostPattern::nginx(pattern.as_bytes());
            assert_eq!(
                first(dns, common_name, &pattern),
                (word, sentence.to_owned())
            );
        }
    }

    #[test]
    fn hints_that_only_a_rule_can_find_have_words_and_sentences() {
        let san = SanSet::default();
        let pattern = HostPattern::host("www.example.com");
        let other = Hint {
            kind: HintKind::OtherCertificate,
            entry: "`certs/b.pem` (line 4)".to_owned(),
        };
        assert_eq!(other.as_str(), "other-certificate");
        assert_eq!(
            other.sentence(&san, &pattern),
            "`certs/b.pem` (line 4) covers `www.example.com`; is the wrong file set here?"
        );
        let placeholder = Hint {
            kind: HintKind::DefaultCertificate,
            entry: String::new(),
        };
        assert_eq!(placeholder.as_str(), "default-certificate");
        assert_eq!(
            placeholder.sentence(&san, &pattern),
            "this is a placeholder certificate, not one for this name"
        );
    }

    #[test]
    fn the_last_resort_lists_at_most_five_names() {
        let pattern = HostPattern::host("x.test");
        let of = |names: &[&str]| {
            let san = SanSet::new(names, [[0_u8; 0]; 0], [""; 0]);
            Hint {
                kind: HintKind::None,
                entry: String::new(),
            }
            .sentence(&san, &pattern)
        };
        assert_eq!(of(&[]), "it has no usable name at all");
        assert_eq!(of(&["b.test", "a.test"]), "it covers: `a.test`, `b.test`");
        assert_eq!(
            of(&[
                "a.test", "b.test", "c.test", "d.test", "e.test", "f.test", "g.test"
            ]),
            "it covers: `a.test`, `b.test`, `c.test`, `d.test`, `e.test` and 2 more"
        );
    }

    #[test]
    fn another_top_level_domain_is_said() {
        let pattern = HostPattern::host("example.com");
        let said = first(&["example.org"], "", &pattern);
        assert_eq!(
            said,
            (
                "other-tld",
                "the certificate is for `example.org`".to_owned()
            )
        );
    }
}
