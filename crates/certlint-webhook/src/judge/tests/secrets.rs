//! Changes of Secrets that hosts still need, and Secrets of other namespaces.

use certlint_core::kubernetes::kinds::REFERENCE_GRANT;
use serde_json::{Value, json};

use super::support::{Cluster, ingress, metadata, policy, request, secret, with};
use crate::judge::{Decision, DecisionKind, Policy, Request};
use crate::settings::Verdict;

const HOST: &str = "www.example.com";

fn cluster() -> Cluster {
    Cluster::of([
        secret("web-tls", "example.com"),
        ingress(&[HOST], "web-tls"),
    ])
}

fn change(cluster: &Cluster, policy: &Policy, new: Option<&Value>, user: &str) -> Decision {
    let old = super::support::raw(&secret("web-tls", "example.com"));
    let new = new.map(super::support::raw);
    let request = Request {
        operation: if new.is_some() { "UPDATE" } else { "DELETE" },
        group: "",
        kind: "Secret",
        user,
        object: new.as_deref(),
        old_object: Some(&old),
        ..request()
    };
    cluster.judge(policy, &request)
}

#[test]
fn a_secret_that_loses_a_host_in_use_is_a_warning() {
    let other = secret("web-tls", "example.org");
    let decision = change(&cluster(), &policy(), Some(&other), "somebody");
    assert_eq!(decision.kind, DecisionKind::Warn, "{decision:#?}");
    let warning = &decision.warnings[0];
    assert!(warning.contains("Ingress `shop/web`"), "{warning}");
    assert!(warning.contains(HOST), "{warning}");
}

#[test]
fn a_secret_in_use_that_is_deleted_is_a_warning() {
    let decision = change(&cluster(), &policy(), None, "somebody");
    assert_eq!(decision.kind, DecisionKind::Warn, "{decision:#?}");
    assert_eq!(decision.rules, ["secret-missing"]);
}

#[test]
fn a_renewal_and_a_secret_of_nobody_pass() {
    let same = secret("web-tls", "example.com");
    let decision = change(&cluster(), &policy(), Some(&same), "somebody");
    assert_eq!(decision.kind, DecisionKind::Skipped);
    let renewed = secret("web-tls", "rsa.example.com");
    let decision = change(&cluster(), &policy(), Some(&renewed), "somebody");
    assert_eq!(decision.kind, DecisionKind::Allow, "{decision:#?}");
    let other = secret("web-tls", "example.org");
    let decision = change(&Cluster::default(), &policy(), Some(&other), "somebody");
    assert_eq!(decision.kind, DecisionKind::Allow);
}

#[test]
fn only_strangers_are_refused_and_only_if_that_is_wanted() {
    let strict = Policy {
        changed_secret: Verdict::Deny,
        ..policy()
    };
    let other = secret("web-tls", "example.org");
    let decision = change(&cluster(), &strict, Some(&other), "somebody");
    assert_eq!(decision.kind, DecisionKind::Deny);
    assert_eq!(decision.causes[0].field, "data[tls.crt]");
    let issuer = "system:serviceaccount:cert-manager:cert-manager";
    let decision = change(&cluster(), &strict, Some(&other), issuer);
    assert_eq!(decision.kind, DecisionKind::Warn);
}

/// A Gateway that uses a Secret of another namespace, which allows it.
fn across_namespaces() -> (Cluster, Value) {
    let foreign = with(
        &secret("web-tls", "example.com"),
        "/metadata/namespace",
        json!("infra"),
    );
    let grant = json!({
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "shop", "namespace": "infra"},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "shop"}],
            "to": [{"group": "", "kind": "Secret"}],
        },
    });
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": metadata("edge"),
        "spec": {"gatewayClassName": "x", "listeners": [{
            "name": "https", "port": 443, "protocol": "HTTPS", "hostname": "shop.example.net",
            "tls": {"certificateRefs": [{"name": "web-tls", "namespace": "infra"}]},
        }]},
    });
    (Cluster::of([foreign, grant]), gateway)
}

#[test]
fn a_route_does_not_tell_what_its_gateway_of_another_namespace_has() {
    let (cluster, route) = super::support::attached_route("api.example.com");
    let decision = cluster.create(&policy(), &route);
    assert_eq!(decision.kind, DecisionKind::Deny, "{decision:#?}");
    let told = format!("{decision:?}");
    assert!(!told.contains("www.example.com"), "{told}");
}

#[test]
fn what_a_certificate_of_another_namespace_contains_is_not_told() {
    let (cluster, gateway) = across_namespaces();
    let decision = cluster.create(&policy(), &gateway);
    assert_eq!(decision.kind, DecisionKind::Deny, "{decision:#?}");
    assert_eq!(decision.causes[0].field, "spec.listeners[0].hostname");
    let told = format!("{decision:?}");
    assert!(told.contains("shop.example.net"));
    assert!(!told.contains("www.example.com"), "{told}");
}

#[test]
fn a_missing_permission_refuses_only_where_all_permissions_are_known() {
    let (mut cluster, gateway) = across_namespaces();
    cluster.store.remove(&REFERENCE_GRANT, "infra", "shop");
    let decision = cluster.create(&policy(), &gateway);
    assert_eq!(decision.kind, DecisionKind::Deny, "{decision:#?}");
    assert_eq!(decision.rules, ["reference-not-granted"]);
    cluster.live.unwatched.push(&REFERENCE_GRANT);
    let decision = cluster.create(&policy(), &gateway);
    assert_eq!(decision.kind, DecisionKind::Warn, "{decision:#?}");
}
