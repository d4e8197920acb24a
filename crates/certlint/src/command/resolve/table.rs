//! Answers for people: one row for a name and a listener that can answer it.
//!
//! A listener that does not know the name answers as well, with its default server. Where another
//! one does know it, that says nothing, unless both have one port: then a client meets either of
//! them, as with a server that listens on IPv4 only.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{CertificateItem, Item};
use crate::output::Screen;
use crate::paint::Paint;
use crate::prose;
use crate::report::printable;

const HEAD: [&str; 6] = [
    "name",
    "listen",
    "server",
    "matched by",
    "certificate",
    "verdict",
];

/// The cells that are written, and how the last one is coloured.
struct Row {
    cells: [String; HEAD.len()],
    mood: Mood,
}

/// What a verdict means for clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mood {
    Bad,
    Calm,
    Good,
    Warning,
}

impl Mood {
    fn of_verdict(verdict: &str) -> Self {
        match verdict {
            "covered" => Self::Good,
            "not-covered" => Self::Bad,
            "partial" => Self::Warning,
            _ => Self::Calm,
        }
    }
}

/// The rows of a table, with how many answers they leave out.
pub(super) struct Table {
    rows: Vec<Row>,
    pub(super) left_out: usize,
}

impl Table {
    pub(super) fn new(items: &[Item]) -> Self {
        let mut known: BTreeMap<&str, Vec<(usize, Option<u16>)>> = BTreeMap::new();
        for item in items.iter().filter(|item| item.place.is_match) {
            let places = known.entry(&item.name).or_default();
            places.push((item.place.fragment, item.place.port));
        }
        let is_shown = |item: &Item| {
            let Some(places) = known.get(&*item.name) else {
                return true;
            };
            let is_beside = |&(fragment, port): &(usize, Option<u16>)| {
                port.is_some() && (fragment, port) == (item.place.fragment, item.place.port)
            };
            item.place.is_match || places.iter().any(is_beside)
        };
        let mut answers: Vec<(Vec<&str>, Vec<Row>)> = Vec::new();
        let mut seen = BTreeMap::new();
        let mut left_out = 0;
        for item in items {
            if !is_shown(item) {
                left_out += 1;
                continue;
            }
            let rows = rows(item);
            // Two families of addresses with one port are one listener to people.
            if let Some(port) = item.place.port {
                let cells: Vec<_> = rows.iter().map(|row| row.cells.clone()).collect();
                let next = answers.len();
                let index = *seen.entry((port, cells)).or_insert(next);
                if index < next {
                    answers[index].0.push(&item.listen);
                    continue;
                }
            }
            answers.push((vec![&item.listen], rows));
        }
        let rows = answers.into_iter().flat_map(|(listens, mut rows)| {
            for row in &mut rows {
                row.cells[1] = listens.join(", ");
            }
            rows
        });
        Self {
            rows: rows.collect(),
            left_out,
        }
    }

    pub(super) fn write(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut widths = HEAD.map(prose::columns);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = prose::columns(cell).max(*width);
            }
        }
        let total = widths.iter().sum::<usize>() + 2 * (HEAD.len() - 1);
        if screen.width.is_some_and(|width| width < total) {
            return self.write_as_list(screen, out);
        }
        let line = |cells: &[String; HEAD.len()], verdict: &str| {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(&widths[..HEAD.len() - 1]) {
                line += cell;
                line += &" ".repeat(width + 2 - prose::columns(cell));
            }
            line + verdict
        };
        let head = HEAD.map(str::to_owned);
        writeln!(out, "{}", line(&head, &head[HEAD.len() - 1]))?;
        for row in &self.rows {
            writeln!(out, "{}", line(&row.cells, &row.verdict(screen.paint)))?;
        }
        Ok(())
    }

    /// For a terminal with less room than the table takes.
    fn write_as_list(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        const INDENT: usize = 14;
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            writeln!(out, "{}", row.cells[0])?;
            for (index, key) in HEAD.iter().enumerate().skip(1) {
                let value = match index + 1 == HEAD.len() {
                    true => row.verdict(screen.paint),
                    false => row.cells[index].clone(),
                };
                let mut key = *key;
                let width = screen.width.map(|width| width.saturating_sub(INDENT));
                for line in prose::wrap(&value, width) {
                    writeln!(out, "  {key:11} {line}")?;
                    key = "";
                }
            }
        }
        Ok(())
    }
}

impl Row {
    fn verdict(&self, paint: Paint) -> String {
        let text = &self.cells[HEAD.len() - 1];
        match self.mood {
            Mood::Bad => paint.bad(text),
            Mood::Calm => text.clone(),
            Mood::Good => paint.good(text),
            Mood::Warning => paint.warn(text),
        }
    }
}

/// A row for each certificate, one at least; the cell of the listener is empty.
fn rows(item: &Item) -> Vec<Row> {
    let name = match item.name.is_empty() {
        true => "(no SNI)",
        false => &item.name,
    };
    let server = format!("{}:{}", item.server.file, item.server.line);
    let row = |certificate: &str, verdict: &str, mood| Row {
        cells: [name, "", &server, item.matched_by, certificate, verdict]
            .map(|cell| printable(cell).into_owned()),
        mood,
    };
    if item.certificates.is_empty() {
        let supplier = item.supplier.as_ref();
        let supplier = supplier.map(|supplier| format!("{supplier} will write it"));
        let why = item.why.as_ref().or(supplier.as_ref());
        let why = why.map(|why| format!(" ({why})"));
        let verdict = item.verdict.map(|verdict| format!(", {verdict}"));
        let outcome = [
            item.outcome,
            &verdict.unwrap_or_default(),
            &why.unwrap_or_default(),
        ]
        .concat();
        let mood = match item.outcome {
            "no-certificate" | "rejected" => Mood::Bad,
            "plain" | "served" => Mood::Calm,
            _ => item.verdict.map_or(Mood::Warning, Mood::of_verdict),
        };
        return vec![row("-", &outcome, mood)];
    }
    let of_certificate = |certificate: &CertificateItem| {
        let mood = Mood::of_verdict(certificate.verdict);
        row(&certificate.place(), certificate.verdict, mood)
    };
    item.certificates.iter().map(of_certificate).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Place, ServerItem};
    use super::*;

    fn item(listen: &str, port: Option<u16>, matched_by: &'static str) -> Item {
        Item {
            name: "www.example.com".to_owned(),
            listen: listen.to_owned(),
            outcome: "served",
            server: ServerItem {
                file: "nginx.conf".to_owned(),
                line: 3,
                server_name: String::new(),
            },
            matched_by,
            certificates: vec![CertificateItem {
                file: "certs/a.crt".to_owned(),
                secret: None,
                sha256: String::new(),
                key_type: "rsa",
                names: Vec::new(),
                verdict: if matched_by == "default" {
                    "not-covered"
                } else {
                    "covered"
                },
            }],
            why: None,
            supplier: None,
            verdict: None,
            place: Place {
                fragment: 0,
                port,
                is_match: matched_by != "default",
            },
        }
    }

    fn text(items: &[Item], width: Option<usize>, is_colored: bool) -> (String, usize) {
        let table = Table::new(items);
        let paint = Paint { is_colored };
        let mut out = Vec::new();
        table.write(Screen { paint, width }, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), table.left_out)
    }

    #[test]
    fn equal_rows_are_one_and_foreign_listeners_are_left_out() {
        let items = [
            item("0.0.0.0:443", Some(443), "exact"),
            item("[::]:443", Some(443), "exact"),
            item("0.0.0.0:8443", Some(8443), "default"),
            item("gateway/infra/edge/web", None, "default"),
        ];
        let (text, left_out) = text(&items, None, false);
        assert_eq!(
            text,
            "\
name             listen                 server        matched by  certificate  verdict
www.example.com  0.0.0.0:443, [::]:443  nginx.conf:3  exact       certs/a.crt  covered
"
        );
        assert_eq!(left_out, 2);
    }

    #[test]
    fn a_family_of_addresses_without_the_name_stays() {
        let items = [
            item("0.0.0.0:443", Some(443), "exact"),
            item("[::]:443", Some(443), "default"),
        ];
        let (text, left_out) = text(&items, None, false);
        assert!(text.contains("  [::]:443     nginx.conf:3  default     certs/a.crt  not-covered"));
        assert_eq!((text.lines().count(), left_out), (3, 0));
    }

    #[test]
    fn a_name_that_no_listener_knows_is_answered_by_all() {
        let items = [
            item("0.0.0.0:443", Some(443), "default"),
            item("0.0.0.0:8443", Some(8443), "default"),
        ];
        let (text, left_out) = text(&items, None, false);
        assert_eq!((text.lines().count(), left_out), (3, 0));
    }

    #[test]
    fn a_narrow_terminal_gets_a_list() {
        let items = [item("0.0.0.0:443", Some(443), "exact")];
        assert_eq!(
            text(&items, Some(40), true).0,
            "\
www.example.com
  listen      0.0.0.0:443
  server      nginx.conf:3
  matched by  exact
  certificate certs/a.crt
  verdict     \u{1b}[32mcovered\u{1b}[0m
"
        );
    }
}
