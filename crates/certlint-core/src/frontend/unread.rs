//! Formats that certlint knows by sight and does not read yet.
//!
//! They are recognised so that a run can say what it has left out. Each needs a file name that
//! may be its own and a text that can hardly be anything else's.

use std::path::Path;

use memchr::memmem;

use super::{FrontEnd, HEAD, Shape, Words, extension, file_name};

/// A format that is only named.
pub(super) struct Unread {
    words: Words,
    selects: fn(&Path) -> bool,
    is: fn(&[u8]) -> bool,
}

impl FrontEnd for Unread {
    fn words(&self) -> Words {
        self.words
    }

    fn selects(&self, path: &Path) -> bool {
        (self.selects)(path)
    }

    fn recognise(&self, text: &[u8]) -> Option<Shape> {
        (self.is)(&text[..text.len().min(HEAD)]).then_some(Shape::Whole)
    }
}

/// `httpd.conf`, virtual hosts, and what they include.
pub(super) static APACHE: Unread = Unread {
    words: Words {
        one: "Apache configuration",
        many: "Apache configurations",
    },
    selects: |path| {
        let parent = path.parent().map(file_name).unwrap_or_default();
        matches!(extension(path).as_str(), "conf" | "vhost" | "inc")
            || file_name(path).starts_with("httpd.conf")
            || parent.starts_with("sites-")
            || parent.starts_with("vhosts")
    },
    is: |text| {
        lines(text).any(|line| {
            let mut words = line.split_ascii_whitespace();
            let first = words.next().unwrap_or_default();
            let has_argument = words.next().is_some();
            let is = |known: &[&str]| known.iter().any(|name| name.eq_ignore_ascii_case(first));
            (is(APACHE_SECTIONS) && line.ends_with('>'))
                || (is(APACHE_DIRECTIVES) && has_argument && !line.ends_with(';'))
        })
    },
};

const APACHE_SECTIONS: &[&str] = &[
    "<Directory",
    "<DirectoryMatch",
    "<FilesMatch",
    "<IfDefine",
    "<IfModule",
    "<Location",
    "<LocationMatch",
    "<Proxy",
    "<VirtualHost",
];

/// Directives that no other server has.
const APACHE_DIRECTIVES: &[&str] = &[
    "DocumentRoot",
    "LoadModule",
    "ServerRoot",
    "SSLCertificateFile",
    "SSLCertificateKeyFile",
    "SSLEngine",
];

/// `Caddyfile`.
pub(super) static CADDY: Unread = Unread {
    words: Words {
        one: "Caddyfile",
        many: "Caddyfiles",
    },
    selects: |path| {
        let extension = extension(path);
        file_name(path).starts_with("Caddyfile")
            || matches!(extension.as_str(), "caddy" | "caddyfile")
    },
    is: |text| {
        lines(text).any(|line| {
            let first = line.split_ascii_whitespace().next().unwrap_or_default();
            CADDY_DIRECTIVES.contains(&first) && !line.ends_with(';')
        })
    },
};

const CADDY_DIRECTIVES: &[&str] = &[
    "encode",
    "file_server",
    "handle",
    "handle_path",
    "import",
    "php_fastcgi",
    "redir",
    "respond",
    "reverse_proxy",
    "tls",
];

/// Files of Docker Compose.
pub(super) static COMPOSE: Unread = Unread {
    words: Words {
        one: "compose file",
        many: "compose files",
    },
    selects: is_yaml,
    is: |text| has_key(text, "services") && (has_word(text, "image:") || has_word(text, "build:")),
};

/// Bootstrap configuration of Envoy.
pub(super) static ENVOY: Unread = Unread {
    words: Words {
        one: "Envoy configuration",
        many: "Envoy configurations",
    },
    selects: |path| is_yaml(path) || extension(path) == "json",
    is: |text| {
        has_key(text, "static_resources")
            || has_key(text, "dynamic_resources")
            || has_word(text, "\"static_resources\"")
    },
};

/// `haproxy.cfg`.
pub(super) static HAPROXY: Unread = Unread {
    words: Words {
        one: "HAProxy configuration",
        many: "HAProxy configurations",
    },
    selects: |path| matches!(extension(path).as_str(), "cfg" | "conf"),
    is: |text| {
        let is_proxy = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let (section, name) = (words.next(), words.next());
            matches!(section, Some("backend" | "frontend" | "listen"))
                && name.is_some_and(|name| !name.ends_with([';', '{', ':']))
        };
        // Sections begin at the margin, what is in them does not.
        let is_inside = |line: &str| {
            let first = line.split_ascii_whitespace().next().unwrap_or_default();
            line.starts_with([' ', '\t'])
                && matches!(
                    first,
                    "bind" | "default_backend" | "mode" | "server" | "use_backend"
                )
                && !line.trim_end().ends_with(';')
        };
        let text = String::from_utf8_lossy(text);
        text.lines()
            .any(|line| !line.starts_with([' ', '\t']) && is_proxy(line))
            && text.lines().any(is_inside)
    },
};

/// Static and dynamic configuration of Traefik in files.
pub(super) static TRAEFIK: Unread = Unread {
    words: Words {
        one: "Traefik configuration",
        many: "Traefik configurations",
    },
    selects: |path| is_yaml(path) || extension(path) == "toml",
    is: |text| {
        const SECTIONS: &[&str] = &["http", "tcp", "tls", "udp"];
        const INNER: &[&str] = &[
            "certificates",
            "middlewares",
            "options",
            "routers",
            "stores",
        ];
        let in_toml = |line: &str| {
            let line = line.trim_start_matches('[');
            line.starts_with("entryPoints")
                || SECTIONS.iter().any(|section| {
                    let rest = line
                        .strip_prefix(section)
                        .and_then(|rest| rest.strip_prefix('.'));
                    rest.is_some_and(|rest| INNER.iter().any(|inner| rest.starts_with(inner)))
                })
        };
        has_key(text, "entryPoints")
            || (SECTIONS.iter().any(|section| has_key(text, section))
                && INNER.iter().any(|inner| has_inner_key(text, inner)))
            || (has_word(text, "[")
                && lines(text).any(|line| line.starts_with('[') && in_toml(line)))
    },
};

fn is_yaml(path: &Path) -> bool {
    matches!(extension(path).as_str(), "yaml" | "yml")
}

/// The lines without blanks at their ends, and without comments.
fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    let lines = text.split(|&byte| byte == b'\n');
    let lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn has_word(text: &[u8], word: &str) -> bool {
    memmem::find(text, word.as_bytes()).is_some()
}

/// An outermost key of YAML.
fn has_key(text: &[u8], key: &str) -> bool {
    keys(text, key).any(|before| before.is_empty())
}

/// A key of YAML that is the first below an outermost one, or beside it.
fn has_inner_key(text: &[u8], key: &str) -> bool {
    keys(text, key)
        .any(|before| (1..=4).contains(&before.len()) && before.iter().all(|&byte| byte == b' '))
}

/// What is in front of each `key:` on its line.
fn keys<'t>(text: &'t [u8], key: &'t str) -> impl Iterator<Item = &'t [u8]> {
    memmem::find_iter(text, key.as_bytes()).filter_map(move |at| {
        let is_key = text.get(at + key.len()) == Some(&b':');
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |line| line + 1);
        is_key.then(|| &text[line..at])
    })
}
