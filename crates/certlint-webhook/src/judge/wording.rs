//! Texts for people: the message of a refusal, and warnings within the limits of the API server.
//!
//! A warning with a control character is dropped by the API server without a word; one of more than
//! 256 characters is cut once all warnings of a request together pass 4,096 (apiserver's
//! `WithWarning` and the admission plugin's `Warnings`). Ours stay far below.

use std::collections::BTreeSet;

use certlint_core::finding::Level;

use super::assess::Said;

/// Characters of a warning.
const WARNING_MAX: usize = 256;
/// Warnings of a request, without the one that counts the others.
const WARNINGS_MAX: usize = 5;
/// Characters of a line of a refusal.
const LINE_MAX: usize = 400;
/// Findings that a refusal spells out.
const FINDINGS_MAX: usize = 8;
/// Names of a certificate that a refusal spells out.
const NAMES_MAX: usize = 5;

/// The message of a refusal: the verdict, a line for each finding, and how to silence them.
pub(super) fn refusal(said: &[&Said], kind: &str) -> String {
    let about_certificate = said.iter().find(|one| one.secret.is_some());
    let Some(first) = about_certificate.or_else(|| said.first()) else {
        return String::new();
    };
    let mut lines = vec![verdict(first)];
    let mut told = None;
    for one in said.iter().take(FINDINGS_MAX) {
        let Said {
            rule,
            message,
            field,
            ..
        } = one;
        lines.push(format!("- {field}: {message} [{rule}]"));
        if let Some(help) = one.help.as_ref().filter(|help| told != Some(*help)) {
            // A command is on a line of its own there; here all of it is one line.
            let parts: Vec<_> = help.lines().map(str::trim).collect();
            lines.push(format!("  help: {}", parts.join(" ")));
            told = Some(help);
        }
    }
    if let Some(more @ 1..) = said.len().checked_sub(FINDINGS_MAX) {
        lines.push(format!("- and {more} more"));
    }
    let rules: BTreeSet<&str> = said.iter().map(|one| one.rule).collect();
    let annotation = |rule| format!("`certlint.io/ignore.{rule}: \"the reason\"`");
    let annotations: Vec<String> = rules.into_iter().map(annotation).collect();
    lines.push(format!(
        "if it is right as it is, annotate the {kind} with {}",
        annotations.join(" and ")
    ));
    let lines: Vec<String> = lines.iter().map(|text| line(text)).collect();
    lines.join("\n")
}

/// Host, Secret and what is in its certificate, where the finding is about that.
fn verdict(said: &Said) -> String {
    let Some(name) = said.names.first() else {
        return said.message.clone();
    };
    let names = &said.certificate_names;
    match &said.secret {
        Some(secret) if names.is_empty() => {
            format!("`{name}` is not covered by the certificate of Secret `{secret}`")
        }
        Some(secret) => format!(
            "`{name}` is not covered by Secret `{secret}`, whose certificate is for {}",
            list(names)
        ),
        None if names.is_empty() => said.message.clone(),
        None => format!(
            "`{name}` is not covered by the certificate here, which is for {}",
            list(names)
        ),
    }
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMES_MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    let shown = shown.join(", ");
    match names.len().checked_sub(NAMES_MAX) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// Warnings: what could not be known, then findings, the worst first.
pub(super) fn warnings(obstacles: &[String], said: &[&Said]) -> Vec<String> {
    let mut said: Vec<&Said> = said
        .iter()
        .copied()
        .filter(|one| one.level >= Level::Warning)
        .collect();
    said.sort_by_key(|one| std::cmp::Reverse(one.level));
    let findings = said
        .iter()
        .map(|one| format!("{} [{}]", one.message, one.rule));
    bounded(obstacles.iter().cloned().chain(findings))
}

/// Texts as the lines of a refusal.
pub(super) fn lines(texts: &[String]) -> String {
    let shown: Vec<String> = texts
        .iter()
        .take(FINDINGS_MAX)
        .map(|text| line(text))
        .collect();
    shown.join("\n")
}

/// A text as one line of a refusal.
pub(super) fn line(text: &str) -> String {
    line_of(text, LINE_MAX)
}

/// Warnings of any texts: single lines, each once, few and short.
pub(super) fn bounded(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut more = 0_usize;
    for text in texts {
        let warning = line_of(&format!("certlint: {text}"), WARNING_MAX);
        if warnings.contains(&warning) {
            continue;
        }
        match warnings.len() < WARNINGS_MAX {
            true => warnings.push(warning),
            false => more += 1,
        }
    }
    if more > 0 {
        warnings.push(format!("certlint: and {more} more"));
    }
    warnings
}

/// A text as one line of at most so many characters, without what would change how it looks.
fn line_of(text: &str, max: usize) -> String {
    let mut line: String = text
        .chars()
        .map(|char| if is_plain(char) { char } else { '\u{fffd}' })
        .take(max + 1)
        .collect();
    if let Some((cut, _)) = line.char_indices().nth(max) {
        let before = line[..cut].char_indices().next_back();
        line.truncate(before.map_or(0, |(last, _)| last));
        line.push('…');
    }
    line
}

/// No control character, no line break of Unicode, nothing that turns the direction of writing.
fn is_plain(char: char) -> bool {
    !char.is_control()
        && !matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rule: &'static str, message: &str) -> Said {
        Said {
            rule,
            level: Level::Error,
            message: message.to_owned(),
            field: "spec.tls[0].hosts[0]".to_owned(),
            help: Some("get another certificate".to_owned()),
            names: vec!["shop.example.com".to_owned()],
            secret: Some("shop/web-tls".to_owned()),
            certificate_names: vec!["www.example.com".to_owned(), "example.com".to_owned()],
        }
    }

    #[test]
    fn a_refusal_names_host_secret_and_names_then_findings_then_the_cure() {
        let one = said(
            "name-not-covered",
            "certificate does not cover `shop.example.com`",
        );
        assert_eq!(
            refusal(&[&one], "Ingress"),
            "`shop.example.com` is not covered by Secret `shop/web-tls`, whose certificate is for \
             `www.example.com`, `example.com`\n\
             - spec.tls[0].hosts[0]: certificate does not cover `shop.example.com` [name-not-covered]\n  \
             help: get another certificate\n\
             if it is right as it is, annotate the Ingress with \
             `certlint.io/ignore.name-not-covered: \"the reason\"`"
        );
    }

    #[test]
    fn a_refusal_is_bounded() {
        let long = said("name-not-covered", &"é".repeat(10_000));
        let all = vec![&long; 1_000];
        let refusal = refusal(&all, "Ingress");
        assert!(refusal.chars().count() < 8_192, "{}", refusal.len());
        assert!(refusal.contains("- and 992 more"), "{refusal}");
    }

    #[test]
    fn warnings_have_no_control_characters_and_stay_within_the_limits() {
        let texts = (0..40).map(|number| format!("{number}\n\u{7}\u{202e}{}", "ü".repeat(500)));
        let warnings = bounded(texts);
        assert_eq!(warnings.len(), 6);
        assert_eq!(warnings[5], "certlint: and 35 more");
        let mut all = 0;
        for warning in &warnings {
            let characters = warning.chars().count();
            assert!(characters <= 256, "{characters}");
            assert!(!warning.chars().any(char::is_control), "{warning:?}");
            assert!(!warning.contains('\u{202e}'));
            all += characters;
        }
        assert!(all <= 4_096);
    }

    #[test]
    fn the_same_warning_is_given_once() {
        let texts = ["a", "b", "a"].map(str::to_owned).into_iter();
        assert_eq!(bounded(texts), ["certlint: a", "certlint: b"]);
    }
}
