//! How requests are judged: what the settings of the process say, in the form that the judge needs.
//!
//! Levels of single rules, exemptions and the meaning of Ingress classes are in the embedded
//! `certlint.yaml`, so that the linter in CI and the webhook read one document.

use certlint_core::config::Config;

use crate::settings::{Mode, SecretAccess, Settings, Verdict};

/// How requests are judged.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The consequence of findings where no label of the namespace says otherwise.
    pub(crate) mode: Mode,
    /// An object may soften its own mode with the annotation `certlint.io/mode`.
    pub(crate) allow_object_override: bool,
    /// A Secret that is not there, and that nothing is known to write.
    pub(crate) missing_secret: Verdict,
    /// A Secret that holds no certificate that can be read.
    pub(crate) unreadable_secret: Verdict,
    /// A Secret whose change or deletion leaves hosts that are in use without a certificate.
    pub(crate) changed_secret: Verdict,
    /// Users whose changes to Secrets are never refused: they issue certificates.
    pub(crate) trusted_writers: Vec<String>,
    /// An object that cannot be read.
    pub(crate) on_unreadable: Verdict,
    /// A Secret that cannot be looked up, or no time left to do so.
    pub(crate) on_internal_error: Verdict,
    /// Secrets are never read, so that nothing is said about them.
    pub(crate) ignores_secrets: bool,
    /// Levels of rules, exemptions and Ingress classes.
    pub(crate) config: Config,
}

impl Policy {
    /// The policy of the settings, with the `certlint.yaml` in them.
    pub(crate) fn new(settings: &Settings, config: Config) -> Self {
        let policy = &settings.policy;
        Self {
            mode: policy.mode,
            allow_object_override: policy.allow_object_override,
            missing_secret: policy.missing_secret,
            unreadable_secret: policy.unreadable_secret,
            changed_secret: Verdict::Warn,
            trusted_writers: policy.trusted_writers.clone(),
            on_unreadable: policy.on_unreadable,
            on_internal_error: policy.on_internal_error,
            ignores_secrets: settings.secret_access == SecretAccess::None,
            config,
        }
    }
}

/// The word for labels, annotations, metrics and the audit log.
pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Audit => "audit",
        Mode::Enforce => "enforce",
        Mode::Off => "off",
        Mode::Warn => "warn",
    }
}

/// The mode with this name.
pub(crate) fn mode_of(name: &str) -> Option<Mode> {
    [Mode::Off, Mode::Audit, Mode::Warn, Mode::Enforce]
        .into_iter()
        .find(|mode| mode_name(*mode) == name)
}

/// The softer of two modes.
pub(crate) fn softer(a: Mode, b: Mode) -> Mode {
    // In the order of the declaration, the softest first.
    if (a as u8) <= (b as u8) { a } else { b }
}
