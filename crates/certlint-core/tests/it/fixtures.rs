//! Every fixture below `fixtures/rules`, `fixtures/kubernetes` and `fixtures/corpus/kubernetes` gives
//! exactly the findings that it asks for; `fixtures/README.md` has the language.

use std::path::Path;

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
fn the_corpus_is_as_quiet_when_it_is_read_as_one_cluster() {
    let files = files_below(Path::new("fixtures/corpus/kubernetes"));
    let is_manifest = |file: &std::path::PathBuf| {
        file.extension()
            .is_some_and(|end| end == "yaml" || end == "json")
    };
    let together = Fixture::Manifests(files.into_iter().filter(is_manifest).collect());
    let difference = together.difference().unwrap_or_default();
    assert!(difference.is_empty(), "{difference}");
}
