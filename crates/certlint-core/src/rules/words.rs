//! Small pieces of wording that several rules share: lists, counts, days, key types.

use crate::x509::KeyType;

/// `` `a`, `b` and 3 more ``: at most `limit` names in backticks.
pub(super) fn list(names: &[impl AsRef<str>], limit: usize) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(limit)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    let mut text = shown.join(", ");
    if names.len() > limit {
        text.push_str(&format!(" and {} more", names.len() - limit));
    }
    text
}

/// `text`, with the number of further places where there are any.
pub(super) fn with_more(text: &str, places: usize) -> String {
    match places {
        0 | 1 => text.to_owned(),
        2 => format!("{text} (and at 1 more place)"),
        _ => format!("{text} (and at {} more places)", places - 1),
    }
}

/// `3 days`, `1 hour`: a duration in the largest unit of which there are at least two, rounded
/// down.
pub(super) fn duration(seconds: i64) -> String {
    let (number, unit) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / 3_600, "hour"),
        _ => (seconds.max(0) / 60, "minute"),
    };
    if number == 1 {
        format!("1 {unit}")
    } else {
        format!("{number} {unit}s")
    }
}

/// The day (UTC) of a moment in unix seconds: `2026-11-21`.
pub(super) fn day(moment: i64) -> String {
    jiff::Timestamp::from_second(moment).map_or_else(
        |_| format!("second {moment}"),
        |moment| moment.strftime("%Y-%m-%d").to_string(),
    )
}

/// Key types as people write them.
pub(super) fn key_type_name(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::Dsa => "DSA",
        KeyType::Ecdsa => "ECDSA",
        KeyType::Ed25519 => "Ed25519",
        KeyType::Ed448 => "Ed448",
        KeyType::Other => "other",
        KeyType::Rsa => "RSA",
        KeyType::RsaPss => "RSA-PSS",
    }
}

/// "Chromium, Go and Java".
pub(super) fn series(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_in_a_count() {
        assert_eq!(list(&["a"], 2), "`a`");
        assert_eq!(list(&["a", "b"], 2), "`a`, `b`");
        assert_eq!(list(&["a", "b", "c", "d"], 2), "`a`, `b` and 2 more");
    }

    #[test]
    fn series_end_in_and() {
        assert_eq!(series(&["a"]), "a");
        assert_eq!(series(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn durations_use_the_largest_unit_of_which_there_are_two() {
        for (seconds, text) in [
            (10 * 86_400, "10 days"),
            (172_799, "47 hours"),
            (7_199, "119 minutes"),
            (60, "1 minute"),
            (-5, "0 minutes"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn days_are_in_utc_and_never_panic() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(i64::MAX), format!("second {}", i64::MAX));
    }
}
