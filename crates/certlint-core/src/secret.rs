//! A Secret by itself, judged once: what neither the clock nor other objects have a say in.
//!
//! A program that watches tens of thousands of Secrets keeps a summary of each. The rules about
//! certificates and keys are asked here, while all of the Secret is at hand.

use crate::check::{Settings, check};
use crate::finding::Finding;
use crate::kubernetes::{LATER, OwnFinding, SecretSummary, summarise};
use crate::model::Model;

impl SecretSummary {
    /// Reads a Secret from its JSON: facts and findings stay, certificate and key are dropped.
    ///
    /// `apiVersion` and `kind` may be missing, as in the items of a list. `None` where the text is
    /// no object; whatever else is wrong is a fact about the Secret.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        let (mut summary, model) = summarise(json)?;
        summary.set_findings(findings(&model));
        Some(summary)
    }
}

/// The findings that will be the same at any time.
fn findings(model: &Model) -> Vec<OwnFinding> {
    let mut settings = Settings {
        suppressions: false,
        ..Settings::default()
    };
    settings
        .levels
        .extend(LATER.iter().map(|&rule| (rule, None)));
    let findings = check(model, &settings, 0);
    findings
        .into_iter()
        .filter_map(|finding| own(model, finding))
        .collect()
}

/// `None` for one that an annotation of the Secret suppresses for good.
fn own(model: &Model, finding: Finding) -> Option<OwnFinding> {
    let suppressions = model.fragments.iter().flat_map(|one| &one.suppressions);
    let mut ignored_until = None;
    for suppression in suppressions {
        let mut rules = suppression.rules.iter();
        if suppression.mistake.is_some() || rules.all(|rule| rule.value != finding.rule) {
            continue;
        }
        ignored_until = Some(suppression.until.as_ref()?.end);
    }
    Some(OwnFinding {
        rule: finding.rule,
        level: finding.level,
        message: finding.message.into(),
        help: finding.help.map(Into::into),
        path: finding.primary.at.path.as_str().into(),
        ignored_until,
    })
}
