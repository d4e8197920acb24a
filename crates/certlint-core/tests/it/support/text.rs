//! Findings as plain text.

use certlint_core::finding::{Finding, HelpLine, Label, help_lines, help_on_one_line};
use certlint_core::model::Model;

/// Findings as plain text: message, labels with their places, help.
pub(crate) fn render(model: &Model, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        text.push_str(&format!(
            "{}[{}] {}\n",
            finding.level, finding.rule, finding.message
        ));
        text.push_str(&format!("  --> {}\n", place(model, &finding.primary)));
        for label in &finding.related {
            text.push_str(&format!("  ::: {}\n", place(model, label)));
        }
        if let Some(help) = &finding.help {
            text.push_str(&format!("  help: {}\n", help_on_one_line(help)));
        }
        if let Some(hint) = finding.facts.hint {
            text.push_str(&format!("  hint: {hint}\n"));
        }
    }
    text
}

/// `file:line:column: text`, or `file: text` for a whole file.
fn place(model: &Model, label: &Label) -> String {
    let source = model.sources.get(label.at.source);
    match label.at.span {
        Some(span) if source.text().is_some() => {
            let at = source.position(span.start);
            format!(
                "{}:{}:{}: {}",
                source.name(),
                at.line,
                at.column,
                label.text
            )
        }
        _ => format!("{}: {}", source.name(), label.text),
    }
}

/// Programs of commands, which stand on lines of their own.
const PROGRAMS: [&str; 8] = [
    "age",
    "ansible-vault",
    "certbot",
    "chmod",
    "kubectl",
    "openssl",
    "sed",
    "sops",
];

/// Messages, labels and helps begin in lower case and have neither full stop nor line end; a command
/// is no part of a sentence.
pub(crate) fn assert_house_style(finding: &Finding) {
    let labels = std::iter::once(&finding.primary).chain(&finding.related);
    let mut texts: Vec<&str> = labels.map(|label| label.text.as_str()).collect();
    texts.push(&finding.message);
    let help = finding.help.as_deref().unwrap_or_default();
    for line in help_lines(help) {
        if let HelpLine::Prose(line) = line {
            let is_typed = |program| line.contains(&format!(": {program} "));
            let is_typed = PROGRAMS.into_iter().any(is_typed);
            assert!(!is_typed, "{}: {line:?}", finding.rule);
        }
    }
    let help = help_on_one_line(help);
    texts.extend((!help.is_empty()).then_some(help.as_str()));
    for text in texts {
        let shout = text.chars().next().is_none_or(|first| first.is_uppercase());
        // Acronyms and kinds of objects may lead a sentence.
        let first = text.split([' ', ':']).next().unwrap_or_default();
        let acronym = first.chars().skip(1).any(char::is_uppercase);
        let kind = ["Certificate", "Gateway", "Ingress", "Secret"].contains(&first);
        assert!(!shout || acronym || kind, "{}: {text:?}", finding.rule);
        assert!(
            !text.ends_with('.') && !text.contains('\n'),
            "{}: {text:?}",
            finding.rule
        );
        assert!(
            text.matches('`').count() % 2 == 0,
            "{}: {text:?}",
            finding.rule
        );
    }
}
