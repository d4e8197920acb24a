//! Findings leave as text, as short lines, or as JSON.

mod certificate;
mod excerpt;
mod hidden;
mod json;
mod short;
mod text;

use std::collections::BTreeSet;
use std::io::{self, Write};

use certlint_core::check::Fingerprints;
use certlint_core::finding::{Finding, Level};
use certlint_core::ledger::Tally;
use certlint_core::model::Model;
use certlint_core::rules::UNVERIFIABLE;

pub(crate) use certificate::day;
pub(crate) use excerpt::printable;

use crate::args::ReportFormat;

/// The result of a run.
pub(crate) struct Report<'m> {
    /// In the order in which they are written.
    pub(crate) findings: Vec<(&'m Model, Finding)>,
    pub(crate) counts: Counts,
}

/// The counts of the summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Files of configuration and of manifests.
    pub(crate) files: usize,
    /// The names that are answered over TLS, and which of them were judged.
    pub(crate) tally: Tally,
    /// Deployments, where the input holds several.
    pub(crate) deployments: usize,
    /// Certificate files, and certificates of Secrets.
    pub(crate) certificates: usize,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) infos: usize,
    /// Findings of [`UNVERIFIABLE`]; those at info level are among the infos, too.
    pub(crate) unverifiable: usize,
}

/// How a report looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) format: ReportFormat,
    pub(crate) color: bool,
    /// Columns of the terminal; `None` for a file or a pipe, where no line is broken.
    pub(crate) width: Option<usize>,
    /// Show what could not be verified, too.
    pub(crate) verbose: bool,
}

/// The finding only says what is not known; people see such findings when they ask for them.
fn is_unverifiable(finding: &Finding) -> bool {
    finding.rule == UNVERIFIABLE.id
}

impl<'m> Report<'m> {
    /// Puts the findings of several models together.
    pub(crate) fn new(found: Vec<(&'m Model, Vec<Finding>)>, files: usize, tally: Tally) -> Self {
        let mut counts = Counts {
            files,
            tally,
            ..Counts::default()
        };
        for (model, _) in &found {
            counts.deployments += deployments(model);
            counts.certificates += model.bundles.len();
        }
        // A file may be a source of two models, or be in one of them under two paths.
        let mut seen = BTreeSet::new();
        let mut fingerprints = Fingerprints::default();
        let mut findings = Vec::new();
        for (model, of_model) in found {
            for mut finding in of_model {
                let at = &finding.primary.at;
                let name = model.sources.get(at.source).name();
                if seen.insert((name, at.span, finding.rule, finding.message.clone())) {
                    counts.add(&finding);
                    fingerprints.assign(&mut finding, &model.sources);
                    findings.push((model, finding));
                }
            }
        }
        Self { findings, counts }
    }

    /// Writes the report.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write(&self, look: Look, out: &mut dyn Write) -> io::Result<()> {
        match look.format {
            ReportFormat::Json => json::write(self, out),
            ReportFormat::Short => short::write(self, look, out),
            ReportFormat::Text => text::write(self, look, out),
        }
    }

    /// The findings for people.
    fn shown(&self, look: Look) -> impl Iterator<Item = &(&'m Model, Finding)> {
        let is_shown = move |finding: &Finding| {
            look.verbose || !is_unverifiable(finding) || finding.level > Level::Info
        };
        self.findings
            .iter()
            .filter(move |(_, finding)| is_shown(finding))
    }
}

fn deployments(model: &Model) -> usize {
    let all = model.fragments.iter();
    let all = all.filter_map(|fragment| fragment.deployment.as_ref());
    all.map(|deployment| &deployment.name)
        .collect::<BTreeSet<_>>()
        .len()
}

impl Counts {
    fn add(&mut self, finding: &Finding) {
        match finding.level {
            Level::Error => self.errors += 1,
            Level::Info => self.infos += 1,
            Level::Warning => self.warnings += 1,
        }
        if is_unverifiable(finding) {
            self.unverifiable += 1;
        }
    }

    /// `2 errors, 1 warning · 3 files, 12 names, 4 certificates`.
    pub(crate) fn line(&self, verbose: bool) -> String {
        let infos = self.infos - self.unverifiable.min(self.infos);
        let found: Vec<String> = [
            (self.errors, "error"),
            (self.warnings, "warning"),
            (infos, "note"),
        ]
        .into_iter()
        .filter(|&(count, _)| count > 0)
        .map(|(count, what)| counted(count, what))
        .collect();
        let found = match found.is_empty() {
            true => "no findings".to_owned(),
            false => found.join(", "),
        };
        let mut line = format!(
            "{found} · {}, {}{}, {}",
            counted(self.files, "file"),
            match self.deployments {
                0 => String::new(),
                count => format!("{}, ", counted(count, "deployment")),
            },
            counted(self.tally.names, "name"),
            counted(self.certificates, "certificate")
        );
        line += &self.not_judged();
        if self.unverifiable > 0 {
            line += &format!(" · {} unverifiable", self.unverifiable);
            if !verbose {
                line += " (run with -v to list)";
            }
        }
        line
    }

    /// ` · 12 of 15 names judged; 3 not: 2 Secrets not in the input (`--certs DIR`)`.
    fn not_judged(&self) -> String {
        let tally = &self.tally;
        if tally.causes.is_empty() {
            return String::new();
        }
        let causes = tally.causes.iter().map(|(cause, things)| {
            let help = cause.help().map(|help| format!(" (`{help}`)"));
            cause.counted(things.len()) + &help.unwrap_or_default()
        });
        let causes = causes.collect::<Vec<_>>().join(", ");
        match tally.unknown() {
            0 => format!(" · not read: {causes}"),
            unknown => format!(
                " · {} of {} judged; {unknown} not: {causes}",
                tally.judged,
                counted(tally.names, "name")
            ),
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use certlint_core::model::Cause;

    use super::*;

    #[test]
    fn the_summary_counts_only_what_there_is() {
        let mut counts = Counts {
            files: 3,
            tally: Tally {
                names: 12,
                judged: 12,
                ..Tally::default()
            },
            certificates: 1,
            ..Counts::default()
        };
        assert_eq!(
            counts.line(false),
            "no findings · 3 files, 12 names, 1 certificate"
        );
        counts.errors = 2;
        counts.warnings = 1;
        counts.infos = 1;
        counts.unverifiable = 1;
        assert_eq!(
            counts.line(false),
            "2 errors, 1 warning · 3 files, 12 names, 1 certificate · 1 unverifiable \
             (run with -v to list)"
        );
        counts.infos = 2;
        assert_eq!(
            counts.line(true),
            "2 errors, 1 warning, 1 note · 3 files, 12 names, 1 certificate · 1 unverifiable"
        );
    }

    #[test]
    fn names_that_were_not_judged_are_counted_with_their_causes() {
        let things = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let mut tally = Tally {
            names: 15,
            judged: 12,
            ..Tally::default()
        };
        let secrets = things(&["shop/web", "shop/api"]);
        tally.causes.insert(Cause::SecretNotInInput, secrets);
        let includes = things(&["/etc/nginx/extra.conf"]);
        tally.causes.insert(Cause::IncludeOutside, includes);
        let counts = Counts {
            files: 3,
            tally,
            ..Counts::default()
        };
        assert_eq!(
            counts.line(false),
            "no findings · 3 files, 15 names, 0 certificates · 12 of 15 names judged; 3 not: \
             1 include outside the tree (`--map-path FROM=TO`), \
             2 Secrets not in the input (`--certs DIR`)"
        );
    }
}
