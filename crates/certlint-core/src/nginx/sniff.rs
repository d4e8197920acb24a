//! Tells what a text is by the directives at its top: a whole configuration, a piece of one (and of
//! which block), a template, or something else.

use nginx_syntax::{Body, Directive, Span, Tree};

use super::Kind;
use super::walk::Top;

/// Blocks that only the top of a whole configuration has.
const MAIN: &[&[u8]] = &[b"events", b"http", b"mail", b"stream"];

/// Directives of the `http` or `stream` level that hardly any other format has.
const OUTER: &[&[u8]] = &[
    b"geo",
    b"limit_req_zone",
    b"log_format",
    b"map",
    b"proxy_cache_path",
    b"server",
    b"split_clients",
    b"upstream",
];

/// Directives of a server.
const INNER: &[&[u8]] = &[
    b"listen",
    b"location",
    b"server_name",
    b"ssl_certificate",
    b"ssl_certificate_key",
    b"ssl_ciphers",
    b"ssl_dhparam",
    b"ssl_protocols",
    b"ssl_session_cache",
    b"ssl_trusted_certificate",
    b"add_header",
    b"proxy_set_header",
    b"fastcgi_param",
];

/// Directives that only the top of a whole configuration has, beside its blocks.
const MAIN_SIMPLE: &[&[u8]] = &[
    b"daemon",
    b"load_module",
    b"user",
    b"worker_processes",
    b"worker_rlimit_nofile",
];

/// Directives whose arguments `envsubst` templates fill in.
const TAKEN_AS_IT_IS: &[&[u8]] = &[
    b"include",
    b"listen",
    b"server_name",
    b"ssl_certificate",
    b"ssl_certificate_key",
];

/// Reads at most this much to tell; the first directives decide.
const SNIFFED_BYTES: usize = 256 * 1024;

/// Tells what a text is by the directives at its top.
#[must_use]
pub fn sniff(text: &[u8]) -> Kind {
    let text = &text[..text.len().min(SNIFFED_BYTES)];
    if text.contains(&0) {
        return Kind::Other;
    }
    let tree = nginx_syntax::parse(text);
    let has = |words: &[&[u8]]| {
        tree.directives().any(|directive| {
            words.contains(&directive.name().text(text)) && is_shaped(directive, text)
        })
    };
    let is_main = has(MAIN);
    if !is_main && !has(OUTER) && !has(INNER) && !has(MAIN_SIMPLE) {
        let rest = without_tags(text).map(|rest| sniff(&rest));
        return match rest {
            None | Some(Kind::Other) => Kind::Other,
            Some(_) => Kind::Template,
        };
    }
    match tree.template().or_else(|| placeholder(text)) {
        Some(_) => Kind::Template,
        None if has(&[b"events"]) => Kind::Main,
        None if is_main => Kind::MainPiece,
        None => Kind::Fragment,
    }
}

/// A text without the tags of Jinja that begin its lines (`{% for site in sites %}`); `None` where it
/// has none. To nginx such a tag opens a block, in which all the rest would lie.
fn without_tags(text: &[u8]) -> Option<Vec<u8>> {
    let mut rest: Option<Vec<u8>> = None;
    for start in memchr::memmem::find_iter(text, b"{%") {
        let line = memchr::memrchr(b'\n', &text[..start]).map_or(0, |at| at + 1);
        let length = memchr::memmem::find(&text[start..], b"%}");
        if let Some(length) = length
            && text[line..start].trim_ascii().is_empty()
        {
            rest.get_or_insert_with(|| text.to_vec())[start..start + length + 2].fill(b' ');
        }
    }
    rest
}

/// Whether a text that [`sniff`] takes for something else may still be a main file: one that only
/// includes others. Good for a file that somebody names, not for one that a walk meets.
#[must_use]
pub fn only_includes(text: &[u8]) -> bool {
    let tree = nginx_syntax::parse(&text[..text.len().min(SNIFFED_BYTES)]);
    let mut directives = tree.directives().peekable();
    directives.peek().is_some()
        && directives.all(|directive| {
            directive.name().text(text) == b"include" && is_shaped(directive, text)
        })
}

/// Known words alone prove little (`server` begins a line of many formats): a block word must open
/// a block, any other must have an argument and end with `;`.
fn is_shaped(directive: Directive<'_>, text: &[u8]) -> bool {
    match directive.body() {
        Body::Simple => {
            !directive.arguments().is_empty() && directive.span().of(text).ends_with(b";")
        }
        _ => directive.open().is_some(),
    }
}

/// The first placeholder that a tool is to fill in a place that nginx takes as it is: a name, an
/// address, a path.
///
/// nginx's own variables are lower case, and none of these directives but the certificate paths
/// takes variables at all.
pub(super) fn placeholder(text: &[u8]) -> Option<Span> {
    let start = text.len() - text.trim_ascii_start().len();
    if text[start..].starts_with(b"{#") {
        // A comment of Jinja, mostly the licence; nginx knows no block without a name.
        return Some(Span::new(start, start + 2));
    }
    let spans = MARKS.iter().filter_map(|mark| {
        let mut places = memchr::memmem::find_iter(text, mark.open);
        places.find_map(|start| mark.at(text, start))
    });
    spans.min()
}

/// The form of a placeholder.
struct Mark {
    open: &'static [u8],
    close: &'static [u8],
    /// The name is in upper case.
    is_upper: bool,
}

/// `envsubst`, instructions (`<container_name>`), `configure` (`@DOMAIN@`), Template Toolkit.
const MARKS: &[Mark] = &[
    Mark {
        open: b"${",
        close: b"}",
        is_upper: true,
    },
    Mark {
        open: b"<",
        close: b">",
        is_upper: false,
    },
    Mark {
        open: b"@",
        close: b"@",
        is_upper: true,
    },
    Mark {
        open: b"%%",
        close: b"%%",
        is_upper: true,
    },
    Mark {
        open: b"[% ",
        close: b" %]",
        is_upper: false,
    },
];

impl Mark {
    /// The placeholder that starts at an offset, where it is in an argument that nginx takes as it
    /// is.
    fn at(&self, text: &[u8], start: usize) -> Option<Span> {
        let name = &text[start + self.open.len()..];
        let is_letter = |byte: &&u8| {
            byte.is_ascii_uppercase()
                || byte.is_ascii_digit()
                || **byte == b'_'
                || !self.is_upper && (byte.is_ascii_lowercase() || b".-".contains(byte))
        };
        let length = name.iter().take_while(is_letter).count();
        if length == 0 || !name[length..].starts_with(self.close) {
            return None;
        }
        let line = memchr::memrchr(b'\n', &text[..start]).map_or(0, |at| at + 1);
        let before = &text[line..start];
        let word = before
            .trim_ascii_start()
            .split(u8::is_ascii_whitespace)
            .next()?;
        let argument = before.rsplit(u8::is_ascii_whitespace).next()?;
        // `(?<name>…)` of a regular expression is a group.
        let is_taken = TAKEN_AS_IT_IS.contains(&word) && !argument.contains(&b'~');
        let end = start + self.open.len() + length + self.close.len();
        is_taken.then(|| Span::new(start, end))
    }
}

/// The level at which a configuration text begins.
pub(super) fn top(tree: &Tree, text: &[u8]) -> Top {
    let name = |directive: Directive<'_>| {
        let name: Box<[u8]> = directive.name().text(text).into();
        name
    };
    let mut inner = None;
    for directive in tree.directives() {
        let name = name(directive);
        if MAIN.contains(&&*name) && directive.open().is_some() {
            return Top::Main;
        }
        if inner.is_none() && OUTER.contains(&&*name) {
            inner = Some(false);
        } else if inner.is_none() && INNER.contains(&&*name) {
            inner = Some(true);
        }
    }
    let is_stream = match inner {
        Some(true) => tree
            .directives()
            .any(|directive| speaks_stream(directive, text)),
        _ => tree
            .directives()
            .filter(|directive| directive.name().text(text) == b"server")
            .flat_map(Directive::children)
            .any(|directive| speaks_stream(directive, text)),
    };
    match (inner, is_stream) {
        (Some(true), false) => Top::Server,
        (Some(true), true) => Top::StreamServer,
        (Some(false), false) => Top::Http,
        (Some(false), true) => Top::Stream,
        // Nothing that tells: a whole configuration that is broken, or that only includes.
        (None, _) => Top::Main,
    }
}

/// True for what only a `server` of `stream` has: `proxy_pass` without a scheme directly inside,
/// `ssl_preread`, `listen … udp`.
fn speaks_stream(directive: Directive<'_>, text: &[u8]) -> bool {
    let mut arguments = directive.arguments().iter().map(|word| word.text(text));
    match directive.name().text(text) {
        b"ssl_preread" => true,
        b"proxy_pass" => arguments.next().is_some_and(|url| {
            memchr::memmem::find(url, b"://").is_none() && url.first() != Some(&b'$')
        }),
        b"listen" => arguments.any(|argument| argument == b"udp"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_by_their_directives() {
        let cases = [
            ("events {} http { server { listen 80; } }", Kind::Main),
            ("user www;\nworker_processes 4;\n", Kind::Fragment),
            ("http { server { listen 80; } }", Kind::MainPiece),
            ("stream {}", Kind::MainPiece),
            ("server { listen 443 ssl; server_name a; }", Kind::Fragment),
            ("listen 443 ssl;\nserver_name a;\n", Kind::Fragment),
            ("server {\n  {{ name }}\n}", Kind::Template),
            (
                "server { listen 80;\n server_name ${DOMAIN}; }",
                Kind::Template,
            ),
            (
                "{#- A licence,\n # of two lines -#}\nserver {\n  listen 80;\n}\n",
                Kind::Template,
            ),
            ("server {# no template\n  listen 80;\n}\n", Kind::Fragment),
            (
                "{% for site in sites %}\nserver {\n  listen 80;\n}\n{% endfor %}\n",
                Kind::Template,
            ),
            (
                "server {\n listen 80;\n server_name <container_name>.*;\n}",
                Kind::Template,
            ),
            ("server {\n server_name www.@DOMAIN@;\n}", Kind::Template),
            ("server {\n server_name %%DOMAIN%%;\n}", Kind::Template),
            ("server {\n server_name [% domain %];\n}", Kind::Template),
            (
                "server { listen 80;\n return 301 https://${host}; }",
                Kind::Fragment,
            ),
            (
                "server {\n server_name ~^(?<sub>.+)\\.example\\.com$;\n}",
                Kind::Fragment,
            ),
            ("server {\n location @NAME@ {}\n}", Kind::Fragment),
            ("server {\n server_name a<b;\n}", Kind::Fragment),
            ("#!/bin/sh\necho server\n", Kind::Other),
            (
                "server 0.pool.ntp.org iburst\nserver 1.pool.ntp.org\n",
                Kind::Other,
            ),
            ("[section]\nkey = value\n", Kind::Other),
            ("", Kind::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(sniff(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_top_of_a_fragment_is_guessed_from_its_directives() {
        let cases = [
            ("http {}", Top::Main),
            ("server { listen 80; }", Top::Http),
            ("upstream a { server b; }", Top::Http),
            ("server { listen 53 udp; proxy_pass dns; }", Top::Stream),
            ("listen 80;", Top::Server),
            ("listen 80; proxy_pass a:1;", Top::StreamServer),
            ("ssl_certificate a.crt;", Top::Server),
        ];
        for (text, expected) in cases {
            let tree = nginx_syntax::parse(text.as_bytes());
            assert_eq!(top(&tree, text.as_bytes()), expected, "{text}");
        }
    }
}
