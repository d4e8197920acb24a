//! Suppressions as they are written, and what they take away.

use super::*;
use crate::finding::{Facts, Label, Level};
use crate::model::Fragment;

/// 2026-11-21T00:00:00Z
const NOW: i64 = 1_795_219_200;

fn one(comment: &str) -> Option<Suppression> {
    let spans = [Span::new(0, comment.len())];
    scan(SourceId(0), comment.as_bytes(), &spans).pop()
}

#[test]
fn well_formed_suppressions_are_read() {
    for (comment, rules, reason, until) in [
        (
            "# certlint: ignore[key-missing] deployed apart",
            &["key-missing"][..],
            "deployed apart",
            None,
        ),
        ("#certlint:ignore[a,b]  x ", &["a", "b"], "x", None),
        (
            "## certlint: ignore [ a , b ] two, with a comma]",
            &["a", "b"],
            "two, with a comma]",
            None,
        ),
        (
            "# certlint: ignore[a] until=2027-01-31 renewal is booked\r",
            &["a"],
            "renewal is booked",
            Some("2027-01-31"),
        ),
    ] {
        let read = one(comment).expect(comment);
        assert_eq!(read.mistake, None, "{comment}");
        let ids: Vec<&str> = read.rules.iter().map(|rule| rule.value.as_str()).collect();
        assert_eq!(ids, rules, "{comment}");
        assert_eq!(read.reason, reason, "{comment}");
        assert_eq!(
            read.until.as_ref().map(|until| until.day.as_str()),
            until,
            "{comment}"
        );
        for rule in &read.rules {
            let span = rule.at.span.expect("a rule has a place");
            assert_eq!(&comment[span.start as usize..span.end as usize], rule.value);
        }
    }
}

#[test]
fn other_comments_are_not_suppressions() {
    for comment in [
        "# certlint is nice",
        "# nothing",
        "#",
        "# see certlint: ignore[a] b",
    ] {
        assert_eq!(one(comment), None, "{comment}");
    }
}

#[test]
fn mistakes_in_the_form_are_told_apart() {
    let day = |day: &str| Mistake::Day(day.to_owned());
    for (comment, mistake) in [
        ("# certlint: ignore[a]", Mistake::NoReason),
        ("# certlint: ignore[a] until=2027-01-31", Mistake::NoReason),
        ("# certlint: ignore[] because", Mistake::NoRule),
        ("# certlint: ignore because", Mistake::NoRule),
        ("# certlint: ignore[a because", Mistake::Form),
        ("# certlint: disable[a] because", Mistake::Form),
        ("# certlint:", Mistake::Form),
        ("# certlint: ignore[a] until=soon x", day("soon")),
        (
            "# certlint: ignore[a] until=2027-02-30 x",
            day("2027-02-30"),
        ),
        ("# certlint: ignore[a] until=20270131 x", day("20270131")),
        ("# certlint: ignore[a] until= x", day("")),
    ] {
        assert_eq!(
            one(comment).and_then(|read| read.mistake),
            Some(mistake),
            "{comment}"
        );
    }
}

#[test]
fn the_last_day_counts_to_its_end() {
    let read = one("# certlint: ignore[a] until=2026-11-20 x").and_then(|read| read.until);
    assert_eq!(read.map(|until| until.end), Some(NOW));
}

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
        })
        .collect();
    model.fragments.push(Fragment {
        main: source,
        complete,
        open_ended: false,
        servers: Vec::new(),
        listeners: Vec::new(),
        endpoints: Vec::new(),
        problems: Vec::new(),
        suppressions: scan(source, bytes, &comments),
        refusals: Vec::new(),
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
fn annotations_are_read_as_comments_are() {
    let at = |start, end| Location::new(SourceId(0), Span::new(start, end));
    let read = |value| {
        let rule = Spanned::new("key-missing".to_owned(), at(2, 13));
        annotation(at(0, 20), at(0, 90), rule, value)
    };
    let good = read(" until=2027-01-31 renewal is booked ");
    assert_eq!(good.mistake, None);
    assert_eq!(good.reason, "renewal is booked");
    assert_eq!(good.until.map(|until| until.day), Some("2027-01-31".into()));
    assert_eq!(good.object, Some(at(0, 90)));
    assert_eq!(read(" ").mistake, Some(Mistake::NoReason));
    assert_eq!(
        read("until=soon x").mistake,
        Some(Mistake::Day("soon".to_owned()))
    );
}

#[test]
fn an_annotation_speaks_for_its_object_and_no_other() {
    // Two objects of ten bytes with a finding in each, and one behind both.
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
