//! How a finding looks on terminals of 40 to 200 columns.

use certlint_core::finding::{Facts, command_line};
use certlint_core::source::{Location, Sources, Span};

use super::*;
use crate::args::ReportFormat;
use crate::prose::columns;

const CONFIGURATION: &str = "\
http {
    server {
        server_name example.com www.shop.example.com static.shop.example.com;
        ssl_certificate /etc/letsencrypt/live/shop.example.com/fullchain.pem;
    }
}
";

const COMMAND: &str = "certbot certonly --expand -d shop.example.com -d www.shop.example.com -d static.shop.example.com";

fn model(text: &str) -> Model {
    let mut sources = Sources::default();
    sources.add("sites/shop.conf".to_owned(), Some(text.as_bytes().into()));
    Model {
        sources,
        ..Model::default()
    }
}

/// A finding about the first `word` of a text, with a second label at `other`.
fn finding(model: &Model, text: &str, word: &str, other: &str) -> Finding {
    let source = model.sources.iter().next().unwrap().0;
    let at = |word: &str| {
        let start = text.find(word).unwrap();
        Location::new(source, Span::new(start, start + word.len()))
    };
    Finding {
        rule: "name-not-covered",
        level: Level::Error,
        message: format!(
            "certificate `/etc/letsencrypt/live/shop.example.com/fullchain.pem` does not cover `{word}`, which clients ask for"
        ),
        primary: Label::new(at(word), "not in the certificate"),
        related: vec![Label::new(at(other), "served with this certificate")],
        help: Some(format!(
            "the certificate has `shop.example.com` but not `{word}`; add it: {}",
            command_line(COMMAND)
        )),
        facts: Facts::default(),
        cause: None,
        object: None,
        fingerprint: String::new(),
    }
}

fn print(model: &Model, finding: &Finding, width: usize, color: bool) -> String {
    let look = Look {
        format: ReportFormat::Text,
        color,
        width: Some(width),
        verbose: false,
    };
    Printer::new(look).print(model, finding).unwrap()
}

#[test]
fn a_finding_fits_the_terminal() {
    let model = model(CONFIGURATION);
    let finding = finding(
        &model,
        CONFIGURATION,
        "static.shop.example.com",
        "/etc/letsencrypt/live/shop.example.com/fullchain.pem",
    );
    for width in [40, 60, 80, 120] {
        let plain = print(&model, &finding, width, false);
        insta::assert_snapshot!(format!("plain_{width}"), plain);
        let colored = print(&model, &finding, width, true);
        insta::assert_snapshot!(format!("color_{width}"), colored.replace('\u{1b}', "␛"));
    }
}

/// The text above an underline, for each underline of a report.
fn underlined(report: &str) -> Vec<String> {
    let lines: Vec<&str> = report.lines().collect();
    let mut found = Vec::new();
    for pair in lines.windows(2) {
        let (shown, marks) = (pair[0], pair[1]);
        if !shown.contains(" │ ") || !marks.contains('┬') {
            continue;
        }
        let mut texts = vec![String::new()];
        let mut column = 0;
        let mark_at = |column: usize| {
            let mark = marks.chars().nth(column);
            mark.is_some_and(|mark| matches!(mark, '─' | '┬'))
        };
        for c in shown.chars() {
            match (mark_at(column), texts.last_mut()) {
                (true, Some(text)) => text.push(c),
                _ => texts.push(String::new()),
            }
            column += columns(&c.to_string());
        }
        found.extend(texts.into_iter().filter(|text| !text.is_empty()));
    }
    found
}

#[test]
fn underlines_are_under_their_words_at_every_width() {
    let long = format!("{}\n", "例え ".repeat(40));
    let deep = format!("{}server_name a.example;\n", "\t".repeat(30));
    for (text, word, other) in [
        (
            CONFIGURATION,
            "www.shop.example.com",
            "shop.example.com/fullchain.pem",
        ),
        (
            &*format!("{long}server_name 例え.example www.例え.example; # {long}"),
            "www.例え.example",
            "例え",
        ),
        (&*deep, "a.example", "server_name"),
        (
            &*format!("server_name {} b.example;\n", "a.example ".repeat(30)),
            "b.example",
            "a.example",
        ),
    ] {
        let model = model(text);
        let finding = finding(&model, text, word, other);
        for width in 40..=200 {
            let report = print(&model, &finding, width, false);
            let found = underlined(&report);
            assert!(
                found.iter().any(|it| it == word),
                "{width}: {found:?}\n{report}"
            );
            for line in report.lines() {
                let text = line.trim_start_matches([' ', '×', '│', '·', '╰', '─', '┤']);
                let text = text.trim_start_matches("help: ");
                let is_command = text == COMMAND;
                let is_one_word = !text.contains(' ');
                assert!(
                    is_command || is_one_word || columns(line) <= width,
                    "{width}: {line:?}\n{report}"
                );
            }
            assert!(report.contains(&format!(" {COMMAND}\n")), "{report}");
        }
    }
}
