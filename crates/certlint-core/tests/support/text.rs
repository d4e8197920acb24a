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
