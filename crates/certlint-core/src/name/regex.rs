//! The regular expressions of nginx server names, compiled and matched as nginx does.
//!
//! nginx hands the bytes behind `~` to PCRE2 without UTF mode, and without case exactly when the
//! pattern holds an ASCII upper-case letter (measured on nginx 1.22.1 and 1.31.5). We do the same,
//! but bound the work of a match, because a pattern may come from anybody.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::regex_structure::Structure;

/// Start-of-pattern items that bound one match. nginx itself allows PCRE2's default of ten million
/// steps; a host that needs a hundred thousand is one that we do not decide.
const LIMITS: &str = "(*LIMIT_MATCH=100000)(*LIMIT_DEPTH=10000)(*LIMIT_HEAP=4096)";

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
    /// Takes the bytes behind the `~`. Nothing is compiled yet.
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

    /// The bytes behind the `~`.
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
    /// stands for any character. Only those where that is surely not meant.
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
