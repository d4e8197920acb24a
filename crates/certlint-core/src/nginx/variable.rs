//! Variables in certificate paths, as far as they are known during the handshake.
//!
//! `ngx_http_ssl_module#ssl_certificate` allows variables since 1.15.9. Which of them have a value
//! before any request was read was measured on nginx 1.22.1 and 1.31.5.

use std::collections::HashSet;

use crate::model::{ListenAddress, Unavailable};
use crate::name::Regex;

use super::config::Variables;

/// Bound on maps that lead to maps.
const MAX_DEPTH: usize = 8;

/// The facts about a handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handshake<'a> {
    pub(super) sni: Sni<'a>,
    /// The first `server_name` of the selected server.
    pub(super) server_name: &'a [u8],
    /// The address that was connected to.
    pub(super) address: &'a ListenAddress,
}

/// What the client asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sni<'a> {
    /// This name, as the client sent it; empty without one.
    Name(&'a [u8]),
    /// Any name below a base, in lower case, and perhaps the base itself.
    Below { base: &'a [u8], itself: bool },
}

/// A `map` block.
#[derive(Debug, Default)]
pub(super) struct Map {
    pub(super) source: Vec<u8>,
    pub(super) hostnames: bool,
    /// Some entries are not known: an include from outside the tree.
    pub(super) open_ended: bool,
    pub(super) default: Option<Vec<u8>>,
    pub(super) entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Keys so far, lower case, without the dot of `.x`: each may be used once.
    pub(super) keys: HashSet<Vec<u8>>,
}

/// A piece of a text with variables.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t [u8]),
    Variable(&'t [u8]),
}

/// Whether a text has variables; nginx tells by any `$`.
pub(super) fn has_variables(text: &[u8]) -> bool {
    text.contains(&b'$')
}

/// The first variable of the text that is always empty during the handshake: a capture of
/// `server_name` or a variable of `set`.
pub(super) fn always_empty<'t>(text: &'t [u8], variables: &Variables) -> Option<&'t [u8]> {
    pieces(text)
        .ok()?
        .into_iter()
        .find_map(|piece| match piece {
            Piece::Variable(name)
                if name.iter().all(u8::is_ascii_digit) || variables.empty.contains(name) =>
            {
                Some(name)
            }
            _ => None,
        })
}

/// True for a text that nginx refuses: a `$` without a name after it.
pub(super) fn is_invalid(text: &[u8]) -> bool {
    pieces(text).is_err()
}

/// The value of `text` for one handshake.
///
/// # Errors
/// Why it has none that is known here.
pub(super) fn evaluate(
    text: &[u8],
    handshake: Handshake<'_>,
    variables: &Variables,
) -> Result<Vec<u8>, Unavailable> {
    expand(text, handshake, variables, 0)
}

fn expand(
    text: &[u8],
    handshake: Handshake<'_>,
    variables: &Variables,
    depth: usize,
) -> Result<Vec<u8>, Unavailable> {
    let unknown = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        Err(Unavailable::Dynamic(format!("${name}").into()))
    };
    let mut value = Vec::new();
    for piece in pieces(text).unwrap_or_default() {
        let name = match piece {
            Piece::Text(text) => {
                value.extend_from_slice(text);
                continue;
            }
            Piece::Variable(name) => name,
        };
        if name.iter().all(u8::is_ascii_digit) || variables.empty.contains(name) {
            // Empty, and the text around it stays.
            continue;
        }
        match name {
            b"ssl_server_name" => match handshake.sni {
                Sni::Name(name) => value.extend_from_slice(name),
                Sni::Below { .. } => return unknown(name),
            },
            b"host" | b"server_name" => {
                let name = handshake.server_name;
                value.extend_from_slice(name.strip_prefix(b".").unwrap_or(name));
            }
            b"server_port" => match handshake.address {
                ListenAddress::Inet { address, .. } => {
                    value.extend_from_slice(address.port().to_string().as_bytes());
                }
                _ => return unknown(name),
            },
            b"server_addr" => match handshake.address {
                ListenAddress::Inet { address, .. } if !address.ip().is_unspecified() => {
                    value.extend_from_slice(address.ip().to_string().as_bytes());
                }
                _ => return unknown(name),
            },
            _ => match variables.maps.get(name) {
                Some(map) if depth < MAX_DEPTH => {
                    let found = match handshake.sni {
                        Sni::Below { base, itself } if map.is_of_sni() => {
                            map.find_below(base, itself)
                        }
                        _ => map.find(&expand(&map.source, handshake, variables, depth + 1)?),
                    };
                    let Some(found) = found else {
                        return unknown(name);
                    };
                    value.extend(expand(found, handshake, variables, depth + 1)?);
                }
                _ => return unknown(name),
            },
        }
    }
    Ok(value)
}

impl Map {
    /// Its key is the name that the client asks for, and nothing else.
    fn is_of_sni(&self) -> bool {
        matches!(&*self.source, b"$ssl_server_name" | b"${ssl_server_name}")
    }

    /// The one value of all names below `base`, with `base` itself where that counts, too; `None`
    /// where they have several, or only run time knows.
    fn find_below(&self, base: &[u8], itself: bool) -> Option<&[u8]> {
        let suffix = [b".", base].concat();
        let mut entries = self.entries.iter();
        // A key that takes some of the names away from the others.
        let is_inside = |key: &[u8]| {
            let key = key.to_ascii_lowercase();
            let of_names = key.strip_prefix(b"*").unwrap_or(&key);
            let is_whole = of_names == suffix;
            !is_whole && (of_names.ends_with(&suffix) || (itself && key == base))
        };
        if entries.any(|(key, _)| is_inside(key)) {
            return None;
        }
        // Any name will do now, unless a regular expression or `www.*` may know it.
        let sample = [b"any", suffix.as_slice()].concat();
        let takes_some = |key: &[u8]| key.starts_with(b"~") || key.ends_with(b".*");
        let is_wild = |key: &[u8]| {
            let key = key.to_ascii_lowercase();
            let of_names = key.strip_prefix(b"*").unwrap_or(&key).to_vec();
            self.hostnames && of_names.starts_with(b".") && sample.ends_with(&of_names)
        };
        let is_taken = self.entries.iter().any(|(key, _)| is_wild(key));
        if !is_taken && self.entries.iter().any(|(key, _)| takes_some(key)) {
            return None;
        }
        let found = self.find(&sample)?;
        match itself {
            true => (self.find(base)? == found).then_some(found),
            false => Some(found),
        }
    }

    /// The value of a key; `None` where only run time knows.
    ///
    /// `ngx_http_map_module`: exact, then (with `hostnames`) wildcards, then regular expressions in
    /// order, then `default`; strings compare without case.
    fn find(&self, key: &[u8]) -> Option<&[u8]> {
        if self.open_ended {
            return None;
        }
        // Regular expressions see the key as it is.
        let written = key;
        let key = key.to_ascii_lowercase();
        let host = match key.as_slice() {
            [host @ .., b'.'] if self.hostnames => host,
            key => key,
        };
        let named = |wanted: &[u8]| {
            let mut entries = self.entries.iter();
            entries
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.as_slice())
        };
        if let Some(value) = named(host) {
            return Some(value);
        }
        if self.hostnames {
            if let Some(value) = named(&[b".", host].concat()) {
                return Some(value);
            }
            for dot in memchr::memchr_iter(b'.', host) {
                let base = &host[dot + 1..];
                let found =
                    named(&[b"*.", base].concat()).or_else(|| named(&[b".", base].concat()));
                if found.is_some() {
                    return found;
                }
            }
            for dot in memchr::memrchr_iter(b'.', host) {
                if let Some(value) = named(&[&host[..dot], b".*"].concat()) {
                    return Some(value);
                }
            }
        }
        for (name, value) in &self.entries {
            let Some(pattern) = name.strip_prefix(b"~") else {
                continue;
            };
            let regex = match pattern.strip_prefix(b"*") {
                Some(caseless) => Regex::new(&[b"(?i)", caseless].concat()),
                None => Regex::new(&[b"(?-i)", pattern].concat()),
            };
            if regex.is_match(written)? {
                // A value that uses the captures is out of reach.
                return (!value.contains(&b'$')).then_some(value);
            }
        }
        Some(self.default.as_deref().unwrap_or_default())
    }
}

/// Splits a text at its variables, `$name` or `${name}`.
///
/// # Errors
/// A `$` without a name after it, or an unclosed brace.
fn pieces(text: &[u8]) -> Result<Vec<Piece<'_>>, ()> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(dollar) = memchr::memchr(b'$', rest) {
        if dollar > 0 {
            pieces.push(Piece::Text(&rest[..dollar]));
        }
        rest = &rest[dollar + 1..];
        let braced = rest.first() == Some(&b'{');
        rest = &rest[usize::from(braced)..];
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let mut length = rest.iter().take_while(|byte| is_name(byte)).count();
        // `$1` is one digit long.
        if !braced
            && rest
                .first()
                .is_some_and(|byte| (b'1'..=b'9').contains(byte))
        {
            length = 1;
        }
        if length == 0 {
            return Err(());
        }
        pieces.push(Piece::Variable(&rest[..length]));
        rest = &rest[length..];
        if braced {
            rest = rest.strip_prefix(b"}").ok_or(())?;
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn value(text: &str, sni: &str, variables: &Variables) -> Option<String> {
        let address = ListenAddress::Inet {
            address: SocketAddr::from(([127, 0, 0, 1], 443)),
            udp: false,
        };
        let handshake = Handshake {
            sni: Sni::Name(sni.as_bytes()),
            server_name: b".x.test",
            address: &address,
        };
        evaluate(text.as_bytes(), handshake, variables)
            .ok()
            .map(|value| String::from_utf8(value).unwrap())
    }

    #[test]
    fn handshake_variables_have_their_values() {
        let mut variables = Variables::default();
        variables.empty.insert(b"domain".to_vec());
        let cases = [
            ("/c/$ssl_server_name.crt", Some("/c/A.test.crt")),
            ("/c/${server_name}_x", Some("/c/x.test_x")),
            ("$host", Some("x.test")),
            ("$server_addr:$server_port", Some("127.0.0.1:443")),
            ("/$domain.crt", Some("/.crt")),
            ("/$1.crt", Some("/.crt")),
            ("$nobody_knows", None),
        ];
        for (text, expected) in cases {
            let found = value(text, "A.test", &variables);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn maps_follow_the_order_of_the_manual() {
        let entry = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
        let map = Map {
            source: b"$ssl_server_name".to_vec(),
            hostnames: true,
            open_ended: false,
            default: Some(b"default".to_vec()),
            entries: vec![
                entry("~^re", "regex"),
                entry("*.b.test", "wild"),
                entry("A.b.test", "exact"),
                entry("www.*", "tail"),
            ],
            keys: HashSet::new(),
        };
        let mut variables = Variables::default();
        variables.maps.insert(b"x".to_vec(), map);
        let cases = [
            ("a.b.test", "exact"),
            ("q.r.b.test", "wild"),
            ("www.c.test", "tail"),
            ("re.test", "regex"),
            ("nothing", "default"),
        ];
        for (sni, expected) in cases {
            assert_eq!(
                value("$x", sni, &variables).as_deref(),
                Some(expected),
                "{sni}"
            );
        }
    }

    #[test]
    fn patterns_have_the_one_value_of_their_names() {
        let map = |hostnames, entries: &[(&str, &str)]| Map {
            source: b"$ssl_server_name".to_vec(),
            hostnames,
            default: Some(b"default".to_vec()),
            entries: entries
                .iter()
                .map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()))
                .collect(),
            ..Map::default()
        };
        let both = [(".x.test", "x"), (".y.test", "y")];
        let cases: &[(Map, &str, bool, Option<&str>)] = &[
            (map(true, &both), "x.test", true, Some("x")),
            (map(true, &both), "x.test", false, Some("x")),
            (map(true, &both), "sub.x.test", true, Some("x")),
            (map(true, &both), "z.test", true, Some("default")),
            (map(true, &both), "test", false, None),
            // The base has another value than the names below it.
            (map(true, &[("*.x.test", "x")]), "x.test", true, None),
            (map(true, &[("*.x.test", "x")]), "x.test", false, Some("x")),
            // One of the names has a value of its own.
            (
                map(true, &[(".x.test", "x"), ("A.X.test", "a")]),
                "x.test",
                false,
                None,
            ),
            (
                map(true, &[(".x.test", "x"), ("*.a.x.test", "a")]),
                "x.test",
                false,
                None,
            ),
            // Wildcards take precedence over regular expressions, these over the default.
            (
                map(true, &[(".x.test", "x"), ("~^a", "a")]),
                "x.test",
                false,
                Some("x"),
            ),
            (map(true, &[("~^a", "a")]), "x.test", false, None),
            (map(true, &[("www.*", "w")]), "x.test", false, None),
            // Without `hostnames` a key is a plain text.
            (
                map(false, &[("a.test", "a")]),
                "x.test",
                true,
                Some("default"),
            ),
            (map(false, &[("x.test", "a")]), "x.test", true, None),
        ];
        for (map, base, itself, expected) in cases {
            let found = map.find_below(base.as_bytes(), *itself);
            let found = found.map(|value| std::str::from_utf8(value).unwrap());
            assert_eq!(found, *expected, "{base} {:?}", map.entries);
        }
    }

    #[test]
    fn a_dollar_needs_a_name() {
        assert!(is_invalid(b"a$"));
        assert!(is_invalid(b"a${b"));
        assert!(is_invalid(b"a$-"));
        assert!(!is_invalid(b"a$b-${c}"));
    }
}
