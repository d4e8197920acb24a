//! The parser of nginx configurations on any bytes: no panic, and spans that hold together.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nginx_syntax::{Directives, Word, parse};

fuzz_target!(|source: &[u8]| {
    let tree = parse(source);
    let mut end = 0;
    walk(tree.directives(), source, &mut end);
    for error in tree.errors() {
        assert!(error.span.range().end <= source.len());
        assert!(!error.to_string().is_empty());
        let _ = (error.nginx(), error.nginx_line(source));
    }
    for comment in tree.comments() {
        assert_eq!(comment.of(source).first(), Some(&b'#'));
    }
    let _ = tree.template();
});

/// Words follow each other in the order of the source. The nesting is bounded by the parser.
fn walk(directives: Directives<'_>, source: &[u8], end: &mut u32) {
    for directive in directives {
        word(directive.name(), source, end);
        for argument in directive.arguments() {
            word(argument, source, end);
        }
        assert!(directive.span().range().end <= source.len());
        walk(directive.children(), source, end);
    }
}

fn word(word: &Word, source: &[u8], end: &mut u32) {
    assert!(word.span().start >= *end, "words overlap");
    *end = word.span().end;
    assert!(word.span().range().end <= source.len());
    let text = word.text(source);
    assert!(text.len() <= word.raw(source).len());
    let place = word.locate(source, text.len() / 2);
    assert!(place.start >= word.span().start && place.end <= word.span().end);
}
