//! Exemptions: names for which a rule is silent, with a reason and perhaps a last day.
//!
//! An exemption speaks of names and not of places, so that it holds for every file and object of a
//! repository. Whether one is of use is only known after everything was checked.

use crate::check::Settings;
use crate::finding::Finding;
use crate::model::suppression::Until;
use crate::rules;
use crate::source::Location;

/// A rule is silent about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// The place of the name.
    pub at: Location,
    /// The names.
    pub name: NamePattern,
    /// The rule.
    pub rule: &'static str,
    /// Why this is right; never empty.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Until>,
}

/// A name as it is reported, or `*.x` for every name below `x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    text: String,
}

impl NamePattern {
    /// A pattern from its text; `None` for one that means no name or every name.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_blanket =
            text.trim().is_empty() || text.bytes().all(|byte| matches!(byte, b'*' | b'.'));
        (!is_blanket).then(|| Self {
            text: text.to_owned(),
        })
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a name, as a finding writes it, is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.text.as_bytes(), name.as_bytes());
        let below = match pattern.strip_prefix(b"*") {
            Some(base) if base.starts_with(b".") => name
                .len()
                .checked_sub(base.len())
                .is_some_and(|start| start > 0 && name[start..].eq_ignore_ascii_case(base)),
            _ => false,
        };
        below || pattern.eq_ignore_ascii_case(name)
    }
}

/// The exemptions of a run, and which of them were of use.
#[derive(Debug)]
pub struct Exemptions<'c> {
    exemptions: Vec<Entry<'c>>,
}

#[derive(Debug)]
struct Entry<'c> {
    exemption: &'c Exemption,
    ended: bool,
    used: bool,
}

impl<'c> Exemptions<'c> {
    /// The exemptions as they hold at `now` (unix seconds).
    #[must_use]
    pub fn new(exemptions: &'c [Exemption], now: i64) -> Self {
        let entry = |exemption: &'c Exemption| Entry {
            exemption,
            ended: exemption
                .until
                .as_ref()
                .is_some_and(|until| now >= until.end),
            used: false,
        };
        Self {
            exemptions: exemptions.iter().map(entry).collect(),
        }
    }

    /// Drops the findings all names of which are exempt; may be called for many models.
    pub fn apply(&mut self, findings: &mut Vec<Finding>) {
        if !self.exemptions.is_empty() {
            findings.retain(|finding| !self.is_exempt(finding));
        }
    }

    fn is_exempt(&mut self, finding: &Finding) -> bool {
        let certificate = finding.facts.certificate.as_ref();
        let names = match (&finding.facts.names[..], certificate) {
            // A finding about the certificate alone is about its names.
            ([], Some(certificate)) => &certificate.names[..],
            (names, _) => names,
        };
        let mut all = !names.is_empty();
        for name in names {
            let mut exempt = false;
            for entry in &mut self.exemptions {
                let it = entry.exemption;
                if it.rule == finding.rule && it.name.matches(name) {
                    entry.used = true;
                    exempt |= !entry.ended;
                }
            }
            all &= exempt;
        }
        all
    }

    /// The exemptions that have ended, and those that nothing needed where `complete` says that
    /// all was checked that they speak for.
    #[must_use]
    pub fn report(&self, complete: bool, settings: &Settings) -> Vec<Finding> {
        let mut findings = Vec::new();
        for entry in &self.exemptions {
            let Exemption { at, name, rule, .. } = entry.exemption;
            // A rule that is off cannot tell.
            if settings.levels.get(rule) == Some(&None) {
                continue;
            }
            let (at, name) = (at.clone(), name.as_str());
            let until = entry.exemption.until.as_ref().filter(|_| entry.ended);
            if let Some(until) = until {
                findings.push(rules::exemption_ended(
                    at, name, rule, &until.day, entry.used,
                ));
            } else if complete && !entry.used {
                findings.push(rules::exemption_unused(at, name, rule));
            }
        }
        settings.set_levels(&mut findings);
        findings
    }
}
