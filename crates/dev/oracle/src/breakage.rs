//! Mistakes, made on purpose: in the directives, and in the text of the files.
//!
//! What nginx makes of them is for nginx to say; some of them it even accepts.

use std::collections::BTreeMap;

use super::case::Entry;
use super::item::{Item, all, any, any_block, blocks};
use super::names;
use super::pool;
use super::rng::Rng;

/// The directives of the main file.
type Main = Vec<Item>;

/// Makes a mistake where there is an opportunity, and says which.
type Mistake = fn(&mut Main, &mut Rng) -> Option<String>;

/// Words that are no good after an address in `listen`.
const BAD_PARAMETERS: [&str; 19] = [
    "SSL",
    "sssl",
    "ssl=on",
    "default_servers",
    "backlog=x",
    "backlog=0",
    "backlog=",
    "rcvbuf=x",
    "quic",
    "udp",
    "fastopen=x",
    "so_keepalive=maybe",
    "so_keepalive=",
    "ipv6only=on",
    "ipv6only=x",
    "setfib=1",
    "multipath",
    "",
    "proxy_protocol=on",
];

const BAD_ADDRESSES: [&str; 22] = [
    "127.0.0.1:99999",
    "127.0.0.1:0",
    "0",
    "65536",
    "127.0.0.1:",
    "127.0.0.1:x",
    ":@P1@",
    "[::1",
    "[::1]@P1@",
    "[::g]:@P1@",
    "[]:@P1@",
    "unix:",
    "127.0.0.1:@P2@-@P1@",
    "127.0.0.1:@P1@-",
    "127.0.0.1:-@P1@",
    "@P1@-@P2@-@P3@",
    "http://127.0.0.1:@P1@",
    "127.0.0.1:@P1@/x",
    "*:",
    "",
    "127.0.0.1@P1@x",
    "*@P1@",
];

/// Directives with the wrong number or kind of arguments, or in the wrong place.
const MISPLACED: [(&str, &[&str], bool); 34] = [
    ("server", &["listen"], false),
    ("server", &["server_name"], false),
    ("server", &["ssl_certificate"], false),
    (
        "server",
        &["ssl_certificate", "certs/ec00.crt", "certs/ec00.key"],
        false,
    ),
    ("server", &["ssl_certificate_key"], false),
    ("server", &["ssl_reject_handshake", "maybe"], false),
    ("server", &["ssl_reject_handshake"], false),
    ("server", &["ssl_protocols", "TLSv9"], false),
    ("server", &["ssl_protocols"], false),
    ("server", &["ssl_verify_client", "perhaps"], false),
    ("server", &["ssl_verify_depth", "x"], false),
    ("server", &["ssl_session_timeout", "1x"], false),
    ("server", &["listen", "127.0.0.1:@P3@"], true),
    ("server", &["server"], true),
    ("server", &["http"], true),
    ("server", &["events"], true),
    ("server", &["worker_connections", "5"], false),
    ("server", &["location"], true),
    ("server", &["location", "~", "a", "b"], true),
    ("server", &["location", "/x"], false),
    ("server", &["include", "a", "b"], false),
    ("server", &["include"], false),
    ("server", &["ssl", "on"], false),
    ("server", &["http2", "on"], false),
    ("server", &["return"], false),
    ("server", &["root", "/a", "/b"], false),
    ("http", &["listen", "127.0.0.1:@P3@"], false),
    ("http", &["server_name", "a.test"], false),
    ("http", &["location", "/"], true),
    ("http", &["server", "x"], true),
    ("http", &["server"], false),
    ("http", &["http"], true),
    ("http", &["upstream"], true),
    ("events", &["worker_connections"], false),
];

/// Makes one mistake in the directives and says which.
pub(crate) fn items(main: &mut Main, rng: &mut Rng) -> String {
    let mistakes: [Mistake; 15] = [
        certificate_file,
        key_file,
        weak_pair,
        second_default,
        doubled_listen,
        listen_word,
        listen_word,
        server_name,
        misplaced,
        misplaced,
        lost_tls_line,
        doubled_line,
        doubled_block,
        include,
        variable,
    ];
    for _ in 0..8 {
        let mistake = rng.pick(&mistakes);
        if let Some(note) = mistake(main, rng) {
            return note;
        }
    }
    String::new()
}

fn certificate_file(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let line = any(main, "ssl_certificate", rng)?;
    let file = match rng.chance(30) {
        true => rng.pick(&["missing.crt", "", "."]),
        false => rng.pick(&pool::BAD_CERTIFICATES),
    };
    let path = if file.is_empty() {
        String::new()
    } else {
        format!("certs/{file}")
    };
    *line.words.last_mut()? = path.clone();
    Some(format!("certificate file {path}"))
}

fn key_file(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let line = any(main, "ssl_certificate_key", rng)?;
    let file = match rng.below(3) {
        0 => rng.pick(&["missing.key", "."]),
        1 => rng.pick(&pool::BAD_KEYS),
        _ => rng.pick(&["ec09.key", "rsa03.key", "ed00.key"]),
    };
    *line.words.last_mut()? = format!("certs/{file}");
    Some(format!("key file {file}"))
}

/// OpenSSL refuses keys below its security level.
fn weak_pair(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let server = any_block(main, "server", rng)?;
    server.push(Item::simple(["ssl_certificate", "certs/weak.crt"]));
    server.push(Item::simple(["ssl_certificate_key", "certs/weak.key"]));
    Some("weak key".to_owned())
}

fn second_default(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let mut listens = all(main, "listen");
    let index = rng.below(listens.len().max(1));
    let address = listens.get(index)?.words.get(1)?.clone();
    let mut count = 0;
    for listen in &mut listens {
        if listen.words.get(1) == Some(&address) && count < 2 {
            listen.words.push("default_server".to_owned());
            count += 1;
        }
    }
    Some(format!("default_server {count} times"))
}

fn doubled_listen(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let server = any_block(main, "server", rng)?;
    let mut line = any(server, "listen", rng)?.clone();
    let address = line.words.get_mut(1)?;
    if let Some(port) = address.strip_prefix("*:") {
        *address = format!("0.0.0.0:{port}");
    }
    server.push(line);
    Some("listen twice".to_owned())
}

fn listen_word(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let line = any(main, "listen", rng)?;
    let word = if rng.chance(50) {
        let word = rng.pick(&BAD_PARAMETERS);
        line.words.push(word.to_owned());
        word
    } else {
        let word = rng.pick(&BAD_ADDRESSES);
        *line.words.get_mut(1)? = word.to_owned();
        word
    };
    Some(format!("listen {word}"))
}

fn server_name(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let line = any(main, "server_name", rng)?;
    let name = rng.pick(&names::REFUSED);
    line.words.push(name.to_owned());
    Some(format!("server_name {name}"))
}

fn misplaced(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let (context, words, has_block) = rng.pick(&MISPLACED);
    let mut line = Item::simple(words.iter().copied());
    line.block = has_block.then(Vec::new);
    let block = any_block(main, context, rng)?;
    let at = rng.below(block.len() + 1);
    block.insert(at, line);
    Some(format!("{} in {context}", words.join(" ")))
}

fn lost_tls_line(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let name = rng.pick(&[
        "ssl_certificate",
        "ssl_certificate_key",
        "ssl_password_file",
    ]);
    let mut servers = blocks(main, "server");
    servers.retain(|server| server.iter().any(|item| item.name() == name));
    if servers.is_empty() {
        return None;
    }
    let server = rng.below(servers.len());
    let block = &mut servers[server];
    let at = block.iter().position(|item| item.name() == name)?;
    block.remove(at);
    Some(format!("without {name}"))
}

fn doubled_line(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let name = rng.pick(&[
        "ssl_reject_handshake",
        "ssl_password_file",
        "ssl_protocols",
        "worker_connections",
        "server_name",
        "access_log",
        "client_body_temp_path",
    ]);
    let context = rng.pick(&["server", "http", "events"]);
    let block = any_block(main, context, rng)?;
    let line = block.iter().find(|item| item.name() == name)?.clone();
    block.push(line);
    Some(format!("{name} twice"))
}

fn doubled_block(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let at = rng.below(main.len());
    let note = main[at].name().to_owned();
    match rng.below(3) {
        0 => {
            let line = main[at].clone();
            main.push(line);
            Some(format!("{note} twice"))
        }
        1 => {
            main.remove(at);
            Some(format!("without {note}"))
        }
        _ => {
            main.push(Item::block([note.as_str()], Vec::new()));
            Some(format!("empty second {note}"))
        }
    }
}

fn include(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let path = rng.pick(&[
        "missing.conf",
        "extra/missing.conf",
        "@DIR@/missing.conf",
        "missing-*.conf",
        "dangling.conf",
        "dangling*",
        "cert[s",
        "tm[p]",
        "tmp",
        "certs/*.crt",
        "$pid.conf",
        "~/x.conf",
        "",
    ]);
    let block = match rng.below(3) {
        0 => main,
        1 => any_block(main, "http", rng)?,
        _ => any_block(main, "server", rng)?,
    };
    let at = rng.below(block.len() + 1);
    block.insert(at, Item::simple(["include", path]));
    Some(format!("include {path}"))
}

fn variable(main: &mut Main, rng: &mut Rng) -> Option<String> {
    let name = rng.pick(&["ssl_certificate", "ssl_certificate_key"]);
    let line = any(main, name, rng)?;
    let word = rng.pick(&[
        "certs/$no_such_variable.crt",
        "certs/$.crt",
        "certs/${ssl_server_name.crt",
        "certs/x$",
        "certs/${}.crt",
        "certs/$sub.crt",
        "certs/$1.crt",
    ]);
    *line.words.last_mut()? = word.to_owned();
    Some(format!("path {word}"))
}

/// Makes one mistake in the text of one file and says which.
pub(crate) fn files(files: &mut BTreeMap<Vec<u8>, Entry>, rng: &mut Rng) -> String {
    let mut texts: Vec<_> = files
        .values_mut()
        .filter_map(|entry| match entry {
            Entry::Text(text) => Some(text),
            Entry::Directory | Entry::Link(_) => None,
        })
        .collect();
    let index = rng.below(texts.len());
    let text = &mut *texts[index];
    if text.is_empty() {
        return String::new();
    }
    match rng.below(12) {
        0..3 => {
            let byte = rng.pick(b";{}\"'");
            let places: Vec<_> = (0..text.len()).filter(|&at| text[at] == byte).collect();
            if places.is_empty() {
                return String::new();
            }
            text.remove(rng.pick(&places));
            format!("lost {}", char::from(byte))
        }
        3..7 => {
            let bytes = rng.pick(&[
                &b";"[..],
                b"}",
                b"{",
                b"\"",
                b"'",
                b"\\",
                b"#",
                b"$",
                b"\0",
                b"\xff",
                b" ; ",
                b" } ",
                b" { ",
                b"\"a\"b",
                b" \n",
            ]);
            let at = rng.below(text.len() + 1);
            text.splice(at..at, bytes.iter().copied());
            format!("inserted {:?}", String::from_utf8_lossy(bytes))
        }
        7 => {
            text.truncate(rng.below(text.len()));
            "cut short".to_owned()
        }
        8 => {
            text.splice(0..0, *b"\xef\xbb\xbf");
            "byte order mark".to_owned()
        }
        9 => {
            let length = rng.between(4080, 4110);
            let word = [&b"\n#"[..], &vec![b'x'; length], b"\n"].concat();
            text.splice(0..0, word);
            format!("comment of {length} bytes")
        }
        10 => {
            text.extend_from_slice(rng.pick(&[
                &b"}"[..],
                b"server {",
                b"http",
                b"x {}",
                b";",
                b"events {}",
            ]));
            "appended".to_owned()
        }
        _ => {
            let at = rng.below(text.len());
            let other = text.len() - 1 - at;
            text.swap(at, other);
            "swapped bytes".to_owned()
        }
    }
}
