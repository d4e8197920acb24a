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
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(self::filter(filter)?)
        .init();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
    Ok(())
}

/// The log's settings.
///
/// # Errors
/// The filter is none.
pub(crate) fn filter(filter: &str) -> anyhow::Result<EnvFilter> {
    let mut filter = EnvFilter::try_new(filter)?;
    for directive in [
        // It logs the whole text of an answer that it cannot decode: Secrets, keys and all.
        "kube_client::client=off",
        // It repeats what our own lines say once.
        "kube_runtime::watcher=error",
    ] {
        filter = filter.add_directive(directive.parse()?);
    }
    Ok(filter)
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;
    use crate::settings::Mode;

    /// The log line about a refusal at a level, as JSON.
    fn logged(kind: DecisionKind, level: Level, user: bool) -> Option<Value> {
        let body = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{
            "uid":"u-1","resource":{"resource":"ingresses"},"operation":"UPDATE","namespace":"shop",
            "name":"web","dryRun":true,"userInfo":{"username":"jane"},
            "object":{"data":"private"},"oldObject":{"data":"private"}}}"#;
        let review = Review::read(body.as_bytes()).unwrap();
        let mut made = Decision::new(kind, Mode::Enforce, vec!["name-not-covered"]);
        made.message = "private".to_owned();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Writer(lines.clone());
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(level)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            decision(&review, &made, Duration::from_millis(2), user);
        });
        let lines = lines.lock().unwrap();
        (!lines.is_empty()).then(|| serde_json::from_slice(&lines).unwrap())
    }

    #[derive(Clone)]
    struct Writer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_refusal_is_one_line_with_its_circumstances_and_nothing_of_the_object() {
        let line = logged(DecisionKind::Deny, Level::INFO, true).unwrap();
        for (field, value) in [
            ("uid", "u-1"),
            ("resource", "ingresses"),
            ("namespace", "shop"),
            ("name", "web"),
            ("operation", "UPDATE"),
            ("user", "jane"),
            ("decision", "deny"),
            ("rules", "name-not-covered"),
        ] {
            assert_eq!(line[field], value, "{field}");
        }
        assert_eq!(line["dryRun"], true);
        assert_eq!(line["duration_ms"], 2.0);
        assert!(!line.to_string().contains("private"));
    }

    #[test]
    fn users_are_named_only_where_that_is_wanted() {
        let line = logged(DecisionKind::Deny, Level::INFO, false).unwrap();
        assert!(!line.to_string().contains("jane"));
    }

    #[test]
    fn what_passes_is_for_those_who_look_for_it() {
        for kind in [
            DecisionKind::Allow,
            DecisionKind::Warn,
            DecisionKind::Skipped,
        ] {
            assert_eq!(logged(kind, Level::INFO, true), None);
            assert_eq!(logged(kind, Level::DEBUG, true).unwrap()["level"], "DEBUG");
        }
        assert_eq!(
            logged(DecisionKind::Error, Level::INFO, true).unwrap()["level"],
            "INFO"
        );
    }
}
