//! Random words, read by nginx and by the parser.
//!
//! nginx repeats a word that `listen` does not know, unescaped: `invalid parameter "WORD"`.

use std::fs;

use anyhow::Result;
use nginx_syntax::{Directives, SyntaxError, SyntaxErrorKind, parse};

use crate::nginx;
use crate::rng::Rng;

/// How many words are tried.
const WORDS: usize = 400;

/// nginx cuts its messages at this length (`NGX_MAX_CONF_ERRSTR`).
const LONGEST_MESSAGE: usize = 1024;

/// Always the same words: a difference must not come and go.
const SEED: u64 = 3;

/// Bytes with a meaning in the grammar, and some without.
const BYTES: [&[u8]; 28] = [
    b"a",
    b"b",
    b"\\",
    b"\\",
    b"\"",
    b"'",
    b"$",
    b"${",
    b"{",
    b"}",
    b";",
    b"#",
    b" ",
    b"\t",
    b"\n",
    b"\r",
    b")",
    b"(",
    b"\x0b",
    b"\x0c",
    b"\xc2\xa0",
    b"\xff",
    b"n",
    b"t",
    b"r",
    b"\\\\",
    b"\\n",
    b"= ",
];

/// Compares all words and says how many there were.
pub(super) fn run(differences: &mut Vec<String>) -> Result<usize> {
    let folder = tempfile::Builder::new().prefix("certlint-").tempdir()?;
    let mut rng = Rng::new(SEED);
    for _ in 0..WORDS {
        let word = word(&mut rng);
        let source = [
            b"events {}\nhttp { server { listen 127.0.0.1:1 ",
            &word[..],
            b" ; } }\n",
        ]
        .concat();
        fs::write(folder.path().join("nginx.conf"), &source)?;
        let theirs = nginx::verdict(folder.path())?.error;
        let theirs = theirs.map(|error| (error.message, error.place.map_or(0, |(_, line)| line)));
        let ours = first_message(&source);
        if theirs != ours {
            let (theirs, ours) = (shown(theirs.as_ref()), shown(ours.as_ref()));
            let word = abridged(&word);
            differences.push(format!("word {word}: nginx says {theirs}, we say {ours}"));
        }
    }
    Ok(WORDS)
}

fn shown(said: Option<&(Vec<u8>, usize)>) -> String {
    match said {
        Some((message, line)) => format!("line {line}: {}", abridged(message)),
        None => "nothing".to_owned(),
    }
}

fn abridged(bytes: &[u8]) -> String {
    match bytes.len() {
        0..200 => bytes.escape_ascii().to_string(),
        length => format!("{}… ({length} bytes)", bytes[..40].escape_ascii()),
    }
}

fn word(rng: &mut Rng) -> Vec<u8> {
    let length = rng.between(1, 12);
    let mut word: Vec<u8> = (0..length)
        .flat_map(|_| rng.pick(&BYTES))
        .copied()
        .collect();
    if rng.chance(15) {
        // Around the size of nginx's buffer.
        let quote: &[u8] = rng.pick(&[&b""[..], b"\"", b"'", b"#"]);
        let length = rng.between(4085, 4100);
        word = [quote, &vec![b'x'; length], rng.pick(&[quote, b""]), b"\n"].concat();
    }
    word
}

/// The first error of nginx, as far as our tree tells, and its line.
fn first_message(source: &[u8]) -> Option<(Vec<u8>, usize)> {
    let tree = parse(source);
    let line = |at: u32| {
        1 + source[..at as usize]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
    };
    let error = tree.errors().first();
    // Open blocks are noticed at the end of the file.
    let noticed = |error: &SyntaxError| match error.kind {
        SyntaxErrorKind::EndInBlock { .. } => u32::MAX,
        _ => error.span.start,
    };
    match (complaint(tree.directives(), source), error) {
        (Some((message, at)), Some(error)) if at < noticed(error) => Some((message, line(at))),
        (_, Some(error)) => Some((error.nginx().into_bytes(), error.nginx_line(source))),
        (Some((message, at)), None) => Some((message, line(at))),
        (None, None) => None,
    }
}

/// The text of nginx about the first directive that it refuses, and the offset of the byte at
/// which it says so.
fn complaint(directives: Directives<'_>, source: &[u8]) -> Option<(Vec<u8>, u32)> {
    for directive in directives {
        let name = directive.name().text(source);
        let end = match directive.open() {
            Some(open) => open.start,
            // Without its `;` it is not a directive to nginx.
            None if source[directive.span().range()].ends_with(b";") => directive.span().end - 1,
            None => continue,
        };
        let message = match (name, directive.arguments().get(1)) {
            (b"events" | b"http" | b"server", _) => None,
            (b"listen", None) => None,
            (b"listen", Some(word)) => {
                Some([b"invalid parameter \"", word.text(source), b"\""].concat())
            }
            _ => Some([b"unknown directive \"", name, b"\""].concat()),
        };
        if let Some(mut message) = message {
            message.truncate(LONGEST_MESSAGE);
            return Some((message, end));
        }
        if let Some(found) = complaint(directive.children(), source) {
            return Some(found);
        }
    }
    None
}
