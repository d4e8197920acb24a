use std::time::Duration;

use super::*;

fn read(text: &str) -> Settings {
    Settings::read(text).unwrap().0
}

fn mistakes(text: &str) -> Vec<String> {
    Settings::read(text).unwrap_err()
}

#[test]
fn an_empty_document_is_all_defaults() {
    for text in ["", "{}", "# nothing\n"] {
        let settings = read(text);
        assert_eq!(settings.listen.webhook.port(), 8443);
        assert_eq!(settings.limits.body_bytes, 8 * 1024 * 1024);
        assert_eq!(settings.policy.mode, Mode::Enforce);
        assert_eq!(settings.webhook.certificate.mode, CertificateMode::Own);
        assert_eq!(settings.secret_access, SecretAccess::Cache);
    }
}

#[test]
fn what_is_written_counts() {
    let settings = read(
        r#"
listen: { webhook: "127.0.0.1:9443" }
tls: { minVersion: "1.3" }
limits: { headerTimeout: 500ms, inFlight: 3 }
webhook: { certificate: { mode: files, dir: /tls } }
policy: { mode: warn, missingSecret: deny }
secretAccess: onDemand
namespaces: [a, b]
"#,
    );
    assert_eq!(settings.listen.webhook.to_string(), "127.0.0.1:9443");
    assert_eq!(settings.listen.admin.port(), 8080);
    assert_eq!(settings.tls.min_version, TlsVersion::Tls13);
    assert_eq!(settings.limits.header_timeout.0, Duration::from_millis(500));
    assert_eq!(settings.limits.in_flight, 3);
    assert_eq!(settings.limits.connections, 2048);
    assert_eq!(settings.webhook.certificate.mode, CertificateMode::Files);
    assert_eq!(settings.policy.mode, Mode::Warn);
    assert_eq!(settings.policy.missing_secret, Verdict::Deny);
    assert_eq!(settings.secret_access, SecretAccess::OnDemand);
    assert_eq!(settings.namespaces, ["a", "b"]);
}

#[test]
fn unknown_keys_are_refused_with_the_probable_one() {
    assert_eq!(
        mistakes("polcy: {}\nlimits: { bodyByte: 1 }\n"),
        [
            "unknown key `polcy`: did you mean `policy`?",
            "unknown key `limits.bodyByte`: did you mean `bodyBytes`?",
        ]
    );
    assert_eq!(
        mistakes("tls: { ciphers: [] }"),
        ["unknown key `tls.ciphers`: the keys are `minVersion`"]
    );
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    for text in [
        "policy: { mode: strict }",
        "policy: { missingSecret: maybe }",
        "limits: { bodyBytes: much }",
        "limits: { bodyBytes: 0 }",
        "limits: { idleTimeout: 5 }",
        "listen: { admin: nowhere }",
        "tls: { minVersion: \"1.1\" }",
        "namespaces: all",
        "[]",
        "a: b: c",
    ] {
        assert_eq!(mistakes(text).len(), 1, "{text}");
    }
}

#[test]
fn the_embedded_certlint_yaml_is_read_as_the_linter_reads_it() {
    let (_, config) = Settings::read(
        "certlint:\n  rules: { self-signed: off }\n  ingress-classes: { mine: pool }\n",
    )
    .unwrap();
    assert_eq!(config.levels.get("self-signed"), Some(&None));
    assert_eq!(
        mistakes("certlint:\n  rule: {}\n"),
        ["certlint: unknown key `rule`: did you mean `rules`?"]
    );
}

#[test]
fn what_the_chart_renders_is_understood() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../charts/certlint/ci/config"
    );
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(mistakes) = Settings::read(&text) {
            panic!("{}: {mistakes:?}", path.display());
        }
        files += 1;
    }
    assert!(files > 5, "only {files}");
}
