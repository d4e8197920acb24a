//! Whole reviews with their answers, as recorded in `fixtures/admission`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::support::{Cluster, policy, raw, repository, request, secret, with};
use crate::judge::{Decision, DecisionKind, Request};

#[test]
fn reviews_get_the_answers_that_are_recorded() {
    let mut wrong = String::new();
    let mut seen = 0;
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut case: Value = serde_json::from_str(&text).unwrap();
        seen += 1;
        let answer = answer(&decide(&case));
        if answer == case["answer"] {
            continue;
        }
        if std::env::var_os("CERTLINT_RECORD").is_some() {
            case["answer"] = answer;
            let text = serde_json::to_string_pretty(&case).unwrap();
            std::fs::write(&path, text + "\n").unwrap();
        } else {
            wrong.push_str(&format!("{}: {answer:#}\n", path.display()));
        }
    }
    assert!(seen >= 15, "only {seen} reviews were found");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn answers_hold_what_the_api_server_wants_of_them() {
    for path in files() {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let decision = decide(&case);
        let is_denied = decision.kind == DecisionKind::Deny;
        assert_eq!(decision.allowed, !is_denied, "{path:?}");
        assert_eq!(decision.message.is_empty(), !is_denied, "{path:?}");
        assert_eq!(decision.causes.is_empty(), !is_denied, "{path:?}");
        assert!(decision.message.len() < 8_192);
        for warning in &decision.warnings {
            assert!(warning.chars().count() <= 256, "{warning}");
            assert!(!warning.chars().any(char::is_control), "{warning:?}");
        }
        assert_eq!(decision.audit["decision"], decision.kind.as_str());
        // Two replicas say the same.
        assert_eq!(decision, decide(&case), "{path:?}");
        assert!(!format!("{decision:?}").contains("PRIVATE KEY"));
    }
}

fn files() -> Vec<PathBuf> {
    let folder = repository().join("fixtures/admission");
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let files = files.map(|entry| entry.path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .collect();
    files.sort();
    files
}

fn decide(case: &Value) -> Decision {
    let objects = case["cluster"].as_array().unwrap();
    let cluster = Cluster::of(objects.iter().map(object));
    let review = &case["review"]["request"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let part = |key: &str| Some(&review[key]).filter(|value| !value.is_null()).map(raw);
    let (object, old) = (part("object"), part("oldObject"));
    cluster.judge(
        &policy(),
        &Request {
            operation: &text(&review["operation"]),
            group: &text(&review["kind"]["group"]),
            kind: &text(&review["kind"]["kind"]),
            subresource: &text(&review["subResource"]),
            namespace: &text(&review["namespace"]),
            user: &text(&review["userInfo"]["username"]),
            object: object.as_deref(),
            old_object: old.as_deref(),
            ..request()
        },
    )
}

/// An object of the cluster; Secrets are written shorter.
fn object(entry: &Value) -> Value {
    let Some(name) = entry["secret"].as_str() else {
        return entry.clone();
    };
    let (namespace, name) = name.split_once('/').unwrap();
    let secret = secret(name, entry["certificate"].as_str().unwrap());
    with(&secret, "/metadata/namespace", json!(namespace))
}

fn answer(decision: &Decision) -> Value {
    let causes = decision.causes.iter().map(
        |cause| json!({"field": cause.field, "message": cause.message, "reason": cause.reason}),
    );
    let causes: Vec<Value> = causes.collect();
    json!({
        "decision": decision.kind.as_str(),
        "allowed": decision.allowed,
        "message": decision.message.lines().collect::<Vec<_>>(),
        "causes": causes,
        "warnings": decision.warnings,
        "auditAnnotations": decision.audit,
    })
}
