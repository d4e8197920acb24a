//! Requests that pass without a word, and the choice of modes.

use serde_json::{Value, json};

use super::support::{Cluster, annotated, ingress, policy, raw, request, secret, with};
use crate::judge::{DecisionKind, Policy, Request};
use crate::settings::{Mode, Verdict};

/// A cluster in which [`bad`] is refused.
fn cluster() -> Cluster {
    Cluster::of([secret("web-tls", "example.com")])
}

fn bad() -> Value {
    ingress(&["api.example.com"], "web-tls")
}

fn labelled(mode: &str) -> Cluster {
    let mut cluster = cluster();
    cluster.add(&json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"certlint.io/mode": mode}},
    }));
    cluster
}

#[test]
fn unknown_operations_kinds_and_subresources_pass() {
    let object = raw(&bad());
    let known = Request {
        object: Some(&object),
        ..request()
    };
    let cluster = cluster();
    assert_eq!(cluster.judge(&policy(), &known).kind, DecisionKind::Deny);
    for request in [
        Request {
            operation: "CONNECT",
            ..known
        },
        Request {
            operation: "PATCH",
            ..known
        },
        Request {
            kind: "Service",
            ..known
        },
        Request {
            group: "example.com",
            ..known
        },
        Request {
            subresource: "status",
            ..known
        },
        Request {
            object: None,
            ..known
        },
        Request {
            operation: "UPDATE",
            object: None,
            ..known
        },
        Request {
            operation: "DELETE",
            object: None,
            old_object: Some(&object),
            ..known
        },
    ] {
        let decision = cluster.judge(&policy(), &request);
        assert_eq!(decision.kind, DecisionKind::Skipped, "{request:?}");
        assert!(decision.allowed && decision.warnings.is_empty());
    }
}

#[test]
fn an_object_that_is_being_deleted_passes() {
    let old = ingress(&["example.com"], "web-tls");
    let new = with(
        &bad(),
        "/metadata/deletionTimestamp",
        json!("2026-11-21T00:00:00Z"),
    );
    let decision = cluster().update(&policy(), &old, &new);
    assert_eq!(decision.kind, DecisionKind::Skipped);
}

#[test]
fn the_ingress_of_an_acme_solver_passes() {
    let labels = json!({"acme.cert-manager.io/http01-solver": "true"});
    let solver = with(&bad(), "/metadata/labels", labels);
    let decision = cluster().create(&policy(), &solver);
    assert_eq!(decision.kind, DecisionKind::Skipped);
}

#[test]
fn an_update_that_changes_neither_spec_nor_annotations_passes() {
    let new = with(&bad(), "/metadata/labels", json!({"x": "y"}));
    let cluster = cluster();
    let decision = cluster.update(&policy(), &bad(), &new);
    assert_eq!(decision.kind, DecisionKind::Skipped);
    assert!(cluster.asked().is_empty());
}

#[test]
fn an_object_without_name_namespace_and_time_is_judged() {
    let mut object = bad();
    object["metadata"] = json!({"generateName": "web-"});
    let object = raw(&object);
    let request = Request {
        object: Some(&object),
        ..request()
    };
    let decision = cluster().judge(&policy(), &request);
    assert_eq!(decision.kind, DecisionKind::Deny);
}

#[test]
fn what_cannot_be_read_is_what_the_policy_says() {
    for object in [json!({"metadata": 1}), json!([]), json!({"spec": "x"})] {
        let object = raw(&object);
        let request = Request {
            object: Some(&object),
            ..request()
        };
        let decision = cluster().judge(&policy(), &request);
        assert_eq!(decision.kind, DecisionKind::Error, "{object}");
        assert!(decision.allowed && decision.warnings.len() == 1);
        let mut strict = policy();
        strict.on_unreadable = Verdict::Deny;
        let decision = cluster().judge(&strict, &request);
        assert!(!decision.allowed && !decision.message.is_empty());
        strict.mode = Mode::Warn;
        assert!(cluster().judge(&strict, &request).allowed);
    }
}

#[test]
fn an_ingress_with_thousands_of_hosts_is_not_judged() {
    let hosts: Vec<String> = (0..3_000)
        .map(|number| format!("h{number}.example.com"))
        .collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let decision = cluster().create(&policy(), &ingress(&hosts, "web-tls"));
    assert_eq!(decision.kind, DecisionKind::Error);
    assert!(decision.allowed && decision.warnings[0].contains("too large"));
    // As many as are judged.
    let decision = cluster().create(&policy(), &ingress(&hosts[..1_900], "web-tls"));
    assert_eq!(decision.kind, DecisionKind::Deny);
    assert_eq!(decision.causes.len(), 64);
}

#[test]
fn a_tree_that_is_deeper_than_any_object_is_not_judged() {
    let deep = (0..5_000).fold("1".to_owned(), |inner, _| format!("[{inner}]"));
    for field in [
        format!(r#""rules": [{{"host": {deep}}}]"#),
        format!(r#""newer": {deep}"#),
    ] {
        let object = serde_json::value::RawValue::from_string(format!(
            r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {{"name": "a", "namespace": "b", "creationTimestamp": "x"}},
                "spec": {{{field}}}}}"#
        ));
        let request = Request {
            object: Some(&object.unwrap()),
            ..request()
        };
        let decision = cluster().judge(&policy(), &request);
        assert_eq!(decision.kind, DecisionKind::Error);
    }
}

#[test]
fn each_mode_tells_what_it_should() {
    let decide = |mode| {
        let policy = Policy { mode, ..policy() };
        cluster().create(&policy, &bad())
    };
    let enforced = decide(Mode::Enforce);
    assert_eq!(enforced.kind, DecisionKind::Deny);
    assert_eq!(enforced.audit["decision"], "deny");
    let warned = decide(Mode::Warn);
    assert_eq!(warned.kind, DecisionKind::Warn);
    assert!(warned.allowed && warned.message.is_empty() && warned.causes.is_empty());
    assert!(warned.warnings[0].contains("`api.example.com`"));
    let audited = decide(Mode::Audit);
    assert_eq!(audited.kind, DecisionKind::Allow);
    assert!(audited.allowed && audited.warnings.is_empty());
    assert_eq!(audited.rules, ["name-not-covered"]);
    assert_eq!(audited.audit["rules"], "name-not-covered");
    let off = decide(Mode::Off);
    assert_eq!(off.kind, DecisionKind::Skipped);
    assert!(off.rules.is_empty());
}

#[test]
fn the_label_of_the_namespace_counts_more_than_the_default() {
    for (label, kind) in [
        ("off", DecisionKind::Skipped),
        ("audit", DecisionKind::Allow),
        ("warn", DecisionKind::Warn),
        ("enforce", DecisionKind::Deny),
        ("nonsense", DecisionKind::Deny),
    ] {
        let decision = labelled(label).create(&policy(), &bad());
        assert_eq!(decision.kind, kind, "{label}");
    }
    let warning = Policy {
        mode: Mode::Warn,
        ..policy()
    };
    let decision = labelled("enforce").create(&warning, &bad());
    assert_eq!(decision.kind, DecisionKind::Deny);
}

#[test]
fn an_annotation_softens_the_mode_only_where_that_is_allowed() {
    let allowing = Policy {
        allow_object_override: true,
        ..policy()
    };
    for (mode, kind) in [
        ("off", DecisionKind::Skipped),
        ("warn", DecisionKind::Warn),
        ("nonsense", DecisionKind::Deny),
    ] {
        let object = annotated(&bad(), "certlint.io/mode", mode);
        let decision = cluster().create(&policy(), &object);
        assert_eq!(decision.kind, DecisionKind::Deny, "{mode}");
        let decision = cluster().create(&allowing, &object);
        assert_eq!(decision.kind, kind, "{mode}");
    }
    let stricter = annotated(&bad(), "certlint.io/mode", "enforce");
    let decision = labelled("warn").create(&allowing, &stricter);
    assert_eq!(decision.kind, DecisionKind::Warn);
}
