//! Placeholders in names: what a tool will fill in later.
//!
//! `${DOMAIN}` of Flux and `envsubst`, `$(DOMAIN)` of kustomize, `<DOMAIN>` of instructions, and
//! others. What they will hold is not known, but the same placeholder holds the same everywhere: so
//! names are compared as text, and what is not equal is not known.

/// Beginnings and ends. No host name has any of these characters, but for the last pair.
const MARKS: [(&str, &str); 11] = [
    ("${", "}"),
    ("$(", ")"),
    ("{{", "}}"),
    ("{%", "%}"),
    ("[%", "%]"),
    ("((", "))"),
    ("<", ">"),
    ("%%", "%%"),
    ("%", "%"),
    ("@", "@"),
    ("__", "__"),
];

/// Whether a text holds a placeholder.
#[must_use]
pub fn has_placeholder(text: &str) -> bool {
    find(text).is_some()
}

/// Whether a name of a certificate covers a name, by their texts; `false` where that is not known.
///
/// A star matches a label without a placeholder only: a placeholder may hold several labels.
#[must_use]
pub fn covers_as_text(entry: &str, name: &str) -> bool {
    if entry == name {
        return true;
    }
    let Some(base) = entry.strip_prefix("*.") else {
        return false;
    };
    let below = name.strip_suffix(base).and_then(|it| it.strip_suffix('.'));
    below.is_some_and(|label| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_letter)
    })
}

/// The first placeholder.
fn find(text: &str) -> Option<&str> {
    MARKS.iter().find_map(|&(open, close)| {
        let start = text.find(open)?;
        let inner = &text[start + open.len()..];
        let length = inner.find(close).filter(|&length| length > 0)?;
        let inner = &inner[..length];
        // Underscores alone are a matter of taste, placeholders are upper case.
        let is_one = open != "__" || !inner.bytes().any(|byte| byte.is_ascii_lowercase());
        is_one.then_some(inner)
    })
}

#[cfg(test)]
mod tests {
    use super::{covers_as_text, has_placeholder};

    #[test]
    fn placeholders_are_told_from_names() {
        for text in [
            "app.${SECRET_DOMAIN}",
            "$(HOST).example.com",
            "www.<DOMAIN>",
            "%DOMAIN%",
            "%%DOMAIN%%",
            "__DOMAIN__",
            "www.@DOMAIN@",
            "[% domain %]",
            "((domain))",
            "{{ .Values.host }}",
            "<%= @domain %>",
        ] {
            assert!(has_placeholder(text), "{text}");
        }
        for text in [
            "www.example.com",
            "*.example.com",
            "a__b__.example.com",
            "$host",
            "a@b",
            "100%",
            "",
            "<>",
        ] {
            assert!(!has_placeholder(text), "{text}");
        }
    }

    #[test]
    fn texts_are_compared_label_by_label() {
        for (entry, name) in [
            ("${D}", "${D}"),
            ("*.${D}", "*.${D}"),
            ("*.${D}", "app.${D}"),
            ("*.b.${D}", "a.b.${D}"),
        ] {
            assert!(covers_as_text(entry, name), "{entry} {name}");
        }
        for (entry, name) in [
            ("${D}", "${d}"),
            ("${D}", "app.${D}"),
            ("*.${D}", "${D}"),
            ("*.${D}", "a.b.${D}"),
            ("*.${D}", "${APP}.${D}"),
            ("*.${D}", "app.${E}"),
            ("*.example.com", "app${X}.example.com"),
        ] {
            assert!(!covers_as_text(entry, name), "{entry} {name}");
        }
    }
}
