//! An update is judged by the difference it makes: only what it adds is a reason to refuse it.
//!
//! Otherwise one certificate that somebody else let rot would block every change of a label, and
//! the way back to the release before.

use std::collections::BTreeSet;

use certlint_core::finding::Level;

use super::assess::Said;

/// The identity of a finding, wherever in the object it is.
type Identity<'s> = (&'static str, &'s [String], &'s str);

/// Splits what is said of the new state into what the update adds and what was so before. Errors
/// only: whatever is less never refuses anything.
pub(super) fn split<'s>(new: &'s [Said], old: &[Said]) -> (Vec<&'s Said>, Vec<&'s Said>) {
    let before: BTreeSet<Identity<'_>> = errors(old).map(identity).collect();
    errors(new).partition(|said| !before.contains(&identity(said)))
}

/// The findings that would refuse a request.
pub(super) fn errors(said: &[Said]) -> impl Iterator<Item = &Said> {
    said.iter().filter(|one| one.level == Level::Error)
}

/// The Secret tells findings about certificates apart; for others the message does, which has no
/// place in it.
fn identity(said: &Said) -> Identity<'_> {
    let about = said.secret.as_deref().unwrap_or(&said.message);
    (said.rule, &said.names, about)
}
