//! Updates are judged by the difference that they make.

use serde_json::json;

use super::support::{Cluster, annotated, ingress, policy, secret, with};
use crate::judge::DecisionKind;
use crate::settings::Verdict;

const GOOD: &str = "www.example.com";
const BAD: &str = "api.example.com";

fn cluster() -> Cluster {
    Cluster::of([
        secret("web-tls", "example.com"),
        secret("other-tls", "example.org"),
    ])
}

#[test]
fn an_update_is_refused_only_for_what_it_adds() {
    let old = ingress(&[BAD], "web-tls");
    let new = ingress(&[GOOD, "mail.example.com", BAD], "web-tls");
    let decision = cluster().update(&policy(), &old, &new);
    assert_eq!(decision.kind, DecisionKind::Deny);
    let fields: Vec<_> = decision.causes.iter().map(|cause| &cause.field).collect();
    assert_eq!(fields, ["spec.tls[0].hosts[1]"]);
    assert_eq!(decision.warnings.len(), 1, "{:?}", decision.warnings);
    assert!(decision.warnings[0].contains("as before this change"));
}

#[test]
fn an_update_that_makes_nothing_worse_is_never_refused() {
    let old = ingress(&[BAD], "web-tls");
    let moved = ingress(&[GOOD, BAD], "web-tls");
    let annotated = annotated(&old, "example.com/note", "x");
    let ruled = with(&old, "/spec/rules/0/http", json!({"paths": []}));
    for new in [moved, annotated, ruled] {
        let decision = cluster().update(&policy(), &old, &new);
        assert_eq!(decision.kind, DecisionKind::Warn, "{new}");
        assert_eq!(decision.rules, ["name-not-covered"]);
    }
}

#[test]
fn the_way_back_from_a_bad_change_is_free() {
    let old = ingress(&[GOOD, BAD], "web-tls");
    let new = ingress(&[GOOD], "web-tls");
    let decision = cluster().update(&policy(), &old, &new);
    assert_eq!(decision.kind, DecisionKind::Allow);
}

#[test]
fn another_secret_that_is_wrong_is_something_new() {
    let old = ingress(&[BAD], "web-tls");
    let new = ingress(&[BAD], "other-tls");
    let decision = cluster().update(&policy(), &old, &new);
    assert_eq!(decision.kind, DecisionKind::Deny);
    let mut strict = policy();
    strict.missing_secret = Verdict::Deny;
    let old = ingress(&[BAD], "a-tls");
    let new = ingress(&[BAD], "b-tls");
    let decision = cluster().update(&strict, &old, &new);
    assert_eq!(decision.kind, DecisionKind::Deny);
}

#[test]
fn what_was_about_to_be_mended_and_now_is_not_is_something_new() {
    let new = ingress(&[BAD], "web-tls");
    let old = annotated(&new, "cert-manager.io/issuer", "ca");
    let decision = cluster().update(&policy(), &old, &new);
    assert_eq!(decision.kind, DecisionKind::Deny);
    let decision = cluster().update(&policy(), &new, &old);
    assert_eq!(decision.kind, DecisionKind::Warn);
}

#[test]
fn an_update_without_its_old_state_is_never_refused() {
    let new = ingress(&[BAD], "web-tls");
    let decision = cluster().review(&policy(), "UPDATE", Some(&new), None);
    assert_eq!(decision.kind, DecisionKind::Warn);
    let odd = json!({"metadata": [], "kind": "Ingress"});
    let decision = cluster().update(&policy(), &odd, &new);
    assert_eq!(decision.kind, DecisionKind::Warn);
}
