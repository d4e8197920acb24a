//! Findings as plain text.

use certlint_core::finding::{Finding, Label};
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
            text.push_str(&format!("  help: {help}\n"));
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

/// Messages, labels and helps begin in lower case and have neither full stop nor line end.
pub(crate) fn assert_house_style(finding: &Finding) {
    let labels = std::iter::once(&finding.primary).chain(&finding.related);
    let mut texts: Vec<&str> = labels.map(|label| label.text.as_str()).collect();
    texts.push(&finding.message);
    texts.extend(finding.help.as_deref());
    for text in texts {
        let shout = text.chars().next().is_none_or(|first| first.is_uppercase());
        // Acronyms and kinds of objects may lead a sentence.
        let first = text.split([' ', ':']).next().unwrap_or_default();
        let acronym = first.chars().skip(1).any(char::is_uppercase);
        let kind = ["Certificate", "Ingress", "Secret"].contains(&first);
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
