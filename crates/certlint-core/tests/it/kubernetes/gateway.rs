//! The certificates that clients of a Gateway get, listener by listener; the fixtures hold its faults
//! (`tests/it/fixtures.rs`).

#[allow(dead_code, reason = "not every test file needs all of it")]
use certlint_core::kubernetes::Options;
use certlint_core::resolve::{Outcome, resolve};

use crate::support::Repository;
use crate::support::manifests::lint_manifests;

/// `LISTENER: verdict of each certificate`, or why there is none, for each listener.
fn answers(file: &str, name: &str) -> Vec<String> {
    let path = format!("fixtures/kubernetes/{file}").into();
    let (model, _) = lint_manifests(&Repository::new(), &[path], &Options::default(), true);
    let answers = resolve(&model, &model.fragments[0], name, None);
    let show = |answer: certlint_core::resolve::Answer| {
        let given = match answer.outcome {
            Outcome::Served => {
                let certificates = answer.certificates.iter();
                let verdicts: Vec<_> = certificates.map(|one| one.verdict).collect();
                verdicts.join(" ")
            }
            _ => answer.why.unwrap_or_default(),
        };
        format!("{}: {given}", answer.listen)
    };
    answers.into_iter().map(show).collect()
}

#[test]
fn listeners_answer_by_suffix_and_leave_closer_names_to_others() {
    let depths = "wildcards/gateway-route-depths.yaml";
    let closer = "gateway/listener-closer.yaml";
    let cases: &[(&str, &str, &[&str])] = &[
        (
            depths,
            "a.example.com",
            &["gateway/infra/edge/https: covered"],
        ),
        (
            depths,
            "x.y.example.com",
            &["gateway/infra/edge/https: not-covered"],
        ),
        (
            depths,
            "example.com",
            &["gateway/infra/edge/https: the listener is for `*.example.com` only"],
        ),
        (
            closer,
            "WWW.example.com",
            &[
                "gateway/infra/edge/any: listener `site` of the same port takes it",
                "gateway/infra/edge/site: covered",
            ],
        ),
        (
            closer,
            "www.example.org",
            &[
                "gateway/infra/edge/any: covered",
                "gateway/infra/edge/site: the listener is for `www.example.com` only",
            ],
        ),
    ];
    for (file, name, expected) in cases {
        assert_eq!(answers(file, name), *expected, "{name} in {file}");
    }
}

#[test]
fn of_several_secrets_the_implementation_chooses() {
    let file = "gateway/listener-one-of-two-certificates.yaml";
    let expected = [
        "gateway/infra/edge/https: which of several certificates is served depends on the implementation",
    ];
    assert_eq!(answers(file, "www.example.com"), expected);
    let file = "gateway/profile-istio-two.yaml";
    let expected = ["gateway/infra/edge/https: covered"];
    assert_eq!(answers(file, "www.example.com"), expected);
}

#[test]
fn listeners_without_a_certificate_of_their_own_are_not_there() {
    for file in [
        "gateway/listener-passthrough.yaml",
        "gateway/listenerset-not-allowed.yaml",
    ] {
        let answers = answers(file, "api.example.com");
        let own: Vec<_> = answers.iter().filter(|a| a.contains("covered")).collect();
        assert!(own.is_empty(), "{file}: {answers:?}");
    }
}

#[test]
fn what_is_not_granted_is_not_served() {
    let file = "gateway/reference-not-granted.yaml";
    let expected = ["gateway/infra/edge/https: no ReferenceGrant allows Secret `vault/edge-tls`"];
    assert_eq!(answers(file, "www.example.com"), expected);
}

#[test]
fn listeners_of_a_set_are_not_those_of_a_gateway_of_its_name() {
    let answers = answers("gateway/listenerset.yaml", "shop.example.com");
    let sets = answers.iter().filter(|a| a.starts_with("listenerset/"));
    assert_eq!(sets.count(), 1, "{answers:?}");
}
