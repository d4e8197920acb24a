//! Writes directives in the many ways that nginx reads alike.
//!
//! Quotes of both kinds, escapes, blanks, line ends, comments between words, glued braces: what
//! `ngx_conf_file.c` undoes when it reads a word, done here by chance.

use super::item::Item;
use super::rng::Rng;

/// How odd a file looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Chance in percent that a word or a gap is spelled oddly.
    odd: usize,
    /// Lines end in CR LF.
    crlf: bool,
}

impl Style {
    /// Plain for most files, odd for some.
    pub(crate) fn random(rng: &mut Rng) -> Self {
        Self {
            odd: rng.pick(&[0, 0, 5, 30]),
            crlf: rng.chance(8),
        }
    }
}

/// The text of `items`.
pub(crate) fn spell(items: &[Item], rng: &mut Rng) -> Vec<u8> {
    let style = Style::random(rng);
    let mut out = String::new();
    if rng.chance(10) {
        out.push_str("# a comment; with } odd { bytes \" and ' \\\n");
    }
    write(items, 0, style, rng, &mut out);
    if style.odd > 0 && rng.chance(20) {
        out.push_str("# the last line has no end");
    }
    if style.crlf {
        out = out.replace('\n', "\r\n");
    }
    out.into_bytes()
}

fn write(items: &[Item], depth: usize, style: Style, rng: &mut Rng, out: &mut String) {
    for item in items {
        out.push_str(&"    ".repeat(depth));
        let mut bare_dollar = false;
        for (index, word) in item.words.iter().enumerate() {
            if index > 0 {
                gap(style, rng, out);
            }
            let before = out.len();
            spell_word(word, style, rng, out);
            bare_dollar = out[before..].ends_with('$');
        }
        if rng.chance(style.odd) {
            gap(style, rng, out);
        }
        match &item.block {
            None => out.push(';'),
            Some(block) => {
                // `{` directly after `$` would belong to the word.
                if bare_dollar || !rng.chance(style.odd) {
                    out.push(' ');
                }
                out.push('{');
                line_end(style, rng, out);
                write(block, depth + 1, style, rng, out);
                out.push_str(&"    ".repeat(depth));
                out.push('}');
            }
        }
        line_end(style, rng, out);
    }
}

/// The text between two words.
fn gap(style: Style, rng: &mut Rng, out: &mut String) {
    if rng.chance(style.odd) {
        out.push_str(rng.pick(&[
            "\t",
            "   ",
            "\n        ",
            " # no; \"end\" { of } the directive\n    ",
            "\r",
            " \t \n\n",
        ]));
    } else {
        out.push(' ');
    }
}

fn line_end(style: Style, rng: &mut Rng, out: &mut String) {
    if rng.chance(style.odd) {
        out.push_str(rng.pick(&["", " ", "\n\n", " # why {\n", "#glued }\n"]));
    } else {
        out.push('\n');
    }
}

fn spell_word(word: &str, style: Style, rng: &mut Rng, out: &mut String) {
    let plain = is_plain(word);
    if plain && !rng.chance(style.odd) {
        escape(word, None, style, rng, out);
        return;
    }
    let quote = rng.pick(&['"', '\'']);
    out.push(quote);
    escape(word, Some(quote), style, rng, out);
    out.push(quote);
}

/// Whether the word can be written without quotes.
fn is_plain(word: &str) -> bool {
    let mut before = ' ';
    for character in word.chars() {
        let ends = match character {
            ' ' | '\t' | '\r' | '\n' | ';' => true,
            '{' => before != '$',
            _ => false,
        };
        if ends {
            return false;
        }
        before = character;
    }
    !word.is_empty() && !word.starts_with(['}', '#'])
}

/// Writes the bytes so that unescaping gives `word` again.
fn escape(word: &str, quote: Option<char>, style: Style, rng: &mut Rng, out: &mut String) {
    let mut characters = word.chars().peekable();
    let mut first = true;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                // A backslash stays one unless the byte after it makes an escape of the two.
                let next = characters.peek().copied();
                let needed = matches!(next, None | Some('\\' | '"' | '\'' | 't' | 'r' | 'n'));
                out.push_str(if needed || rng.chance(style.odd) {
                    r"\\"
                } else {
                    "\\"
                });
            }
            '"' | '\'' => {
                let needed = quote.map_or(first, |quote| quote == character);
                if needed || rng.chance(style.odd) {
                    out.push('\\');
                }
                out.push(character);
            }
            '\t' if rng.chance(50) => out.push_str(r"\t"),
            '\n' if rng.chance(50) => out.push_str(r"\n"),
            _ => out.push(character),
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use nginx_syntax::{Directives, parse};

    use super::*;

    const WORDS: [&str; 12] = [
        "",
        "listen",
        "a b",
        r"~^\w+\.a\\b\.test$",
        "x{1,2}",
        "${host}/x",
        "#no",
        "}",
        "quo\"te'd\"",
        "tail\\",
        "a;b",
        "tab\tand\nline",
    ];

    #[test]
    fn every_spelling_is_read_back_as_the_same_words() {
        let line = Item::simple(WORDS);
        let items = [
            Item::block(["server"], vec![line.clone(), line.clone()]),
            line,
        ];
        for seed in 0..2000 {
            let text = spell(&items, &mut Rng::new(seed));
            let tree = parse(&text);
            let shown = String::from_utf8_lossy(&text);
            assert!(
                tree.errors().is_empty(),
                "seed {seed}: {:?}\n{shown}",
                tree.errors()
            );
            let mut read = Vec::new();
            collect(tree.directives(), &text, &mut read);
            assert_eq!(read.len(), 4, "seed {seed}:\n{shown}");
            assert_eq!(read[0], ["server"]);
            for line in &read[1..] {
                assert_eq!(line, &WORDS, "seed {seed}:\n{shown}");
            }
        }
    }

    fn collect(directives: Directives<'_>, text: &[u8], read: &mut Vec<Vec<String>>) {
        for directive in directives {
            let words = std::iter::once(directive.name()).chain(directive.arguments());
            let words =
                words.map(|word| String::from_utf8_lossy(word.text(text)).replace('\r', ""));
            read.push(words.collect());
            collect(directive.children(), text, read);
        }
    }
}
