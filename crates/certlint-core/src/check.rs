//! From a model to findings: run every rule, apply suppressions and levels, sort.

mod causes;
mod deployments;
mod fingerprint;
mod objects;
mod suppress;

use std::collections::BTreeMap;

pub use fingerprint::Fingerprints;

use crate::finding::{Finding, Level};
use crate::ledger::Tally;
use crate::model::Model;
use crate::rules;

/// The user's choice of levels.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Levels by rule id; `None` switches the rule off. Rules that are not here keep their own.
    pub levels: BTreeMap<&'static str, Option<Level>>,
    /// Honour suppression comments.
    pub suppressions: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            levels: BTreeMap::new(),
            suppressions: true,
        }
    }
}

impl Settings {
    /// Gives findings the levels that the user wants, and drops those of rules that are off.
    pub fn set_levels(&self, findings: &mut Vec<Finding>) {
        findings.retain_mut(|finding| match self.levels.get(finding.rule) {
            Some(None) => false,
            Some(Some(level)) => {
                finding.level = *level;
                true
            }
            None => true,
        });
    }
}

/// What was found, and how much was looked at.
#[derive(Debug, Default)]
pub struct Checked {
    /// Everything that is wrong, sorted by place.
    pub findings: Vec<Finding>,
    /// How many names were judged, and why the others were not.
    pub tally: Tally,
}

/// Everything that is wrong with `model` at the moment `now` (unix seconds), sorted by place.
#[must_use]
pub fn check(model: &Model, settings: &Settings, now: i64) -> Vec<Finding> {
    let subject = rules::Subject::new(model);
    findings(&subject, settings, now)
}

/// The same, with what was not judged.
#[must_use]
pub fn check_and_count(model: &Model, settings: &Settings, now: i64) -> Checked {
    let subject = rules::Subject::new(model);
    Checked {
        findings: findings(&subject, settings, now),
        tally: subject.tally(),
    }
}

fn findings(subject: &rules::Subject<'_>, settings: &Settings, now: i64) -> Vec<Finding> {
    let model = subject.model;
    let is_on = |rule: &rules::Rule| settings.levels.get(rule.id) != Some(&None);
    let mut findings = rules::run(subject, Some(now), is_on);
    if settings.suppressions {
        suppress::apply(&mut findings, model, settings, now);
    }
    settings.set_levels(&mut findings);
    sort(&mut findings);
    deployments::merge(&mut findings, model);
    causes::merge(&mut findings);
    objects::name(&mut findings, model);
    let mut fingerprints = Fingerprints::default();
    for finding in &mut findings {
        fingerprints.assign(finding, &model.sources);
    }
    findings
}

/// Everything that is wrong with `model` whatever the clock and other objects say, sorted by place.
pub(crate) fn check_lasting(model: &Model) -> Vec<Finding> {
    let subject = rules::Subject::new(model);
    let mut findings = rules::run(&subject, None, |_| true);
    sort(&mut findings);
    findings
}

/// Sorts by place, and keeps what was found twice once.
fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.primary.at.source, f.primary.at.start(), f.rule);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    findings.dedup();
}
