//! A page of Markdown for a terminal: headings in bold, paragraphs in lines that fit, code in colour
//! and without fences.
//!
//! The pages are those of the rules, which need no more of Markdown than is read here.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Color, Style};

use crate::output::Screen;
use crate::paint::Paint;
use crate::prose;

const HEADING: Style = Style::new().bold();
const CODE: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Cyan)));

/// Nobody likes to read longer lines, however wide the terminal.
const WIDTH: usize = 100;

/// A part of a page.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    Blank,
    Code(String),
    Heading(String),
    /// A point of a list, or a row of a table.
    Item(String),
    Paragraph(String),
}

/// Writes a page.
pub(super) fn write(page: &str, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let width = screen.width.map_or(WIDTH, |width| width.min(WIDTH));
    let code = screen.paint.style(CODE);
    let heading = screen.paint.style(HEADING);
    let lines = |text: &str, indent: usize| {
        let text = inline(text, screen.paint);
        prose::wrap(&text, Some(width.saturating_sub(indent)))
    };
    for block in blocks(page) {
        match block {
            Block::Blank => writeln!(out)?,
            Block::Code(line) if line.is_empty() => writeln!(out)?,
            Block::Code(line) => writeln!(out, "    {code}{line}{code:#}")?,
            Block::Heading(text) => writeln!(out, "{heading}{text}{heading:#}")?,
            Block::Item(text) => {
                let mut mark = "- ";
                for line in lines(&text, mark.len()) {
                    writeln!(out, "{mark}{line}")?;
                    mark = "  ";
                }
            }
            Block::Paragraph(text) => {
                for line in lines(&text, 0) {
                    writeln!(out, "{line}")?;
                }
            }
        }
    }
    Ok(())
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut is_code = false;
    for line in page.trim_end().lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            blocks.push(Block::Code(line.to_owned()));
        } else if line.trim().is_empty() {
            blocks.push(Block::Blank);
        } else if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            blocks.push(Block::Heading(heading.to_owned()));
        } else if let Some(item) = line.strip_prefix("- ") {
            blocks.push(Block::Item(item.to_owned()));
        } else if let Some(row) = line.strip_prefix('|') {
            let cells: Vec<&str> = row
                .trim_end_matches('|')
                .split('|')
                .map(str::trim)
                .collect();
            let is_rule = |cell: &&str| cell.bytes().all(|byte| matches!(byte, b'-' | b':'));
            if !cells.iter().all(is_rule) {
                blocks.push(Block::Item(cells.join(": ")));
            }
        } else if let Some(Block::Item(text) | Block::Paragraph(text)) = blocks.last_mut() {
            text.push(' ');
            text.push_str(line.trim());
        } else {
            blocks.push(Block::Paragraph(line.to_owned()));
        }
    }
    blocks
}

/// Code in colour, or in its backticks where there is none; links as their text and address.
fn inline(text: &str, paint: Paint) -> String {
    let text = links(text);
    let parts: Vec<&str> = text.split('`').collect();
    let code = paint.style(CODE);
    let mut shown = String::new();
    for (index, part) in parts.iter().enumerate() {
        let is_closed = index + 1 < parts.len();
        match index % 2 {
            0 => shown += part,
            _ if is_closed && paint.is_colored => shown += &format!("{code}{part}{code:#}"),
            _ if is_closed => shown += &format!("`{part}`"),
            _ => shown += &format!("`{part}"),
        }
    }
    shown
}

/// `[text](address)` as `text <address>`.
fn links(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, (address, after))) = rest
        .split_once("](")
        .and_then(|(before, link)| Some((before, link.split_once(')')?)))
    {
        // A bracket further ahead is one of the text.
        let (before, label) = before.rsplit_once('[').unwrap_or(("", before));
        shown += &format!("{before}{label} <{address}>");
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use certlint_core::config;
    use certlint_core::rules::RULES;

    use super::*;

    fn text(page: &str, width: Option<usize>, is_colored: bool) -> String {
        let paint = Paint { is_colored };
        let mut out = Vec::new();
        write(page, Screen { paint, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const PAGE: &str = "\
# a

text `b c` and ` alone, [1]
on two lines; see [the manual](https://example.com/a), 3

- one point
  of two lines

| client | switch |
|---|---|
| curl | `-k` |

```nginx
listen 80;
```
";

    #[test]
    fn pages_are_rendered_for_a_terminal() {
        assert_eq!(
            text(PAGE, Some(30), false),
            "\
a

text `b c` and ` alone, [1] on
two lines; see the manual
<https://example.com/a>, 3

- one point of two lines

- client: switch
- curl: `-k`

    listen 80;
"
        );
    }

    #[test]
    fn code_and_headings_have_colours() {
        assert_eq!(
            text("# a\n\n`b`\n\n```\nc\n```\n", None, true),
            "\u{1b}[1ma\u{1b}[0m\n\n\u{1b}[36mb\u{1b}[0m\n\n    \u{1b}[36mc\u{1b}[0m\n"
        );
    }

    #[test]
    fn no_page_shows_markdown_on_a_terminal() {
        let pages = RULES.iter().map(|rule| rule.docs).chain([config::DOCS]);
        for page in pages {
            for width in [40, 60, 80, 120] {
                for line in text(page, Some(width), false).lines() {
                    let is_code = line.starts_with("    ");
                    let is_markdown = line.starts_with("# ")
                        || line.starts_with("## ")
                        || line.starts_with("| ")
                        || ["```", "](", "**"].iter().any(|mark| line.contains(mark));
                    assert!(is_code || !is_markdown, "{line:?}");
                    let fits = prose::columns(line) <= width;
                    let is_one_word = !line.trim_start_matches("- ").trim().contains(' ');
                    assert!(is_code || fits || is_one_word, "{width}: {line:?}");
                }
            }
        }
    }
}
