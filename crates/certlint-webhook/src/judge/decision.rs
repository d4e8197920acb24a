//! The answer to a review, before it is written as JSON.

use std::collections::BTreeMap;

use super::policy::mode_name;
use crate::settings::Mode;

/// The answer for the API server, and the kind that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether the request passes.
    pub(crate) allowed: bool,
    /// Why it does not: several lines, the verdict first. Empty where it does.
    pub(crate) message: String,
    /// The same for machines, one for each reason to refuse it.
    pub(crate) causes: Vec<Cause>,
    /// Warnings that `kubectl` shows though a request passes: single lines within limits of the API
    /// server.
    pub(crate) warnings: Vec<String>,
    /// For the audit log: `decision`, `mode` and `rules`.
    pub(crate) audit: BTreeMap<&'static str, String>,
    /// The rules with something to say, sorted, each once.
    pub(crate) rules: Vec<&'static str>,
    /// The kind of decision.
    pub(crate) kind: DecisionKind,
    /// The mode that held for the object.
    pub(crate) mode: Mode,
}

/// A reason to refuse a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The field of the object: `spec.tls[0].hosts[0]`.
    pub(crate) field: String,
    /// The fact.
    pub(crate) message: String,
    /// Id of the rule.
    pub(crate) reason: &'static str,
}

/// A kind of decision, in the words of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DecisionKind {
    /// Passed without a word.
    Allow,
    /// Passed with warnings.
    Warn,
    /// Refused.
    Deny,
    /// Passed without being looked at.
    Skipped,
    /// Could not be judged as a whole; passed unless the policy wants otherwise.
    Error,
}

impl DecisionKind {
    /// The word for metrics and logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Warn => "warn",
        }
    }
}

impl Decision {
    /// Passes a request that is not looked at.
    pub(crate) fn skipped(mode: Mode) -> Self {
        Self::new(DecisionKind::Skipped, mode, Vec::new())
    }

    /// Passes a request; `rules` need not be sorted.
    pub(crate) fn new(kind: DecisionKind, mode: Mode, mut rules: Vec<&'static str>) -> Self {
        rules.sort_unstable();
        rules.dedup();
        let mut audit = BTreeMap::from([
            ("decision", kind.as_str().to_owned()),
            ("mode", mode_name(mode).to_owned()),
        ]);
        if !rules.is_empty() {
            audit.insert("rules", rules.join(","));
        }
        Self {
            allowed: kind != DecisionKind::Deny,
            message: String::new(),
            causes: Vec::new(),
            warnings: Vec::new(),
            audit,
            rules,
            kind,
            mode,
        }
    }
}
