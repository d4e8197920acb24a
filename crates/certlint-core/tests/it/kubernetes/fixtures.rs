//! Every manifest under `fixtures/kubernetes` and `fixtures/corpus/kubernetes` gives exactly the
//! findings that its comments expect; the conventions stand in `fixtures/kubernetes/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use certlint_core::finding::{Finding, Level};
use certlint_core::kubernetes::Options;
use certlint_core::model::Model;

use crate::support::manifests::lint_manifests;
use crate::support::text::{assert_house_style, render};
use crate::support::{Repository, repository};

const FOLDERS: [&str; 2] = ["fixtures/kubernetes", "fixtures/corpus/kubernetes"];

/// File, line (0 for any), rule and level.
type Key = (String, u32, String, String);

#[test]
fn manifests_give_exactly_the_findings_that_they_expect() {
    let mut wrong = String::new();
    let mut seen = 0;
    for folder in FOLDERS {
        for file in files_below(&repository().join(folder)) {
            seen += 1;
            wrong.extend(difference(&[file]));
        }
    }
    assert!(seen > 400, "only {seen} manifests were found");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_corpus_is_as_quiet_when_it_is_read_as_one_cluster() {
    let files = files_below(&repository().join("fixtures/corpus/kubernetes"));
    let difference = difference(&files).unwrap_or_default();
    assert!(difference.is_empty(), "{difference}");
}

/// The manifests below a folder, sorted.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("fixtures").flatten() {
            let path = entry.path();
            let extension = path.extension().unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if extension == "yaml" || extension == "json" {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The path of a file in the repository.
fn name_of(file: &Path) -> String {
    let inside = file.strip_prefix(repository()).expect("in the repository");
    inside.to_string_lossy().into_owned()
}

/// What the findings of these files, read together, differ in from what they expect.
fn difference(files: &[PathBuf]) -> Option<String> {
    let mut expected = BTreeMap::new();
    let mut arguments = Arguments::default();
    for file in files {
        let text = fs::read_to_string(file).expect("a manifest is text");
        expectations(file, &text, &mut expected);
        arguments.read(&text);
    }
    let names: Vec<PathBuf> = files.iter().map(|file| name_of(file).into()).collect();
    let (model, findings) = lint_manifests(
        &Repository::new(),
        &names,
        &arguments.options,
        arguments.suppressions,
    );
    let mut found: BTreeMap<Key, usize> = BTreeMap::new();
    for finding in &findings {
        assert_house_style(finding);
        let is_asked_for = expected
            .keys()
            .any(|(_, _, rule, level)| rule == finding.rule && level == Level::Info.as_str());
        if finding.level >= Level::Warning || is_asked_for {
            let mut key = key(&model, finding);
            if !expected.contains_key(&key) {
                // What is asked for without a line may have one.
                let anywhere = (key.0.clone(), 0, key.2.clone(), key.3.clone());
                if expected.contains_key(&anywhere) {
                    key = anywhere;
                }
            }
            *found.entry(key).or_default() += 1;
        }
    }
    (expected != found).then(|| {
        let only = |a: &BTreeMap<Key, usize>, b: &BTreeMap<Key, usize>| -> Vec<Key> {
            a.iter()
                .filter(|(key, count)| b.get(key) != Some(count))
                .map(|(key, _)| key.clone())
                .collect()
        };
        format!(
            "{}\n  missing {:?}\n  too many {:?}\n{}\n",
            files
                .iter()
                .map(|file| name_of(file))
                .collect::<Vec<_>>()
                .join(" "),
            only(&expected, &found),
            only(&found, &expected),
            render(&model, &findings)
        )
    })
}

fn key(model: &Model, finding: &Finding) -> Key {
    let at = &finding.primary.at;
    let source = model.sources.get(at.source);
    let line = at.span.map_or(0, |span| source.position(span.start).line);
    (
        source.name().to_owned(),
        line,
        finding.rule.to_owned(),
        finding.level.to_string(),
    )
}

/// What the comments of a file ask for, or the text beside it.
fn expectations(file: &Path, text: &str, expected: &mut BTreeMap<Key, usize>) {
    let name = name_of(file);
    let mut expect = |line: u32, rules: &str| {
        for rule in rules.split(", ") {
            let (rule, level) = rule
                .trim_end()
                .strip_suffix(')')
                .and_then(|rule| rule.split_once(" ("))
                .unwrap_or_else(|| panic!("{name}: RULE (LEVEL), not {rule:?}"));
            let key = (name.clone(), line, rule.to_owned(), level.to_owned());
            *expected.entry(key).or_default() += 1;
        }
    };
    for (line, text) in (1..).zip(text.lines()) {
        if let Some(rules) = text.trim().strip_prefix("# expect: ") {
            expect(line + 1, rules);
        } else if let Some(rules) = text.trim().strip_prefix("# expect-file: ") {
            expect(0, rules);
        }
    }
    let beside = fs::read_to_string(format!("{}.expect", file.display())).unwrap_or_default();
    for line in beside.lines().filter(|line| !line.starts_with('#')) {
        let (line, rules) = line.split_once(": ").expect("LINE: RULE (LEVEL)");
        expect(line.parse().expect("a line number"), rules);
    }
}

/// The options of the program that a file asks for.
struct Arguments {
    options: Options,
    suppressions: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            options: Options::default(),
            suppressions: true,
        }
    }
}

impl Arguments {
    fn read(&mut self, text: &str) {
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("# arguments: "));
        let mut words = lines.flat_map(str::split_whitespace);
        while let Some(word) = words.next() {
            match word {
                "--namespace" => words
                    .next()
                    .expect("--namespace NAME")
                    .clone_into(&mut self.options.namespace),
                "--no-suppressions" => self.suppressions = false,
                "--require-secrets" => self.options.require_secrets = true,
                _ => panic!("{word} is not read here"),
            }
        }
    }
}
