//! A Secret and its summary are the same to everything that names it.
//!
//! Manifests of the fixtures are checked twice: as they are, and with each Secret taken out and its
//! summary put beside them. What is found outside of Secrets must not differ, and what is found in
//! a Secret must be found when it is read, or beside the summary.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certlint_core::check::{Settings, check};
use certlint_core::finding::Finding;
use certlint_core::kubernetes::{KeyState, Options, SecretSummary, lower_beside, objects};
use certlint_core::loader::Loader;
use certlint_core::model::Model;
use manifest_syntax::read;

use crate::support::manifests::lint_manifests;
use crate::support::{LOGICAL, NOW, Repository, repository};

/// Where the manifests of a test lie; nothing is written there.
const PLACE: &str = "manifests.yaml";

/// A finding, as far as a summary can tell the same.
type Told = (&'static str, String, String, u32, String, Vec<String>);

#[test]
fn what_names_a_secret_gets_the_same_findings_from_its_summary() {
    let (mut secrets, mut findings) = (0, 0);
    for file in manifests_below("fixtures/kubernetes") {
        let text = fs::read_to_string(&file).expect("a manifest is text");
        // Containers see the files of a Secret, of which a summary has none.
        let is_about_files = text.contains("volumes:");
        // In a cluster a replicator has had its time.
        let is_replicated = text.contains("replicate-from");
        if is_about_files || is_replicated || text.contains("# arguments: ") {
            continue;
        }
        let (own, others) = compare(&text, &file.display().to_string());
        secrets += own;
        findings += others;
    }
    assert!(secrets > 200, "only {secrets} Secrets were compared");
    assert!(findings > 200, "only {findings} findings were compared");
}

#[test]
fn every_certificate_gives_the_same_findings_as_a_summary() {
    let certs = repository().join("fixtures/certs");
    let names = |ending: &str| -> Vec<PathBuf> {
        let mut paths: Vec<_> = fs::read_dir(&certs)
            .expect("fixtures")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|own| own == ending))
            .collect();
        paths.sort();
        paths
    };
    let mut findings = 0;
    for certificate in names("crt") {
        let own = certificate.with_extension("key");
        let other = certs.join("mismatch.key");
        for key in [own, other] {
            for class in ["nginx", "traefik", "haproxy", "edge"] {
                let text = cluster(&certificate, &key, class);
                findings += compare(&text, &certificate.display().to_string()).1;
            }
        }
    }
    assert!(findings > 500, "only {findings} findings were compared");
}

#[test]
fn a_summary_says_what_the_secret_is() {
    let certs = repository().join("fixtures/certs");
    let read = |certificate: &str, key: &str| {
        let text = secret(&certs.join(certificate), &certs.join(key), "web");
        SecretSummary::read(text.as_bytes()).expect("it is an object")
    };
    let summary = read("example.com.crt", "example.com.key");
    assert_eq!(&**summary.namespace(), "default");
    assert_eq!(&**summary.name(), "web");
    assert_eq!(summary.resource_version(), "17");
    assert_eq!(summary.certificate_name(), Some("web"));
    assert_eq!(summary.key(), KeyState::Match);
    assert!(summary.has_tls_type());
    assert!(summary.chain_length() >= 1);
    let names = summary.names().expect("there is a certificate").names();
    assert!(names.contains(&"example.com".to_owned()), "{names:?}");
    let (begin, end) = summary.validity().expect("there is a certificate");
    assert!(begin < NOW && NOW < end);

    let summary = read("example.com.crt", "mismatch.key");
    assert_ne!(summary.key(), KeyState::Match);
    let rules: Vec<_> = summary.findings().iter().map(|one| one.rule).collect();
    assert_eq!(rules, ["key-mismatch"]);
    assert_eq!(&*summary.findings()[0].path, "stringData[tls.key]");
}

#[test]
fn a_suppression_in_a_secret_holds_for_what_is_found_when_it_is_read() {
    let certs = repository().join("fixtures/certs");
    let text = secret(
        &certs.join("example.com.crt"),
        &certs.join("mismatch.key"),
        "web",
    );
    let findings = |reason: &str| {
        let annotation = format!("    certlint.io/ignore.key-mismatch: {reason}\n    cert-manager");
        let text = text.replace("    cert-manager", &annotation);
        let summary = SecretSummary::read(text.as_bytes()).expect("it is an object");
        let findings = summary.findings().iter();
        findings
            .map(|one| (one.rule, one.ignored_until))
            .collect::<Vec<_>>()
    };
    assert_eq!(findings("a test"), []);
    // 2027-01-01T00:00:00Z
    let until = Some(1_798_761_600);
    let dated = findings("until=2026-12-31 a test");
    assert_eq!(dated, [("key-mismatch", until)]);
    let without_reason = [("suppression-unknown", None), ("key-mismatch", None)];
    assert_eq!(findings("''"), without_reason);
}

#[test]
fn a_suppression_in_a_secret_holds_for_what_is_found_later() {
    let certs = repository().join("fixtures/certs");
    let text = secret(
        &certs.join("expired.crt"),
        &certs.join("expired.key"),
        "web",
    );
    let annotation = "    certlint.io/ignore.certificate-expired: a test\n    cert-manager";
    let ignored = text.replace("    cert-manager", annotation);
    for (text, expected) in [(text, &["certificate-expired"][..]), (ignored, &[])] {
        let summary = SecretSummary::read(text.as_bytes()).expect("it is an object");
        let (_, findings) = lint_beside(None, vec![Arc::new(summary)], true);
        let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, expected);
    }
}

#[test]
fn a_summary_is_small() {
    // With its name and those of its certificate it takes about 350 bytes in the store.
    assert!(size_of::<SecretSummary>() <= 160);
}

#[test]
fn what_is_no_secret_is_no_summary() {
    for text in ["", "[]", "{", "1", "{\"data\": {}}"] {
        assert!(SecretSummary::read(text.as_bytes()).is_none(), "{text:?}");
    }
}

/// Compares the findings of manifests with and without their Secrets; returns how many Secrets
/// there were, and how many findings outside of them.
fn compare(text: &str, title: &str) -> (usize, usize) {
    let (rest, summaries, places) = take_secrets_out(text);
    let count = summaries.len();
    let summaries: Vec<_> = summaries.into_iter().map(Arc::new).collect();
    let mut files = Repository::new();
    let over = |files: &mut Repository, text: &str| {
        files
            .over
            .insert(files.root.join(PLACE), text.as_bytes().to_vec());
    };
    over(&mut files, text);
    let options = Options::default();
    let (_, whole) = lint_manifests(&files, &[PathBuf::from(PLACE)], &options, false);
    let is_in_secret =
        |finding: &&Finding| places.iter().any(|place| place.contains(&start(finding)));
    let (inside, outside): (Vec<_>, Vec<_>) = whole.iter().partition(is_in_secret);
    let outside: BTreeSet<Told> = outside.into_iter().map(told).collect();

    over(&mut files, &rest);
    let (beside, found) = lint_beside(Some(&files), summaries.clone(), false);
    let is_of_summary =
        |finding: &&Finding| beside.sources.get(finding.primary.at.source).name() != PLACE;
    let (later, others): (Vec<_>, Vec<_>) = found.iter().partition(is_of_summary);
    let others: BTreeSet<Told> = others.into_iter().map(told).collect();
    assert_eq!(outside, others, "{title}\n{text}");

    let short = |finding: &Finding| {
        (
            finding.rule,
            finding.level.as_str(),
            finding.message.clone(),
        )
    };
    let inside: BTreeSet<_> = inside.into_iter().map(short).collect();
    let own = summaries.iter().flat_map(|summary| summary.findings());
    let own = own.map(|own| (own.rule, own.level.as_str(), own.message.to_string()));
    let mut alone: BTreeSet<_> = own.collect();
    alone.extend(later.into_iter().map(short));
    // A Secret by itself does not know that nothing is served with it.
    if title.ends_with("-not-served.yaml") {
        assert!(inside.is_subset(&alone), "{title}\n{text}");
        return (count, others.len());
    }
    assert_eq!(inside, alone, "{title}\n{text}");
    (count, others.len())
}

/// The text with blanks in place of Secrets, the summaries of these, and their places.
fn take_secrets_out(text: &str) -> (String, Vec<SecretSummary>, Vec<std::ops::Range<usize>>) {
    let mut rest = text.as_bytes().to_vec();
    let mut summaries = Vec::new();
    let mut places = Vec::new();
    for document in read(text.as_bytes()) {
        let Some(tree) = document.tree() else {
            continue;
        };
        let found = objects(tree);
        let [object] = found.as_slice() else {
            continue;
        };
        if object.kind != "Secret" || object.api_version != "v1" {
            continue;
        }
        let span = object.node.span();
        let place = span.start as usize..span.end as usize;
        summaries.push(SecretSummary::read(&text.as_bytes()[place.clone()]).expect("a Secret"));
        for byte in &mut rest[place.clone()] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        places.push(place);
    }
    let rest = String::from_utf8(rest).expect("blanks are text");
    (rest, summaries, places)
}

fn lint_beside(
    files: Option<&Repository>,
    summaries: Vec<Arc<SecretSummary>>,
    suppressions: bool,
) -> (Model, Vec<Finding>) {
    let none = Repository::new();
    let loader = Loader::new(files.unwrap_or(&none));
    let path = format!("{LOGICAL}/{PLACE}").into_bytes();
    let paths: Vec<_> = files.iter().map(|_| path.clone()).collect();
    let (lowered, unreadable) = lower_beside(&loader, &paths, &summaries, &Options::default());
    assert!(unreadable.is_empty(), "{unreadable:?}");
    let model = loader.finish(lowered.fragments);
    let settings = Settings {
        suppressions,
        ..Settings::default()
    };
    let findings = check(&model, &settings, NOW);
    (model, findings)
}

fn start(finding: &Finding) -> usize {
    finding.primary.at.start() as usize
}

fn told(finding: &Finding) -> Told {
    let mut texts = vec![finding.level.to_string()];
    texts.extend(finding.related.iter().map(|label| label.text.clone()));
    texts.extend(finding.facts.hint.map(str::to_owned));
    texts.extend(finding.facts.names.iter().cloned());
    if let Some(certificate) = &finding.facts.certificate {
        texts.push(certificate.sha256.clone());
        texts.extend(certificate.names.iter().cloned());
    }
    let help = finding.help.clone().unwrap_or_default();
    (
        finding.rule,
        finding.message.clone(),
        finding.primary.at.path.as_str().to_owned(),
        finding.primary.at.start(),
        without_places(&help),
        texts,
    )
}

/// "Secret `a/b` (x.yaml line 3) covers": a summary has no line.
fn without_places(help: &str) -> String {
    match help.split_once(&format!(" ({PLACE} line ")) {
        Some((before, behind)) => {
            let behind = behind.split_once(')').map_or("", |(_, behind)| behind);
            format!("{before}{behind}")
        }
        None => help.to_owned(),
    }
}

fn manifests_below(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("fixtures").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// An Ingress of a class whose hosts the certificates cover, or do not.
fn cluster(certificate: &Path, key: &Path, class: &str) -> String {
    let good = repository().join("fixtures/certs/example.org.crt");
    let web = secret(certificate, key, "web");
    let other = secret(&good, &good.with_extension("key"), "other");
    let hosts = [
        "example.com",
        "www.example.com",
        "*.example.com",
        "a.b.example.com",
        "example.org",
        "shop.example.net",
    ];
    let rules: String = hosts
        .iter()
        .map(|host| format!("  - host: \"{host}\"\n"))
        .collect();
    format!(
        "{web}---\n{other}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  \
         annotations:\n    nginx.ingress.kubernetes.io/server-alias: www2.example.com\nspec:\n  \
         ingressClassName: {class}\n  tls:\n  - hosts: {hosts:?}\n    secretName: web\n  - hosts: \
         [b.example.org]\n    secretName: other\n  rules:\n{rules}  - host: b.example.org\n"
    )
}

/// A Secret as cert-manager writes it.
fn secret(certificate: &Path, key: &Path, name: &str) -> String {
    let indented = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines = text.lines().map(|line| format!("    {line}\n"));
        lines.collect::<String>()
    };
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  resourceVersion: \"17\"\n  \
         annotations:\n    cert-manager.io/certificate-name: {name}\ntype: kubernetes.io/tls\n\
         stringData:\n  tls.crt: |\n{}  tls.key: |\n{}",
        indented(certificate),
        indented(key)
    )
}
