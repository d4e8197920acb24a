//! The address and the parameters of a `listen` directive.
//!
//! `ngx_http_core_module#listen`, `ngx_stream_core_module#listen`; the address grammar is the one
//! of `ngx_parse_url`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::model::ListenAddress;

use super::Version;

/// A `listen` directive that nginx accepts.
#[derive(Clone, Debug)]
pub(super) struct Listen {
    /// The addresses: several for a port range.
    pub(super) addresses: Vec<ListenAddress>,
    /// `ssl`, or `quic`.
    pub(super) tls: bool,
    /// `default_server`, or its old spelling `default`.
    pub(super) default_server: bool,
    /// A socket option was set, which may be done once for an address.
    pub(super) socket_options: bool,
    /// `ipv6only=off`.
    pub(super) dual_stack: bool,
    /// The address has no port, so that port 80 is meant.
    pub(super) port_is_implied: bool,
}

/// Why nginx refuses a `listen` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// Index of the argument at fault.
    pub(super) argument: usize,
    /// The fact.
    pub(super) message: String,
}

/// Which module reads the directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Mail,
    Stream,
}

/// Reads the arguments of a `listen` directive.
pub(super) fn parse(
    arguments: &[&[u8]],
    protocol: Protocol,
    version: Version,
) -> Result<Listen, Refused> {
    let refused = |argument, message: String| Err(Refused { argument, message });
    let Some((&address, parameters)) = arguments.split_first() else {
        return refused(0, "`listen` needs an address".to_owned());
    };
    let (mut tls, mut udp, mut quic) = (false, false, false);
    let (mut default_server, mut socket_options, mut dual_stack) = (false, false, false);
    for (index, &parameter) in (1..).zip(parameters) {
        let invalid = || refused(index, format!("invalid parameter `{}`", lossy(parameter)));
        let (name, value) = match memchr::memchr(b'=', parameter) {
            Some(at) => (&parameter[..at], Some(&parameter[at + 1..])),
            None => (parameter, None),
        };
        match (name, value) {
            (b"default_server", None) => {
                let is_known = match protocol {
                    Protocol::Http => true,
                    Protocol::Mail => false,
                    Protocol::Stream => version >= Version::new(1, 25, 5),
                };
                if !is_known {
                    return invalid();
                }
                default_server = true;
            }
            (b"default", None) if protocol == Protocol::Http => default_server = true,
            (b"ssl", None) => tls = true,
            (b"quic", None) if protocol == Protocol::Http && version >= Version::new(1, 25, 0) => {
                quic = true
            }
            (b"udp", None) if protocol == Protocol::Stream => udp = true,
            (b"http2" | b"spdy", None) if protocol == Protocol::Http => {}
            (b"proxy_protocol", None) => {}
            (b"bind", None) => socket_options = true,
            (b"reuseport", None) if protocol != Protocol::Mail => socket_options = true,
            (b"deferred", None) if protocol == Protocol::Http => socket_options = true,
            (b"multipath", None) if version >= Version::new(1, 29, 7) => socket_options = true,
            (b"ipv6only", Some(value)) if value.first() == Some(&b'o') => {
                match value {
                    b"on" => {}
                    b"off" => dual_stack = true,
                    _ => return invalid(),
                }
                socket_options = true;
            }
            (b"fastopen" | b"setfib", Some(_)) if protocol == Protocol::Mail => return invalid(),
            (b"backlog" | b"fastopen" | b"setfib", Some(value)) => {
                let Some(number) = number(value) else {
                    return invalid();
                };
                if name == b"backlog" && number == 0 {
                    return invalid();
                }
                // setfib is a FreeBSD socket option, unknown elsewhere.
                if name == b"setfib" {
                    return invalid();
                }
                socket_options = true;
            }
            (b"rcvbuf" | b"sndbuf", Some(value)) => {
                if size(value).is_none() {
                    return invalid();
                }
                socket_options = true;
            }
            (b"accept_filter", Some(_)) if protocol == Protocol::Http => {}
            (b"so_keepalive", Some(value)) => {
                if !is_keepalive(value) {
                    return invalid();
                }
                socket_options = true;
            }
            _ => return invalid(),
        }
    }
    if tls && quic {
        return refused(0, "`ssl` is incompatible with `quic`".to_owned());
    }
    if tls && udp {
        return refused(0, "`ssl` is incompatible with `udp`".to_owned());
    }
    let (addresses, port_is_implied) = match addresses(address, protocol, udp || quic) {
        Ok(parsed) => parsed,
        Err(reason) => {
            let message = format!("{reason} in `{}` of the `listen` directive", lossy(address));
            return refused(0, message);
        }
    };
    Ok(Listen {
        addresses,
        tls: tls || quic,
        default_server,
        socket_options,
        dual_stack,
        port_is_implied,
    })
}

/// The addresses of a word, and whether its port is implied.
fn addresses(
    word: &[u8],
    protocol: Protocol,
    udp: bool,
) -> Result<(Vec<ListenAddress>, bool), &'static str> {
    let prefix = word.get(..5).unwrap_or_default();
    if prefix.eq_ignore_ascii_case(b"unix:") {
        let path = &word[5..];
        return match path {
            [] => Err("no path in the unix domain socket"),
            _ => Ok((vec![ListenAddress::Unix(lossy(path))], false)),
        };
    }
    let default_ports = || match protocol {
        Protocol::Http => 80..=80,
        // Accepted, and then the kernel chooses.
        Protocol::Mail | Protocol::Stream => 0..=0,
    };
    let inet = |ip: IpAddr, ports: std::ops::RangeInclusive<u16>| {
        ports
            .map(|port| ListenAddress::Inet {
                address: SocketAddr::new(ip, port),
                udp,
            })
            .collect::<Vec<_>>()
    };
    if let Some(rest) = word.strip_prefix(b"[") {
        let Some(end) = memchr::memchr(b']', rest) else {
            return Err("invalid host");
        };
        let ip = std::str::from_utf8(&rest[..end])
            .ok()
            .and_then(|text| text.parse::<Ipv6Addr>().ok())
            .ok_or("invalid IPv6 address")?;
        return match &rest[end + 1..] {
            [] => Ok((inet(ip.into(), default_ports()), true)),
            [b':', port @ ..] => Ok((inet(ip.into(), ports(port)?), false)),
            _ => Err("invalid host"),
        };
    }
    if word.iter().any(|byte| b"/?".contains(byte)) {
        return Err("invalid host");
    }
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let (host, ports, implied) = match memchr::memchr(b':', word) {
        Some(colon) => (&word[..colon], ports(&word[colon + 1..])?, false),
        // A bare number is a port.
        None if word.first().is_some_and(u8::is_ascii_digit) && is_port_like(word) => {
            return Ok((inet(any, ports(word)?), false));
        }
        None => (word, default_ports(), true),
    };
    match host {
        [] => Err("no host"),
        b"*" => Ok((inet(any, ports), implied)),
        _ => match ipv4(host) {
            Some(ip) => Ok((inet(ip.into(), ports), implied)),
            // RFC 6761 section 6.3. Whether `::1` is meant, too, only the machine knows.
            None if host.eq_ignore_ascii_case(b"localhost") => {
                Ok((inet(Ipv4Addr::LOCALHOST.into(), ports), implied))
            }
            None => {
                let named =
                    |port| ListenAddress::Named(format!("{}:{port}", lossy(host).to_lowercase()));
                Ok((ports.map(named).collect(), implied))
            }
        },
    }
}

/// A port or a range of ports, each from 1 to 65535.
fn ports(text: &[u8]) -> Result<std::ops::RangeInclusive<u16>, &'static str> {
    let port = |text: &[u8]| match number(text) {
        Some(port @ 1..=65_535) => u16::try_from(port).map_err(|_| "invalid port"),
        _ => Err("invalid port"),
    };
    match memchr::memchr(b'-', text) {
        None => Ok(port(text)?..=port(text)?),
        Some(dash) => {
            let range = port(&text[..dash])?..=port(&text[dash + 1..])?;
            if range.is_empty() {
                return Err("invalid port range");
            }
            Ok(range)
        }
    }
}

fn is_port_like(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'-')
}

/// nginx's lenient reading: exactly three dots, octets up to 255 that may be empty.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut count = 0;
    for part in text.split(|&byte| byte == b'.') {
        let slot = octets.get_mut(count)?;
        if !part.is_empty() {
            *slot = u8::try_from(number(part)?).ok()?;
        }
        count += 1;
    }
    (count == 4).then(|| Ipv4Addr::from(octets))
}

/// Digits only; `None` for anything else or too large a number.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A number with an optional `k` or `m`.
fn size(text: &[u8]) -> Option<u64> {
    let digits = match text {
        [digits @ .., b'k' | b'K' | b'm' | b'M'] => digits,
        digits => digits,
    };
    number(digits)
}

/// `on`, `off` or `IDLE:INTERVAL:COUNT` with parts left out.
fn is_keepalive(value: &[u8]) -> bool {
    if matches!(value, b"on" | b"off") {
        return true;
    }
    let parts: Vec<_> = value.split(|&byte| byte == b':').collect();
    let is_time = |text: &[u8]| {
        let digits = match text {
            [digits @ .., b's' | b'm' | b'h' | b'd' | b'w' | b'M' | b'y'] => digits,
            digits => digits,
        };
        text.is_empty() || number(digits).is_some()
    };
    match parts.as_slice() {
        [idle, interval, count] => {
            is_time(idle)
                && is_time(interval)
                && (count.is_empty() || number(count).is_some())
                && parts.iter().any(|part| !part.is_empty())
        }
        _ => false,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The address as reports and `resolve` show it.
pub(super) fn label(address: &ListenAddress, quic: bool) -> String {
    match address {
        ListenAddress::Inet { address, udp } => match (udp, quic) {
            (true, true) => format!("{address} quic"),
            (true, false) => format!("{address} udp"),
            (false, _) => address.to_string(),
        },
        ListenAddress::Named(name) => name.clone(),
        ListenAddress::Unix(path) => format!("unix:{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(arguments: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<_> = arguments.iter().map(|word| word.as_bytes()).collect();
        parse(&words, Protocol::Http, Version::LATEST)
            .map(|listen| listen.addresses.iter().map(|a| label(a, false)).collect())
            .map_err(|refused| refused.message)
    }

    #[test]
    fn addresses_are_read_as_nginx_reads_them() {
        let cases = [
            ("443", "0.0.0.0:443"),
            ("0443", "0.0.0.0:443"),
            ("*:443", "0.0.0.0:443"),
            ("*", "0.0.0.0:80"),
            ("0.0.0.0:443", "0.0.0.0:443"),
            ("127.0.0.1", "127.0.0.1:80"),
            ("127...1:81", "127.0.0.1:81"),
            ("[::]:443", "[::]:443"),
            ("[::1]", "[::1]:80"),
            ("unix:/run/web.sock", "unix:/run/web.sock"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("LOCALHOST", "127.0.0.1:80"),
            ("localhost.example:80", "localhost.example:80"),
            ("127.1:80", "127.1:80"),
            ("https", "https:80"),
        ];
        for (word, expected) in cases {
            assert_eq!(labels(&[word]), Ok(vec![expected.to_owned()]), "{word}");
        }
        assert_eq!(labels(&["81-83"]).unwrap().len(), 3);
    }

    #[test]
    fn mail_takes_fewer_parameters() {
        let parse = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
            super::parse(&words, Protocol::Mail, Version::LATEST).is_ok()
        };
        for good in [
            &["993", "ssl"][..],
            &["993", "ssl", "bind", "backlog=5", "proxy_protocol"],
            &["localhost", "ssl"],
            &["unix:/run/imap.sock", "ssl"],
        ] {
            assert!(parse(good), "{good:?}");
        }
        for bad in [
            "default_server",
            "reuseport",
            "http2",
            "udp",
            "quic",
            "fastopen=5",
        ] {
            assert!(!parse(&["993", "ssl", bad]), "{bad}");
        }
    }

    #[test]
    fn bad_addresses_and_parameters_are_refused() {
        let cases: &[&[&str]] = &[
            &[":443"],
            &["0"],
            &["65536"],
            &["443x:443y"],
            &["[::1"],
            &["[zz]:1"],
            &["90-80"],
            &["a/b"],
            &["443", "SSL"],
            &["443", "backlog=x"],
            &["443", "ipv6only=maybe"],
            &["443", "ssl", "quic"],
            &["443", "nonsense"],
        ];
        for words in cases {
            assert!(labels(words).is_err(), "{words:?}");
        }
    }
}
