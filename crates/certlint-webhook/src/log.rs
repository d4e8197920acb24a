//! Log lines as JSON: one for each review that is refused or that we could not judge.
//!
//! Never the body of a review, never anything out of a Secret; and of a panic only its place, as
//! its message may quote data.

use std::time::Duration;

use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::judge::{Decision, DecisionKind};
use crate::serve::Review;

/// Starts logging, to standard output.
///
/// # Errors
/// The filter is none.
pub(crate) fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .init();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
    Ok(())
}

/// The line of a review: `info` where somebody may ask about it, `debug` otherwise.
pub(crate) fn decision(review: &Review<'_>, decision: &Decision, took: Duration, user: bool) {
    let loud = matches!(decision.kind, DecisionKind::Deny | DecisionKind::Error);
    if !loud && !tracing::enabled!(Level::DEBUG) {
        return;
    }
    let (uid, resource) = (&*review.uid, &*review.resource.resource);
    let (namespace, name) = (&*review.namespace, &*review.name);
    let (operation, dry_run) = (&*review.operation, review.dry_run);
    let user = user.then_some(&*review.user_info.username);
    let rules = decision.rules.join(",");
    let duration_ms = took.as_secs_f64() * 1000.0;
    let decision = decision.kind.as_str();
    if loud {
        tracing::info!(
            uid,
            resource,
            namespace,
            name,
            operation,
            dryRun = dry_run,
            user,
            decision,
            rules,
            duration_ms,
            "reviewed"
        );
    } else {
        tracing::debug!(
            uid,
            resource,
            namespace,
            name,
            operation,
            dryRun = dry_run,
            user,
            decision,
            rules,
            duration_ms,
            "reviewed"
        );
    }
}
