//! The table holds together, and its answers are those of nginx.

use super::*;
use crate::{Body, Directives, parse};

/// Judges the innermost first directive of `source`, with what leads there.
fn verdict(source: &str, version: Version) -> Judgement {
    let bytes = source.as_bytes();
    let tree = parse(bytes);
    let mut context = Context::Main;
    let mut level: Directives<'_> = tree.directives();
    loop {
        let directive = level.next().expect("a directive on each level");
        let judgement = judge(
            directive.name().text(bytes),
            context,
            directive.arguments(),
            bytes,
            directive.open().is_some(),
            version,
        );
        level = directive.children();
        match judgement {
            Judgement::Accepted {
                block: Some(inside),
                ..
            } if level.clone().next().is_some() => context = inside,
            _ => return judgement,
        }
    }
}

#[test]
fn the_table_is_sorted_and_its_rows_are_apart() {
    for pair in TABLE.windows(2) {
        assert!(pair[0].name <= pair[1].name, "{}", pair[1].name);
    }
    for (i, a) in TABLE.iter().enumerate() {
        for b in TABLE[i + 1..].iter().take_while(|b| b.name == a.name) {
            let apart = a.contexts & b.contexts == 0;
            assert!(apart, "{} twice in one context", a.name);
        }
    }
}

#[test]
fn blocks_of_data_are_those_that_the_parser_reads_as_data() {
    for row in TABLE.iter().filter(|row| row.is_block) {
        let source = format!("{} {{}}", row.name);
        let body = parse(source.as_bytes())
            .directives()
            .next()
            .map(|d| d.body());
        let is_data = Context::Http.inside(row.name) == Context::Data;
        assert_eq!(body == Some(Body::Data), is_data, "{}", row.name);
    }
}

#[test]
fn directives_are_refused_as_by_nginx() {
    use Refusal::*;
    let cases: &[(&str, Refusal)] = &[
        ("listen 80;", NotAllowedHere),
        ("http { listen 80; }", NotAllowedHere),
        ("http { server { server {} } }", NotAllowedHere),
        (
            "http { server { location / { listen 80; } } }",
            NotAllowedHere,
        ),
        (
            "http { server { location / { ssl_certificate x; } } }",
            NotAllowedHere,
        ),
        (
            "http { server { if ($a) { ssl_certificate x; } } }",
            NotAllowedHere,
        ),
        ("mail { server { location / {} } }", NotAllowedHere),
        ("stream { server { location / {} } }", NotAllowedHere),
        ("http { upstream u { listen 80; } }", NotAllowedHere),
        ("events { server {} }", NotAllowedHere),
        ("http;", NoBlock),
        ("http { server; }", NoBlock),
        ("http { map $a $b; }", NoBlock),
        ("http x {}", ArgumentCount),
        ("http { server x {} }", ArgumentCount),
        ("http { server { location {} } }", ArgumentCount),
        ("http { server { location a b c {} } }", ArgumentCount),
        ("http { server { if {} } }", ArgumentCount),
        ("http { server { listen; } }", ArgumentCount),
        ("http { server { server_name; } }", ArgumentCount),
        ("mail { server { server_name a b; } }", ArgumentCount),
        ("http { server { ssl_certificate a b; } }", ArgumentCount),
        ("http { upstream u { server; } }", ArgumentCount),
        ("http { map $a {} }", ArgumentCount),
        ("http { geo {} }", ArgumentCount),
        ("http { geo $a $b $c {} }", ArgumentCount),
        ("include;", ArgumentCount),
        ("include a b;", ArgumentCount),
        ("http { server { ssl_reject_handshake yes; } }", InvalidFlag),
        ("http { server { ssl_verify_depth x; } }", InvalidNumber),
        ("events { worker_connections 6u; }", InvalidNumber),
        ("http { server { ssl_buffer_size 1x; } }", InvalidSize),
        ("http { server { ssl_session_timeout x; } }", InvalidTime),
    ];
    for (source, refusal) in cases {
        assert_eq!(
            verdict(source, Version::LATEST),
            Judgement::Refused(*refusal),
            "{source}"
        );
    }
    let no_block = judge(b"listen", Context::Server, &[], b"", true, Version::LATEST);
    assert_eq!(no_block, Judgement::Refused(NotTerminated));
}

#[test]
fn what_nginx_takes_is_accepted_and_modules_may_know_the_rest() {
    let accepted: &[(&str, Option<Context>, bool)] = &[
        ("include x;", None, false),
        (
            "http { server { listen 80 default_server ssl; } }",
            None,
            false,
        ),
        ("http { server { ssl_certificate x; } }", None, false),
        ("http { ssl_certificate x; }", None, false),
        ("stream { server { ssl_certificate x; } }", None, false),
        ("mail { server { ssl_certificate x; } }", None, false),
        ("mail { server { server_name a; } }", None, true),
        (
            "http { server { server_name a b c d e f g h i j; } }",
            None,
            false,
        ),
        (
            "http { upstream u { server a b c d e f g h i; } }",
            None,
            false,
        ),
        ("http { server { ssl_reject_handshake ON; } }", None, true),
        (
            "http { server { location ~ x { if ($a = b) { return 301; } } } }",
            None,
            false,
        ),
        ("events {}", Some(Context::Events), true),
        ("http {}", Some(Context::Http), true),
        ("http { server {} }", Some(Context::Server), false),
        ("http { upstream u {} }", Some(Context::Upstream), false),
        ("http { map $a $b {} }", Some(Context::Data), false),
        (
            "http { server { location / {} } }",
            Some(Context::Location),
            false,
        ),
        (
            "http { server { if ($a) {} } }",
            Some(Context::ServerIf),
            false,
        ),
        (
            "http { server { location / { if ($a) {} } } }",
            Some(Context::LocationIf),
            false,
        ),
        (
            "http { server { location / { limit_except GET {} } } }",
            Some(Context::LimitExcept),
            false,
        ),
        ("stream { server {} }", Some(Context::StreamServer), false),
        (
            "stream { upstream u {} }",
            Some(Context::StreamUpstream),
            false,
        ),
        ("mail { server {} }", Some(Context::MailServer), false),
    ];
    for (source, block, once) in accepted {
        let (block, once) = (*block, *once);
        assert_eq!(
            verdict(source, Version::LATEST),
            Judgement::Accepted { block, once },
            "{source}"
        );
    }
    for source in [
        "lua_package_path x;",
        "more_set_headers x;",
        "HTTP {}",
        "http { map $a $b { listen 80; } }",
    ] {
        assert_eq!(
            verdict(source, Version::LATEST),
            Judgement::Unknown,
            "{source}"
        );
    }
}

#[test]
fn versions_change_the_answer_for_tls() {
    use Refusal::*;
    let cases: &[(&str, Version, Option<Refusal>)] = &[
        ("http { ssl on; }", Version::new(1, 25, 0), None),
        (
            "http { ssl on; }",
            Version::new(1, 25, 1),
            Some(Removed {
                removed: Version::new(1, 25, 1),
            }),
        ),
        (
            "http { http2 on; }",
            Version::new(1, 25, 0),
            Some(NotYet {
                since: Version::new(1, 25, 1),
            }),
        ),
        ("http { http2 on; }", Version::new(1, 25, 1), None),
        (
            "stream { server { server_name a; } }",
            Version::new(1, 25, 4),
            Some(NotAllowedHere),
        ),
        (
            "stream { server { server_name a; } }",
            Version::new(1, 25, 5),
            None,
        ),
        (
            "stream { ssl_reject_handshake on; }",
            Version::new(1, 25, 4),
            Some(NotAllowedHere),
        ),
        (
            "http { ssl_reject_handshake on; }",
            Version::new(1, 19, 3),
            Some(NotYet {
                since: Version::new(1, 19, 4),
            }),
        ),
        (
            "http { ssl_certificate_cache max=1; }",
            Version::new(1, 27, 3),
            Some(NotYet {
                since: Version::new(1, 27, 4),
            }),
        ),
        (
            "http { ssl_ech_file x; }",
            Version::new(1, 29, 3),
            Some(NotYet {
                since: Version::new(1, 29, 4),
            }),
        ),
        ("http { ssl_ech_file x; }", Version::LATEST, None),
    ];
    for (source, version, refusal) in cases {
        let found = match verdict(source, *version) {
            Judgement::Refused(refusal) => Some(refusal),
            Judgement::Accepted { .. } => None,
            Judgement::Unknown => panic!("{source} is unknown"),
        };
        assert_eq!(found, *refusal, "{source} in {version}");
    }
}

#[test]
fn refusals_have_the_words_of_nginx() {
    let cases: &[(Refusal, &str)] = &[
        (
            Refusal::NotAllowedHere,
            "\"ssl\" directive is not allowed here",
        ),
        (
            Refusal::NotTerminated,
            "directive \"ssl\" is not terminated by \";\"",
        ),
        (Refusal::NoBlock, "directive \"ssl\" has no opening \"{\""),
        (
            Refusal::ArgumentCount,
            "invalid number of arguments in \"ssl\" directive",
        ),
        (
            Refusal::InvalidFlag,
            "invalid value \"1\" in \"ssl\" directive, it must be \"on\" or \"off\"",
        ),
        (Refusal::InvalidNumber, "\"ssl\" directive invalid number"),
        (Refusal::InvalidTime, "\"ssl\" directive invalid value"),
        (
            Refusal::Removed {
                removed: Version::new(1, 25, 1),
            },
            "unknown directive \"ssl\"",
        ),
    ];
    for (refusal, text) in cases {
        assert_eq!(refusal.nginx("ssl", "1"), *text);
    }
}
