//! The host in what people type or paste: a URL, a host with a port, a name in any case.

use super::HostPattern;

impl HostPattern {
    /// Reads a host as people have it: [`HostPattern::host`], with white space, a URL and a port
    /// around it.
    ///
    /// ```
    /// use certlint_core::name::HostPattern;
    ///
    /// let host = HostPattern::host("www.example.com");
    /// assert_eq!(HostPattern::typed("https://user@WWW.example.com.:8443/a?b"), host);
    /// ```
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let text = text.trim();
        let after_scheme = text.split_once("://").map(|(_, rest)| rest);
        let rest = after_scheme
            .or_else(|| text.strip_prefix("//"))
            .unwrap_or(text);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host_and_port = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        Self::host(without_port(host_and_port))
    }
}

/// Cuts a port: digits after the only colon, or after the brackets of an IPv6 literal.
fn without_port(text: &str) -> &str {
    let is_port = |port: &str| {
        port.is_empty()
            || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    };
    match text.rsplit_once(':') {
        Some((host, port))
            if is_port(port)
                && (host.ends_with(']') || !host.is_empty() && !host.contains(':')) =>
        {
            host
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::InvalidReason;
    use super::*;

    #[test]
    fn a_host_is_found_in_what_people_have() {
        for (text, host) in [
            ("www.example.com", "www.example.com"),
            (" WWW.Example.COM.\n", "www.example.com"),
            ("www.example.com:443", "www.example.com"),
            ("www.example.com:", "www.example.com"),
            ("https://www.example.com", "www.example.com"),
            (
                "HTTPS://www.example.com:8443/a/b?c=d:1#e",
                "www.example.com",
            ),
            ("https://www.example.com?a/b", "www.example.com"),
            ("https://user:secret@www.example.com./", "www.example.com"),
            ("//www.example.com/a", "www.example.com"),
            ("www.example.com/a", "www.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("https://BÜCHER.example:8443/", "xn--bcher-kva.example"),
            ("localhost:8080", "localhost"),
            ("192.0.2.1:443", "192.0.2.1"),
            ("https://[2001:DB8::1]:443/", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::443", "2001:db8::443"),
        ] {
            let read = HostPattern::typed(text);
            assert_eq!(read.to_string(), host, "{text:?}");
            assert_eq!(read, HostPattern::host(host), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", InvalidReason::Empty),
            ("https://", InvalidReason::Empty),
            ("www..example.com", InvalidReason::EmptyLabel),
            ("www.example.com:99999", InvalidReason::Port),
            ("www.example.com,example.com", InvalidReason::Comma),
            ("*.example.com", InvalidReason::WildcardPosition),
        ] {
            let read = HostPattern::typed(text);
            assert_eq!(read, HostPattern::Invalid(reason), "{text:?}");
        }
    }
}
