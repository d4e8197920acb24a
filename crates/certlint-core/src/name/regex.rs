//! The regular expressions of nginx server names, compiled and matched as nginx does.
//!
//! nginx hands the bytes after `~` to PCRE2 without UTF mode, and without case exactly when the
//! pattern holds an ASCII upper-case letter (measured on nginx 1.22.1 and 1.31.5). We do the same,
//! but bound the work of a match, because a pattern may come from anybody.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::regex_structure::Structure;

/// Start-of-pattern items that bound one match. nginx itself allows PCRE2's default of ten million
/// steps; a host that needs twenty thousand is one that we do not decide.
const LIMITS: &str = "(*LIMIT_MATCH=20000)(*LIMIT_DEPTH=10000)(*LIMIT_HEAP=4096)";

/// No SNI value is longer (RFC 6066 section 3 allows more, but a DNS name does not).
const HOST_MAX: usize = 255;

/// The regular expression of a server name, without its `~`. Cheap to clone; compiled when first
/// asked for, once.
#[derive(Clone)]
pub struct Regex {
    inner: Arc<Inner>,
}

struct Inner {
    pattern: Box<[u8]>,
    compiled: OnceLock<Result<pcre2::bytes::Regex, RegexError>>,
    structure: OnceLock<Structure>,
}

/// Why PCRE2 refuses a pattern, and so nginx the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RegexError {
    /// nginx's sentence, without the file and line at its end.
    pub message: String,
    /// Where in the pattern, in bytes; the length of the pattern when its end came too soon.
    pub offset: usize,
}

impl Regex {
    /// Takes the bytes after the `~`. Nothing is compiled yet.
    #[must_use]
    pub fn new(pattern: &[u8]) -> Self {
        Self {
            inner: Arc::new(Inner {
                pattern: pattern.into(),
                compiled: OnceLock::new(),
                structure: OnceLock::new(),
            }),
        }
    }

    /// The bytes after the `~`.
    #[must_use]
    pub fn pattern(&self) -> &[u8] {
        &self.inner.pattern
    }

    /// Whether nginx accepts the pattern.
    ///
    /// # Errors
    /// nginx's own message, and the place.
    pub fn compile(&self) -> Result<(), &RegexError> {
        self.compiled().as_ref().map(|_| ())
    }

    /// Whether the pattern compiles and has groups that capture, with a name or without.
    #[must_use]
    pub fn has_captures(&self) -> bool {
        // The match as a whole is the first of them.
        (self.compiled().as_ref()).is_ok_and(|regex| regex.captures_len() > 1)
    }

    /// Whether the pattern matches a host: lower case, without port and trailing dot, as nginx
    /// normalises it. `None` when that cannot be told: the pattern does not compile, the host is
    /// over 255 bytes, or the match takes too much work.
    #[must_use]
    pub fn is_match(&self, host: &[u8]) -> Option<bool> {
        if host.len() > HOST_MAX {
            return None;
        }
        self.compiled().as_ref().ok()?.is_match(host).ok()
    }

    /// Whether every match spans the whole host. `None` when the pattern uses forms that we do not
    /// look into (look-around, back-references …).
    #[must_use]
    pub fn is_anchored(&self) -> Option<bool> {
        self.structure().is_anchored()
    }

    /// Offsets into the pattern of dots between two literal characters: `.` in `~^www.example$`
    /// matches any character. Only those where that is surely not meant.
    #[must_use]
    pub fn unescaped_dots(&self) -> &[usize] {
        self.structure().unescaped_dots()
    }

    /// Whether nginx compares without case: never visible in a match, because hosts are lower case.
    pub(super) fn is_caseless(&self) -> bool {
        self.inner.pattern.iter().any(u8::is_ascii_uppercase)
    }

    pub(super) fn structure(&self) -> &Structure {
        self.inner
            .structure
            .get_or_init(|| Structure::of(&self.inner.pattern, self.is_caseless()))
    }

    fn compiled(&self) -> &Result<pcre2::bytes::Regex, RegexError> {
        self.inner.compiled.get_or_init(|| {
            let text = pcre_text(&self.inner.pattern);
            pcre2::bytes::RegexBuilder::new()
                .caseless(self.is_caseless())
                .build(&format!("{LIMITS}{text}"))
                .map_err(|error| self.error(&error))
        })
    }

    fn error(&self, error: &pcre2::Error) -> RegexError {
        let pattern = &self.inner.pattern;
        let offset = error
            .offset()
            .unwrap_or_default()
            .saturating_sub(LIMITS.len());
        let offset = offset_in_bytes(pattern, offset);
        let said = error.to_string();
        let said = said
            .split_once("at offset ")
            .map_or(said.as_str(), |(_, rest)| {
                rest.split_once(": ").map_or(rest, |(_, reason)| reason)
            });
        let mut message = format!("pcre2_compile() failed: {said} in \"{self}\"");
        if let Some(rest) = pattern.get(offset..).filter(|rest| !rest.is_empty()) {
            message.push_str(" at \"");
            message.push_str(&String::from_utf8_lossy(rest));
            message.push('"');
        }
        RegexError { message, offset }
    }
}

/// The `pcre2` crate takes text only, PCRE2 sees bytes: what is no UTF-8 is written as `\xHH`.
/// That is another meaning inside `\Q…\E` only, which no host name can have such bytes for.
fn pcre_text(pattern: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(pattern) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(pattern.len() + 16);
    for chunk in pattern.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(text)
}

/// Takes an offset into [`pcre_text`] back to the pattern.
fn offset_in_bytes(pattern: &[u8], offset: usize) -> usize {
    let mut in_text = 0;
    let mut in_bytes = 0;
    for chunk in pattern.utf8_chunks() {
        let valid = chunk.valid().len();
        if offset <= in_text + valid {
            return in_bytes + (offset - in_text);
        }
        in_text += valid;
        in_bytes += valid;
        for _ in chunk.invalid() {
            if offset < in_text + "\\x00".len() {
                return in_bytes;
            }
            in_text += "\\x00".len();
            in_bytes += 1;
        }
    }
    pattern.len()
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.inner.pattern == other.inner.pattern
    }
}

impl Eq for Regex {}

impl Hash for Regex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.pattern.hash(state);
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regex({self})")
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.inner.pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(pattern: &[u8]) -> (String, usize) {
        let error = Regex::new(pattern)
            .compile()
            .expect_err("a broken pattern")
            .clone();
        (error.message, error.offset)
    }

    #[test]
    fn errors_read_as_those_of_nginx() {
        let table: [(&str, &str, usize); 9] = [
            ("(", r#"missing closing parenthesis in "(""#, 1),
            ("^(a", r#"missing closing parenthesis in "^(a""#, 3),
            (
                "a)b",
                r#"unmatched closing parenthesis in "a)b" at ")b""#,
                1,
            ),
            (
                "[a",
                r#"missing terminating ] for character class in "[a""#,
                2,
            ),
            (
                "*x",
                r#"quantifier does not follow a repeatable item in "*x" at "*x""#,
                0,
            ),
            (
                "a**",
                r#"quantifier does not follow a repeatable item in "a**" at "*""#,
                2,
            ),
            (
                "a{3,2}",
                r#"numbers out of order in {} quantifier in "a{3,2}" at "}""#,
                5,
            ),
            (
                "[z-a]",
                r#"range out of order in character class in "[z-a]" at "a]""#,
                3,
            ),
            (r"\", r#"\ at end of pattern in "\""#, 1),
        ];
        for (pattern, expected, offset) in table {
            let expected = format!("pcre2_compile() failed: {expected}");
            assert_eq!(message(pattern.as_bytes()), (expected, offset), "{pattern}");
        }
    }

    #[test]
    fn error_offsets_count_bytes_that_are_no_utf8() {
        assert_eq!(message(b"a\xe9\xe9)b").1, 3);
        assert_eq!(message("aé)b".as_bytes()).1, 3);
    }

    #[test]
    fn start_of_pattern_items_of_the_user_still_work() {
        for pattern in [
            "(*UTF)^a.c$",
            "(*NO_AUTO_POSSESS)^abc$",
            "(*LIMIT_MATCH=50)^abc$",
        ] {
            assert_eq!(
                Regex::new(pattern.as_bytes()).is_match(b"abc"),
                Some(true),
                "{pattern}"
            );
        }
        assert_eq!(
            Regex::new("(*UTF)^.$".as_bytes()).is_match("é".as_bytes()),
            Some(true)
        );
        assert_eq!(
            Regex::new("^.$".as_bytes()).is_match("é".as_bytes()),
            Some(false)
        );
    }

    #[test]
    fn a_pattern_with_a_capital_has_no_case() {
        assert_eq!(
            Regex::new(br"^CASE\.test$").is_match(b"case.test"),
            Some(true)
        );
        assert_eq!(
            Regex::new(br"^case\.test$").is_match(b"CASE.test"),
            Some(false)
        );
        assert_eq!(
            Regex::new(br"^\Sase\.test$").is_match(b"CASE.test"),
            Some(true)
        );
    }

    #[test]
    fn a_pattern_matches_anywhere_unless_it_is_anchored() {
        let regex = Regex::new(br"re\.test");
        assert_eq!(regex.is_match(b"xre.testy.evil"), Some(true));
        assert_eq!(regex.is_anchored(), Some(false));
        assert_eq!(Regex::new(br"^(?:a|b)\.test$").is_anchored(), Some(true));
        assert_eq!(Regex::new(br"^a\.test|b\.test$").is_anchored(), Some(false));
        assert_eq!(Regex::new(br"^(?=a)a$").is_anchored(), None);
    }

    #[test]
    fn only_groups_that_capture_count() {
        for (pattern, captures) in [
            ("^(a)$", true),
            ("^(?<n>a)$", true),
            ("^(?:a)$", false),
            (r"^\(a\)$", false),
            ("^(a$", false),
        ] {
            assert_eq!(
                Regex::new(pattern.as_bytes()).has_captures(),
                captures,
                "{pattern}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_match_themselves() {
        let regex = Regex::new(b"^\xe9+$");
        assert_eq!(regex.is_match(b"\xe9\xe9"), Some(true));
        assert_eq!(regex.is_match("é".as_bytes()), Some(false));
    }

    #[test]
    fn a_costly_match_is_given_up_soon() {
        let regex = Regex::new(b"^(a+)+$");
        let start = std::time::Instant::now();
        assert_eq!(
            regex.is_match(format!("{}b", "a".repeat(200)).as_bytes()),
            None
        );
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn hosts_that_are_too_long_are_not_tried() {
        let regex = Regex::new(b"a");
        assert_eq!(regex.is_match(&[b'a'; 255]), Some(true));
        assert_eq!(regex.is_match(&[b'a'; 256]), None);
    }

    #[test]
    fn equality_is_that_of_the_text() {
        assert_eq!(Regex::new(b"a"), Regex::new(b"a"));
        assert_ne!(Regex::new(b"a"), Regex::new(b"b"));
    }

    #[test]
    fn only_dots_between_letters_or_digits_are_loose() {
        for (pattern, expected) in [
            ("^www.example\\.com$", &[4][..]),
            ("example.com", &[7]),
            ("^(www.)?a.b$", &[9]),
            ("^(w.w|a)$", &[3]),
            ("^.+\\.example\\.com$", &[]),
            ("^a.*\\.com$", &[]),
            ("^a.?b$", &[]),
            ("^[.]a$", &[]),
            ("^(?=a)a.b$", &[]),
        ] {
            assert_eq!(
                Regex::new(pattern.as_bytes()).unescaped_dots(),
                expected,
                "{pattern}"
            );
        }
    }
}
