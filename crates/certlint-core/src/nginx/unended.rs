//! A directive whose `;` is missing takes the next one for its arguments.

use nginx_syntax::directive::is_known;
use nginx_syntax::{Directive, Span};

use super::lossy;

/// The cure where an argument begins a line and is the name of a directive; to be asked about
/// directives that nginx refuses.
pub(super) fn cure(directive: Directive<'_>, source: &[u8]) -> Option<String> {
    let mut before = directive.name().span();
    for word in directive.arguments() {
        let next = word.span();
        let gap = Span {
            start: before.end,
            end: next.start,
        };
        let text = word.text(source);
        if gap.of(source).contains(&b'\n') && is_known(text) {
            let meant = Span {
                start: directive.name().span().start,
                end: before.end,
            };
            let next = lossy(text);
            return Some(match meant.of(source) {
                // Too much to repeat.
                lines if lines.contains(&b'\n') => format!("a `;` is missing before `{next}`"),
                line => format!("a `;` is missing before `{next}`: write `{};`", lossy(line)),
            });
        }
        before = next;
    }
    None
}
