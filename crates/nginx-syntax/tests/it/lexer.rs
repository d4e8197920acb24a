//! The grammar of nginx, row by row: the source, the words that nginx makes of it, or
//! which error it prints. Each row was measured on nginx 1.22.1 and 1.31.5.

use nginx_syntax::{Body, Directive, Directives, MAX_DEPTH, MAX_ERRORS, Tree, parse};

/// Source, the messages of nginx with their lines, and the tree after recovery.
type RefusedCase<'a> = (&'a str, &'a [(&'a str, usize)], &'a str);

/// The tree as text: `name:argument;` or `name{…}`.
fn shape(source: &[u8]) -> String {
    fn list(directives: Directives<'_>, source: &[u8], out: &mut String) {
        for directive in directives {
            let words = std::iter::once(directive.name()).chain(directive.arguments());
            let words: Vec<_> = words
                .map(|word| {
                    word.text(source)
                        .escape_ascii()
                        .to_string()
                        .replace("\\'", "'")
                        .replace("\\\"", "\"")
                })
                .collect();
            out.push_str(&words.join("|"));
            match directive.body() {
                Body::Simple => out.push(';'),
                body => {
                    out.push_str(match body {
                        Body::Data => "[",
                        Body::Lua => "<",
                        _ => "{",
                    });
                    list(directive.children(), source, out);
                    out.push('}');
                }
            }
        }
    }
    let mut out = String::new();
    list(parse(source).directives(), source, &mut out);
    out
}

fn nginx_errors(tree: &Tree) -> Vec<String> {
    tree.errors().iter().map(|error| error.nginx()).collect()
}

#[test]
fn words_are_those_of_nginx() {
    let cases: &[(&str, &str)] = &[
        // Blanks and ends.
        ("a b;", "a|b;"),
        ("a\tb\r\nc;", "a|b|c;"),
        ("a\rb;", "a|b;"),
        ("server{listen 80;}", "server{listen|80;}"),
        ("http{server{listen 80;}}", "http{server{listen|80;}}"),
        ("a\x0Bb\x0Cc;", "a\\x0bb\\x0cc;"),
        ("a\u{a0}b;", "a\\xc2\\xa0b;"),
        ("a\0b;", "a\\x00b;"),
        ("x (a) );", "x|(a)|);"),
        // `}` does not end a word.
        ("listen 80};", "listen|80};"),
        // Other marks inside a word are ordinary.
        ("x a#b;", "x|a#b;"),
        ("x a\"b\"c;", "x|a\"b\"c;"),
        ("x a'b c';", "x|a'b|c';"),
        // Comments.
        ("# a\nx y; # b", "x|y;"),
        ("x # a ; {\n y;", "x|y;"),
        ("x{# a }\n}# b", "x{}"),
        ("#a\rx;\ny;", "y;"),
        // A backslash takes the next byte along.
        (r"x a\ b;", r"x|a\\ b;"),
        (r"x a\;b;", r"x|a\\;b;"),
        (r"x a\{b;", r"x|a\\{b;"),
        (r"x \#a;", r"x|\\#a;"),
        (r"x \}a;", r"x|\\}a;"),
        (r#"x \"a b;"#, r#"x|"a|b;"#),
        ("x a\\\nb;", r"x|a\\\nb;"),
        // Unescaping, quoted or not.
        (r"x \t\r\n\\\'a;", r"x|\t\r\n\\'a;"),
        (r#"x "\t\r\n\\\'\"a";"#, r#"x|\t\r\n\\'"a;"#),
        (r"x \.\d\$\x;", r"x|\\.\\d\\$\\x;"),
        (r"x \\\\n;", r"x|\\\\n;"),
        // Variables.
        ("x ${a}b;", "x|${a}b;"),
        ("x ${;", "x|${;"),
        ("x ${${x;", "x|${${x;"),
        ("x ${{a;", "x|${{a;"),
        ("x ${x y};", "x|${x|y};"),
        ("x $a{}", "x|$a{}"),
        ("x $$a;", "x|$$a;"),
        ("x $\\{a;", r"x|$\\{a;"),
        // Quotes.
        ("x \"a;{}#'b\nc\";", r"x|a;{}#'b\nc;"),
        ("x '';", "x|;"),
        ("x \"\";", "x|;"),
        (r#"x "a\" b";"#, r#"x|a" b;"#),
        ("x 'a'{}", "x|a{}"),
        ("if ($a = \"b\") {}", "if|($a|=|b|){}"),
        ("x \"a\")b;", "x|a|)b;"),
        ("x \"a\"){}", "x|a|){}"),
        ("x \"#a\" '#b';", "x|#a|#b;"),
        // Names are words like any other.
        ("\"listen\" 443;", "listen|443;"),
        ("'http' {\"server\"{}}", "http{server{}}"),
        (r#""lis\ten" 443;"#, "lis\\ten|443;"),
        // Data blocks.
        (
            "map $a $b { default 1; ~^x$ 2; include f; }",
            "map|$a|$b[default|1;~^x$|2;include|f;}",
        ),
        ("types { a/b c d; }", "types[a/b|c|d;}"),
        ("geo $a { 1.2.3.4 x; }", "geo|$a[1.2.3.4|x;}"),
        (
            "split_clients $a $b { 1% x; * y; }",
            "split_clients|$a|$b[1%|x;*|y;}",
        ),
        ("charset_map a b { 80 E2; }", "charset_map|a|b[80|E2;}"),
        (
            "map $a $b { map 1; server 2; }",
            "map|$a|$b[map|1;server|2;}",
        ),
        // Lua blocks.
        (
            "content_by_lua_block { x = {1} -- }\n } y;",
            "content_by_lua_block<}y;",
        ),
        (
            "set_by_lua_block $a { return '}' } y;",
            "set_by_lua_block|$a<}y;",
        ),
        ("'log_by_lua_block' {;}", "log_by_lua_block<}"),
        (
            "server_name content_by_lua_block ;",
            "server_name|content_by_lua_block;",
        ),
        (
            "map $a $b { content_by_lua_block c; }",
            "map|$a|$b[content_by_lua_block|c;}",
        ),
    ];
    for (source, wanted) in cases {
        assert_eq!(shape(source.as_bytes()), *wanted, "{source}");
        assert_eq!(nginx_errors(&parse(source.as_bytes())), [""; 0], "{source}");
    }
}

#[test]
fn what_nginx_refuses_is_told_in_its_words_and_read_on() {
    const END: &str = "unexpected end of file, expecting \";\" or \"}\"";
    const END_OF_BLOCK: &str = "unexpected end of file, expecting \"}\"";
    let cases: &[RefusedCase<'_>] = &[
        (";", &[("unexpected \";\"", 1)], ""),
        ("a;\n;", &[("unexpected \";\"", 2)], "a;"),
        ("a{};\nb;", &[("unexpected \";\"", 1)], "a{}b;"),
        ("{ a; } b;", &[("unexpected \"{\"", 1)], "a;b;"),
        ("}\na;", &[("unexpected \"}\"", 1)], "a;"),
        ("a { b\n} c;", &[("unexpected \"}\"", 2)], "a{b;}c;"),
        (
            "a\n}",
            &[("unexpected \"}\"", 2), ("unexpected \"}\"", 2)],
            "a;",
        ),
        (
            "x {\n listen 80 }\ny;",
            &[("unexpected \"}\"", 2)],
            "x{listen|80;}y;",
        ),
        ("a\nb", &[(END, 2)], "a|b;"),
        (
            "a { server_tokens off}\n",
            &[(END, 2)],
            "a{server_tokens|off};}",
        ),
        ("a {\nb;\n", &[(END_OF_BLOCK, 3)], "a{b;}"),
        ("a b # c", &[(END, 1)], "a|b;"),
        ("x 'a'", &[(END, 1)], "x|a;"),
        ("x a\\", &[(END, 1)], "x|a\\\\;"),
        // A quote that is not closed ends with its line or directive.
        ("x \"a;\ny b;\n", &[(END, 3)], "x|a;y|b;"),
        ("x 'a\n;y b;", &[(END, 2)], "x|a;y|b;"),
        (
            "x \"a;\ny \"b c\";\n",
            &[("unexpected \"b\"", 2)],
            "x|a;y|b c;",
        ),
        // After a quote.
        ("x \"a\"b;", &[("unexpected \"b\"", 1)], "x|a|b;"),
        ("x \"left\"-x;", &[("unexpected \"-\"", 1)], "x|left|-x;"),
        ("x \"a\"'b';", &[("unexpected \"'\"", 1)], "x|a|b;"),
        ("x { y \"a\"}\nz;", &[("unexpected \"}\"", 1)], "x{y|a;}z;"),
        ("x \"a\"#c\n;", &[("unexpected \"#\"", 1)], "x|a;"),
        // Blocks inside data.
        (
            "map $a $b { ~^x{2}$ y; } z;",
            &[("unexpected \"{\"", 1)],
            "map|$a|$b[~^x{2}$|y;}z;",
        ),
        (
            "map $a $b {\n x y;\nserver { a; }",
            &[("unexpected \"{\"", 3)],
            "map|$a|$b[x|y;}server{a;}",
        ),
        (
            "types { a { b c; } d e; } z;",
            &[("unexpected \"{\"", 1)],
            "types[a{b|c;}d|e;}z;",
        ),
        (
            "map $a $b { a x {b; } server { c; }",
            &[("unexpected \"{\"", 1), ("unexpected \"{\"", 1)],
            "map|$a|$b[a|x{b;}}server{c;}",
        ),
        // Directives without a block before a `{`.
        (
            "server { server_name ~^x{1,2}$ y; listen 80; } z;",
            &[("directive \"server_name\" is not terminated by \";\"", 1)],
            "server{server_name|~^x{1,2}$|y;listen|80;}z;",
        ),
        (
            "server { listen 80\n location / { a; } } z;",
            &[("directive \"listen\" is not terminated by \";\"", 2)],
            "server{listen|80;location|/{a;}}z;",
        ),
        (
            "return 200 {\"a\":1}; z;",
            &[("directive \"return\" is not terminated by \";\"", 1)],
            "return|200|{\"a\":1};z;",
        ),
        (
            "server { listen 80 { a; } b; } z;",
            &[("directive \"listen\" is not terminated by \";\"", 1)],
            "server{listen|80;a;b;}z;",
        ),
        (
            "server { location ~ ^/x{2}$ { a; } } z;",
            &[("unknown directive \"2}$\"", 1)],
            "server{location|~|^/x{2}${a;}}z;",
        ),
        (
            "server { if ($uri ~ ^/x{2}) { a; } } z;",
            &[("invalid condition \"^/x\"", 1)],
            "server{if|($uri|~|^/x{2}){a;}}z;",
        ),
        // A byte order mark.
        (
            "\u{feff}user a;\nb;",
            &[("unknown directive \"\u{feff}user\"", 1)],
            "user|a;b;",
        ),
        (
            "\u{feff}# user\na;",
            &[("unknown directive \"\u{feff}#\"", 2)],
            "a;",
        ),
        // Lua.
        (
            "x_by; content_by_lua_block { { }\n",
            &[(
                "unexpected end of file, expecting terminating characters for lua code block",
                1,
            )],
            "x_by;content_by_lua_block<}",
        ),
    ];
    for (source, errors, wanted) in cases {
        let bytes = source.as_bytes();
        let tree = parse(bytes);
        let found: Vec<_> = tree
            .errors()
            .iter()
            .map(|e| (e.nginx(), e.nginx_line(bytes)))
            .collect();
        let errors: Vec<_> = errors
            .iter()
            .map(|(text, line)| ((*text).to_owned(), *line))
            .collect();
        assert_eq!(found, errors, "{source}");
        assert_eq!(shape(bytes), *wanted, "{source}");
    }
}

#[test]
fn tokens_must_fit_the_buffer_of_nginx() {
    let a = |count: usize| "a".repeat(count);
    let too_long = |start: &str| format!("too long parameter \"{start}...\" started");
    let quote = "too long parameter, probably missing terminating \"\"\" character".to_owned();
    let cases: Vec<(String, Option<String>)> = vec![
        (format!("x {};\n", a(4095)), None),
        (format!("x {};\n", a(4096)), Some(too_long("aaaaaaaaaa"))),
        (format!("x {} ;\n", a(4094)), None),
        (format!("x {} ;\n", a(4095)), Some(too_long("aaaaaaaaaa"))),
        (format!("x {}{{}}\n", a(4095)), None),
        (format!("x \"{}\";\n", a(4094)), None),
        (
            format!("x \"{}\";\n", a(4095)),
            Some(too_long("aaaaaaaaaa")),
        ),
        (format!("x \"{}\" ;\n", a(4093)), None),
        (
            format!("x \"{}\" ;\n", a(4094)),
            Some(too_long("aaaaaaaaaa")),
        ),
        (format!("x \"{}\";\n", a(4096)), Some(quote.clone())),
        (format!("x \"{}\n{}\" b;\n", a(4096), a(10)), Some(quote)),
        (format!("#{}\nx;\n", a(4094)), None),
        (format!("#{}\nx;\n", a(4095)), Some(too_long("#aaaaaaaaa"))),
        (format!("x{};\n", " ".repeat(10_000)), None),
    ];
    for (source, wanted) in cases {
        let tree = parse(source.as_bytes());
        let label = format!("{}… of {} bytes", &source[..5], source.len());
        assert_eq!(nginx_errors(&tree), Vec::from_iter(wanted), "{label}");
        assert_eq!(tree.directives().count(), 1, "{label}");
    }
    // At the end of a source there is nothing more to read, so nothing has to fit.
    for length in [4095, 4096] {
        let comment = format!("#{}", a(length - 1));
        assert_eq!(nginx_errors(&parse(comment.as_bytes())), [""; 0]);
    }
    let comment = format!("#{}", a(4096));
    assert_eq!(
        nginx_errors(&parse(comment.as_bytes())),
        [too_long("#aaaaaaaaa")]
    );
}

#[test]
fn templates_are_recognised_where_a_word_begins() {
    let cases: &[(&str, Option<&str>)] = &[
        ("server_name {{ name }};", Some("{{")),
        ("{% if x %}\nlisten 80;", Some("{%")),
        ("<% if x %>\nlisten 80;", Some("<%")),
        ("root /var/{{ x }};", Some("{{")),
        ("http {{\n server { listen 80; }}", None),
        ("x \"{{ y }}\";", None),
        ("x ~^a{2};", None),
        ("# {{ y }}\nx <y%;", None),
        ("content_by_lua_block { x = {{1}} }", None),
    ];
    for (source, wanted) in cases {
        let found = parse(source.as_bytes()).template();
        let text = found.map(|span| std::str::from_utf8(span.of(source.as_bytes())).unwrap());
        assert_eq!(text, *wanted, "{source}");
    }
}

#[test]
fn comments_are_kept_in_order() {
    let source = b"# one\nx y # two\n; #three";
    let tree = parse(source);
    let texts: Vec<_> = tree.comments().iter().map(|span| span.of(source)).collect();
    assert_eq!(texts, [&b"# one"[..], b"# two", b"#three"]);
}

#[test]
fn spans_tell_words_blocks_and_the_bytes_behind_a_text() {
    let source = br#"a { b "c\td\.e" f; }"#;
    let tree = parse(source);
    let outer = tree.directives().next().unwrap();
    assert_eq!(outer.span().of(source), source);
    assert_eq!(outer.open().unwrap().of(source), b"{");
    let inner: Directive<'_> = outer.children().next().unwrap();
    assert_eq!(inner.span().of(source), br#"b "c\td\.e" f;"#);
    assert_eq!(inner.open(), None);
    let word = &inner.arguments()[0];
    assert!(word.is_quoted());
    assert_eq!(word.raw(source), br#""c\td\.e""#);
    assert_eq!(word.text(source), b"c\td\\.e");
    let located: Vec<_> = (0..8)
        .map(|at| word.locate(source, at).of(source))
        .collect();
    assert_eq!(
        located,
        [&b"c"[..], br"\t", b"d", br"\", b".", b"e", b"", b""]
    );
    let plain = &inner.arguments()[1];
    assert!(!plain.is_quoted());
    assert_eq!(plain.locate(source, 0).of(source), b"f");
    assert_eq!(plain.locate(source, usize::MAX).of(source), b"");
}

#[test]
fn hostile_depth_and_hostile_errors_are_bounded() {
    let tree = parse(&vec![b'{'; 200_000]);
    assert_eq!(tree.errors().len(), MAX_ERRORS);

    let deep = "a{".repeat(MAX_DEPTH + 10) + "b;" + &"}".repeat(MAX_DEPTH + 10) + "c;";
    let tree = parse(deep.as_bytes());
    let messages: Vec<_> = tree.errors().iter().map(ToString::to_string).collect();
    assert_eq!(messages, ["blocks are nested deeper than 256 levels"]);
    assert_eq!(tree.directives().count(), 2);
    let mut depth = 0;
    let mut level = tree.directives();
    while let Some(directive) = level.next() {
        level = directive.children();
        depth += 1;
    }
    assert_eq!(depth, MAX_DEPTH + 1);

    let fits = "a{".repeat(MAX_DEPTH) + &"}".repeat(MAX_DEPTH);
    assert!(parse(fits.as_bytes()).errors().is_empty());
}
