//! glob(3) as nginx calls it: no flags, C locale, over the [`Files`](crate::files::Files) trait.
//!
//! POSIX rules differ from those of the usual glob crates: `*` takes no leading dot, `**` is `*`,
//! a backslash escapes, `[!x]` and `[^x]` both negate, there is no `{a,b}`.

use crate::files::FileError;
use crate::loader::Loader;

/// Most entries that one pattern may expand to; more are cut off.
const MAX_MATCHES: usize = 100_000;

/// nginx takes a name for a pattern when it has one of these bytes anywhere, escaped or not.
#[must_use]
pub(super) fn is_pattern(path: &[u8]) -> bool {
    path.iter().any(|byte| b"*?[".contains(byte))
}

/// The existing paths that match, in bytewise order; none is no error.
pub(super) fn expand(loader: &Loader<'_>, pattern: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
    let mut found = vec![Vec::new()];
    let mut components = pattern.split(|&byte| byte == b'/').peekable();
    while let Some(component) = components.next() {
        let last = components.peek().is_none();
        if !is_pattern(component) {
            let literal = unescape(component);
            for path in &mut found {
                path.extend_from_slice(&literal);
                path.extend((!last).then_some(b'/'));
            }
            continue;
        }
        let mut next = Vec::new();
        for directory in &found {
            let names = match loader.list(directory) {
                Ok(names) => names,
                // A directory that leads out of the tree may hold anything.
                Err(error @ (FileError::Denied | FileError::Outside)) => return Err(error),
                Err(_) => continue,
            };
            for name in names.iter().filter(|name| matches(component, name)) {
                let mut path = directory.clone();
                path.extend_from_slice(name);
                path.extend((!last).then_some(b'/'));
                next.push(path);
            }
            next.truncate(MAX_MATCHES);
        }
        found = next;
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether one file name matches one component of a pattern.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // A leading dot is matched by a leading dot only.
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    // The usual two-pointer walk: on a mismatch, let the last star take one more byte.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        if let Some(width) = one(&pattern[p..], name[n]) {
            p += width;
            n += 1;
            continue;
        }
        let Some((star_p, star_n)) = star else {
            return false;
        };
        star = Some((star_p, star_n + 1));
        p = star_p + 1;
        n = star_n + 1;
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// How many bytes of the pattern match this byte of the name; `None` when they do not.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', rest @ ..] => match set(rest, byte) {
            Some((true, width)) => Some(width + 1),
            Some((false, _)) => None,
            // An unclosed bracket means itself.
            None => (byte == b'[').then_some(1),
        },
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// A bracket expression after its `[`: whether it holds the byte, and its length with the `]`.
fn set(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let mut index = usize::from(negated);
    let first = index;
    let mut found = false;
    loop {
        let mut low = *pattern.get(index)?;
        if low == b']' && index > first {
            return Some((found != negated, index + 1));
        }
        if low == b'[' && pattern.get(index + 1) == Some(&b':') {
            let length = memchr::memmem::find(&pattern[index..], b":]")?;
            found |= class(&pattern[index + 2..index + length], byte);
            index += length + 2;
            continue;
        }
        if low == b'\\' {
            index += 1;
            low = *pattern.get(index)?;
        }
        index += 1;
        let mut high = low;
        if pattern.get(index) == Some(&b'-') && pattern.get(index + 1).is_some_and(|&b| b != b']') {
            index += 1;
            high = *pattern.get(index)?;
            if high == b'\\' {
                index += 1;
                high = *pattern.get(index)?;
            }
            index += 1;
        }
        found |= (low..=high).contains(&byte);
    }
}

/// POSIX character classes in the C locale.
fn class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

fn unescape(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.iter().copied();
    let mut literal = Vec::with_capacity(component.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => literal.push(bytes.next().unwrap_or(b'\\')),
            _ => literal.push(byte),
        }
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn names_match_as_glob_3_matches_them() {
        let cases = [
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", false),
            ("*.conf", ".a.conf", false),
            (".*", ".a", true),
            ("*", "a~", true),
            ("**", "abc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?.conf", "a.conf", true),
            ("?.conf", ".conf", false),
            ("[ab].conf", "b.conf", true),
            ("[!ab].conf", "b.conf", false),
            ("[^ab].conf", "c.conf", true),
            ("[a-c]x", "bx", true),
            ("[]x]y", "]y", true),
            ("[[:digit:]]0", "10", true),
            ("[ab", "[ab", true),
            ("[ab", "a", false),
            (r"\*.conf", "*.conf", true),
            (r"\*.conf", "a.conf", false),
            ("{a,b}", "a", false),
            ("*.conf", "a.conf.bak", false),
            ("", "", true),
        ];
        for (pattern, name, expected) in cases {
            let matched = matches(pattern.as_bytes(), name.as_bytes());
            assert_eq!(matched, expected, "{pattern} against {name}");
        }
    }
}
