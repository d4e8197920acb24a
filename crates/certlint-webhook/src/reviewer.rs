//! Reviews as the judge sees them, and the one answer that is ours: to the dry run by which we try
//! whether the API server reaches us.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::judge::{self, Decision, Live, Policy, Request};
use crate::serve::{Judge, Review};
use crate::store::Store;

/// The label of the Ingress that is refused in a dry run whatever else is in it.
pub(crate) const SELF_TEST_LABEL: &str = "certlint.io/self-test";
/// The message of its refusal.
pub(crate) const SELF_TEST_ANSWER: &str = "certlint: the self-test reached the webhook";

/// Judges by what is known of the cluster.
pub(crate) struct Reviewer<L> {
    pub(crate) store: Arc<Store>,
    pub(crate) live: Arc<L>,
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
}

impl<L: Live + Send + 'static> Judge for Reviewer<L> {
    fn judge<'a>(&'a self, review: &'a Review<'a>, deadline: Instant) -> BoxFuture<'a, Decision> {
        async move {
            if is_self_test(review) {
                // Not counted as a refusal: nobody was refused.
                let mut decision = Decision::skipped(self.policy.mode);
                decision.allowed = false;
                SELF_TEST_ANSWER.clone_into(&mut decision.message);
                return decision;
            }
            let request = Request {
                operation: &review.operation,
                group: &review.kind.group,
                kind: &review.kind.kind,
                subresource: &review.sub_resource,
                namespace: &review.namespace,
                user: &review.user_info.username,
                object: review.object,
                old_object: review.old_object,
                deadline,
            };
            let now = self.clock.seconds();
            judge::judge(&self.store, &*self.live, &self.policy, &request, now).await
        }
        .boxed()
    }
}

/// Nobody's Ingress is refused by this: what is only tried does not come to be either way.
fn is_self_test(review: &Review<'_>) -> bool {
    #[derive(Deserialize)]
    struct Object {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        labels: std::collections::BTreeMap<String, String>,
    }
    let Some(object) = review.object.filter(|_| review.dry_run == Some(true)) else {
        return false;
    };
    let text = object.get();
    text.contains(SELF_TEST_LABEL)
        && serde_json::from_str(text)
            .is_ok_and(|it: Object| it.metadata.labels.contains_key(SELF_TEST_LABEL))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn is_self_test_of(dry_run: bool, object: &Value) -> bool {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": { "uid": "u", "dryRun": dry_run, "object": object },
        });
        let body = review.to_string();
        is_self_test(&Review::read(body.as_bytes()).unwrap())
    }

    #[test]
    fn only_a_dry_run_with_the_label_is_the_self_test() {
        let labelled = json!({ "metadata": { "labels": { SELF_TEST_LABEL: "true" } } });
        assert!(is_self_test_of(true, &labelled));
        assert!(!is_self_test_of(false, &labelled));
        for object in [
            json!(null),
            json!(SELF_TEST_LABEL),
            json!({ "metadata": { "annotations": { SELF_TEST_LABEL: "true" } } }),
            json!({ "spec": SELF_TEST_LABEL, "metadata": { "labels": null } }),
        ] {
            assert!(!is_self_test_of(true, &object), "{object}");
        }
    }
}
