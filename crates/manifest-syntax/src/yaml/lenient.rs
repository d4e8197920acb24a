//! Spellings that kubectl's reader takes and YAML does not.
//!
//! - Quotes that go on to the left: YAML asks for more indentation than the key has (YAML 1.2.2,
//!   section 7.3), kubectl's reader folds such lines like others. A text that was pasted between
//!   quotes looks like that.
//! - `*name:` as a key: for YAML the colon belongs to the name, for kubectl's reader it ends it.
//!
//! Both were measured on sigs.k8s.io/yaml 1.6.0. All such places of a text get the spaces that they
//! lack, in one pass; folding takes the indentation away again.

/// A text with spaces put in, and where.
pub(super) struct Patched {
    pub(super) text: String,
    pub(super) shifts: Shifts,
}

/// Places with the number of bytes that were put in up to there, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Shifts(Vec<(usize, usize)>);

impl Shifts {
    /// The offset in the text as it was written.
    pub(super) fn written(&self, at: usize) -> usize {
        let before = self.0.partition_point(|&(place, _)| place <= at);
        match before.checked_sub(1).and_then(|last| self.0.get(last)) {
            Some(&(_, shift)) => at - shift,
            None => at,
        }
    }
}

/// A text grows by its own length and as much as this at the most, in bytes.
const MAX_GROWTH: usize = 1 << 20;

/// Puts in what the text lacks; `None` where nothing is missing, or too much.
pub(super) fn patch(text: &str) -> Option<Patched> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
        missing: Vec::new(),
        growth: 0,
    };
    while scanner.at < scanner.bytes.len() {
        scanner.line();
        if scanner.growth > text.len() + MAX_GROWTH {
            return None;
        }
    }
    if scanner.missing.is_empty() {
        return None;
    }
    let mut patched = String::with_capacity(text.len() + scanner.growth);
    let (mut done, mut shift) = (0, 0);
    let mut shifts = Vec::with_capacity(scanner.missing.len());
    for (place, spaces) in scanner.missing {
        patched.push_str(text.get(done..place)?);
        patched.extend(std::iter::repeat_n(' ', spaces));
        shift += spaces;
        shifts.push((place + shift, shift));
        done = place;
    }
    patched.push_str(text.get(done..)?);
    Some(Patched {
        text: patched,
        shifts: Shifts(shifts),
    })
}

/// Reads as much of a text as tells quotes from what is not one: keys, values, blocks, comments.
struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Places with the number of spaces that they lack, sorted.
    missing: Vec<(usize, usize)>,
    growth: usize,
}

impl Scanner<'_> {
    /// A line outside of all scalars, with the values that start on it.
    fn line(&mut self) {
        let start = self.at;
        self.spaces();
        // The column of the dash, or of the key after it.
        let mut column = self.at - start;
        while self.is(b"- ") {
            column = self.at - start;
            self.at += 1;
            self.spaces();
            if !matches!(self.peek(), None | Some(b'|' | b'>' | b'\n' | b'#')) && self.has_key() {
                column = self.at - start;
            }
        }
        self.values(column);
    }

    /// A key and its value, or a value, of a block that stands at `column`.
    fn values(&mut self, column: usize) {
        loop {
            self.spaces();
            match self.peek() {
                None => return,
                Some(b'\n') => {
                    self.at += 1;
                    return;
                }
                Some(b'#') => return self.skip_line(),
                Some(b'"' | b'\'') => self.quoted(column),
                Some(b'[' | b'{') => self.flow(column),
                Some(b'|' | b'>') => return self.block(column),
                Some(b'&' | b'!') => self.word(),
                Some(b'*') => self.alias(),
                Some(b':') => self.at += 1,
                Some(_) => {
                    if !self.plain_key() {
                        return self.plain(column);
                    }
                }
            }
        }
    }

    /// A `: ` follows on this line that ends a key.
    fn has_key(&self) -> bool {
        let line = self.rest_of_line();
        match line.first() {
            Some(&quote @ (b'"' | b'\'')) => {
                let close = memchr::memchr(quote, &line[1..]);
                close.is_some_and(|close| line.get(close + 2) == Some(&b':'))
            }
            _ => key_end(line).is_some(),
        }
    }

    /// Skips a bare key with its colon, if there is one.
    fn plain_key(&mut self) -> bool {
        match key_end(self.rest_of_line()) {
            Some(colon) => {
                self.at += colon + 1;
                true
            }
            None => false,
        }
    }

    /// A bare value goes on as long as its lines are indented deeper.
    fn plain(&mut self, column: usize) {
        self.skip_line();
        self.skip_deeper(column);
    }

    /// A block scalar, from its header on.
    fn block(&mut self, column: usize) {
        self.skip_line();
        self.skip_deeper(column);
    }

    /// Lines that are empty or indented deeper than `column`.
    fn skip_deeper(&mut self, column: usize) {
        while self.at < self.bytes.len() {
            let line = self.rest_of_line();
            let indent = line.iter().take_while(|&&byte| byte == b' ').count();
            let is_blank = line.trim_ascii().is_empty();
            if !is_blank && indent <= column {
                return;
            }
            self.skip_line();
        }
    }

    /// A scalar in quotes. Of its lines those are noted that stand too far left.
    fn quoted(&mut self, column: usize) {
        let quote = self.bytes[self.at];
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' if quote == b'"' && self.peek() != Some(b'\n') => self.at += 1,
                b'\'' if quote == b'\'' && self.peek() == Some(b'\'') => self.at += 1,
                b'\n' => self.continued(column),
                _ if byte == quote => return,
                _ => {}
            }
        }
    }

    /// The start of a line inside of a scalar.
    fn continued(&mut self, column: usize) {
        let line = self.at;
        self.spaces();
        let indent = self.at - line;
        if indent <= column && !matches!(self.peek(), None | Some(b'\n' | b'\r')) {
            let spaces = column + 1 - indent;
            self.missing.push((line, spaces));
            self.growth += spaces;
        }
    }

    /// What stands between brackets.
    fn flow(&mut self, column: usize) {
        let mut depth = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            let before = self.at.checked_sub(1).map_or(b' ', |at| self.bytes[at]);
            let is_start = before.is_ascii_whitespace() || b"[{,:".contains(&before);
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                b'"' | b'\'' if is_start => {
                    self.quoted(column);
                    continue;
                }
                b'#' if is_start => {
                    self.skip_line();
                    continue;
                }
                b'*' if is_start => {
                    self.alias();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// An alias; one that is a key gets a space before its colon.
    fn alias(&mut self) {
        let rest = &self.bytes[self.at..];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",[]{}".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let is_key = length > 2 && rest[length - 1] == b':';
        if is_key {
            self.missing.push((self.at + length - 1, 1));
            self.growth += 1;
        }
        self.at += length;
    }

    fn word(&mut self) {
        let rest = &self.bytes[self.at..];
        let ends = |byte: &u8| byte.is_ascii_whitespace();
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }

    fn spaces(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r');
        self.at += rest.iter().take_while(is_space).count();
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn is(&self, word: &[u8]) -> bool {
        self.bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
    }

    fn rest_of_line(&self) -> &[u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
    }

    fn skip_line(&mut self) {
        self.at = (self.at + self.rest_of_line().len() + 1).min(self.bytes.len());
    }
}

/// The colon that ends a bare key.
fn key_end(line: &[u8]) -> Option<usize> {
    let comment = memchr::memmem::find(line, b" #").unwrap_or(line.len());
    memchr::memchr_iter(b':', &line[..comment])
        .find(|&colon| matches!(line.get(colon + 1), None | Some(b' ' | b'\t' | b'\r')))
}

#[cfg(test)]
mod tests {
    use super::patch;

    fn patched(text: &str) -> Option<String> {
        patch(text).map(|patched| patched.text)
    }

    #[test]
    fn quotes_that_go_on_to_the_left_are_indented() {
        assert_eq!(
            patched("a:\n- rule: 'x\n  y'\n  z: \"q\nr\"\n").unwrap(),
            "a:\n- rule: 'x\n   y'\n  z: \"q\n   r\"\n"
        );
        assert_eq!(patched("- 'a\nb'\n").unwrap(), "- 'a\n b'\n");
        assert_eq!(patched("a: ['b\nc']\n").unwrap(), "a: ['b\n c']\n");
    }

    #[test]
    fn aliases_as_keys_get_a_space() {
        assert_eq!(
            patched("data:\n  *app: v\n  x: *app\n").unwrap(),
            "data:\n  *app : v\n  x: *app\n"
        );
        assert_eq!(patched("- *a: {*b: c}\n").unwrap(), "- *a : {*b : c}\n");
    }

    #[test]
    fn what_is_no_quote_and_no_alias_is_left_alone() {
        for text in [
            "a: |\n  'x\n  y: *a:\nb: 1\n",
            "a: x\n  'y\n  *b: z\nb: 1\n",
            "# 'x\na: 1\n*: 2\n",
            "a: it's\nb: it's\n",
            "- |\n 'x\n- b\n",
            "- a: >-\n    'x\n    *b:\n  c: 1\n",
            "a: 'x\n  y'\n\"b\": 'c'\n",
        ] {
            assert_eq!(patched(text), None, "{text}");
        }
    }
}
