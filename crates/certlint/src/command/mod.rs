//! The subcommands, one file for each.

pub(crate) mod cert;
pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod resolve;
pub(crate) mod rules;

use certlint_core::rules::{RULES, Rule, by_id};

/// The rule that the user means, or what to tell him.
fn rule(id: &str) -> Result<&'static Rule, String> {
    by_id(id).ok_or_else(|| match nearest(id) {
        Some(near) => format!("unknown rule `{id}`, did you mean `{near}`?"),
        None => format!("unknown rule `{id}`, see `certlint rules`"),
    })
}

/// The id that somebody probably meant who typed `id`.
fn nearest(id: &str) -> Option<&'static str> {
    let ids = RULES.iter().map(|rule| rule.id);
    let distances = ids.map(|known| (strsim::damerau_levenshtein(id, known), known));
    let (distance, known) = distances.min()?;
    (distance <= known.len() / 3).then_some(known)
}
