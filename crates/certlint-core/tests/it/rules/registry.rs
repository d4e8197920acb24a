//! Every rule: its place in the registry, its page, its fixtures, and the wording of its findings.
//!
//! Rules about nginx have folders of fixtures, `fixtures/rules/<rule>/<case>/nginx.conf`, those about
//! Kubernetes are expected by the manifests in `fixtures/kubernetes`. `tests/it/fixtures.rs` runs
//! both.

use std::fs;
use std::path::{Path, PathBuf};

use certlint_core::finding::{Finding, Level};
use certlint_core::kubernetes;
use certlint_core::model::Model;
use certlint_core::rules::{RULES, Rule, by_id, nearest};

use crate::support::fixture::Fixture;
use crate::support::manifests::lint_manifests;
use crate::support::nginx::lint;
use crate::support::text::render;
use crate::support::{Repository, repository};

#[test]
fn ids_are_unique_sorted_and_kebab_case() {
    assert!(RULES.windows(2).all(|pair| pair[0].id < pair[1].id));
    for rule in RULES {
        let kebab = rule
            .id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(
            kebab && !rule.id.starts_with('-') && !rule.id.ends_with('-'),
            "{}",
            rule.id
        );
        assert!(std::ptr::eq(by_id(rule.id).expect("sorted"), *rule));
    }
}

#[test]
fn summaries_are_one_sentence_in_lower_case() {
    for rule in RULES {
        let first = rule.summary.split(' ').next().unwrap_or_default();
        assert!(!rule.summary.ends_with('.'), "{}", rule.id);
        assert_eq!(
            first,
            first.to_lowercase().replace("tls", "TLS"),
            "{}",
            rule.id
        );
    }
}

#[test]
fn a_mistyped_id_finds_its_neighbour() {
    assert_eq!(
        nearest("name-not-coverd").map(|rule| rule.id),
        Some("name-not-covered")
    );
    assert_eq!(nearest("gibberish").map(|rule| rule.id), None);
}

#[test]
fn pages_have_all_sections_in_order() {
    for rule in RULES {
        assert!(
            rule.docs.starts_with(&format!("# {}\n", rule.id)),
            "{}",
            rule.id
        );
        let mut rest = rule.docs;
        for section in [
            "What it does",
            "Why it matters",
            "Example",
            "How to fix",
            "References",
        ] {
            let heading = format!("\n## {section}\n\n");
            let Some(at) = rest.find(&heading) else {
                panic!("{}: no section {section:?} in its place", rule.id)
            };
            rest = &rest[at + heading.len()..];
            let body = rest.split("\n## ").next().unwrap_or_default();
            assert!(!body.trim().is_empty(), "{}: {section} is empty", rule.id);
        }
    }
}

#[test]
fn examples_of_pages_trigger_their_rule_and_cures_do_not() {
    for rule in RULES {
        let example = blocks(rule, "Example");
        assert_eq!(example.len(), 1, "{}: one example", rule.id);
        let (model, findings) = lint_block(rule, &example[0]);
        assert!(
            findings.iter().any(|finding| finding.rule == rule.id),
            "{}: the example does not trigger it, but gives\n{}",
            rule.id,
            render(&model, &findings)
        );
        for cure in blocks(rule, "How to fix") {
            let (model, findings) = lint_block(rule, &cure);
            let left: Vec<Finding> = findings
                .into_iter()
                .filter(|finding| finding.rule == rule.id || finding.level == Level::Error)
                .collect();
            assert!(
                left.is_empty(),
                "{}: the cure has\n{}",
                rule.id,
                render(&model, &left)
            );
        }
    }
}

/// A block of a page, with its language.
type Block = (&'static str, String);

/// The nginx and YAML blocks in a section of a page.
fn blocks(rule: &Rule, section: &str) -> Vec<Block> {
    let (_, rest) = rule
        .docs
        .split_once(&format!("\n## {section}\n"))
        .expect(section);
    let body = rest.split("\n## ").next().unwrap_or_default();
    let mut blocks = Vec::new();
    for language in ["nginx", "yaml"] {
        let fence = format!("```{language}\n");
        for block in body.split(&fence).skip(1) {
            let text = block.split("```").next().unwrap_or_default();
            blocks.push((language, text.to_owned()));
        }
    }
    blocks
}

/// Checks a block of a page: servers are put into `http`, `certs/` is that of the fixtures.
fn lint_block(rule: &Rule, (language, block): &Block) -> (Model, Vec<Finding>) {
    if *language == "yaml" {
        return lint_yaml(rule, block);
    }
    let whole = ["events", "http", "stream"]
        .iter()
        .any(|name| block.starts_with(name) || block.contains(&format!("\n{name}")));
    let text = if whole {
        block.clone()
    } else {
        format!("events {{}}\nhttp {{\n{block}}}\n")
    };
    let mut files = Repository::new();
    let main = PathBuf::from("fixtures/nginx.conf");
    files
        .over
        .insert(repository().join(&main), text.into_bytes());
    lint(&mut files, &main)
}

fn lint_yaml(rule: &Rule, block: &str) -> (Model, Vec<Finding>) {
    let mut files = Repository::new();
    let main = PathBuf::from("fixtures/manifests.yaml");
    files
        .over
        .insert(repository().join(&main), block.as_bytes().to_vec());
    let options = kubernetes::Options {
        // The one rule that needs an option.
        require_secrets: rule.id == "secret-missing",
        ..kubernetes::Options::default()
    };
    lint_manifests(&files, &[main], &options, true)
}

#[test]
fn rules_about_nginx_have_fixtures_that_trigger_them_and_that_pass() {
    for rule in RULES.iter().filter(|rule| !is_about_kubernetes(rule)) {
        let (mut triggers, mut passes) = (0, 0);
        for case in cases(rule) {
            let name = case.file_name().unwrap_or_default().to_string_lossy();
            let is_triggered = expects(&Fixture::Nginx(case.clone()), rule);
            if name.starts_with("triggers") {
                triggers += 1;
                assert!(is_triggered, "{} expects no {}", case.display(), rule.id);
            } else {
                passes += 1;
                assert!(
                    name.starts_with("passes") && !is_triggered,
                    "{}: triggers… or passes…, as it expects",
                    case.display()
                );
            }
        }
        assert!(
            triggers > 0 && passes > 0,
            "{}: needs fixtures triggers and passes",
            rule.id
        );
    }
}

/// The fixture asks for a finding of the rule.
fn expects(fixture: &Fixture, rule: &Rule) -> bool {
    fixture.expected().keys().any(|one| one.rule == rule.id)
}

/// The page explains it with a manifest.
fn is_about_kubernetes(rule: &Rule) -> bool {
    rule.docs.contains("\n```yaml\n")
}

#[test]
fn rules_about_kubernetes_are_expected_by_some_manifest() {
    let manifests = Fixture::below(Path::new("fixtures/kubernetes"));
    for rule in RULES.iter().filter(|rule| is_about_kubernetes(rule)) {
        let is_expected = manifests.iter().any(|fixture| expects(fixture, rule));
        assert!(is_expected, "no manifest expects {}", rule.id);
    }
}

/// The folders of a rule's fixtures, sorted, relative to the root of the repository.
fn cases(rule: &Rule) -> Vec<PathBuf> {
    let folder = Path::new("fixtures/rules").join(rule.id);
    if is_about_kubernetes(rule) {
        return Vec::new();
    }
    let Ok(entries) = fs::read_dir(repository().join(&folder)) else {
        panic!("no {}", folder.display())
    };
    let mut cases: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| folder.join(entry.file_name()))
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_fixture_folder_belongs_to_a_rule() {
    for entry in fs::read_dir(repository().join("fixtures/rules"))
        .expect("fixtures")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            !entry.path().is_dir() || by_id(&name).is_some(),
            "no rule {name}"
        );
    }
}

/// Manifests whose findings are recorded in full: each reads in another way.
const RECORDED: &[&str] = &[
    "api/address-in-tls-hosts.yaml",
    "certmanager/pending-re-issue.yaml",
    "certmanager/shim-of-one-ingress.yaml",
    "controllers/ingress-nginx-by-class-name.yaml",
    "controllers/ingress-nginx-rule-without-host.yaml",
    "controllers/traefik-pool-misses.yaml",
    "decision/common-name-only.yaml",
    "decision/missing.yaml",
    "decision/not-covered.yaml",
    "decision/secret-of-another-namespace.yaml",
    "secrets/chain-incomplete.yaml",
    "secrets/damaged-certificate.yaml",
    "secrets/expired.yaml",
    "secrets/key-mismatch.yaml",
    "secrets/key-of-another-type.yaml",
    "secrets/key-misspelt.yaml",
    "secrets/self-signed.yaml",
];

#[test]
fn findings_read_as_recorded() {
    let mut wrong = Vec::new();
    for rule in RULES.iter().filter(|rule| !is_about_kubernetes(rule)) {
        let mut text = String::new();
        for case in cases(rule) {
            let name = case.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with("triggers") {
                continue;
            }
            let (model, mut findings) = lint(&mut Repository::new(), &case.join("nginx.conf"));
            findings.retain(|finding| finding.rule == rule.id);
            text.push_str(&format!("# {name}\n{}\n", render(&model, &findings)));
        }
        let golden = Path::new("fixtures/rules").join(rule.id);
        wrong.extend(compare(&golden.join("expected.txt"), &text));
    }
    let mut text = String::new();
    for rule in RULES.iter().filter(|rule| is_about_kubernetes(rule)) {
        for example in blocks(rule, "Example") {
            let (model, mut findings) = lint_block(rule, &example);
            findings.retain(|finding| finding.rule == rule.id);
            text.push_str(&format!("# {}\n{}\n", rule.id, render(&model, &findings)));
        }
    }
    for name in RECORDED {
        let file = PathBuf::from(format!("fixtures/kubernetes/{name}"));
        let options = kubernetes::Options::default();
        let (model, findings) = lint_manifests(&Repository::new(), &[file], &options, true);
        assert!(!findings.is_empty(), "{name} gives nothing");
        text.push_str(&format!("# {name}\n{}\n", render(&model, &findings)));
    }
    wrong.extend(compare(
        Path::new("fixtures/kubernetes/expected.txt"),
        &text,
    ));
    let wrong = wrong.join("\n");
    assert!(
        wrong.is_empty(),
        "differ (UPDATE_GOLDEN=1 rewrites them):\n{wrong}"
    );
}

/// The difference where a recorded text, given by its path in the repository, is another one.
fn compare(golden: &Path, text: &str) -> Option<String> {
    let file = repository().join(golden);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, text).expect("the repository is writable");
    }
    (fs::read_to_string(&file).unwrap_or_default() != text)
        .then(|| format!("{}\n{text}", golden.display()))
}
