//! The block reader reads as the parser for all of YAML does, and leaves the rest alone.

use proptest::prelude::*;

use super::*;
use crate::node::Kind;
use crate::yaml;

/// All that a document holds, entry by entry.
fn dump(document: &Document<'_>) -> String {
    let tree = match &document.body {
        Body::Tree(tree) => tree,
        other => return format!("{other:?} {:?}", document.comments),
    };
    let entries = (0..).zip(&tree.nodes).map(|(index, entry)| {
        let kind = match entry.kind {
            Kind::Scalar { style, .. } => format!("{style:?}"),
            collection => format!("{collection:?}"),
        };
        let text = tree.text_of(index);
        let Span { start, end } = entry.span;
        let (parent, place, lost) = (entry.parent, entry.place, entry.overridden);
        format!("{index}: {kind} {text:?} {start}..{end} in {parent}[{place}] {lost}\n")
    });
    let entries: String = entries.collect();
    let (duplicates, comments) = (tree.duplicates(), &document.comments);
    format!("{entries}{duplicates:?} {comments:?}")
}

/// Texts read here are read the same by the parser for all of YAML.
fn agrees(text: &str) -> bool {
    let Some(document) = read(text, 7) else {
        return false;
    };
    let others = yaml::read(text, 7);
    let [other] = &others[..] else {
        panic!("{} documents in {text:?}", others.len());
    };
    assert_eq!(dump(&document), dump(other), "{text:?}");
    true
}

#[test]
fn manifests_of_programs_are_read_here_and_alike() {
    for text in [
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  labels: {}\ndata:\n  tls.crt: QUJD\n",
        "---\n# Source: chart/templates/ingress.yaml\nspec:\n  tls:\n    - hosts:\n        - a.example # why\n      secretName: \"a\"\n  rules: []\n",
        "spec:\n  tls:\n  - hosts:\n    - '*.a.example'\n    - b.example\n    secretName: x\n  empty:\n  rules:\n  - host: c\n",
        "data:\n  nginx.conf: |\n    server {\n      listen 443 ssl;\n\n    }\n  b: |-\n    x\n\n  c: |+\n    y\n\n# end\n",
        "a: 1\na: 2\nb:\n  a: x\n  a: y\nyes: 1\ntrue: 2\n0x10: 3\n",
        "--- # head\na: http://x:80/#y\nb: x # c\n\n# d\nargs:\n- --a=b\n- -1\n",
        "- a\n- b: 1\n  c:\n- d:\n  e: |\n   f\n",
        "# nur ä\n",
        "a: ö — x # ß\n",
        "---\n",
        "a:",
        "a: [b, c.example, '*.d', \"e\"]\nf: [ ] # g\nh: {i: [], j: {k: 1, k: 2}}\n",
        "spec:\n  tls: [{hosts: [a.example, a-b.example], secretName: c}]\n  d:\n  - {e: [[f]]}\n",
        "a: {yes: no, 0x10: 7}\n",
        "a: 10:20\nb: a:b\nc: x,y [z] {q}\n",
    ] {
        assert!(agrees(text), "not read: {text:?}");
    }
}

#[test]
fn whatever_may_mean_more_is_left_to_the_parser_for_all_of_yaml() {
    for text in [
        "",
        "a: &x 1\n",
        "b: *x\n",
        "<<: {a: 1}\n",
        "a: !!str 1\n",
        "a: >\n  x\n",
        "a: [1,\n  2]\n",
        "a: [b: 1]\n",
        "a: [b c]\n",
        "a: [b, ]\n",
        "a: [b,, c]\n",
        "a: {b}\n",
        "a: {b:1}\n",
        "a: {'b': 1}\n",
        "a: {b: }\n",
        "a: [\"b\\n\"]\n",
        "a: [b] c\n",
        "a: [b]: c\n",
        "[a]\n",
        "a: x\n  y\n",
        "a: \"x\\n\"\n",
        "a: 'x''y'\n",
        "'a': 1\n",
        "? a\n",
        "a:\tb\n",
        "a: \u{a0}\n",
        "a: |+\n  x\n  ",
        "ä: a\n",
        "a: |2\n    x\n",
        "a: |\n\n  x\n",
        "a: |\n  x",
        "a: |\n  x\n    \n",
        "a: 1\r\n",
        " a: 1\n",
        "a: b: c\n",
        "a: 1\n b: 2\n",
        "- a\nb: 1\n",
        "a:\n  b: 1\n c: 2\n",
        "...\n",
        "%YAML 1.2\n",
        "-\n",
        "- - a\n",
        "a: 'x' y\n",
        "a: \"x\"#y\n",
        "~: 1\n",
        "null: 1\n",
        "--- a\n",
        "x\n",
    ] {
        assert!(read(text, 0).is_none(), "{text:?}");
    }
}

const PIECES: &[&str] = &[
    "a: 1",
    "b:",
    "c: x y",
    "- x",
    "- c: 2",
    "- d:",
    "- |",
    "- >",
    "k: |",
    "l: |-",
    "m: |+",
    "n: | ",
    "text",
    "# note",
    "",
    "   ",
    "a: 'q'",
    "b: \"q\" # c",
    "- - x",
    "a: b: c",
    "e: []",
    "- {}",
    "f: {}",
    "x # y",
    "a:b",
    "a: x#y",
    "---",
    "...",
    "yes: no",
    "'q': v",
    "a: -",
    "a: - b",
    "-",
    "a: &x 1",
    "<<: 1",
    "a: x ",
    "null: 1",
    "- -1",
    "a: ---",
    "a: #",
    "a: :",
    "b : c",
    "- # c",
    "- a # c",
    "0x1: 2",
    "a: \"\"",
    "a: ''",
    "a: 'it''s'",
    "a: \"x\" y",
    "a: |  # c",
    "a: \"x",
    "- 'y",
    "a:  z",
    "-  a: 1",
    "a:\u{20}",
    "? a",
    "! x",
    "a: *x",
    "#",
    "a: x  # c  ",
    "---  # c",
    "{}",
    "a: {",
    "}",
    "a: |-x",
    "a: [b, c]",
    "- [a,b]",
    "a: [b] # c",
    "a: {b: c, d: [e, 'f']}",
    "- {a: 1, a: 2}",
    "a: [yes, 0x1, 1.0, null]",
    "a: {null: 1}",
    "a: [ \"b\" , {} ]",
    "a: [b c, d]",
    "a: [b,]",
    "a: [b: c]",
    "a: {b, c}",
    "a: {b:c}",
    "a: {b:",
    "a: [b,",
    "a: [b]]",
    "a: [b#c]",
    "a: [b #c]",
    "a: [b*c, d-, e/]",
    "a: [---]",
    "- [a]: b",
    "]",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30_000))]

    #[test]
    fn what_is_read_here_is_read_alike_by_the_other_parser(
        lines in prop::collection::vec((0_usize..6, 0..PIECES.len(), 0_u8..10), 1..12),
        ends_with_break in any::<bool>(),
    ) {
        let mut column = 0;
        let lines: Vec<String> = lines
            .into_iter()
            .map(|(step, piece, keeps)| {
                // Mostly neighbours, so that a good part of the documents is right.
                column = match keeps {
                    0..6 => column,
                    6 | 7 => column + 2,
                    8 => step,
                    _ => 0,
                };
                " ".repeat(column) + PIECES[piece]
            })
            .collect();
        let mut text = lines.join("\n");
        if ends_with_break {
            text.push('\n');
        }
        agrees(&text);
    }
}
