//! Cases beyond the fixtures of `fixtures/kubernetes/crds`, of the kinds that pair hosts with
//! certificates: combinations, and what must stay quiet.

use std::fs;
use std::path::Path;

use certlint_core::finding::{Finding, Level};
use certlint_core::kubernetes::Options;
use certlint_core::model::Model;
use certlint_core::resolve::resolve;

use crate::support::manifests::lint_manifests;
use crate::support::{Repository, repository};

/// Checks one text.
fn lint_with(text: &str, options: &Options) -> (Model, Vec<Finding>) {
    let mut files = Repository::new();
    let name = Path::new("input.yaml");
    files
        .over
        .insert(repository().join(name), text.as_bytes().to_vec());
    lint_manifests(&files, &[name.to_owned()], options, true)
}

/// `RULE LEVEL: MESSAGE` of the findings from this level on.
fn found(text: &str, from: Level) -> Vec<String> {
    let (_, findings) = lint_with(text, &Options::default());
    let findings = findings.iter().filter(|finding| finding.level >= from);
    findings
        .map(|finding| format!("{} {}: {}", finding.rule, finding.level, finding.message))
        .collect()
}

#[track_caller]
fn assert_found(text: &str, expected: &[&str]) {
    assert_eq!(found(text, Level::Warning), expected, "{text}");
}

/// A Secret with a certificate of the fixtures.
fn secret(namespace: &str, name: &str, certificate: &str) -> String {
    let file = |extension| indented(&format!("{certificate}.{extension}"), 4);
    format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         type: kubernetes.io/tls\nstringData:\n  tls.crt: |\n{}  tls.key: |\n{}",
        file("crt"),
        file("key")
    )
}

fn indented(file: &str, by: usize) -> String {
    let path = repository().join("fixtures/certs").join(file);
    let text = fs::read_to_string(path).expect("a fixture");
    text.lines()
        .map(|line| format!("{:by$}{line}\n", ""))
        .collect()
}

fn proxy(host: &str, secret: &str) -> String {
    format!(
        "---\napiVersion: projectcontour.io/v1\nkind: HTTPProxy\n\
         metadata: {{name: web, namespace: shop}}\n\
         spec: {{virtualhost: {{fqdn: {host}, tls: {{secretName: {secret}}}}}}}\n"
    )
}

fn istio_gateway(tls: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: Gateway\n\
         metadata: {{name: web, namespace: shop}}\n\
         spec:\n  selector: {{istio: gateway, app: edge}}\n  servers:\n  - hosts: [api.example.com]\n    tls: {tls}\n"
    )
}

fn workload(kind: &str, namespace: &str, labels: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: edge, namespace: {namespace}}}\n\
         spec: {{template: {{metadata: {{labels: {labels}}}}}}}\n"
    )
}

fn router(name: &str, rule: &str, tls: &str) -> String {
    format!(
        "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n\
         metadata: {{name: {name}, namespace: shop}}\n\
         spec:\n  routes:\n  - match: {rule}\n  tls: {tls}\n"
    )
}

const MISSES: &str = "name-not-covered error: certificate does not cover `api.example.com`";

#[test]
fn a_secret_of_a_namespace_that_is_not_in_the_input_is_unverifiable() {
    let found = found(&proxy("www.example.com", "infra/shop-tls"), Level::Info);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("unverifiable info"), "{found:?}");
}

#[test]
fn a_proxy_may_name_its_own_namespace() {
    let text = proxy("api.example.com", "shop/tls") + &secret("shop", "tls", "example.com");
    assert_found(&text, &[MISSES]);
}

#[test]
fn a_certificate_that_will_not_have_the_host_is_to_blame() {
    let request = "---\napiVersion: cert-manager.io/v1\nkind: Certificate\n\
                   metadata: {name: web, namespace: shop}\n\
                   spec: {secretName: tls, dnsNames: [www.example.com]}\n";
    let found = found(&(proxy("api.example.com", "tls") + request), Level::Warning);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("certificate-request-misses-host error"));
    assert_found(&(proxy("www.example.com", "tls") + request), &[]);
}

#[test]
fn each_namespace_with_pods_of_a_gateway_has_a_secret_of_its_own() {
    let labels = "{istio: gateway, app: edge, tier: front}";
    let text = istio_gateway("{mode: SIMPLE, credentialName: tls}")
        + &workload("Deployment", "blue", labels)
        + &workload("DaemonSet", "green", labels)
        + &workload("Deployment", "red", "{istio: gateway}")
        + &secret("blue", "tls", "api.example.com")
        + &secret("green", "tls", "example.com")
        + &secret("red", "tls", "example.org");
    assert_found(&text, &[MISSES]);
}

#[test]
fn every_credential_of_a_gateway_must_cover_its_hosts() {
    let text = istio_gateway("{mode: SIMPLE, credentialNames: [one, two]}")
        + &workload("Deployment", "blue", "{istio: gateway, app: edge}")
        + &secret("blue", "one", "api.example.com")
        + &secret("blue", "two", "example.com");
    assert_found(&text, &[MISSES]);
}

#[test]
fn cert_and_key_are_a_certificate_only_where_a_gateway_uses_them() {
    let expired = secret("blue", "tls", "expired")
        .replace("type: kubernetes.io/tls", "type: Opaque")
        .replace("tls.crt:", "cert:")
        .replace("tls.key:", "key:");
    assert_found(&expired, &[]);
    let ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n\
                   metadata: {name: web, namespace: blue}\n\
                   spec: {tls: [{hosts: [a.example.org], secretName: tls}], \
                   rules: [{host: a.example.org}]}\n";
    assert_found(&(expired.clone() + ingress), &[]);
    let gateway = istio_gateway("{mode: SIMPLE, credentialName: tls}")
        .replace("api.example.com", "www.example.com")
        + &workload("Deployment", "blue", "{istio: gateway, app: edge}");
    let found = found(&(expired + &gateway), Level::Warning);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("certificate-expired error"));
}

#[test]
fn the_ca_certificate_of_a_route_is_sent_behind_its_certificate() {
    let route = |chain: &str| {
        format!(
            "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {{name: web}}\n\
             spec:\n  host: www.example.com\n  tls:\n    termination: edge\n    certificate: |\n{}    key: |\n{}{chain}",
            indented("leaf-only.crt", 6),
            indented("leaf-only.key", 6)
        )
    };
    let missing = found(&route(""), Level::Info);
    assert!(
        missing
            .iter()
            .any(|one| one.starts_with("chain-incomplete")),
        "{missing:?}"
    );
    let chain = format!("    caCertificate: |\n{}", indented("intermediate.crt", 6));
    assert_eq!(found(&route(&chain), Level::Info), [""; 0]);
}

#[test]
fn secrets_of_ingresses_belong_to_the_pool_of_traefik() {
    let router = router("web", "Host(`api.example.com`)", "{secretName: tls}");
    let text = router + &secret("shop", "tls", "example.com");
    assert_eq!(found(&text, Level::Warning).len(), 1);
    let ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n\
                   metadata: {name: api, namespace: other}\n\
                   spec: {ingressClassName: traefik, \
                   tls: [{hosts: [api.example.com], secretName: api}], \
                   rules: [{host: api.example.com}]}\n";
    let text = text + ingress + &secret("other", "api", "api.example.com");
    assert_found(&text, &[]);
}

#[test]
fn traefik_uses_no_other_store_than_default() {
    let store = |name: &str| {
        format!(
            "---\napiVersion: traefik.io/v1alpha1\nkind: TLSStore\n\
             metadata: {{name: {name}, namespace: shop}}\n\
             spec: {{defaultCertificate: {{secretName: tls}}}}\n"
        )
    };
    let text =
        router("web", "Host(`api.example.com`)", "{}") + &secret("shop", "tls", "example.com");
    assert_found(&(text.clone() + &store("other")), &[]);
    assert_eq!(found(&(text + &store("default")), Level::Warning).len(), 1);
}

#[test]
fn wildcards_of_traefik_have_one_star_for_one_label() {
    let lint = |rule: &str, certificate: &str| {
        let text = router("web", rule, "{secretName: tls}") + &secret("shop", "tls", certificate);
        found(&text, Level::Warning)
    };
    let quiet = [
        "Host(`*.example.com`)",
        "Host(`**.example.com`)",
        "Host(`*`)",
    ];
    for rule in quiet {
        assert_eq!(lint(rule, "wildcard.example.com"), [""; 0], "{rule}");
    }
    assert_eq!(
        lint("Host(`*.example.net`)", "wildcard.example.com").len(),
        1
    );
}

#[test]
fn what_cert_manager_writes_for_a_virtual_server_is_supplied() {
    let server = |tls: &str| {
        format!(
            "apiVersion: k8s.nginx.org/v1\nkind: VirtualServer\nmetadata: {{name: web}}\n\
             spec: {{host: api.example.com, tls: {tls}}}\n"
        )
    };
    let options = Options {
        require_secrets: true,
        ..Options::default()
    };
    let rules = |tls: &str| -> Vec<&str> {
        let (_, findings) = lint_with(&server(tls), &options);
        findings.iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(rules("{secret: api}"), ["secret-missing"]);
    let issued = "{secret: api, cert-manager: {cluster-issuer: ca}}";
    assert_eq!(rules(issued), [""; 0]);
}

#[test]
fn a_class_of_the_csi_driver_may_write_several_secrets() {
    let class = "---\napiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\n\
                 metadata: {name: vault, namespace: shop}\n\
                 spec: {secretObjects: [{secretName: one}, {secretName: two}]}\n";
    let other = proxy("b.example.com", "two").replace("name: web", "name: other");
    let text = proxy("a.example.com", "one") + &other + class;
    let found = found(&text, Level::Info);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|one| one.contains("SecretProviderClass `vault`"))
    );
}

#[test]
fn a_template_in_a_field_is_no_host() {
    let text = proxy("'{{ .Values.host }}'", "tls") + &secret("shop", "tls", "example.com");
    assert_found(&text, &[]);
}

#[test]
fn fields_of_other_types_are_passed_over() {
    for spec in [
        "[]",
        "{virtualhost: [a], tls: yes, host: {a: b}, servers: {}, routes: [1, {match: 2}], selector: 3}",
        "{virtualhost: {fqdn: [a], tls: {secretName: {}}}, host: 1, tls: [], servers: [{tls: 1, hosts: {}}]}",
        "{host: a.example, tls: {secretName: [], secret: {}, certificate: 1, key: [], externalCertificate: x}}",
    ] {
        for (version, kind) in [
            ("projectcontour.io/v1", "HTTPProxy"),
            ("projectcontour.io/v1", "TLSCertificateDelegation"),
            ("traefik.io/v1alpha1", "IngressRoute"),
            ("traefik.io/v1alpha1", "TLSStore"),
            ("networking.istio.io/v1", "Gateway"),
            ("k8s.nginx.org/v1", "VirtualServer"),
            ("route.openshift.io/v1", "Route"),
            ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"),
            ("apps/v1", "Deployment"),
        ] {
            assert_found(
                &format!("apiVersion: {version}\nkind: {kind}\nspec: {spec}\n"),
                &[],
            );
        }
    }
}

#[test]
fn resolve_answers_for_the_hosts_of_each_controller() {
    let text = proxy("'*.example.com'", "tls")
        + &secret("shop", "tls", "wildcard.example.com")
        + &router("web", "Host(`api.example.com`)", "{secretName: tls}");
    let (model, _) = lint_with(&text, &Options::default());
    let answers = resolve(&model, &model.fragments[0], "api.example.com", None);
    let labels: Vec<_> = answers
        .iter()
        .map(|answer| (answer.listen.as_str(), answer.outcome.as_str()))
        .collect();
    assert_eq!(labels, [("contour", "served"), ("traefik", "served")]);
    let answers = resolve(&model, &model.fragments[0], "a.example.net", None);
    assert!(
        answers
            .iter()
            .all(|answer| answer.outcome.as_str() == "unknown")
    );
}
