//! The rules, each in a file of its own; [`RULES`] is the whole registry.
//!
//! A rule reads the [`Model`](crate::model::Model) and pushes findings. It never knows which
//! front-end filled the model nor which program asks.

mod bundle;
mod certificate_expired;
mod certificate_expiring;
mod certificate_from_default_server;
mod certificate_missing;
mod certificate_never_issued;
mod certificate_not_yet_valid;
mod certificate_path_dynamic;
mod certificate_request_misses_host;
mod certificate_unreadable;
mod certificate_unused;
mod certificates_disagree;
mod chain_incomplete;
mod chain_misordered;
mod common_name_only;
mod coverage;
mod default_certificate_served;
mod default_server_implicit;
mod help;
mod hint;
mod host_claimed_twice;
mod host_impossible;
mod host_without_tls;
mod include_cycle;
mod include_missing;
mod key_mismatch;
mod key_missing;
mod key_readable_by_others;
mod key_unreadable;
mod listener_hidden;
mod listener_refused;
mod listener_tls_mixed;
mod name_not_covered;
mod name_partly_covered;
mod nginx_syntax;
mod not_a_server_certificate;
mod reference_not_granted;
mod san_entry_unusable;
mod secret_claimed_twice;
mod secret_malformed;
mod secret_missing;
mod self_signed;
mod server_name_conflict;
mod server_name_impossible;
mod server_name_invalid;
mod server_name_regex_loose;
mod server_name_shadowed;
mod subject;
mod suppression_unknown;
mod suppression_unused;
mod template_skipped;
mod tls_host_without_rule;
mod unverifiable;
mod upstream_not_verified;
mod verification_disabled;
mod weak_key;
mod wildcard_depth;
mod words;
mod yaml_syntax;

pub use reference_not_granted::RULE as REFERENCE_NOT_GRANTED;
pub use secret_malformed::RULE as SECRET_MALFORMED;
pub use secret_missing::RULE as SECRET_MISSING;
pub use subject::Subject;
pub use suppression_unknown::RULE as SUPPRESSION_UNKNOWN;
pub use suppression_unused::RULE as SUPPRESSION_UNUSED;
pub(crate) use suppression_unused::{
    ended as suppression_ended, exemption_ended, exemption_unused, unused as suppression_unused,
};
pub use unverifiable::RULE as UNVERIFIABLE;
pub use yaml_syntax::RULE as YAML_SYNTAX;

use crate::finding::{Facts, Finding, Label, Level};
use crate::model::{BundleId, Diagnosis, Extent};
use crate::source::Location;
use crate::x509::Certificate;

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[
    &certificate_expired::RULE,
    &certificate_expiring::RULE,
    &certificate_from_default_server::RULE,
    &certificate_missing::RULE,
    &certificate_never_issued::RULE,
    &certificate_not_yet_valid::RULE,
    &certificate_path_dynamic::RULE,
    &certificate_request_misses_host::RULE,
    &certificate_unreadable::RULE,
    &certificate_unused::RULE,
    &certificates_disagree::RULE,
    &chain_incomplete::RULE,
    &chain_misordered::RULE,
    &common_name_only::RULE,
    &default_certificate_served::RULE,
    &default_server_implicit::RULE,
    &host_claimed_twice::RULE,
    &host_impossible::RULE,
    &host_without_tls::RULE,
    &include_cycle::RULE,
    &include_missing::RULE,
    &key_mismatch::RULE,
    &key_missing::RULE,
    &key_readable_by_others::RULE,
    &key_unreadable::RULE,
    &listener_hidden::RULE,
    &listener_refused::RULE,
    &listener_tls_mixed::RULE,
    &name_not_covered::RULE,
    &name_partly_covered::RULE,
    &nginx_syntax::RULE,
    &not_a_server_certificate::RULE,
    &reference_not_granted::RULE,
    &san_entry_unusable::RULE,
    &secret_claimed_twice::RULE,
    &secret_malformed::RULE,
    &secret_missing::RULE,
    &self_signed::RULE,
    &server_name_conflict::RULE,
    &server_name_impossible::RULE,
    &server_name_invalid::RULE,
    &server_name_regex_loose::RULE,
    &server_name_shadowed::RULE,
    &suppression_unknown::RULE,
    &suppression_unused::RULE,
    &template_skipped::RULE,
    &tls_host_without_rule::RULE,
    &unverifiable::RULE,
    &upstream_not_verified::RULE,
    &verification_disabled::RULE,
    &weak_key::RULE,
    &wildcard_depth::RULE,
    &yaml_syntax::RULE,
];

/// A rule: what it is called, what it says, and how it looks.
pub struct Rule {
    /// Kebab-case, reads well after "ignore"; once published it stays.
    pub id: &'static str,
    /// The fault that it finds, in one sentence without a full stop.
    pub summary: &'static str,
    /// Its page in Markdown.
    pub docs: &'static str,
    /// The level of its findings unless a finding or the user says otherwise.
    pub level: Level,
    /// The first version that has it.
    pub since: &'static str,
    /// How far it can be relied on.
    pub status: Status,
    /// The inputs in which it can find something.
    pub scope: Scope,
    /// How it looks, and what it needs for that.
    pub check: Check,
}

/// How far a rule can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It will go; its page says what takes its place.
    Deprecated,
    /// Its findings may still change.
    Preview,
    /// Its id and its meaning stay.
    Stable,
}

impl Status {
    /// The word that reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deprecated => "deprecated",
            Self::Preview => "preview",
            Self::Stable => "stable",
        }
    }
}

/// The inputs in which a rule can find something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every input.
    Any,
    /// Manifests.
    Kubernetes,
    /// Configurations of nginx, in files and in manifests.
    Nginx,
}

impl Scope {
    /// The word that reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Kubernetes => "kubernetes",
            Self::Nginx => "nginx",
        }
    }
}

/// How a rule looks; the form says what it needs.
pub enum Check {
    /// Looks at one certificate that is in use, all of which is at hand: key, extensions, chain.
    /// Its answer stays the same until the file changes.
    Certificate(fn(&Subject<'_>, BundleId, &Certificate, &mut Vec<Finding>)),
    /// Translates what a front-end established with all of the input at hand.
    Diagnosis(fn(&Subject<'_>, &Diagnosis) -> Option<Finding>),
    /// Looks at the whole model.
    Ledger(fn(&Subject<'_>, &mut Vec<Finding>)),
    /// Looks at one certificate that is in use, of which names and validity suffice, at a moment
    /// in unix seconds.
    Validity(fn(&Subject<'_>, BundleId, &Certificate, i64) -> Option<Finding>),
}

impl Check {
    /// The answer depends on the clock or on the rest of the input, so that it cannot be given once
    /// and for all when an object is read.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Diagnosis(_) | Self::Validity(_))
    }
}

/// What the rules that `is_on` accepts find in a model, in no particular order; `now` is the moment
/// to judge for, in unix seconds. Without a moment only what is lasting is looked for (see
/// [`Check::is_passing`]).
#[must_use]
pub(crate) fn run(
    subject: &Subject<'_>,
    now: Option<i64>,
    is_on: impl Fn(&Rule) -> bool,
) -> Vec<Finding> {
    let model = subject.model;
    let mut findings = Vec::new();
    let (mut diagnoses, mut certificates) = (Vec::new(), Vec::new());
    for rule in RULES.iter().filter(|rule| is_on(rule)) {
        match rule.check {
            Check::Certificate(_) | Check::Validity(_) => certificates.push(&rule.check),
            Check::Diagnosis(check) => diagnoses.push(check),
            Check::Ledger(check) => check(subject, &mut findings),
        }
    }
    for (id, leaf) in subject.leaves() {
        let is_whole = model.bundle(id).extent == Extent::Whole;
        for check in &certificates {
            match check {
                Check::Certificate(check) if is_whole => check(subject, id, leaf, &mut findings),
                Check::Validity(check) => {
                    findings.extend(now.and_then(|now| check(subject, id, leaf, now)));
                }
                _ => {}
            }
        }
    }
    if now.is_some() {
        for diagnosis in subject.diagnoses() {
            findings.extend(diagnoses.iter().find_map(|check| check(subject, diagnosis)));
        }
    }
    findings
}

/// Where the pages of the rules are.
const DOCS_URL: &str =
    "https://github.com/certlint/certlint/blob/main/crates/certlint-core/src/rules/docs";

impl Rule {
    /// The address of its page.
    #[must_use]
    pub fn docs_url(&self) -> String {
        format!("{DOCS_URL}/{}.md", self.id)
    }

    /// A finding of this rule at its default level; the rest is filled in by the caller.
    #[must_use]
    pub fn finding(
        &self,
        message: impl Into<String>,
        at: Location,
        label: impl Into<String>,
    ) -> Finding {
        Finding {
            rule: self.id,
            level: self.level,
            message: message.into(),
            primary: Label::new(at, label),
            related: Vec::new(),
            help: None,
            facts: Facts::default(),
            cause: None,
            object: None,
            fingerprint: String::new(),
        }
    }
}

/// The rule with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES
        .binary_search_by(|rule| rule.id.cmp(id))
        .ok()
        .map(|index| RULES[index])
}

/// The rule whose id is nearest to a mistyped one, for "did you mean".
#[must_use]
pub fn nearest(id: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .map(|rule| (strsim::damerau_levenshtein(rule.id, id), *rule))
        .min_by_key(|(distance, _)| *distance)
        // A third of the word may be wrong; more is another word.
        .filter(|(distance, rule)| *distance * 3 <= rule.id.len())
        .map(|(_, rule)| rule)
}
