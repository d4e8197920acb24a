//! How programs know a finding again: its object, its fingerprint, its page.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::manifests::{ingress, secret};
use crate::support::{NOW, Run, Tree, fixtures, main_file, run_in, server};

fn json(run: &Run) -> Vec<Value> {
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    document["findings"].as_array().expect("a list").clone()
}

fn fingerprints(findings: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut all: Vec<_> = findings
        .iter()
        .map(|it| (text(&it["rule"]), text(&it["fingerprint"])))
        .collect();
    all.sort();
    all
}

const OPTIONS: [&str; 4] = ["--format", "json", "--now", NOW];

fn check(tree: &Tree) -> Vec<Value> {
    json(&tree.run(&OPTIONS))
}

#[test]
fn a_fingerprint_stays_when_lines_above_move() {
    let configuration = format!(
        "events {{}}\nhttp {{\n{}{}}}\n",
        server("www.example.com api.example.com", "certs/a"),
        server("other.example", "certs/a")
    );
    let manifests = format!(
        "{}---\n{}",
        ingress("", "example.com api.example.com other.example"),
        secret("example.com")
    );
    let tree = Tree::new(&[("nginx.conf", &configuration), ("web.yaml", &manifests)]);
    tree.certificate("example.com", "certs/a");
    let before = check(&tree);
    assert!(before.len() >= 4, "{before:#?}");
    tree.write("nginx.conf", format!("# one\n# two\n{configuration}"));
    tree.write("web.yaml", format!("# one\n\n{manifests}"));
    let after = check(&tree);
    assert_eq!(fingerprints(&before), fingerprints(&after));
    // Another item before the others in the list, a label in between.
    let longer = manifests
        .replace("hosts: [", "hosts: [first.example.com, ")
        .replace(
            "metadata:\n  name: web",
            "metadata:\n  labels: {a: b}\n  name: web",
        );
    tree.write("web.yaml", longer);
    let with_more: BTreeSet<_> = fingerprints(&check(&tree)).into_iter().collect();
    for one in fingerprints(&before) {
        assert!(with_more.contains(&one), "{one:?} of {before:#?}");
    }
    // What is said of another name, or in another file, is another finding.
    let other = manifests.replace("other.example", "further.example");
    tree.write("web.yaml", other);
    let other: BTreeSet<_> = fingerprints(&check(&tree)).into_iter().collect();
    assert_ne!(other, fingerprints(&before).into_iter().collect());
}

#[test]
fn no_two_findings_share_a_fingerprint() {
    let fixtures = fixtures();
    for folder in ["rules", "kubernetes", "example"] {
        let run = run_in(&fixtures.join(folder), &OPTIONS, b"");
        let findings = json(&run);
        assert!(!findings.is_empty(), "{folder}");
        let all = fingerprints(&findings);
        let different: BTreeSet<_> = all.iter().map(|(_, it)| it).collect();
        assert_eq!(different.len(), all.len(), "{folder}");
        assert!(different.iter().all(|it| it.len() == 32), "{folder}");
    }
    // The same name twice in one server, served with a certificate that lacks it.
    let tree = Tree::new(&[("nginx.conf", &main_file("a.example a.example", "certs/a"))]);
    tree.certificate("example.com", "certs/a");
    let twice = main_file("a.example a.example", "certs/a");
    tree.write("two.conf", twice);
    let all = fingerprints(&check(&tree));
    let different: BTreeSet<_> = all.iter().map(|(_, it)| it).collect();
    assert_eq!(different.len(), all.len(), "{all:?}");
}

#[test]
fn a_finding_names_its_object() {
    let web = ingress("", "api.example.com");
    for (metadata, namespace, title) in [
        ("name: web", Value::Null, "Ingress web"),
        (
            "name: web\n  namespace: shop",
            "shop".into(),
            "Ingress shop/web",
        ),
    ] {
        let manifest = web.replace("name: web", metadata);
        let certificate = secret("example.com").replace(
            "name: shop-tls",
            &metadata.replace("name: web", "name: shop-tls"),
        );
        let tree = Tree::new(&[("web.yaml", &format!("{manifest}---\n{certificate}"))]);
        let findings = check(&tree);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        let object = &findings[0]["object"];
        assert_eq!(object["kind"], "Ingress");
        assert_eq!(object["namespace"], namespace);
        assert_eq!(object["name"], "web");
        let docs = findings[0]["docs"].as_str().expect("an address");
        assert!(docs.ends_with("/name-not-covered.md"), "{docs}");
        let text = tree.run(&["--now", NOW]).stdout;
        let first = text.lines().next().expect("a headline");
        assert_eq!(first, format!("error[name-not-covered] {title}"));
    }
    let tree = Tree::new(&[("nginx.conf", &main_file("api.example.com", "certs/a"))]);
    tree.certificate("example.com", "certs/a");
    assert_eq!(check(&tree)[0]["object"], Value::Null);
}

#[test]
fn the_pages_of_all_rules_are_where_the_addresses_lead() {
    let tree = Tree::new(&[]);
    let rules: Value =
        serde_json::from_str(&tree.run(&["rules", "--format", "json"]).stdout).unwrap();
    let root = fixtures().join("..");
    for rule in rules.as_array().expect("a list") {
        let docs = rule["docs"].as_str().expect("an address");
        let (_, path) = docs.split_once("/blob/main/").expect("on the main branch");
        assert!(fs::exists(root.join(path)).unwrap(), "{docs}");
        assert_eq!(rule["since"], "0.1.0");
        assert_eq!(rule["status"], "stable");
        let scope = rule["scope"].as_str().expect("text");
        assert!(["any", "kubernetes", "nginx"].contains(&scope), "{scope}");
    }
}
