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

pub use subject::Subject;
pub(crate) use suppression_unused::{
    ended as suppression_ended, exemption_ended, exemption_unused, unused as suppression_unused,
};

use crate::finding::{Facts, Finding, Label, Level};
use crate::source::Location;

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
    /// What it finds, in one sentence without a full stop.
    pub summary: &'static str,
    /// Its page in Markdown.
    pub docs: &'static str,
    /// The level of its findings unless a finding or the user says otherwise.
    pub level: Level,
    /// Looks at the whole model.
    pub check: fn(&Subject<'_>, &mut Vec<Finding>),
}

impl Rule {
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
