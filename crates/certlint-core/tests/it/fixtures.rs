//! Every fixture below `fixtures/rules`, `fixtures/kubernetes`, `fixtures/corpus/kubernetes` and
//! `fixtures/deployments` gives exactly the findings that it asks for; `fixtures/README.md` has the language.

use std::path::{Path, PathBuf};

use crate::support::fixture::{Fixture, files_below};

/// A folder of fixtures, and how many there are at least.
const TREES: [(&str, usize); 3] = [
    ("fixtures/rules", 130),
    ("fixtures/kubernetes", 370),
    ("fixtures/corpus/kubernetes", 30),
];

#[test]
fn fixtures_give_exactly_the_findings_that_they_expect() {
    let mut wrong = String::new();
    for (folder, least) in TREES {
        let fixtures = Fixture::below(Path::new(folder));
        assert!(
            fixtures.len() >= least,
            "only {} in {folder}",
            fixtures.len()
        );
        wrong.extend(fixtures.iter().filter_map(Fixture::difference));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_directory_gives_the_findings_of_its_deployments() {
    let folder = Path::new("fixtures/deployments");
    let mut wrong = String::new();
    let mut cases: Vec<Vec<PathBuf>> = Vec::new();
    for file in files_below(folder)
        .into_iter()
        .filter(|file| is_manifest(file))
    {
        let case = |file: &Path| file.components().nth(2).map(|it| it.as_os_str().to_owned());
        match cases.last_mut() {
            Some(files) if case(&files[0]) == case(&file) => files.push(file),
            _ => cases.push(vec![file]),
        }
    }
    assert!(cases.len() >= 19, "only {} directories", cases.len());
    let fixtures = cases.into_iter().map(Fixture::Manifests);
    wrong.extend(fixtures.filter_map(|fixture| fixture.difference()));
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_corpus_is_as_quiet_when_it_is_read_as_one_cluster() {
    let files = files_below(Path::new("fixtures/corpus/kubernetes"));
    let together = Fixture::Manifests(files.into_iter().filter(|file| is_manifest(file)).collect());
    let difference = together.difference().unwrap_or_default();
    assert!(difference.is_empty(), "{difference}");
}

fn is_manifest(file: &Path) -> bool {
    file.extension()
        .is_some_and(|end| end == "yaml" || end == "json")
}
