//! A Secret that is changed or deleted although hosts still need what it had.
//!
//! A warning, unless the policy wants more, and never more for those who issue certificates: a
//! renewal is a change like this one, and to refuse it makes things worse.

use std::sync::Arc;

use certlint_core::kubernetes::SecretSummary;

use super::Decision;
use super::assess::{Judged, Said, assess};
use super::policy::Policy;
use super::ratchet;
use super::request::Request;
use super::review::{Operation, Review, Sent};
use super::surroundings::Surroundings;
use super::verdict::Answer;
use crate::settings::{Mode, Verdict};
use crate::store::{Body, SecretName, Store};

/// Objects that use one Secret and are looked at.
const USES_MAX: usize = 50;

/// Judges a change of a Secret by what becomes of the objects that use it.
pub(super) fn judge(
    store: &Store,
    policy: &Policy,
    request: &Request<'_>,
    review: &Review<'_>,
    now: i64,
) -> Decision {
    let sent = summary(&review.sent);
    let (old, new) = match (review.operation, &review.old) {
        (Operation::Update, Some(old)) => (summary(old), sent),
        (Operation::Delete, _) => (sent, None),
        _ => return Decision::skipped(review.mode),
    };
    let certificate = |summary: &Option<Arc<SecretSummary>>| {
        let summary = summary.as_ref()?;
        Some((summary.sha256()?, summary.key()))
    };
    if certificate(&old).is_none() || certificate(&old) == certificate(&new) {
        return Decision::skipped(review.mode);
    }
    let name = SecretName {
        namespace: review.namespace.into(),
        name: review.name().into(),
    };
    let field = match new {
        Some(_) => "data[tls.crt]",
        None => "metadata.name",
    };
    // Whatever becomes worse counts here, even what is only a warning for a new object.
    let strict = Policy {
        missing_secret: Verdict::Deny,
        unreadable_secret: Verdict::Deny,
        ..policy.clone()
    };
    let mut said = Vec::new();
    for user in store.uses_of(&name).iter().take(USES_MAX) {
        let mut around = Surroundings::default();
        around.add(store.neighbours(user));
        let Some(text) = user.json() else {
            continue;
        };
        let object = Judged {
            text,
            kept: user,
            // What is said of the Secret itself is not looked at.
            tells_of_secrets: false,
        };
        around.set(name.clone(), old.clone());
        let before = assess(object, &around, &strict, now);
        around.set(name.clone(), new.clone());
        let after = assess(object, &around, &strict, now);
        let (added, _) = ratchet::split(&after.own, &before.own);
        said.extend(added.into_iter().map(|one| Said {
            message: format!(
                "in use by {:?} `{}/{}`: {}",
                user.kind(),
                user.namespace(),
                user.name(),
                one.message
            ),
            field: field.to_owned(),
            help: None,
            certificate_names: Vec::new(),
            ..one.clone()
        }));
    }
    let is_trusted = policy
        .trusted_writers
        .iter()
        .any(|user| user == request.user);
    let mut answer = Answer::default();
    match policy.changed_secret {
        Verdict::Allow => {}
        Verdict::Deny if !is_trusted && review.mode == Mode::Enforce => answer.refused = said,
        Verdict::Deny | Verdict::Warn => answer.warned = said,
    }
    answer.decide(review, policy)
}

fn summary(sent: &Sent<'_>) -> Option<Arc<SecretSummary>> {
    match sent.kept.body() {
        Body::Secret(summary) => Some(summary.clone()),
        Body::Object(_) | Body::TooLarge => None,
    }
}
