//! The findings for programs, version 1: fields are only ever added.

use std::collections::BTreeSet;
use std::io::{self, Write};

use certlint_core::finding::{CertificateFacts, Finding, ObjectName, help_on_one_line};
use certlint_core::model::{Cause, Model};
use certlint_core::rules::{Rule, by_id};
use certlint_core::source::{self, Position};
use serde::Serialize;

use super::{Counts, Report};

/// Grows only when a field changes its meaning.
const VERSION: u32 = 1;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.findings.iter();
    let document = Document {
        version: VERSION,
        summary: Summary::new(&report.counts),
        findings: findings
            .map(|(model, finding)| Item::new(model, finding))
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    /// Sorted by file, place and rule.
    findings: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Summary {
    /// Files of configuration and of manifests that were read.
    files: usize,
    /// Names that are answered over TLS.
    names: usize,
    /// Deployments, where the input holds several.
    #[serde(skip_serializing_if = "is_zero")]
    deployments: usize,
    /// Certificate files, and certificates of Secrets, that were read.
    certificates: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    /// Names of which it is known what becomes of them.
    judged: usize,
    /// The others.
    unknown: usize,
    /// Why, by the cause.
    unknown_causes: Vec<UnknownCause>,
}

#[derive(Serialize)]
struct UnknownCause {
    cause: &'static str,
    /// How many things are not known: Secrets, files.
    count: usize,
    /// What would tell.
    help: Option<&'static str>,
}

impl UnknownCause {
    fn new((cause, things): (&Cause, &BTreeSet<String>)) -> Self {
        Self {
            cause: cause.as_str(),
            count: things.len(),
            help: cause.help(),
        }
    }
}

#[derive(Serialize)]
struct Item<'a> {
    rule: &'static str,
    /// `error`, `warning` or `info`.
    level: &'static str,
    message: &'a str,
    help: Option<String>,
    location: Location<'a>,
    related: Vec<Related<'a>>,
    /// The names that are concerned, as they were written.
    names: &'a [String],
    /// The nearest miss, in one word.
    hint: Option<&'static str>,
    certificate: Option<Certificate<'a>>,
    /// The Kubernetes object that the place is in.
    object: Option<Object<'a>>,
    /// Tells it from all other findings, and stays when lines above it move.
    fingerprint: &'a str,
    /// The address of the rule's page; `null` for what no rule reports.
    docs: Option<String>,
}

#[derive(Serialize)]
struct Object<'a> {
    kind: &'a str,
    /// `null` where it is not written.
    namespace: Option<&'a str>,
    name: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    /// The content.
    message: &'a str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    /// Relative to the working directory, with `/`.
    file: &'a str,
    start: Point,
    end: Point,
    /// Offsets of the first byte and of the one after the last.
    bytes: [u32; 2],
    /// The field of an object; empty in plain files.
    field: &'a str,
}

#[derive(Serialize)]
struct Point {
    /// From 1.
    line: u32,
    /// From 1, in characters.
    column: u32,
}

#[derive(Serialize)]
struct Certificate<'a> {
    /// Of the DER, in hex.
    sha256: &'a str,
    file: &'a str,
    /// Sorted.
    names: &'a [String],
}

impl Summary {
    fn new(counts: &Counts) -> Self {
        Self {
            files: counts.files,
            names: counts.tally.names,
            deployments: counts.deployments,
            certificates: counts.certificates,
            errors: counts.errors,
            warnings: counts.warnings,
            infos: counts.infos,
            judged: counts.tally.judged,
            unknown: counts.tally.unknown(),
            unknown_causes: counts.tally.causes.iter().map(UnknownCause::new).collect(),
        }
    }
}

impl<'a> Item<'a> {
    fn new(model: &'a Model, finding: &'a Finding) -> Self {
        let related = finding.related.iter();
        Self {
            rule: finding.rule,
            level: finding.level.as_str(),
            message: &finding.message,
            help: finding.help.as_deref().map(help_on_one_line),
            location: Location::new(model, &finding.primary.at),
            related: related
                .map(|label| Related {
                    message: &label.text,
                    location: Location::new(model, &label.at),
                })
                .collect(),
            names: &finding.facts.names,
            hint: finding.facts.hint,
            certificate: finding.facts.certificate.as_ref().map(Certificate::new),
            object: finding.object.as_deref().map(Object::new),
            fingerprint: &finding.fingerprint,
            docs: by_id(finding.rule).map(Rule::docs_url),
        }
    }
}

impl<'a> Object<'a> {
    fn new(object: &'a ObjectName) -> Self {
        Self {
            kind: &object.kind,
            namespace: object.namespace.as_deref(),
            name: &object.name,
        }
    }
}

impl<'a> Location<'a> {
    fn new(model: &'a Model, at: &'a source::Location) -> Self {
        let source = model.sources.get(at.source);
        let (start, end) = at.span.map_or((0, 0), |span| (span.start, span.end));
        Self {
            file: source.name(),
            start: source.position(start).into(),
            end: source.position(end).into(),
            bytes: [start, end],
            field: at.path.as_str(),
        }
    }
}

impl From<Position> for Point {
    fn from(Position { line, column }: Position) -> Self {
        Self { line, column }
    }
}

impl<'a> Certificate<'a> {
    fn new(facts: &'a CertificateFacts) -> Self {
        Self {
            sha256: &facts.sha256,
            file: &facts.file,
            names: &facts.names,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
