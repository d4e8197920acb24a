//! The API server has the last word before anything is refused.

use serde_json::{Value, json};

use super::support::{Cluster, certificate, ingress, policy, secret, with};
use crate::judge::{Decision, DecisionKind, Live, Policy, judge};
use crate::settings::Verdict;
use crate::store::Store;

const GOOD: &str = "www.example.com";
const BAD: &str = "api.example.com";

fn bad() -> Value {
    ingress(&[BAD], "web-tls")
}

fn create(cluster: &Cluster) -> Decision {
    cluster.create(&policy(), &bad())
}

#[test]
fn what_is_fine_asks_for_nothing() {
    let cluster = Cluster::of([secret("web-tls", "example.com")]);
    let decision = cluster.create(&policy(), &ingress(&[GOOD], "web-tls"));
    assert_eq!(decision.kind, DecisionKind::Allow);
    assert!(cluster.asked().is_empty());
}

#[test]
fn a_stale_secret_refuses_nothing() {
    let cluster = Cluster::of([secret("web-tls", "api.example.com")]);
    cluster.remember(&secret("web-tls", "example.com"));
    let decision = create(&cluster);
    assert_eq!(decision.kind, DecisionKind::Allow, "{decision:#?}");
    assert_eq!(cluster.asked(), ["shop/web-tls"]);
}

#[test]
fn a_secret_that_the_store_cannot_hold_is_found() {
    // Of type Opaque, which is not watched.
    let mut cluster = Cluster::default();
    let opaque = with(&secret("web-tls", "example.com"), "/type", json!("Opaque"));
    cluster
        .live
        .secrets
        .insert("shop/web-tls".to_owned(), opaque);
    let decision = cluster.create(&policy(), &ingress(&[GOOD], "web-tls"));
    assert_eq!(decision.kind, DecisionKind::Allow, "{decision:#?}");
    assert_eq!(create(&cluster).kind, DecisionKind::Deny);
}

#[test]
fn a_secret_that_was_deleted_is_missing() {
    let mut cluster = Cluster::of([secret("web-tls", "example.com")]);
    cluster.live.secrets.clear();
    let decision = create(&cluster);
    assert_eq!(decision.kind, DecisionKind::Warn);
    assert_eq!(decision.rules, ["secret-missing"]);
}

#[test]
fn a_confirmed_refusal_stands() {
    let cluster = Cluster::of([secret("web-tls", "example.com")]);
    assert_eq!(create(&cluster).kind, DecisionKind::Deny);
    assert_eq!(cluster.asked(), ["shop/web-tls"]);
}

#[test]
fn each_secret_is_asked_for_once() {
    let cluster = Cluster::of([
        secret("web-tls", "example.com"),
        secret("other-tls", "example.org"),
    ]);
    let mut object = bad();
    object["spec"]["tls"] = json!([
        {"hosts": [BAD], "secretName": "web-tls"},
        {"hosts": ["mail.example.com"], "secretName": "web-tls"},
        {"hosts": ["example.net"], "secretName": "other-tls"},
    ]);
    let decision = cluster.create(&policy(), &object);
    assert_eq!(decision.causes.len(), 3);
    assert_eq!(cluster.asked(), ["shop/other-tls", "shop/web-tls"]);
}

#[test]
fn what_the_api_server_does_not_say_refuses_nothing() {
    let mut cluster = Cluster::of([secret("web-tls", "example.com")]);
    cluster
        .live
        .obstacles
        .insert("shop/web-tls".to_owned(), "403");
    let decision = create(&cluster);
    assert_eq!(decision.kind, DecisionKind::Error, "{decision:#?}");
    assert!(decision.allowed);
    assert_eq!(
        decision.warnings,
        [
            "certlint: Secret `shop/web-tls` could not be looked up (403), so that what uses it was not checked"
        ]
    );
    let strict = Policy {
        on_internal_error: Verdict::Deny,
        ..policy()
    };
    let decision = cluster.create(&strict, &bad());
    assert!(!decision.allowed);
    assert!(decision.message.contains("(403)"));
}

#[test]
fn what_a_rival_in_another_namespace_names_is_not_looked_up() {
    let mut cluster = Cluster::of([secret("web-tls", "example.com")]);
    let rival = with(&bad(), "/metadata/namespace", json!("other"));
    cluster.add(&rival);
    let decision = create(&cluster);
    assert_eq!(decision.kind, DecisionKind::Deny);
    assert!(
        decision.message.contains("`www.example.com`"),
        "{decision:#?}"
    );
    assert_eq!(cluster.asked(), ["shop/web-tls"]);
}

#[test]
fn the_secrets_of_a_route_are_those_of_its_gateway() {
    let (mut cluster, route) = super::support::attached_route("api.example.com");
    assert_eq!(cluster.create(&policy(), &route).kind, DecisionKind::Deny);
    assert_eq!(cluster.asked(), ["infra/web-tls"]);
    cluster
        .live
        .obstacles
        .insert("infra/web-tls".to_owned(), "403");
    let decision = cluster.create(&policy(), &route);
    assert_eq!(decision.kind, DecisionKind::Error);
}

#[test]
fn a_secret_that_may_be_missing_is_judged_where_it_is_there() {
    let mut cluster = Cluster::default();
    let opaque = with(&secret("web-tls", "example.com"), "/type", json!("Opaque"));
    cluster
        .live
        .secrets
        .insert("shop/web-tls".to_owned(), opaque);
    let allowing = Policy {
        missing_secret: Verdict::Allow,
        ..policy()
    };
    assert_eq!(cluster.create(&allowing, &bad()).kind, DecisionKind::Deny);
}

#[test]
fn one_secret_that_is_unknown_does_not_excuse_another() {
    let mut cluster = Cluster::of([secret("web-tls", "example.com")]);
    cluster
        .live
        .obstacles
        .insert("shop/other-tls".to_owned(), "403");
    let mut object = bad();
    object["spec"]["tls"] = json!([
        {"hosts": [BAD], "secretName": "web-tls"},
        {"hosts": [GOOD], "secretName": "other-tls"},
    ]);
    let decision = cluster.create(&policy(), &object);
    assert_eq!(decision.kind, DecisionKind::Deny);
    assert_eq!(decision.causes.len(), 1);
}

#[test]
fn an_api_server_that_hangs_refuses_nothing() {
    let mut cluster = Cluster::of([secret("web-tls", "example.com")]);
    cluster.live.hangs = true;
    let decision = create(&cluster);
    assert_eq!(decision.kind, DecisionKind::Error);
    assert!(decision.allowed);
    assert!(decision.warnings[0].contains("no time was left"));
}

#[test]
fn an_object_with_very_many_secrets_is_bounded_in_what_it_asks() {
    let mut object = bad();
    let entries: Vec<Value> = (0..500)
        .map(|number| json!({"hosts": [format!("{number}.example.com")], "secretName": format!("s{number}")}))
        .collect();
    object["spec"]["tls"] = Value::Array(entries);
    let cluster = Cluster::default();
    let decision = cluster.create(&policy(), &object);
    assert!(decision.allowed);
    assert_eq!(cluster.asked().len(), 64);
    assert_eq!(decision.warnings.len(), 6);
}

#[test]
fn without_access_to_secrets_nothing_is_asked_and_nothing_said_about_them() {
    let policy = Policy {
        ignores_secrets: true,
        ..policy()
    };
    let cluster = Cluster::of([secret("web-tls", "example.com")]);
    let decision = cluster.create(&policy, &bad());
    assert_eq!(decision.kind, DecisionKind::Allow, "{decision:#?}");
    let decision = Cluster::default().create(&policy, &bad());
    assert_eq!(decision.kind, DecisionKind::Allow, "{decision:#?}");
    assert!(cluster.asked().is_empty());
}

#[test]
fn old_and_new_state_are_judged_by_the_same_answers() {
    // The store thinks that the Secret was better than it is.
    let cluster = Cluster::of([
        secret("web-tls", "example.com"),
        certificate("else-tls", &[BAD]),
    ]);
    cluster.remember(&secret("web-tls", "wildcard.example.com"));
    let old = ingress(&[BAD], "web-tls");
    let new = ingress(&[BAD, "a.b.example.com"], "web-tls");
    let decision = cluster.update(&policy(), &old, &new);
    assert_eq!(decision.kind, DecisionKind::Deny);
    let messages: Vec<_> = decision.causes.iter().map(|cause| &cause.message).collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("`a.b.example.com`"));
}

/// The server moves judgements between threads.
#[allow(dead_code, reason = "it is enough that this compiles")]
fn a_judgement_can_be_sent(store: &Store, live: &impl Live, policy: &Policy) {
    fn is_send(_: impl Send) {}
    let request = super::support::request();
    is_send(judge(store, live, policy, &request, 0));
}
