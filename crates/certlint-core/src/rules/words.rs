//! Small pieces of wording that several rules share: lists and counts.

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
        2 => format!("{text}, and at 1 more place"),
        _ => format!("{text}, and at {} more places", places - 1),
    }
}
