//! The commands of a shell script, as far as one sees them without running it.
//!
//! Quotes, comments, command substitutions and here-documents are told apart (POSIX shell, section
//! 2, "Token Recognition"); nothing is expanded, and reserved words are words like others.

use std::borrow::Cow;

use super::switch::program;

/// A word of a script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'s> {
    /// As written there, with its quotes.
    pub(super) raw: &'s str,
    /// Its offset in the script.
    pub(super) start: usize,
}

impl<'s> Word<'s> {
    /// Without its quotes.
    pub(super) fn text(&self) -> Cow<'s, str> {
        let is_quote = |character| matches!(character, '\'' | '"' | '\\');
        match self.raw.contains(is_quote) {
            true => Cow::Owned(self.raw.replace(is_quote, "")),
            false => Cow::Borrowed(self.raw),
        }
    }
}

const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// Substitutions in substitutions; a script with more is read up to there.
const MAX_DEPTH: usize = 64;

/// The index of the script in the words that start a shell with one.
pub(super) fn script(words: &[Cow<'_, str>]) -> Option<usize> {
    let shell = words
        .iter()
        .position(|word| SHELLS.contains(&program(word)))?;
    let is_flag = |word: &str| {
        let short = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        short.is_some_and(|short| short.contains('c'))
    };
    let flag = words[shell..].iter().position(|word| is_flag(word))?;
    let script = shell + flag + 1;
    (script < words.len()).then_some(script)
}

/// Calls `each` with the words of every command, an inner one before the one around it.
pub(super) fn commands<'s>(script: &'s str, each: &mut dyn FnMut(&[Word<'s>])) {
    let bytes = script.as_bytes();
    let mut around = Vec::new();
    let mut open = Open::default();
    // What a here-document of this line ends with.
    let mut delimiters = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        let is_substitution = byte == b'`' || (byte == b'$' && next == Some(b'('));
        match byte {
            b'\\' if next == Some(b'\n') => at += 1,
            b'\\' => {
                open.start_word(at);
                at += 1;
            }
            b'`' if open.closer == Some(b'`') => {
                open.end_command(script, at, each);
                open = around.pop().unwrap_or_default();
            }
            _ if is_substitution || (byte == b'(' && !open.is_quoted) => {
                if around.len() == MAX_DEPTH {
                    break;
                }
                match is_substitution {
                    true => open.start_word(at),
                    false => open.end_command(script, at, each),
                }
                at += usize::from(byte == b'$');
                let closer = if byte == b'`' { b'`' } else { b')' };
                let inner = Open {
                    closer: Some(closer),
                    ..Open::default()
                };
                around.push(std::mem::replace(&mut open, inner));
            }
            b'"' => {
                open.start_word(at);
                open.is_quoted = !open.is_quoted;
            }
            _ if open.is_quoted => {}
            b'\'' => {
                open.start_word(at);
                let rest = &bytes[at + 1..];
                at += 1 + memchr::memchr(b'\'', rest).unwrap_or(rest.len());
            }
            b'#' if open.word.is_none() => {
                at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
                continue;
            }
            b')' if open.closer == Some(b')') => {
                open.end_command(script, at, each);
                open = around.pop().unwrap_or_default();
            }
            b'<' if bytes[at..].starts_with(b"<<") => {
                open.end_word(script, at);
                delimiters.extend(delimiter(&script[at + 2..]));
                at += 1;
            }
            b'\n' => {
                open.end_command(script, at, each);
                for delimiter in delimiters.drain(..) {
                    at += here_document(&script[at + 1..], delimiter);
                }
            }
            // `2>&1` and `&>` belong to the command.
            b'&' if next == Some(b'>') || bytes[..at].ends_with(b">") => open.end_word(script, at),
            b';' | b'&' | b'|' | b')' => open.end_command(script, at, each),
            b' ' | b'\t' | b'\r' | b'<' | b'>' => open.end_word(script, at),
            _ => open.start_word(at),
        }
        at += 1;
    }
    for mut open in around.into_iter().chain([open]).rev() {
        open.end_command(script, bytes.len(), each);
    }
}

/// A command that is being read.
#[derive(Debug, Default)]
struct Open<'s> {
    words: Vec<Word<'s>>,
    /// Where the word started that is being read.
    word: Option<usize>,
    /// Inside double quotes.
    is_quoted: bool,
    /// The end of this level of commands.
    closer: Option<u8>,
}

impl<'s> Open<'s> {
    fn start_word(&mut self, at: usize) {
        self.word.get_or_insert(at);
    }

    fn end_word(&mut self, script: &'s str, at: usize) {
        if let Some(start) = self.word.take() {
            let raw = script.get(start..at.min(script.len())).unwrap_or_default();
            self.words.push(Word { raw, start });
        }
    }

    fn end_command(&mut self, script: &'s str, at: usize, each: &mut dyn FnMut(&[Word<'s>])) {
        self.end_word(script, at);
        if !self.words.is_empty() {
            each(&self.words);
            self.words.clear();
        }
    }
}

/// The delimiter after `<<`; none in `<<<` and where it is a shift of bits.
fn delimiter(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let rest = rest.trim_start_matches([' ', '\t']);
    let rest = rest.trim_start_matches(['\'', '"', '\\']);
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let end = rest.find(|character| !is_word(character));
    let word = &rest[..end.unwrap_or(rest.len())];
    let is_name = |first: char| first.is_ascii_alphabetic() || first == '_';
    word.starts_with(is_name).then_some(word)
}

/// The length of a here-document with the line that ends it.
fn here_document(text: &str, delimiter: &str) -> usize {
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        length += line.len();
        if line.trim() == delimiter {
            break;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Words joined by `,`, commands by `;`.
    fn read(script: &str) -> String {
        let mut read = Vec::new();
        commands(script, &mut |words| {
            for word in words {
                assert_eq!(&script[word.start..][..word.raw.len()], word.raw);
            }
            let texts: Vec<_> = words.iter().map(Word::text).collect();
            read.push(texts.join(","));
        });
        read.join(";")
    }

    #[test]
    fn commands_end_where_the_shell_ends_them() {
        for (script, expected) in [
            ("curl -k a\nwget b", "curl,-k,a;wget,b"),
            ("a && b || c; d & e | f", "a;b;c;d;e;f"),
            ("if ! curl -k a; then b; fi", "if,!,curl,-k,a;then,b;fi"),
            ("curl \\\n  -k \\\n  a", "curl,-k,a"),
            ("curl -k a >/dev/null 2>&1 -v", "curl,-k,a,/dev/null,2,1,-v"),
            ("a &>b c", "a,b,c"),
            ("(cd a; b)", "cd,a;b"),
            ("case $a in b) c;; esac", "case,$a,in,b;c;esac"),
            ("a\r\nb\r\n", "a;b"),
            ("", ""),
        ] {
            assert_eq!(read(script), expected, "{script}");
        }
    }

    #[test]
    fn quotes_and_comments_hide_what_they_hold() {
        for (script, expected) in [
            ("echo 'curl -k; b' c", "echo,curl -k; b,c"),
            ("echo \"curl -k; b\" c", "echo,curl -k; b,c"),
            ("echo \"it's\" b", "echo,its,b"),
            ("echo a\\;b", "echo,a;b"),
            ("# curl -k 'a\nb # c\nd#e ${#f}", "b;d#e,${#f}"),
            ("a 'b", "a,b"),
        ] {
            assert_eq!(read(script), expected, "{script}");
        }
    }

    #[test]
    fn substitutions_are_commands_of_their_own() {
        for (script, expected) in [
            ("a=$(curl -k b)", "curl,-k,b;a=$(curl -k b)"),
            ("a=\"$(curl -k \"$b\")\" c", "curl,-k,$b;a=$(curl -k $b),c"),
            ("a `b -c` d", "b,-c;a,`b -c`,d"),
            ("a $(b $(c)) d", "c;b,$(c);a,$(b $(c)),d"),
            ("a $(b", "b;a,$(b"),
        ] {
            assert_eq!(read(script), expected, "{script}");
        }
    }

    #[test]
    fn here_documents_are_no_commands() {
        for (script, expected) in [
            ("cat <<EOF >a\ncurl -k 'b\nEOF\nc", "cat,EOF,a;c"),
            ("cat <<-'EOF'\n\tcurl -k b\n\tEOF\nc", "cat,-EOF;c"),
            ("a <<<b\nc", "a,b;c"),
            ("cat <<EOF\ncurl", "cat,EOF"),
        ] {
            assert_eq!(read(script), expected, "{script}");
        }
    }

    #[test]
    fn deep_substitutions_come_to_an_end() {
        let script = "$(".repeat(100_000);
        let mut count = 0;
        commands(&script, &mut |_| count += 1);
        assert_eq!(count, MAX_DEPTH);
    }

    proptest! {
        #[test]
        fn words_stand_where_they_say(script in "[a-c '\"\\\\`$()<>&|;#\n-]{0,60}|\\PC{0,40}") {
            read(&script);
        }
    }
}
