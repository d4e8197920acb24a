//! Suppressions as they are written.

use super::*;

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
