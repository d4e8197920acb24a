//! The content of certificate files as JSON.

use std::io::{self, Write};

use certlint_core::x509::Certificate;
use jiff::Timestamp;
use serde::Serialize;

use super::{Item, Judged};

pub(super) fn write(items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    let files: Vec<File<'_>> = items.iter().map(File::new).collect();
    serde_json::to_writer_pretty(&mut *out, &files)?;
    writeln!(out)
}

#[derive(Serialize)]
struct File<'a> {
    file: &'a str,
    /// Leaf first.
    certificates: Vec<CertificateItem>,
    key: Key,
    /// One for each `--name`.
    names: Vec<Name<'a>>,
    /// Why nothing in the file can be used; `null` mostly.
    refused: Option<Refused>,
}

#[derive(Serialize)]
struct CertificateItem {
    /// Of the DER, in hex.
    sha256: String,
    subject: String,
    /// Usable names, sorted.
    dns: Vec<String>,
    /// Addresses, sorted.
    ip: Vec<String>,
    /// Entries that match nothing.
    unusable: Vec<Unusable>,
    /// RFC 3339.
    not_before: String,
    /// RFC 3339.
    not_after: String,
    key_type: &'static str,
    /// 0 where it is not known.
    key_bits: usize,
    ca: bool,
}

#[derive(Serialize)]
struct Unusable {
    entry: String,
    reason: &'static str,
}

#[derive(Serialize)]
struct Key {
    found: bool,
    /// `match`, `mismatch`, `encrypted` or `cannot-tell`; `null` where there is nothing to compare.
    #[serde(rename = "match")]
    pair: Option<&'static str>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
    /// `covered`, `not-covered`, `partial`, `not-applicable` or `unknown`.
    verdict: &'static str,
    reason: Option<&'static str>,
    hints: &'a [&'static str],
}

#[derive(Serialize)]
struct Refused {
    message: String,
    /// From 1.
    line: u32,
    /// From 1, in characters.
    column: u32,
}

impl<'a> File<'a> {
    fn new(item: &'a Item) -> Self {
        let certificates = match item.names() {
            Some(_) => &item.certificates.certificates[..],
            None => &[],
        };
        Self {
            file: &item.name,
            certificates: certificates.iter().map(CertificateItem::new).collect(),
            key: Key {
                found: item.has_key(),
                pair: item.pair.map(|pair| pair.as_str()),
            },
            names: item.judged.iter().map(Name::new).collect(),
            refused: item.refusal().map(|refused| Refused {
                message: refused.message,
                line: refused.at.line,
                column: refused.at.column,
            }),
        }
    }
}

impl CertificateItem {
    fn new(certificate: &Certificate) -> Self {
        let san = &certificate.names;
        let exact = san.exact().iter().map(|name| name.to_string());
        let wildcards = san.wildcards().iter().map(|base| format!("*.{base}"));
        let mut dns: Vec<String> = exact.chain(wildcards).collect();
        dns.sort_unstable();
        let unusable = san.unusable().iter();
        Self {
            sha256: certificate.sha256_hex(),
            subject: certificate.subject(),
            dns,
            ip: san.addresses().iter().map(ToString::to_string).collect(),
            unusable: unusable
                .map(|entry| Unusable {
                    entry: entry.text(),
                    reason: entry.reason.as_str(),
                })
                .collect(),
            not_before: time(certificate.not_before),
            not_after: time(certificate.not_after),
            key_type: certificate.public_key.key_type().as_str(),
            key_bits: certificate.public_key.bits(),
            ca: certificate.extensions.is_ca,
        }
    }
}

/// RFC 3339; the number of seconds where the year is past all calendars.
fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |it| it.to_string())
}

impl<'a> Name<'a> {
    fn new(judged: &'a Judged) -> Self {
        Self {
            name: &judged.name,
            verdict: judged.verdict.word(),
            reason: judged.verdict.reason(),
            hints: &judged.hints,
        }
    }
}
