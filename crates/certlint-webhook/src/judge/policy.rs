//! What an administrator decides: how strictly findings are taken, and what counts where nothing
//! can be known.
//!
//! Levels of single rules, exemptions and the meaning of Ingress classes stand in the embedded
//! `certlint.yaml`, so that the linter in CI and the webhook read one document.

use certlint_core::config::Config;
use serde::Deserialize;

/// How requests are judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    /// What becomes of findings where no label of the namespace says otherwise.
    pub(crate) mode: Mode,
    /// An object may soften its own mode with the annotation `certlint.io/mode`.
    pub(crate) allow_object_override: bool,
    /// A Secret that is not there, and that nothing is known to write.
    pub(crate) missing_secret: Reaction,
    /// A Secret that holds no certificate that can be read.
    pub(crate) unreadable_secret: Strictness,
    /// A change to a Secret after which hosts that are in use are no longer covered.
    pub(crate) uncovering_secret: Strictness,
    /// User names whose changes to Secrets are never refused: they issue certificates.
    pub(crate) trusted_writers: Vec<String>,
    /// An object that cannot be read.
    pub(crate) on_unreadable: Answer,
    /// A Secret that cannot be looked up, or no time left to do so.
    pub(crate) on_internal_error: Answer,
    /// Secrets are never read, so that nothing is said about them.
    pub(crate) ignores_secrets: bool,
    /// Levels of rules, exemptions and Ingress classes.
    pub(crate) config: Config,
}

/// What becomes of findings, the softest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Nothing is looked at.
    Off,
    /// Findings are counted; users are told nothing.
    Audit,
    /// Users are warned and never refused.
    Warn,
    /// What is proven to be wrong is refused, the rest is warned of.
    #[default]
    Enforce,
}

/// What a missing Secret is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reaction {
    /// Nothing is said.
    Allow,
    /// The user is warned: most tools create an Ingress before its Secret.
    #[default]
    Warn,
    /// The request is refused.
    Deny,
}

/// What a doubtful state is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Strictness {
    /// The user is warned.
    #[default]
    Warn,
    /// The request is refused.
    Deny,
}

/// What is answered where nothing can be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    /// The request passes, with a warning.
    #[default]
    Allow,
    /// The request is refused.
    Deny,
}

impl Mode {
    /// The mode with this name, as labels and annotations write it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Off, Self::Audit, Self::Warn, Self::Enforce]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }

    /// The word for settings, labels and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Enforce => "enforce",
            Self::Off => "off",
            Self::Warn => "warn",
        }
    }
}
