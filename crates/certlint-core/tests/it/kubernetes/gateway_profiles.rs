//! What the implementations of the Gateway API serve: recorded cases, kept outside this repository
//! and found through `CERTLINT_VECTORS`. The verdict of each is ours too.

use std::io::Write as _;

use certlint_core::check::{Settings, check};
use certlint_core::finding::Level;
use certlint_core::kubernetes::{Options, lower};
use certlint_core::loader::Loader;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde::Deserialize;

use super::ingress_nginx::One;
use crate::support::{NOW, repository};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    id: String,
    controller_name: String,
    listeners: Vec<Listener>,
    routes: Vec<Route>,
    #[serde(default, rename = "ingressSNIs")]
    ingress_snis: Vec<String>,
    sni: String,
    verdict: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listener {
    hostname: String,
    refs: Vec<Reference>,
    #[serde(default)]
    gateway: usize,
    listener_set: Option<String>,
    #[serde(default)]
    options: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    dns: Vec<String>,
    cn: Option<String>,
    key: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Route {
    hostnames: Vec<String>,
    listener: Option<usize>,
}

/// What a name ends in; other findings may be there besides.
const RULES: &[&str] = &[
    "certificate-expired",
    "common-name-only",
    "default-certificate-served",
    "listener-refused",
    "name-not-covered",
];

#[test]
fn every_recorded_verdict_is_ours() {
    let Some(folder) = std::env::var_os("CERTLINT_VECTORS").filter(|value| !value.is_empty())
    else {
        let note = "\nNOT RUN: 91 cases of the Gateway API, because CERTLINT_VECTORS is not set\n";
        std::io::stderr()
            .write_all(note.as_bytes())
            .expect("standard error");
        return;
    };
    let path = repository().join(folder).join("gateway/profiles.json");
    let vectors: Vectors =
        serde_json::from_slice(&std::fs::read(path).expect("the cases")).expect("cases");
    assert_eq!(vectors.cases.len(), 91);
    let rsa = std::fs::read_to_string(repository().join("fixtures/certs/rsa.example.com.key"));
    let keys = [
        KeyPair::from_pem(&rsa.expect("a key")).expect("a key"),
        KeyPair::generate().expect("a key"),
    ];
    let mut wrong = Vec::new();
    for case in &vectors.cases {
        let (worst, findings) = judge(case, &keys);
        let is_right = match case.verdict.as_str() {
            "covered" | "none" => worst.is_none(),
            "error" => worst == Some(Level::Error),
            "warning" => worst == Some(Level::Warning),
            "unknown" => worst != Some(Level::Error),
            other => panic!("{}: a verdict `{other}`", case.id),
        };
        if !is_right {
            wrong.push(format!("{}: {}, but {findings:#?}", case.id, case.verdict));
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} wrong:\n{}", wrong.join("\n"));
}

/// The worst that is said of the name that a case is about, and all that is said.
fn judge(case: &Case, keys: &[KeyPair; 2]) -> (Option<Level>, Vec<String>) {
    let text = manifests(case, keys);
    let files = One(text.as_bytes().into());
    let loader = Loader::new(&files);
    let options = Options {
        whole_cluster: true,
        ..Options::default()
    };
    let (lowered, _) = lower(&loader, &[b"manifests.yaml".to_vec()], &options);
    let model = loader.finish(lowered.fragments);
    let findings = check(&model, &Settings::default(), NOW);
    let mut worst = None;
    let mut shown = Vec::new();
    for finding in &findings {
        shown.push(format!(
            "{}[{}] {}",
            finding.level, finding.rule, finding.message
        ));
        let names = &finding.facts.names;
        let is_about = names.is_empty() || names.contains(&case.sni);
        let has_rival = finding.rule == "host-claimed-twice" && !case.ingress_snis.is_empty();
        if finding.level >= Level::Warning
            && (has_rival || is_about && RULES.contains(&finding.rule))
        {
            worst = worst.max(Some(finding.level));
        }
    }
    (worst, shown)
}

/// All that the controller sees.
fn manifests(case: &Case, keys: &[KeyPair; 2]) -> String {
    let mut text = format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\n\
         metadata: {{name: the-class}}\nspec: {{controllerName: {}}}\n",
        case.controller_name
    );
    let gateways = case
        .listeners
        .iter()
        .map(|one| one.gateway)
        .max()
        .unwrap_or(0);
    for gateway in 0..=gateways {
        text.push_str(&format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n\
             metadata: {{name: g{gateway}, namespace: ns}}\nspec:\n  gatewayClassName: the-class\n  \
             allowedListeners: {{namespaces: {{from: All}}}}\n  listeners:\n"
        ));
        let own = case.listeners.iter().enumerate();
        for (index, listener) in own.filter(|(_, one)| one.listener_set.is_none()) {
            if listener.gateway == gateway {
                text.push_str(&listener_text(index, listener));
            }
        }
    }
    for (index, listener) in case.listeners.iter().enumerate() {
        if let Some(set) = &listener.listener_set {
            let (namespace, name) = set.split_once('/').expect("NAMESPACE/NAME");
            text.push_str(&format!(
                "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\n\
                 metadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
                 parentRef: {{name: g{}}}\n  listeners:\n{}",
                listener.gateway,
                listener_text(index, listener)
            ));
        }
        for (number, reference) in listener.refs.iter().enumerate() {
            let name = format!("s{index}-{number}");
            text.push_str(&secret_text(&name, reference, keys));
        }
    }
    for (number, route) in case.routes.iter().enumerate() {
        let parents: Vec<String> = match route.listener {
            Some(index) => {
                let gateway = case.listeners[index].gateway;
                vec![format!("{{name: g{gateway}, sectionName: l{index}}}")]
            }
            None => (0..=gateways)
                .map(|gateway| format!("{{name: g{gateway}}}"))
                .collect(),
        };
        text.push_str(&format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n\
             metadata: {{name: r{number}, namespace: ns}}\nspec:\n  parentRefs: [{}]\n  \
             hostnames: {:?}\n",
            parents.join(", "),
            route.hostnames
        ));
    }
    if !case.ingress_snis.is_empty() {
        text.push_str(&format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n\
             metadata: {{name: i, namespace: ns}}\nspec:\n  ingressClassName: kong\n  \
             tls: [{{hosts: {:?}, secretName: of-the-ingress}}]\n",
            case.ingress_snis
        ));
    }
    text
}

fn listener_text(index: usize, listener: &Listener) -> String {
    let mut text = format!(
        "  - name: l{index}\n    port: 443\n    protocol: HTTPS\n    \
         allowedRoutes: {{namespaces: {{from: All}}}}\n    tls:\n      options: {:?}\n      \
         certificateRefs:\n",
        listener.options
    );
    for (number, reference) in listener.refs.iter().enumerate() {
        let namespace = match reference.state.as_deref() {
            Some("notGranted") => ", namespace: other",
            _ => "",
        };
        text.push_str(&format!("      - {{name: s{index}-{number}{namespace}}}\n"));
    }
    if !listener.hostname.is_empty() {
        text.push_str(&format!("    hostname: {:?}\n", listener.hostname));
    }
    text
}

fn secret_text(name: &str, reference: &Reference, [rsa, ecdsa]: &[KeyPair; 2]) -> String {
    let state = reference.state.as_deref();
    if state == Some("missing") {
        return String::new();
    }
    let key = match reference.key.as_deref() {
        Some("ecdsa") => ecdsa,
        _ => rsa,
    };
    let mut parameters = CertificateParams::new(reference.dns.clone()).expect("names");
    parameters.distinguished_name = DistinguishedName::new();
    if let Some(name) = &reference.cn {
        let subject = &mut parameters.distinguished_name;
        subject.push(DnType::CommonName, name.as_str());
    }
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = match state {
        Some("expired") => rcgen::date_time_ymd(2021, 1, 1),
        _ => rcgen::date_time_ymd(2100, 1, 1),
    };
    let certificate = parameters.self_signed(key).expect("a key").pem();
    let namespace = if state == Some("notGranted") {
        "other"
    } else {
        "ns"
    };
    let indented = |pem: &str| pem.replace('\n', "\n    ");
    format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         type: kubernetes.io/tls\nstringData:\n  tls.crt: |\n    {}\n  tls.key: |\n    {}\n",
        indented(certificate.trim_end()),
        indented(key.serialize_pem().trim_end())
    )
}
