//! Properties of every input: no panic, spans that fit, and nothing of the source lost.

use nginx_syntax::{Body, Directives, MAX_DEPTH, MAX_ERRORS, Span, Tree, Word, parse};
use proptest::prelude::*;

/// Bytes in which the marks of the grammar are frequent.
fn sources() -> impl Strategy<Value = Vec<u8>> {
    let pieces: &[&[u8]] = &[
        b" ",
        b"\n",
        b"\t",
        b";",
        b"{",
        b"}",
        b"\"",
        b"'",
        b"\\",
        b"#",
        b"$",
        b"${",
        b")",
        b"a",
        b"b c",
        b"\\n",
        b"\xFF",
        b"\0",
        b"\xEF\xBB\xBF",
        b"{{",
        b"{2}",
        b"~^x",
        b"server",
        b"server {",
        b"listen 80",
        b"listen",
        b"\nlocation / {",
        b"map $a $b {",
        b"types {",
        b"if",
        b"content_by_lua_block {",
        b"--[[",
        b"]]",
        b"--",
        b"return 200 {x}",
        b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
        1 => (prop::sample::select(pieces), 1..300_usize).prop_map(|(piece, times)| piece.repeat(times)),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// The words of all directives, in order, and the depth of the tree.
fn walk<'t>(
    directives: Directives<'t>,
    within: Span,
    words: &mut Vec<&'t Word>,
) -> Result<usize, TestCaseError> {
    let mut depth = 0;
    let mut from = within.start;
    for directive in directives {
        let span = directive.span();
        prop_assert!(
            from <= span.start && span.end <= within.end,
            "{span:?} not in {within:?} from {from}"
        );
        from = span.end;
        words.push(directive.name());
        words.extend(directive.arguments());
        let mut at = span.start;
        for word in std::iter::once(directive.name()).chain(directive.arguments()) {
            prop_assert!(at <= word.span().start && word.span().end <= span.end);
            prop_assert!(!word.span().is_empty());
            at = word.span().end;
        }
        match directive.open() {
            Some(open) => {
                prop_assert!(at <= open.start && open.end <= span.end);
                at = open.end;
                prop_assert_ne!(directive.body(), Body::Simple);
            }
            None => prop_assert_eq!(directive.body(), Body::Simple),
        }
        let inside = Span {
            start: at,
            end: span.end,
        };
        depth = depth.max(1 + walk(directive.children(), inside, words)?);
    }
    Ok(depth)
}

/// Spans of words and comments do not overlap, and between them are only blanks and marks, and
/// what belongs to a Lua block.
fn nothing_is_lost(source: &[u8], tree: &Tree, words: &[&Word]) -> Result<(), TestCaseError> {
    fn lua(directives: Directives<'_>, spans: &mut Vec<Span>) {
        for directive in directives {
            if let (Body::Lua, Some(open)) = (directive.body(), directive.open()) {
                spans.push(Span {
                    start: open.start,
                    end: directive.span().end,
                });
            }
            lua(directive.children(), spans);
        }
    }
    let mut spans: Vec<_> = words.iter().map(|word| word.span()).collect();
    spans.extend(tree.comments());
    lua(tree.directives(), &mut spans);
    spans.sort();
    let mut at = if source.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    for span in spans
        .into_iter()
        .chain([Span::new(source.len(), source.len())])
    {
        prop_assert!(at <= span.start, "{span:?} begins before {at}");
        let gap = Span {
            start: at,
            end: span.start,
        }
        .of(source);
        prop_assert!(
            gap.iter().all(|byte| b" \t\r\n;{}".contains(byte)),
            "{:?}",
            gap.escape_ascii().to_string()
        );
        at = span.end;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_source_makes_a_sound_tree(source in sources()) {
        let tree = parse(&source);
        let whole = Span::new(0, source.len());
        let mut words = Vec::new();
        let depth = walk(tree.directives(), whole, &mut words)?;
        prop_assert!(depth <= MAX_DEPTH + 1);
        nothing_is_lost(&source, &tree, &words)?;
        prop_assert!(tree.errors().len() <= MAX_ERRORS);
        for error in tree.errors() {
            prop_assert!(error.span.end as usize <= source.len() && error.span.start <= error.span.end);
            prop_assert!(error.nginx_seen() <= source.len());
            let message = error.to_string();
            prop_assert!(!message.is_empty() && !message.ends_with('.'));
            let lines = source.iter().filter(|byte| **byte == b'\n').count() + 1;
            prop_assert!((1..=lines).contains(&error.nginx_line(&source)));
        }
        for word in words {
            let (text, span) = (word.text(&source), word.span());
            let mut at = span.start;
            for offset in 0..text.len().min(100) {
                let located = word.locate(&source, offset);
                prop_assert!(at <= located.start && located.end <= span.end);
                prop_assert!((1..=2).contains(&located.len()));
                at = located.end;
            }
        }
    }

    #[test]
    fn a_text_written_in_quotes_is_read_again(text in prop::collection::vec(any::<u8>(), 0..50)) {
        let mut source = b"x \"".to_vec();
        for byte in &text {
            if matches!(byte, b'"' | b'\'' | b'\\') {
                source.push(b'\\');
            }
            source.push(*byte);
        }
        source.extend(b"\";");
        let tree = parse(&source);
        prop_assert!(tree.errors().is_empty());
        let directive = tree.directives().next().expect("there is one directive");
        prop_assert_eq!(directive.arguments()[0].text(&source), &text[..]);
    }
}
