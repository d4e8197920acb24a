//! The language in which fixtures say what they must give; `fixtures/README.md` describes it.

use std::collections::BTreeMap;

use certlint_core::finding::Level;
use certlint_core::rules::by_id;

/// A finding that a fixture asks for, or one that it gave.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Expectation {
    /// Path in the repository.
    pub(crate) file: String,
    /// Line of the primary label; `None` for anywhere in the file.
    pub(crate) line: Option<u32>,
    pub(crate) rule: String,
    pub(crate) level: Level,
}

/// How many findings of each kind.
pub(crate) type Counts = BTreeMap<Expectation, usize>;

/// Adds the expectations in the text of a file.
pub(crate) fn read(file: &str, text: &str, counts: &mut Counts) {
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((before, list)) = line.split_once("# expect: ") {
            let own_line = before.trim().is_empty();
            let line = if own_line { number + 1 } else { number };
            add(file, Some(line), list, counts);
        } else if let Some((_, list)) = line.split_once("# expect-file: ") {
            add(file, None, list, counts);
        }
    }
}

/// Adds the expectations of a file without comments, from the text of `FILE.expect`: each line
/// begins with the number of the line that it is about.
pub(crate) fn read_beside(file: &str, text: &str, counts: &mut Counts) {
    for line in text.lines() {
        if let Some((number, list)) = line.split_once("# expect: ") {
            let number = number.trim().parse().unwrap_or_else(|_| {
                panic!("{file}.expect: `LINE # expect: RULE (LEVEL)`, not {line:?}")
            });
            add(file, Some(number), list, counts);
        } else if let Some((_, list)) = line.split_once("# expect-file: ") {
            add(file, None, list, counts);
        } else {
            assert!(line.starts_with("# "), "{file}.expect: {line:?}");
        }
    }
}

fn add(file: &str, line: Option<u32>, list: &str, counts: &mut Counts) {
    for item in list.split(',') {
        let item = item.trim();
        let (rule, level) = item
            .strip_suffix(')')
            .and_then(|item| item.split_once(" ("))
            .unwrap_or_else(|| panic!("{file}: `RULE (LEVEL)`, not {item:?}"));
        assert!(by_id(rule).is_some(), "{file}: no rule {rule:?}");
        let levels = [Level::Error, Level::Warning, Level::Info];
        let level = levels.into_iter().find(|known| known.as_str() == level);
        let expectation = Expectation {
            file: file.to_owned(),
            line,
            rule: rule.to_owned(),
            level: level.unwrap_or_else(|| panic!("{file}: no such level in {item:?}")),
        };
        *counts.entry(expectation).or_default() += 1;
    }
}

#[test]
fn expectations_are_of_their_line_the_next_one_or_the_file() {
    let text = "a # expect: name-not-covered (error)\n\
                \x20 # expect: wildcard-depth (info), key-missing (warning)\n\
                b\n\
                # expect-file: secret-missing (error)\n";
    let mut counts = Counts::new();
    read("f", text, &mut counts);
    let mut beside = Counts::new();
    let text = "# One.\n1 # expect: name-not-covered (error)\n\
                3 # expect: wildcard-depth (info)\n3 # expect: key-missing (warning)\n\
                # expect-file: secret-missing (error)\n";
    read_beside("f", text, &mut beside);
    assert_eq!(counts, beside);
    let lines: Vec<_> = counts
        .keys()
        .map(|one| (one.line, one.rule.as_str(), one.level))
        .collect();
    assert_eq!(
        lines,
        [
            (None, "secret-missing", Level::Error),
            (Some(1), "name-not-covered", Level::Error),
            (Some(3), "key-missing", Level::Warning),
            (Some(3), "wildcard-depth", Level::Info),
        ]
    );
}

#[test]
#[should_panic(expected = "`RULE (LEVEL)`, not \"name-not-covered\"")]
fn an_expectation_without_a_level_is_refused() {
    read("f", "# expect: name-not-covered\n", &mut Counts::new());
}

#[test]
#[should_panic(expected = "no rule \"name-not-coverd\"")]
fn an_expectation_of_no_rule_is_refused() {
    read(
        "f",
        "# expect: name-not-coverd (error)\n",
        &mut Counts::new(),
    );
}
