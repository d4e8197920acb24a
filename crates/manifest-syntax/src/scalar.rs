//! The meaning of an unquoted YAML word to kubectl: a boolean, a number, nothing, or text.
//!
//! kubectl reads YAML 1.1 words: `yes`, `on` and `y` are booleans, `0777` is octal, `1_000` a number.
//! A date stays text. All tables were measured on sigs.k8s.io/yaml 1.6.0, the reader of kubectl and
//! Helm.

/// The meaning of an unquoted word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Word {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text,
}

/// The meaning of an unquoted word.
pub(crate) fn resolve(word: &str) -> Word {
    let Some(first) = word.bytes().next() else {
        return Word::Null;
    };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            spelled(word).unwrap_or(Word::Text)
        }
        b'.' => spelled(word)
            .or_else(|| fraction(word))
            .unwrap_or(Word::Text),
        b'+' | b'-' | b'0'..=b'9' => spelled(word)
            .or_else(|| number(&word.replace('_', "")))
            .unwrap_or(Word::Text),
        _ => Word::Text,
    }
}

/// The words that have a meaning as they are.
fn spelled(word: &str) -> Option<Word> {
    Some(match word {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Word::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Word::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Word::Null,
        ".nan" | ".NaN" | ".NAN" => Word::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Word::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Word::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A number that starts with a dot. Underscores are read here only between digits.
fn fraction(word: &str) -> Option<Word> {
    let bytes = word.as_bytes();
    let digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let separates = |at: usize| digit(at.checked_sub(1)) && digit(Some(at + 1));
    memchr::memchr_iter(b'_', bytes)
        .all(separates)
        .then(|| float(&word.replace('_', "")))
        .flatten()
}

/// A number without its underscores: first an integer in any base, else a decimal fraction.
fn number(word: &str) -> Option<Word> {
    integer(word).map(Word::Integer).or_else(|| float(word))
}

/// 64 bits, signed or not, in the bases of Go: `0x`, `0o`, `0b`, and octal after a bare `0`.
fn integer(word: &str) -> Option<i128> {
    let (sign, digits) = match word.as_bytes().first()? {
        b'-' => (Some(-1), &word[1..]),
        b'+' => (Some(1), &word[1..]),
        _ => (None, word),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = value.checked_mul(sign.unwrap_or(1))?;
    // Only a number without a sign may use all 64 bits for its size.
    let fits = i64::try_from(value).is_ok() || sign.is_none() && u64::try_from(value).is_ok();
    fits.then_some(value)
}

/// A decimal fraction; Rust would also read `inf` and `nan`, which are text here.
fn float(word: &str) -> Option<Word> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let value: f64 = word
        .bytes()
        .all(plain)
        .then(|| word.parse().ok())
        .flatten()?;
    value.is_finite().then_some(Word::Float(value))
}

/// How kubectl spells an unquoted key of a mapping: JSON has only texts as keys, so `yes` becomes
/// `true`, `0x10` becomes `16` and `1.10` becomes `1.1`.
///
/// `None` where kubectl refuses the key: nothing, and integers above 63 bits.
pub(crate) fn key(word: &str) -> Option<Option<String>> {
    let spelling = match resolve(word) {
        Word::Text => return Some(None),
        Word::Null => return None,
        Word::Bool(value) => value.to_string(),
        Word::Integer(value) => i64::try_from(value).ok()?.to_string(),
        Word::Float(value) => float_key(value),
    };
    Some((spelling != word).then_some(spelling))
}

/// Go's shortest form of a 32-bit float, which is what keys go through.
#[expect(clippy::cast_possible_truncation, reason = "keys go through 32 bits")]
fn float_key(value: f64) -> String {
    let value = value as f32;
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(-4..=5) | Err(_) => value.to_string(),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked of sigs.k8s.io/yaml 1.6.0, as `v: WORD` and as `WORD: v`.
    #[test]
    fn words_mean_what_they_mean_to_kubectl() {
        let same = |words: &[&str], meaning: Word, spelling: Option<&str>| {
            for word in words {
                assert_eq!(resolve(word), meaning, "{word}");
                let spelled = key(word).map(|key| key.unwrap_or_else(|| (*word).to_owned()));
                assert_eq!(spelled.as_deref(), spelling, "{word} as a key");
            }
        };
        let yes = "y Y yes Yes YES on On ON true True TRUE";
        let no = "n N no No NO off Off OFF false False FALSE";
        let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        same(&words(yes), Word::Bool(true), Some("true"));
        same(&words(no), Word::Bool(false), Some("false"));
        same(&words("~ null Null NULL"), Word::Null, None);
        same(&[""], Word::Null, None);

        for (word, value) in [
            ("012", 10),
            ("0o12", 10),
            ("0O7", 7),
            ("0x1F", 31),
            ("0X1F", 31),
            ("-0x1F", -31),
            ("0b101", 5),
            ("0B1", 1),
            ("-0b11", -3),
            ("+0b1", 1),
            ("+12", 12),
            ("-0", 0),
            ("00", 0),
            ("1_000", 1000),
            ("1__0", 10),
            ("1_", 1),
            ("-_1", -1),
            ("0x_1", 1),
            ("0_7", 7),
        ] {
            same(&[word], Word::Integer(value), Some(&value.to_string()));
        }
        let unsigned = i128::from(u64::MAX);
        same(&["18446744073709551615"], Word::Integer(unsigned), None);
        same(&["0xFFFFFFFFFFFFFFFF"], Word::Integer(unsigned), None);

        for (word, value, spelling) in [
            ("1e3", 1000.0, "1000"),
            ("1E3", 1000.0, "1000"),
            ("1.", 1.0, "1"),
            (".5", 0.5, "0.5"),
            ("+.5", 0.5, "0.5"),
            (".5_5", 0.55, "0.55"),
            (".1e1", 1.0, "1"),
            ("08", 8.0, "8"),
            ("00.5", 0.5, "0.5"),
            ("1.10", 1.1, "1.1"),
            ("1.5e10", 1.5e10, "1.5e+10"),
            ("1e6", 1e6, "1e+06"),
            ("123456.7", 123_456.7, "123456.7"),
            ("1234567.0", 1_234_567.0, "1.234567e+06"),
            ("0.0001", 0.0001, "0.0001"),
            ("0.00001", 0.00001, "1e-05"),
            ("1e300", 1e300, ".inf"),
            (
                "-9223372036854775809",
                -9_223_372_036_854_775_809.0,
                "-9.223372e+18",
            ),
            ("1_2.5_0e1_0", 12.5e10, "1.25e+11"),
            (".INF", f64::INFINITY, ".inf"),
            ("-.Inf", f64::NEG_INFINITY, "-.inf"),
        ] {
            same(&[word], Word::Float(value), Some(spelling));
        }

        let text = "yEs tRue nULL 0x 1:30 190:20:30 2001-01-01 2001-01-01T00:00:00Z 1e 0x1g _1 . .. \
                    + +. 1.2.3 1e400 -1e400 ._1 << = .1e400 .e1 .inF ~~ tr inf nan Infinity \
                    .infinity 0x1p3 0x1.8p1 .5_ .5__5 0o8 0b2 -0xFFFFFFFFFFFFFFFF 10.0.0.1 --1 -";
        for word in text.split_whitespace() {
            same(&[word], Word::Text, Some(word));
        }
    }
}
