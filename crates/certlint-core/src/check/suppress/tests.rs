//! What suppressions take away.

use super::*;
use crate::finding::{Facts, Label, Level};
use crate::model::Fragment;
use crate::model::suppression::{annotation, scan};
use crate::source::{Span, Spanned};

/// 2026-11-21T00:00:00Z
const NOW: i64 = 1_795_219_200;

/// Applies the suppressions of `text` to one finding of `key-missing` at each `!`.
fn after(text: &str, complete: bool) -> Vec<(&'static str, u32)> {
    after_all(text, complete, |_| {})
}

/// As [`after`], with more suppressions.
fn after_all(text: &str, complete: bool, add: impl FnOnce(&mut Model)) -> Vec<(&'static str, u32)> {
    let mut model = Model::default();
    let bytes = text.as_bytes();
    let source = model
        .sources
        .add("nginx.conf".to_owned(), Some(bytes.into()));
    let mut offset = 0;
    let mut comments = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(at) = line.find('#') {
            comments.push(Span::new(offset + at, offset + line.trim_end().len()));
        }
        offset += line.len();
    }
    let mut findings: Vec<Finding> = text
        .match_indices('!')
        .map(|(at, _)| Finding {
            rule: "key-missing",
            level: Level::Error,
            message: String::new(),
            primary: Label::new(Location::new(source, Span::new(at, at + 1)), ""),
            related: Vec::new(),
            help: None,
            facts: Facts::default(),
            cause: None,
            object: None,
            fingerprint: String::new(),
        })
        .collect();
    model.fragments.push(Fragment {
        complete,
        suppressions: scan(source, bytes, &comments),
        ..Fragment::empty(source)
    });
    add(&mut model);
    apply(&mut findings, &model, &Settings::default(), NOW);
    findings
        .iter()
        .map(|finding| {
            let source = model.sources.get(finding.primary.at.source);
            (finding.rule, line_of(source, finding.primary.at.start()))
        })
        .collect()
}

#[test]
fn a_comment_speaks_for_its_own_line_or_the_line_below() {
    const UNUSED: &str = "suppression-unused";
    for (text, left) in [
        ("! # certlint: ignore[key-missing] why", &[][..]),
        ("# certlint: ignore[key-missing] why\n!", &[]),
        (
            "# certlint: ignore[key-missing] why\r\n# another comment\r\n  !",
            &[],
        ),
        (
            "# certlint: ignore[key-missing] why\n!\n!",
            &[("key-missing", 3)],
        ),
        (
            "x; # certlint: ignore[key-missing] why\n!",
            &[("key-missing", 2), (UNUSED, 1)],
        ),
        (
            "# certlint: ignore[key-missing] why\n\n!",
            &[("key-missing", 3), (UNUSED, 1)],
        ),
        (
            "# certlint: ignore[include-missing] why\n!",
            &[("key-missing", 2), (UNUSED, 1)],
        ),
        (
            "# certlint: ignore[key-missing,include-missing] why\n!",
            &[(UNUSED, 1)],
        ),
        ("! # certlint: ignore[key-missing]", &[("key-missing", 1)]),
        (
            "! # certlint: ignore[key-missing] until=2026-11-21 why",
            &[],
        ),
        (
            "! # certlint: ignore[key-missing] until=2026-11-20 why",
            &[("key-missing", 1), (UNUSED, 1)],
        ),
    ] {
        assert_eq!(after(text, true), left, "{text:?}");
    }
}

#[test]
fn a_piece_of_a_configuration_cannot_tell_what_is_unused() {
    assert_eq!(after("# certlint: ignore[key-missing] why\n;", false), []);
}

#[test]
fn an_annotation_speaks_for_its_object_and_no_other() {
    // Two objects of ten bytes with a finding in each, and one after both.
    let text = "..!.......\n..!.......\n!";
    let annotate = |model: &mut Model| {
        let at = |start, end| Location::new(SourceId(0), Span::new(start, end));
        for (start, rule) in [(0, "key-missing"), (11, "include-missing")] {
            let rule = Spanned::new(rule.to_owned(), at(start, start + 1));
            let suppression = annotation(at(start, start + 1), at(start, start + 10), rule, "why");
            model.fragments[0].suppressions.push(suppression);
        }
    };
    assert_eq!(
        after_all(text, true, annotate),
        [
            ("key-missing", 2),
            ("key-missing", 3),
            ("suppression-unused", 2)
        ]
    );
}

#[test]
fn a_file_of_nothing_but_suppressions_is_read_at_once() {
    let text = "# certlint: ignore[key-missing] why\n".repeat(20_000);
    assert_eq!(after(&text, true).len(), 20_000);
}
