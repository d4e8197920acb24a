//! The values that nginx reads with its standard functions.
//!
//! Only what those functions refuse by themselves is refused here; bounds and special words are
//! checked by the directives one by one, and are not known to the table.

use super::Refusal;

/// The values that the only argument of a directive may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing is known about it.
    Any,
    /// `on` or `off`, in any case.
    Flag,
    /// Decimal digits.
    Number,
    /// Digits with `k` or `m`.
    Size,
    /// Digits with `k`, `m` or `g`.
    Offset,
    /// A time, down to milliseconds.
    Msec,
    /// A time, down to seconds.
    Sec,
}

impl Value {
    /// Why nginx refuses `text`, if it does.
    pub(super) fn refusal(self, text: &[u8]) -> Option<Refusal> {
        let (valid, refusal) = match self {
            Self::Any => return None,
            Self::Flag => (
                text.eq_ignore_ascii_case(b"on") || text.eq_ignore_ascii_case(b"off"),
                Refusal::InvalidFlag,
            ),
            Self::Number => (number(text).is_some(), Refusal::InvalidNumber),
            Self::Size => (scaled(text, b"kKmM"), Refusal::InvalidSize),
            Self::Offset => (scaled(text, b"kKmMgG"), Refusal::InvalidSize),
            Self::Msec => (is_time(text, false), Refusal::InvalidTime),
            Self::Sec => (is_time(text, true), Refusal::InvalidTime),
        };
        (!valid).then_some(refusal)
    }
}

/// Decimal digits that fit nginx's signed machine word.
fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_i64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Digits with one of the `units` after them, or none.
fn scaled(text: &[u8], units: &[u8]) -> bool {
    let Some((unit, digits)) = text.split_last() else {
        return false;
    };
    let digits = if units.contains(unit) { digits } else { text };
    let scale = match unit {
        b'k' | b'K' => 1 << 10,
        b'm' | b'M' => 1 << 20,
        b'g' | b'G' => 1 << 30,
        _ => 1,
    };
    number(digits).is_some_and(|number| number.checked_mul(scale).is_some())
}

/// Digits and units in turn, from the largest unit to the smallest: `1h 30m`. Digits without a
/// unit are seconds; a blank ends the units.
fn is_time(text: &[u8], seconds_only: bool) -> bool {
    const YEAR: u8 = 1;
    const MONTH: u8 = 2;
    const SECOND: u8 = 7;
    // Years and months are refused where milliseconds are counted.
    let mut step = if seconds_only { 0 } else { MONTH };
    let mut rest = text;
    let mut has_digits = false;
    let mut total = 0_i64;
    let scale = if seconds_only { 1 } else { 1000 };
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        has_digits |= digits > 0;
        let count = if digits > 0 {
            number(&rest[..digits])
        } else {
            Some(0)
        };
        rest = &rest[digits..];
        let (next, length, unit) = match rest {
            [] => (step, 0, scale),
            [b'y', ..] => (YEAR, 1, 31_536_000 * scale),
            [b'M', ..] => (MONTH, 1, 2_592_000 * scale),
            [b'w', ..] => (3, 1, 604_800 * scale),
            [b'd', ..] => (4, 1, 86_400 * scale),
            [b'h', ..] => (5, 1, 3600 * scale),
            [b'm', b's', ..] if seconds_only => return false,
            [b'm', b's', ..] => (8, 2, 1),
            [b'm', ..] => (6, 1, 60 * scale),
            [b's', ..] => (SECOND, 1, scale),
            // A blank counts as seconds and must come before any other seconds.
            [b' ', ..] if step < SECOND => (9, 1, scale),
            _ => return false,
        };
        if length > 0 && step >= next {
            return false;
        }
        let Some(sum) = count.and_then(|count| total.checked_add(count.checked_mul(unit)?)) else {
            return false;
        };
        total = sum;
        step = next;
        rest = &rest[length..];
        if length > 0 {
            let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
            rest = &rest[blanks..];
        }
    }
    has_digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_refused_as_by_the_standard_functions() {
        let cases: &[(Value, &[&str], &[&str])] = &[
            (
                Value::Flag,
                &["on", "off", "ON", "Off"],
                &["", "yes", "1", "on "],
            ),
            (
                Value::Number,
                &["0", "007", "9223372036854775807"],
                &["", "-1", "1k", "9223372036854775808"],
            ),
            (
                Value::Size,
                &["0", "8k", "1M", "12"],
                &["", "k", "1g", "1kk", "8 k"],
            ),
            (Value::Offset, &["1g", "8K", "1"], &["", "g", "1t"]),
            (
                Value::Msec,
                &["30", "30s", "1h 30m", "5ms", "1d12h", "1s5", "5 ", "h5"],
                &["", "1y", "1M", "30m1h", "s", "1x", "5 5 5", "1s1s"],
            ),
            (
                Value::Sec,
                &["1y", "1M", "1y 6M", "30", "1w"],
                &["5ms", "1M1y", "", "99999999999999999999s"],
            ),
            (Value::Any, &["", "anything"], &[]),
        ];
        for (value, good, bad) in cases {
            for text in *good {
                assert_eq!(value.refusal(text.as_bytes()), None, "{value:?} {text:?}");
            }
            for text in *bad {
                assert!(
                    value.refusal(text.as_bytes()).is_some(),
                    "{value:?} {text:?}"
                );
            }
        }
    }
}
