//! Findings for people: what is wrong, the lines in question, and what to type.
//!
//! Each finding is one or more diagnostics for miette: the first shows the place to change and what
//! is near to it; places further away and in other files follow, each under its own words.

use std::fmt;
use std::io::{self, Write};
use std::ops::{Range, RangeInclusive};

use certlint_core::finding::{Finding, HelpLine, Label, Level, help_lines};
use certlint_core::model::Model;
use certlint_core::source::Source;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode,
};

use super::certificate::{self, Certificates};
use super::excerpt::{Excerpt, Mark, longest_word};
use super::hidden::Hidden;
use super::{Look, Report, printable};
use crate::prose;

/// Columns to write excerpts for where there is no terminal.
const WIDTH: usize = 100;

/// Columns before a message.
const MESSAGE: usize = 4;

/// Columns before a cure.
const HELP: usize = 8;

pub(super) fn write(report: &Report<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let printer = Printer::new(look);
    for (model, finding) in report.shown(look) {
        let text = printer.print(model, finding).map_err(io::Error::other)?;
        writeln!(out, "{text}")?;
    }
    Ok(())
}

struct Printer<'m> {
    handler: GraphicalReportHandler,
    theme: GraphicalTheme,
    width: Option<usize>,
    hidden: Hidden,
    certificates: Certificates<'m>,
}

impl<'m> Printer<'m> {
    fn new(look: Look) -> Self {
        let mut theme = match look.color {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        theme.characters.advice = "ℹ".to_owned();
        Self {
            // Miette would break the line of a command, too, and words in their middle.
            handler: GraphicalReportHandler::new_themed(theme.clone()).with_wrap_lines(false),
            theme,
            width: look.width,
            hidden: Hidden::default(),
            certificates: Certificates::default(),
        }
    }

    fn print(&self, model: &'m Model, finding: &Finding) -> Result<String, fmt::Error> {
        let labels: Vec<&Label> = std::iter::once(&finding.primary)
            .chain(&finding.related)
            .collect();
        let (first, mut rest) = self.part(model, labels, 1);
        let mut parts = vec![Part {
            severity: match finding.level {
                Level::Error => Severity::Error,
                Level::Info => Severity::Advice,
                Level::Warning => Severity::Warning,
            },
            code: Some(headline(finding)),
            message: self.wrap(&printable(&finding.message), MESSAGE),
            ..first
        }];
        while !rest.is_empty() {
            let (part, left) = self.part(model, rest, 0);
            parts.push(part);
            rest = left;
        }
        if let (Some(help), Some(last)) = (&finding.help, parts.last_mut()) {
            last.help = Some(self.help(help));
        }
        let mut text = String::new();
        for (index, part) in parts.iter().enumerate() {
            let handler = self.handler.clone();
            let mut handler = match index {
                0 => handler.with_context_lines(1),
                _ => handler.with_context_lines(0),
            };
            if part.labels.is_empty() {
                handler = handler.without_primary_span_start();
            }
            let handler = handler.with_theme(self.theme(index, part));
            handler.render_report(&mut text, part)?;
        }
        // The blank line after the code says nothing.
        Ok(text.replacen("\n\n", "\n", 1))
    }

    /// The cure, with each command on a line that is never broken.
    fn help(&self, help: &str) -> String {
        let line = |line| match line {
            HelpLine::Command(command) => format!("  {}", printable(command)),
            HelpLine::Prose(text) => self.wrap(&printable(text), HELP),
        };
        let lines: Vec<String> = help_lines(help).map(line).collect();
        lines.join("\n")
    }

    /// Prose in the lines that are left beside `indent` columns.
    fn wrap(&self, text: &str, indent: usize) -> String {
        let width = self.width.map(|width| width.saturating_sub(indent));
        prose::wrap(text, width).join("\n")
    }

    /// Marks the first label of the first part in the colour of the level, all others calmly.
    fn theme(&self, index: usize, part: &Part) -> GraphicalTheme {
        let mut theme = self.theme.clone();
        let styles = &mut theme.styles;
        let level = match part.severity {
            Severity::Advice => styles.advice,
            Severity::Error => styles.error,
            Severity::Warning => styles.warning,
        };
        if index > 0 {
            theme.characters.advice = "↳".to_owned();
            styles.advice = styles.linum;
        }
        // miette gives the styles out in the order of the text.
        let mut labels: Vec<&LabeledSpan> = part.labels.iter().collect();
        labels.sort_by_key(|label| label.offset());
        let style = |label: &&LabeledSpan| match label.primary() && index == 0 {
            true => level,
            false => self.theme.styles.help,
        };
        if !labels.is_empty() {
            styles.highlights = labels.iter().map(style).collect();
        }
        theme
    }

    /// The part of a finding that shows the first of `labels`, and which of the others it does not
    /// show.
    fn part<'l>(
        &self,
        model: &'m Model,
        labels: Vec<&'l Label>,
        context: usize,
    ) -> (Part, Vec<&'l Label>) {
        let head = labels[0];
        let source = model.sources.get(head.at.source);
        let has_lines = |label: &Label| {
            source.text().is_some() && label.at.source == head.at.source && label.at.span.is_some()
        };
        let mut part = Part {
            severity: Severity::Advice,
            code: None,
            message: self.wrap(&printable(&head.text), MESSAGE),
            help: None,
            labels: Vec::new(),
            excerpt: Some(Excerpt::of_name(source.name())),
        };
        if !has_lines(head) {
            return (part, labels[1..].to_vec());
        }
        if context == 0
            && let Some(certificate) = self.certificates.at(model, head)
        {
            let text =
                certificate::line(source.name(), line(source, head), &head.text, certificate);
            part.message = self.wrap(&printable(&text), MESSAGE);
            part.excerpt = None;
            return (part, labels[1..].to_vec());
        }
        let mut lines: Vec<usize> = labels
            .iter()
            .filter(|label| has_lines(label))
            .map(|label| line(source, label))
            .collect();
        lines.sort_unstable();
        let near = around(&lines, line(source, head), 2 * context + 1);
        let (here, mut rest): (Vec<&Label>, Vec<&Label>) = labels
            .into_iter()
            .partition(|label| has_lines(label) && near.contains(&line(source, label)));
        let shown = bytes(source, &near, context);
        let hidden = self.hidden.of(model, head.at.source, &shown);
        let mark = |label: &&Label| {
            let is_shown = self.width.is_some() && context > 0;
            let label_width = if is_shown {
                longest_word(&label.text)
            } else {
                0
            };
            let span = label.at.span?;
            Some(Mark { span, label_width })
        };
        let marks: Vec<Mark> = here.iter().filter_map(mark).collect();
        let width = self.width.unwrap_or(WIDTH);
        let (excerpt, places) = Excerpt::new((source, &hidden), &marks, context, width);
        let mut cut = Vec::new();
        for (index, (label, place)) in here.into_iter().zip(places).enumerate() {
            match place {
                // Of a part without lines around it, the first label's text is the headline.
                Some(place) => {
                    let text =
                        (index > 0 || context > 0).then(|| printable(&label.text).into_owned());
                    part.mark(place.start, place.len(), text, index == 0);
                }
                None => cut.push(label),
            }
        }
        for label in &mut part.labels {
            if let (Some(text), Some(width)) = (label.label(), self.width) {
                let left =
                    excerpt.columns_before_label(label.offset()..label.offset() + label.len());
                let lines = prose::wrap(text, Some(width.saturating_sub(left)));
                label.set_label(Some(lines.join("\n")));
            }
        }
        part.excerpt = Some(excerpt);
        cut.append(&mut rest);
        (part, cut)
    }
}

/// `error[name-not-covered] Ingress shop/web`.
fn headline(finding: &Finding) -> String {
    let Finding { level, rule, .. } = finding;
    match &finding.object {
        Some(object) => format!("{level}[{rule}] {}", printable(&object.to_string())),
        None => format!("{level}[{rule}]"),
    }
}

/// Index of the line in which a label begins.
fn line(source: &Source, label: &Label) -> usize {
    let starts = source.line_starts();
    starts.partition_point(|&start| start <= label.at.start()) - 1
}

/// The bytes of some lines, with `context` lines more on each side.
fn bytes(source: &Source, lines: &RangeInclusive<usize>, context: usize) -> Range<usize> {
    let starts = source.line_starts();
    let start = |line: usize| starts.get(line).map(|&start| start as usize);
    let first = lines.start().saturating_sub(context);
    let end = start(lines.end() + context + 1).unwrap_or(usize::MAX);
    start(first).unwrap_or_default()..end
}

/// The stretch around `center` in which no two of the sorted `lines` are further than `gap` apart.
/// Miette would show all stretches in the order of the text, but the place to change comes first.
fn around(lines: &[usize], center: usize, gap: usize) -> RangeInclusive<usize> {
    let (mut first, mut last) = (center, center);
    for &line in lines.iter().rev().filter(|&&line| line < center) {
        if line + gap < first {
            break;
        }
        first = line;
    }
    for &line in lines.iter().filter(|&&line| line > center) {
        if last + gap < line {
            break;
        }
        last = line;
    }
    first..=last
}

/// One report as miette prints it.
#[derive(Debug)]
struct Part {
    severity: Severity,
    code: Option<String>,
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    /// `None` where the message says where.
    excerpt: Option<Excerpt>,
}

impl Part {
    /// Adds a label; two at one place are one with both texts.
    fn mark(&mut self, start: usize, len: usize, text: Option<String>, is_primary: bool) {
        let same = self
            .labels
            .iter_mut()
            .find(|label| (label.offset(), label.len()) == (start, len));
        if let Some(label) = same {
            let both = [label.label().map(str::to_owned), text];
            let both: Vec<String> = both.into_iter().flatten().collect();
            label.set_label(Some(both.join("; ")));
            return;
        }
        self.labels.push(match is_primary {
            true => LabeledSpan::new_primary_with_span(text, (start, len)),
            false => LabeledSpan::new_with_span(text, (start, len)),
        });
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Excerpt")
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Part {}

impl Diagnostic for Part {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let code = self.code.as_ref()?;
        Some(Box::new(code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let excerpt = self.excerpt.as_ref()?;
        Some(excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.labels.is_empty() {
            // The frame with the name only.
            let whole = LabeledSpan::new(None, 0, 0);
            return Some(Box::new(std::iter::once(whole)));
        }
        Some(Box::new(self.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod widths;

#[cfg(test)]
mod tests {
    use certlint_core::finding::Facts;
    use certlint_core::source::{Location, Span};

    use super::*;
    use crate::args::ReportFormat;

    const CONFIGURATION: &str = "\
server {
    server_name example.com www.example.com;
    ssl_certificate example.crt;
    ssl_certificate_key example.key;
}
";

    #[test]
    fn a_stretch_ends_at_the_first_gap() {
        let lines = [1, 4, 5, 8, 12, 13];
        assert_eq!(around(&lines, 5, 3), 1..=8);
        assert_eq!(around(&lines, 13, 3), 12..=13);
        assert_eq!(around(&lines, 5, 1), 4..=5);
        assert_eq!(around(&[7], 7, 3), 7..=7);
    }

    #[test]
    fn a_finding_shows_both_ends_and_what_to_type() {
        let mut model = Model::default();
        let text = CONFIGURATION.as_bytes();
        let nginx = model
            .sources
            .add("nginx.conf".to_owned(), Some(text.into()));
        let pem = &b"-----BEGIN CERTIFICATE-----\nMIIB\n"[..];
        let pem = model
            .sources
            .add("example.crt".to_owned(), Some(pem.into()));
        let key = model.sources.add("example.key".to_owned(), None);
        let word = |word: &str| {
            let at = CONFIGURATION.find(word).unwrap();
            Location::new(nginx, Span::new(at, at + word.len()))
        };
        let finding = Finding {
            rule: "name-not-covered",
            level: Level::Error,
            message: "certificate does not cover `www.example.com`".to_owned(),
            primary: Label::new(word("www.example.com"), "not in the certificate"),
            related: vec![
                Label::new(
                    Location::new(pem, Span::new(0, 32)),
                    "for `example.com` only",
                ),
                Label::new(word("example.crt"), "served with this certificate"),
                Label::new(Location::whole(key), "with this key"),
            ],
            help: Some("add the name\nor remove it".to_owned()),
            facts: Facts::default(),
            cause: None,
            object: None,
            fingerprint: String::new(),
        };
        let look = Look {
            format: ReportFormat::Text,
            color: false,
            width: Some(80),
            verbose: false,
        };
        assert_eq!(
            Printer::new(look).print(&model, &finding).unwrap(),
            "\
error[name-not-covered]
  × certificate does not cover `www.example.com`
   ╭─[nginx.conf:2:29]
 1 │ server {
 2 │     server_name example.com www.example.com;
   ·                             ───────┬───────
   ·                                    ╰── not in the certificate
 3 │     ssl_certificate example.crt;
   ·                     ─────┬─────
   ·                          ╰── served with this certificate
 4 │     ssl_certificate_key example.key;
   ╰────
  ↳ for `example.com` only
   ╭─[example.crt:1:1]
 1 │ -----BEGIN CERTIFICATE-----
   · ───────────────────────────
   ╰────
  ↳ with this key
   ╭─[example.key]
   ╰────
  help: add the name
        or remove it
"
        );
    }

    #[test]
    fn a_key_beside_the_certificate_is_not_quoted() {
        let text = "\
apiVersion: v1
kind: Secret
data:
  tls.crt: Y2VydA==
  tls.key: c2VjcmV0
";
        let mut model = Model::default();
        let source = model
            .sources
            .add("tls.yaml".to_owned(), Some(text.as_bytes().into()));
        let start = text.find("Y2VydA==").unwrap();
        let finding = Finding {
            rule: "certificate-expired",
            level: Level::Error,
            message: "certificate has expired".to_owned(),
            primary: Label::new(
                Location::new(source, Span::new(start, start + 8)),
                "this certificate",
            ),
            related: Vec::new(),
            help: None,
            facts: Facts::default(),
            cause: None,
            object: None,
            fingerprint: String::new(),
        };
        let look = Look {
            format: ReportFormat::Text,
            color: false,
            width: Some(80),
            verbose: false,
        };
        assert_eq!(
            Printer::new(look).print(&model, &finding).unwrap(),
            "\
error[certificate-expired]
  × certificate has expired
   ╭─[tls.yaml:4:12]
 3 │ data:
 4 │   tls.crt: Y2VydA==
   ·            ────┬───
   ·                ╰── this certificate
 5 │   tls.key: ********
   ╰────
"
        );
    }
}
