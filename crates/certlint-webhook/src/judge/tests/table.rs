//! One row for each state of a Secret and what else could supply it.

use serde_json::{Value, json};

use super::support::{Cluster, annotated, certificate, ingress, metadata, policy, secret, with};
use crate::judge::{Decision, DecisionKind, Policy};
use crate::settings::Verdict;

/// A host that `example.com.crt` covers, and one that it does not.
const GOOD: &str = "www.example.com";
const BAD: &str = "api.example.com";

fn decide(objects: Vec<Value>, ingress: &Value) -> Decision {
    Cluster::of(objects).create(&policy(), ingress)
}

#[track_caller]
fn assert_denied(decision: &Decision, rule: &str, field: &str) {
    assert_eq!(decision.kind, DecisionKind::Deny, "{decision:#?}");
    assert!(!decision.allowed);
    let causes: Vec<_> = decision
        .causes
        .iter()
        .map(|cause| (cause.reason, cause.field.as_str()))
        .collect();
    assert_eq!(causes, [(rule, field)]);
}

#[track_caller]
fn assert_warned(decision: &Decision, rule: &str) {
    assert_eq!(decision.kind, DecisionKind::Warn, "{decision:#?}");
    assert!(decision.allowed && decision.causes.is_empty());
    assert!(decision.message.is_empty());
    assert_eq!(decision.rules, [rule]);
    assert!(!decision.warnings.is_empty());
}

#[track_caller]
fn assert_allowed(decision: &Decision) {
    assert_eq!(decision.kind, DecisionKind::Allow, "{decision:#?}");
    assert!(decision.allowed && decision.warnings.is_empty() && decision.rules.is_empty());
}

fn external_secret(kind: &str, spec: Value) -> Value {
    let group = match kind {
        "ExternalSecret" => "external-secrets.io/v1",
        _ => "bitnami.com/v1alpha1",
    };
    json!({"apiVersion": group, "kind": kind, "metadata": metadata("web-tls"), "spec": spec})
}

/// A Secret of the right type that holds something else than a certificate.
fn unreadable() -> Value {
    with(
        &secret("web-tls", "example.com"),
        "/stringData",
        json!({"tls.crt": "", "tls.key": ""}),
    )
}

fn strict(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = policy();
    change(&mut policy);
    policy
}

#[test]
fn without_a_secret_name_there_is_nothing_to_check() {
    let mut ingress = ingress(&[BAD], "web-tls");
    ingress["spec"]["tls"][0]
        .as_object_mut()
        .unwrap()
        .remove("secretName");
    assert_allowed(&decide(vec![], &ingress));
}

#[test]
fn a_secret_that_covers_the_host_is_allowed() {
    let secret = secret("web-tls", "example.com");
    assert_allowed(&decide(vec![secret], &ingress(&[GOOD], "web-tls")));
}

#[test]
fn a_secret_that_does_not_cover_the_host_is_denied() {
    let secret = secret("web-tls", "example.com");
    let decision = decide(vec![secret], &ingress(&[GOOD, BAD], "web-tls"));
    assert_denied(&decision, "name-not-covered", "spec.tls[0].hosts[1]");
    let first = decision.message.lines().next().unwrap();
    assert_eq!(
        first,
        "`api.example.com` is not covered by Secret `shop/web-tls`, whose certificate is for \
         `example.com`, `www.example.com`"
    );
    assert!(decision.message.contains("[name-not-covered]"));
    assert!(
        decision
            .message
            .contains("certlint.io/ignore.name-not-covered")
    );
}

#[test]
fn a_secret_that_ingress_shim_will_issue_anew_is_a_warning() {
    for (key, value) in [
        ("cert-manager.io/issuer", "ca"),
        ("cert-manager.io/cluster-issuer", "ca"),
        ("kubernetes.io/tls-acme", "true"),
    ] {
        let ingress = annotated(&ingress(&[BAD], "web-tls"), key, value);
        let decision = decide(vec![secret("web-tls", "example.com")], &ingress);
        assert_warned(&decision, "name-not-covered");
    }
    let ingress = annotated(
        &ingress(&[BAD], "web-tls"),
        "kubernetes.io/tls-acme",
        "false",
    );
    let decision = decide(vec![secret("web-tls", "example.com")], &ingress);
    assert_denied(&decision, "name-not-covered", "spec.tls[0].hosts[0]");
}

#[test]
fn a_secret_whose_pool_is_to_be_issued_anew_is_a_warning_too() {
    let ingress = annotated(
        &ingress(&[BAD], "web-tls"),
        "cert-manager.io/cluster-issuer",
        "ca",
    );
    let ingress = with(&ingress, "/spec/ingressClassName", json!("edge"));
    let class = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "edge"},
        "spec": {"controller": "haproxy.org/ingress-controller"},
    });
    let decision = decide(vec![secret("web-tls", "example.com"), class], &ingress);
    assert_warned(&decision, "default-certificate-served");
}

#[test]
fn a_host_that_no_secret_of_the_pool_covers_is_denied_unless_traefik_may_have_another() {
    let decide = |controller: &str| {
        let class = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": "edge"},
            "spec": {"controller": controller},
        });
        let ingress = with(
            &ingress(&[BAD], "web-tls"),
            "/spec/ingressClassName",
            json!("edge"),
        );
        decide(vec![secret("web-tls", "example.com"), class], &ingress)
    };
    let rule = "default-certificate-served";
    let decision = decide("haproxy.org/ingress-controller");
    assert_denied(&decision, rule, "spec.tls[0].hosts[0]");
    assert_warned(&decide("traefik.io/ingress-controller"), rule);
}

#[test]
fn a_secret_whose_certificate_asks_for_the_host_is_a_warning() {
    let objects = vec![
        secret("web-tls", "example.com"),
        certificate("web-tls", &[GOOD, BAD]),
    ];
    let decision = decide(objects, &ingress(&[BAD], "web-tls"));
    assert_warned(&decision, "name-not-covered");
}

#[test]
fn a_temporary_certificate_is_a_warning() {
    let certificate = annotated(
        &certificate("web-tls", &[BAD]),
        "cert-manager.io/issue-temporary-certificate",
        "true",
    );
    let objects = vec![secret("web-tls", "self-signed"), certificate];
    let decision = decide(objects, &ingress(&[BAD], "web-tls"));
    assert_eq!(decision.kind, DecisionKind::Warn, "{decision:#?}");
}

#[test]
fn a_certificate_that_does_not_ask_for_the_host_is_denied_and_named() {
    let objects = vec![
        secret("web-tls", "example.com"),
        certificate("web-tls", &[GOOD]),
    ];
    let decision = decide(objects, &ingress(&[BAD], "web-tls"));
    assert_denied(
        &decision,
        "certificate-request-misses-host",
        "spec.tls[0].hosts[0]",
    );
    assert!(decision.message.contains("Certificate `web`"));
}

#[test]
fn for_ingress_nginx_the_certificate_is_named_too() {
    let objects = vec![
        secret("web-tls", "example.com"),
        certificate("web-tls", &[GOOD]),
    ];
    let ingress = with(
        &ingress(&[BAD], "web-tls"),
        "/spec/ingressClassName",
        json!("nginx"),
    );
    assert_denied(
        &decide(objects, &ingress),
        "certificate-request-misses-host",
        "spec.tls[0].hosts[0]",
    );
}

#[test]
fn an_unreadable_secret_is_what_the_policy_says() {
    let cluster = Cluster::of([unreadable()]);
    let ingress = ingress(&[BAD], "web-tls");
    let decision = cluster.create(&policy(), &ingress);
    assert_warned(&decision, "secret-malformed");
    let strict = strict(|policy| policy.unreadable_secret = Verdict::Deny);
    let decision = cluster.create(&strict, &ingress);
    assert_denied(&decision, "secret-malformed", "spec.tls[0].secretName");
    assert!(decision.message.contains("Secret `shop/web-tls`"));
}

#[test]
fn an_unreadable_secret_that_will_be_written_is_a_warning_whatever_the_policy_says() {
    let strict = strict(|policy| policy.unreadable_secret = Verdict::Deny);
    let cluster = Cluster::of([unreadable(), certificate("web-tls", &[BAD])]);
    let decision = cluster.create(&strict, &ingress(&[BAD], "web-tls"));
    assert_warned(&decision, "secret-malformed");
    let ingress = annotated(&ingress(&[BAD], "web-tls"), "cert-manager.io/issuer", "ca");
    let decision = Cluster::of([unreadable()]).create(&strict, &ingress);
    assert_warned(&decision, "secret-malformed");
}

#[test]
fn a_missing_secret_that_something_will_write_is_a_warning_whatever_the_policy_says() {
    let strict = strict(|policy| policy.missing_secret = Verdict::Deny);
    let plain = ingress(&[BAD], "web-tls");
    let shimmed = annotated(&plain, "cert-manager.io/issuer", "ca");
    for (supplier, ingress) in [
        (certificate("web-tls", &[BAD]), &plain),
        (external_secret("ExternalSecret", json!({})), &plain),
        (
            external_secret("ExternalSecret", json!({"target": {"name": "web-tls"}})),
            &plain,
        ),
        (external_secret("SealedSecret", json!({})), &plain),
        (json!({"kind": "nothing"}), &shimmed),
    ] {
        let decision = Cluster::of([supplier.clone()]).create(&strict, ingress);
        assert_warned(&decision, "secret-missing");
        assert!(decision.warnings[0].contains("still to come"), "{supplier}");
    }
}

#[test]
fn a_certificate_can_still_be_changed_while_its_secret_is_missing() {
    let cluster = Cluster::of([certificate("web-tls", &[GOOD])]);
    let decision = cluster.create(&policy(), &ingress(&[BAD], "web-tls"));
    assert_warned(&decision, "certificate-request-misses-host");
}

#[test]
fn a_missing_secret_that_nothing_writes_is_what_the_policy_says() {
    let ingress = ingress(&[BAD], "web-tls");
    let cluster = Cluster::default();
    assert_warned(&cluster.create(&policy(), &ingress), "secret-missing");
    let allowing = strict(|policy| policy.missing_secret = Verdict::Allow);
    assert_allowed(&cluster.create(&allowing, &ingress));
    let denying = strict(|policy| policy.missing_secret = Verdict::Deny);
    let decision = cluster.create(&denying, &ingress);
    assert_denied(&decision, "secret-missing", "spec.tls[0].hosts[0]");
}

#[test]
fn a_rule_host_that_no_entry_lists_is_a_warning_only() {
    let mut ingress = ingress(&[GOOD], "web-tls");
    ingress["spec"]["rules"] = json!([{"host": GOOD}, {"host": BAD}]);
    let decision = decide(vec![secret("web-tls", "example.com")], &ingress);
    assert_warned(&decision, "host-without-tls");
}

#[test]
fn a_controller_that_takes_certificates_elsewhere_is_never_judged() {
    let ingress = with(
        &ingress(&[BAD], "web-tls"),
        "/spec/ingressClassName",
        json!("alb"),
    );
    assert_allowed(&decide(vec![secret("web-tls", "example.com")], &ingress));
}

#[test]
fn an_expired_certificate_is_a_warning() {
    let cluster = Cluster::of([secret("web-tls", "expired")]);
    let decision = cluster.create(&policy(), &ingress(&["example.com"], "web-tls"));
    assert_eq!(decision.kind, DecisionKind::Warn, "{decision:#?}");
    assert!(decision.rules.contains(&"certificate-expired"));
}

#[test]
fn a_key_that_does_not_match_is_a_warning() {
    let mut secret = secret("web-tls", "example.com");
    let path = super::support::repository().join("fixtures/certs/mismatch.key");
    secret["stringData"]["tls.key"] = json!(std::fs::read_to_string(path).unwrap());
    let decision = decide(vec![secret], &ingress(&[GOOD], "web-tls"));
    assert_warned(&decision, "key-mismatch");
}

#[test]
fn a_raised_level_never_refuses_what_is_about_to_change() {
    let strict = strict(|policy| {
        policy.missing_secret = Verdict::Deny;
        for rule in ["name-not-covered", "secret-missing"] {
            let level = Some(certlint_core::finding::Level::Error);
            policy.config.levels.insert(rule, level);
        }
    });
    let objects = [
        secret("web-tls", "example.com"),
        certificate("web-tls", &[GOOD, BAD]),
    ];
    let decision = Cluster::of(objects).create(&strict, &ingress(&[BAD], "web-tls"));
    assert_warned(&decision, "name-not-covered");
    let decision =
        Cluster::of([certificate("web-tls", &[BAD])]).create(&strict, &ingress(&[BAD], "web-tls"));
    assert_warned(&decision, "secret-missing");
}

#[test]
fn levels_exemptions_and_annotations_count_as_in_the_linter() {
    let cluster = Cluster::of([secret("web-tls", "example.com")]);
    let ingress = ingress(&[BAD], "web-tls");
    let set = |text: &str| {
        let source = certlint_core::source::SourceId(0);
        let config = certlint_core::config::Config::read(source, text.as_bytes()).unwrap();
        strict(|policy| policy.config = config)
    };
    let off = set("rules: {name-not-covered: off}");
    assert_allowed(&cluster.create(&off, &ingress));
    let warning = set("rules: {name-not-covered: warning}");
    assert_warned(&cluster.create(&warning, &ingress), "name-not-covered");
    let exempt = set("exemptions: [{name: '*.example.com', rule: name-not-covered, reason: x}]");
    assert_allowed(&cluster.create(&exempt, &ingress));
    let external = set("ingress-classes: {mine: external}");
    let classed = with(&ingress, "/spec/ingressClassName", json!("mine"));
    assert_allowed(&cluster.create(&external, &classed));
    let key = "certlint.io/ignore.name-not-covered";
    assert_allowed(&cluster.create(&policy(), &annotated(&ingress, key, "a test")));
}
