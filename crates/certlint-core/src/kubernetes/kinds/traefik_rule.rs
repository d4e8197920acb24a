//! Hosts in a rule of Traefik: ``Host(`a.example`) && !Host(`b.example`)``.
//!
//! Values are in backticks or double quotes, several in one matcher before Traefik 3; what a `!`
//! turns round is not served (Traefik manual, "Rules & Priority"). A rule that does not add up
//! gives no hosts: Traefik does not load its router.

/// The values of these matchers that a rule asks for, with their offsets.
pub(super) fn hosts<'r>(rule: &'r str, matchers: &[&str]) -> Vec<(&'r str, usize)> {
    let mut hosts = Vec::new();
    let mut reader = Reader { rule, at: 0 };
    // Whether the parenthesis around is turned round, the innermost last.
    let mut around = Vec::new();
    let mut outer = false;
    let mut negated = false;
    while let Some(byte) = reader.next() {
        match byte {
            b'!' => negated = !negated,
            b'(' => {
                around.push(outer);
                outer ^= negated;
                negated = false;
            }
            b')' => match around.pop() {
                Some(before) => outer = before,
                None => return Vec::new(),
            },
            b'&' | b'|' => negated = false,
            _ if is_word(byte) => {
                let Some((name, values)) = reader.matcher() else {
                    return Vec::new();
                };
                let is_wanted = matchers.iter().any(|one| one.eq_ignore_ascii_case(name));
                if is_wanted && !(outer ^ negated) {
                    hosts.extend(values);
                }
                negated = false;
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => return Vec::new(),
        }
    }
    match around.is_empty() {
        true => hosts,
        false => Vec::new(),
    }
}

struct Reader<'r> {
    rule: &'r str,
    at: usize,
}

impl<'r> Reader<'r> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.rule.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: fn(u8) -> bool) {
        while self.peek().is_some_and(wanted) {
            self.at += 1;
        }
    }

    /// `NAME(VALUE, …)`; the first byte of the name was taken.
    fn matcher(&mut self) -> Option<(&'r str, Vec<(&'r str, usize)>)> {
        let start = self.at - 1;
        self.skip(is_word);
        let name = &self.rule[start..self.at];
        let mut values = Vec::new();
        self.skip(is_blank);
        if self.next()? != b'(' {
            return None;
        }
        loop {
            match self.next()? {
                b')' => return Some((name, values)),
                quote @ (b'`' | b'"') => values.push(self.value(quote)?),
                byte if is_blank(byte) || byte == b',' => {}
                _ => return None,
            }
        }
    }

    /// The text before the closing quote.
    fn value(&mut self, quote: u8) -> Option<(&'r str, usize)> {
        let start = self.at;
        loop {
            match self.next()? {
                byte if byte == quote => return Some((&self.rule[start..self.at - 1], start)),
                // No host has an escape in it; another value may.
                b'\\' if quote == b'"' => self.at += 1,
                _ => {}
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::hosts;

    fn texts(rule: &str) -> Vec<&str> {
        let found = hosts(rule, &["Host"]);
        for (host, start) in &found {
            assert_eq!(&rule[*start..start + host.len()], *host);
        }
        found.into_iter().map(|(host, _)| host).collect()
    }

    #[test]
    fn values_in_backticks_and_quotes_are_hosts() {
        let rule = r#"Host(`a.example`) || host( "b.example" , `c.example`)"#;
        assert_eq!(texts(rule), ["a.example", "b.example", "c.example"]);
    }

    #[test]
    fn other_matchers_name_no_hosts() {
        let rule = r#"HostRegexp(`^.+$`) && PathPrefix(`/Host(`) && Header("a\"b", `)`)"#;
        assert_eq!(texts(rule), [""; 0]);
    }

    #[test]
    fn what_is_turned_round_is_not_served() {
        let cases = [
            ("Host(`a`) && !Host(`b`)", vec!["a"]),
            ("!(Host(`a`) || Host(`b`)) && Host(`c`)", vec!["c"]),
            ("!(Host(`a`) && !Host(`b`))", vec!["b"]),
            ("!!Host(`a`)", vec!["a"]),
            ("(!PathPrefix(`/x`) && (Host(`a`)))", vec!["a"]),
        ];
        for (rule, expected) in cases {
            assert_eq!(texts(rule), expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_that_does_not_add_up_gives_no_hosts() {
        for rule in [
            "Host(`a",
            "Host(`a`",
            "(Host(`a`)",
            "Host(`a`))",
            "Host",
            "Host('a')",
            "Host(\"a\\",
            "Host(`ä`) ä",
        ] {
            assert_eq!(texts(rule), [""; 0], "{rule}");
        }
    }
}
