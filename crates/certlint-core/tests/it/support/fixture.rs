//! Fixtures that say themselves what they must give: a folder with an `nginx.conf`, or manifests.

use std::fs;
use std::path::{Path, PathBuf};

use certlint_core::finding::{Finding, Level};
use certlint_core::kubernetes::Options;
use certlint_core::model::Model;

use super::expect::{self, Counts, Expectation};
use super::manifests::lint_manifests;
use super::nginx::lint;
use super::text::{assert_house_style, render};
use super::{Repository, repository};

/// One input, with paths in the repository.
pub(crate) enum Fixture {
    /// A folder that nginx starts from, by its `nginx.conf`.
    Nginx(PathBuf),
    /// Manifests that are read together.
    Manifests(Vec<PathBuf>),
}

impl Fixture {
    /// The fixtures below a folder of the repository, sorted. A folder with an `nginx.conf` is one,
    /// each manifest elsewhere is one.
    pub(crate) fn below(folder: &Path) -> Vec<Self> {
        let files = files_below(folder);
        let is_main = |file: &&PathBuf| file.ends_with("nginx.conf");
        let folders: Vec<&Path> = files
            .iter()
            .filter(is_main)
            .filter_map(|file| file.parent())
            .collect();
        let manifests = files.iter().filter(|file| {
            let is_manifest = ["json", "yaml"]
                .map(Some)
                .contains(&file.extension().and_then(|end| end.to_str()));
            is_manifest && !folders.iter().any(|folder| file.starts_with(folder))
        });
        let manifests = manifests.map(|file| Self::Manifests(vec![file.clone()]));
        let mut all: Vec<Self> = folders
            .iter()
            .map(|folder| Self::Nginx((*folder).to_owned()))
            .collect();
        all.extend(manifests);
        all
    }

    /// How reports of a test call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Nginx(folder) => folder.display().to_string(),
            Self::Manifests(files) => {
                let names: Vec<_> = files
                    .iter()
                    .map(|file| file.display().to_string())
                    .collect();
                names.join(" ")
            }
        }
    }

    /// The rule whose folder it is in, if it is in one.
    fn rule(&self) -> Option<String> {
        let Self::Nginx(path) = self else { return None };
        let inside = path.strip_prefix("fixtures/rules").ok()?;
        let rule = inside.components().next()?;
        Some(rule.as_os_str().to_string_lossy().into_owned())
    }

    /// Texts that may hold expectations, by path in the repository.
    fn texts(&self) -> Vec<(String, String)> {
        let files = match self {
            Self::Nginx(folder) => files_below(folder),
            Self::Manifests(files) => files.clone(),
        };
        let text = |file: PathBuf| {
            let bytes = fs::read(repository().join(&file)).expect("a file of the repository");
            (
                file.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        };
        files.into_iter().map(text).collect()
    }

    /// The findings that it asks for.
    pub(crate) fn expected(&self) -> Counts {
        let mut counts = Counts::new();
        for (file, text) in self.texts() {
            let beside = repository().join(format!("{file}.expect"));
            match fs::read_to_string(beside) {
                Ok(beside) => expect::read_beside(&file, &beside, &mut counts),
                Err(_) => expect::read(&file, &text, &mut counts),
            }
        }
        counts
    }

    /// Checks it with the options that it asks for.
    pub(crate) fn lint(&self) -> (Model, Vec<Finding>) {
        match self {
            Self::Nginx(folder) => lint(&mut Repository::new(), &folder.join("nginx.conf")),
            Self::Manifests(files) => {
                let mut arguments = Arguments::default();
                for (_, text) in self.texts() {
                    arguments.read(&text);
                }
                lint_manifests(
                    &Repository::new(),
                    files,
                    &arguments.options,
                    arguments.suppressions,
                )
            }
        }
    }

    /// How its findings differ from the expected ones, if they do.
    ///
    /// Every warning and every error counts. Of the findings at info level those count whose rule
    /// has the folder, or is expected at this level.
    pub(crate) fn difference(&self) -> Option<String> {
        let expected = self.expected();
        let (model, findings) = self.lint();
        let own = self.rule();
        let mut found = Counts::new();
        for finding in &findings {
            assert_house_style(finding);
            let mut seen = seen(&model, finding);
            let asked = |one: &Expectation| one.rule == seen.rule && one.level == seen.level;
            let counts = finding.level >= Level::Warning
                || own.as_ref() == Some(&seen.rule)
                || expected.keys().any(asked);
            if !counts {
                continue;
            }
            if !expected.contains_key(&seen) {
                let anywhere = Expectation {
                    line: None,
                    ..seen.clone()
                };
                if expected.contains_key(&anywhere) {
                    seen = anywhere;
                }
            }
            *found.entry(seen).or_default() += 1;
        }
        (expected != found).then(|| {
            format!(
                "{}\n  missing\n{}  too many\n{}{}\n",
                self.name(),
                more(&expected, &found),
                more(&found, &expected),
                render(&model, &findings)
            )
        })
    }
}

/// A finding as an expectation would ask for it.
fn seen(model: &Model, finding: &Finding) -> Expectation {
    let at = &finding.primary.at;
    let source = model.sources.get(at.source);
    Expectation {
        file: source.name().to_owned(),
        line: at.span.map(|span| source.position(span.start).line),
        rule: finding.rule.to_owned(),
        level: finding.level,
    }
}

/// A line for each finding that `these` have more often than `those`.
fn more(these: &Counts, those: &Counts) -> String {
    let mut text = String::new();
    for (one, count) in these {
        let other = those.get(one).copied().unwrap_or_default();
        if *count > other {
            let line = one.line.map_or_else(String::new, |line| format!(":{line}"));
            let Expectation {
                file, rule, level, ..
            } = one;
            text.push_str(&format!(
                "    {file}{line}: {rule} ({level}), {count} for {other}\n"
            ));
        }
    }
    text
}

/// The files below a folder of the repository, sorted, by their paths in the repository.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let root = repository();
    let mut files = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        if root.join(&path).is_dir() {
            let entries = fs::read_dir(root.join(&path)).expect("a folder of fixtures");
            pending.extend(entries.flatten().map(|entry| path.join(entry.file_name())));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The options of `check` that a manifest asks for.
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
