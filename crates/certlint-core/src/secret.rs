//! A Secret by itself, judged once: what neither the clock nor other objects have a say in.
//!
//! A program that watches tens of thousands of Secrets keeps a summary of each. The rules about
//! certificates and keys are asked here, while all of the Secret is at hand.

use crate::check::check_lasting;
use crate::finding::Finding;
use crate::kubernetes::{OwnFinding, SecretSummary, summarise};
use crate::model::Model;
use crate::rules::by_id;

impl SecretSummary {
    /// Reads a Secret from its JSON: facts and findings stay, certificate and key are dropped.
    ///
    /// `apiVersion` and `kind` may be missing, as in the items of a list. `None` where the text is
    /// no object; whatever else is wrong is a fact about the Secret.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        let (mut summary, model) = summarise(json)?;
        summary.set_findings(findings(&model));
        // The others were heeded just now.
        let is_passing = |id: &str| by_id(id).is_some_and(|rule| rule.check.is_passing());
        summary.retain_suppressions(is_passing);
        Some(summary)
    }
}

/// The findings that will be the same at any time.
fn findings(model: &Model) -> Vec<OwnFinding> {
    check_lasting(model)
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
