//! Lists and mappings in brackets that end on their line, as people write them: `[a.example, b]`,
//! `{name: web, namespace: shop}`, of simple words and of quoted texts without an escape.

use super::Reader;
use crate::node::Style;

impl Reader<'_> {
    /// The value at `at`; returns where it ends.
    ///
    /// Recursion ends at [`MAX_DEPTH`](crate::MAX_DEPTH), which the builder holds.
    pub(super) fn flow(&mut self, at: usize, end: usize) -> Option<usize> {
        match self.bytes.get(at)? {
            b'[' => self.flow_list(at, end),
            b'{' => self.flow_mapping(at, end),
            &quote @ (b'"' | b'\'') => {
                let close = self.quoted_end(quote, at, end)?;
                self.scalar(at, close, Style::Quoted)?;
                Some(close)
            }
            _ => self.flow_word(at, end),
        }
    }

    fn flow_list(&mut self, at: usize, end: usize) -> Option<usize> {
        self.flow_open(false, at)?;
        let mut next = self.skip_spaces(at + 1, end);
        if self.bytes.get(next) == Some(&b']') {
            return Some(self.flow_close(next));
        }
        loop {
            let value_end = self.flow(next, end)?;
            let behind = self.skip_spaces(value_end, end);
            match self.bytes.get(behind)? {
                b',' => next = self.skip_spaces(behind + 1, end),
                b']' => return Some(self.flow_close(behind)),
                _ => return None,
            }
        }
    }

    fn flow_mapping(&mut self, at: usize, end: usize) -> Option<usize> {
        self.flow_open(true, at)?;
        let mut next = self.skip_spaces(at + 1, end);
        if self.bytes.get(next) == Some(&b'}') {
            return Some(self.flow_close(next));
        }
        loop {
            let colon = self.key_end(next, end)?;
            self.scalar(next, colon, Style::Plain)?;
            let value = self.skip_spaces(colon + 1, end);
            let value_end = self.flow(value, end)?;
            let behind = self.skip_spaces(value_end, end);
            match self.bytes.get(behind)? {
                b',' => next = self.skip_spaces(behind + 1, end),
                b'}' => return Some(self.flow_close(behind)),
                _ => return None,
            }
        }
    }

    /// A word of letters that mean nothing else in brackets.
    fn flow_word(&mut self, at: usize, end: usize) -> Option<usize> {
        let line = self.bytes.get(at..end)?;
        let first = line.first()?;
        if !first.is_ascii_alphanumeric() && !b"_./".contains(first) {
            return None;
        }
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./*-".contains(byte);
        let length = line.iter().take_while(|byte| is_letter(byte)).count();
        self.scalar(at, at + length, Style::Plain)?;
        Some(at + length)
    }

    fn flow_open(&mut self, is_mapping: bool, at: usize) -> Option<()> {
        let span = self.builder.span(at, at + 1);
        self.builder.begin(is_mapping, span).ok()
    }

    /// Closes at a bracket; returns the place after it.
    fn flow_close(&mut self, bracket: usize) -> usize {
        let span = self.builder.span(bracket, bracket + 1);
        self.builder.end(Some(span.end));
        bracket + 1
    }
}
