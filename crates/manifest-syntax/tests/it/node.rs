//! Reading of manifests: values, spans, paths, comments, and the errors of broken ones.

use manifest_syntax::{Body, Document, Node, Span, Style, SyntaxError, Value, read};

/// The only document of a text, as JSON.
fn json(text: &str) -> String {
    let documents = read(text.as_bytes());
    assert_eq!(documents.len(), 1, "{text:?}");
    match &documents[0].body {
        Body::Tree(tree) => value(tree.root()).to_string(),
        Body::Empty => "null".to_owned(),
        other => format!("{other:?}"),
    }
}

fn value(node: Node<'_>) -> serde_json::Value {
    match node.value() {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => value.into(),
        Value::Integer(value) => i64::try_from(value).map_or_else(
            |_| u64::try_from(value).expect("64 bits").into(),
            serde_json::Value::from,
        ),
        Value::Float(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Sequence => node.items().map(value).collect(),
        Value::Mapping => {
            let entries = node
                .entries()
                .map(|(key, item)| (key.text().to_owned(), value(item)));
            serde_json::Value::Object(entries.collect())
        }
    }
}

fn error(text: &str) -> SyntaxError {
    for document in read(text.as_bytes()) {
        if let Body::Broken(error) = document.body {
            return error;
        }
    }
    panic!("no error in {text:?}");
}

fn of(span: Span, text: &str) -> &str {
    std::str::from_utf8(span.of(text.as_bytes())).expect("spans end at characters")
}

/// Walks `spec.tls[0]` style steps: a number is an index.
fn at<'a>(document: &'a Document<'_>, steps: &[&str]) -> Node<'a> {
    let mut node = document.tree().expect("the document can be read").root();
    for step in steps {
        node = match step.parse::<usize>() {
            Ok(index) => node.items().nth(index).expect("the item is there"),
            Err(_) => node.get(step).expect("the key is there"),
        };
    }
    node
}

/// Asked of sigs.k8s.io/yaml 1.6.0, which kubectl and Helm read with.
#[test]
fn odd_documents_mean_what_they_mean_to_kubectl() {
    for (text, expected) in [
        ("v: !!str 12", r#"{"v":"12"}"#),
        ("v: !!str yes", r#"{"v":"yes"}"#),
        ("v: !!str ~", r#"{"v":"~"}"#),
        ("v: !!str", r#"{"v":""}"#),
        ("v: !!int \"12\"", r#"{"v":12}"#),
        ("v: !!int '0x1f'", r#"{"v":31}"#),
        ("v: !!float 3.5", r#"{"v":3.5}"#),
        ("v: !!bool \"yes\"", r#"{"v":true}"#),
        ("v: !!null ''", r#"{"v":null}"#),
        ("v: !!binary aGVsbG8=", r#"{"v":"hello"}"#),
        ("v: !!binary |\n  aGVs\n  bG8=", r#"{"v":"hello"}"#),
        ("v: !!binary /w==", "{\"v\":\"\u{fffd}\"}"),
        ("v: !!timestamp 2001-01-01", r#"{"v":"2001-01-01"}"#),
        ("v: !foo 12", r#"{"v":"12"}"#),
        ("v: !foo yes", r#"{"v":"yes"}"#),
        ("v: !foo {a: 1}", r#"{"v":{"a":1}}"#),
        ("v: ! 12", r#"{"v":"12"}"#),
        ("v: ! \nb: 1", r#"{"b":1,"v":""}"#),
        ("v: !<tag:yaml.org,2002:str> 12", r#"{"v":"12"}"#),
        ("v: !!str [1]", r#"{"v":[1]}"#),
        ("v: !!set {a, b}", r#"{"v":{"a":null,"b":null}}"#),
        ("!!str yes: b", r#"{"yes":"b"}"#),
        ("!!int '1': b", r#"{"1":"b"}"#),
        ("'yes': b", r#"{"yes":"b"}"#),
        ("yes: b", r#"{"true":"b"}"#),
        ("v: \"12\"", r#"{"v":"12"}"#),
        ("v: |\n  12", r#"{"v":"12\n"}"#),
        ("v: >-\n  yes", r#"{"v":"yes"}"#),
        ("a: 1\na: 2", r#"{"a":2}"#),
        ("1: a\n'1': b", r#"{"1":"b"}"#),
        ("yes: a\ntrue: b", r#"{"true":"b"}"#),
        ("x: &a 1\nz: &a 2\nk: *a", r#"{"k":2,"x":1,"z":2}"#),
        ("x: &a yes\n*a : b", r#"{"true":"b","x":true}"#),
        ("a: &x\nb: *x", r#"{"a":null,"b":null}"#),
        ("? |\n  k\n: 2", r#"{"k\n":2}"#),
        ("'': 2", r#"{"":2}"#),
        ("a: [1, 2,]", r#"{"a":[1,2]}"#),
        ("a: {b, c: }", r#"{"a":{"b":null,"c":null}}"#),
        ("a:\tb", r#"{"a":"b"}"#),
        ("a: b\tc", r#"{"a":"b\tc"}"#),
        ("a: 'b\n\n  c'", r#"{"a":"b\nc"}"#),
        ("a: \"x\u{2028}y\"", "{\"a\":\"x\u{2028}y\"}"),
        ("{\"a\":1,}", r#"{"a":1}"#),
        ("{\n\t\"a\":\t1\n}", r#"{"a":1}"#),
        ("\u{feff}a: 1", r#"{"a":1}"#),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", r#"{"a":1,"b":"x\ny\n"}"#),
        ("a: |2\n    x\n  y\n", r#"{"a":"  x\ny\n"}"#),
        ("a: >-\n  x\n  y\n\n  z\n   w\n", r#"{"a":"x y\nz\n w"}"#),
        ("a: 1# c", r#"{"a":"1# c"}"#),
        ("a: ::1", r#"{"a":"::1"}"#),
        ("a: {a:b}", r#"{"a":{"a:b":null}}"#),
        ("a: x\n b", r#"{"a":"x b"}"#),
        ("a: [\n1\n]", r#"{"a":[1]}"#),
        ("a: x{{ y }}", r#"{"a":"x{{ y }}"}"#),
        ("12", "12"),
        ("null", "null"),
        ("---", "null"),
        ("# c", "null"),
    ] {
        assert_eq!(json(text), expected, "{text:?}");
    }
}

/// Asked of sigs.k8s.io/yaml 1.6.0: in the order of writing, and the first of a list wins.
#[test]
fn merge_keys_count_in_the_order_of_writing() {
    for (text, expected) in [
        ("x: &a {k: 1, l: 2}\nz: {<<: *a, k: 3}", r#"{"k":3,"l":2}"#),
        ("x: &a {k: 1, l: 2}\nz: {k: 3, <<: *a}", r#"{"k":1,"l":2}"#),
        (
            "x: &a {k: 1}\ny: &b {k: 2, m: 3}\nz: {<<: [*a, *b]}",
            r#"{"k":1,"m":3}"#,
        ),
        (
            "x: &a {k: 1}\ny: &b {k: 2, m: 3}\nz: {<<: *a, <<: *b}",
            r#"{"k":2,"m":3}"#,
        ),
        ("z: {<<: {k: 1}}", r#"{"k":1}"#),
        ("z: {\"<<\": {k: 1}}", r#"{"<<":{"k":1}}"#),
        ("z: {!!merge <<: {k: 1}}", r#"{"k":1}"#),
        ("x: &a {<<: {k: 1}, l: 2}\nz: {<<: *a}", r#"{"k":1,"l":2}"#),
    ] {
        let documents = read(text.as_bytes());
        assert_eq!(
            value(at(&documents[0], &["z"])).to_string(),
            expected,
            "{text}"
        );
        assert!(documents[0].tree().unwrap().duplicates().is_empty());
    }
}

#[test]
fn what_kubectl_refuses_is_refused_at_its_place() {
    for (text, word, message) in [
        ("a: *x", "*x", "this alias has no anchor in its document"),
        ("x: &a [*a]", "*a", "an anchored value contains itself"),
        ("? {a: 1}\n: 2", "{", "a key must be a text"),
        ("? [a]\n: 2", "[", "a key must be a text"),
        ("~: 2", "~", "`~` is no key"),
        ("a: 1\nnull: 2", "null", "`null` is no key"),
        (
            "12345678901234567890: v",
            "12345678901234567890",
            "`12345678901234567890` is no key",
        ),
        (
            "y: {<<: 3}",
            "<<",
            "the value of `<<` must be a mapping or a list of mappings",
        ),
        (
            "y: {<<: [[{k: 1}]]}",
            "<<",
            "the value of `<<` must be a mapping or a list of mappings",
        ),
        (
            "v: !!bool maybe",
            "maybe",
            "`maybe` is not what its tag `!!bool` says",
        ),
        (
            "v: !!int 3.5",
            "3.5",
            "`3.5` is not what its tag `!!int` says",
        ),
        (
            "v: !!binary '&&&'",
            "'&&&'",
            "the value of `!!binary` is no base64",
        ),
        ("a: b: c", ":", "`:` is not allowed here"),
        ("a:\n\tb: c", "b:", "a tab indents this line"),
        ("a: 1\n\tb: c", "1", "a tab indents this line"),
        ("a: @x", "@x", "a value cannot start with `@`"),
        ("a: 'x", "'x", "this quote is not closed"),
        ("a: [1, 2\n", "[1,", "`[` is not closed"),
        ("a: \"x\" y", "y", "a value ends with its closing quote"),
        (
            "a:\n  b: 1\n c: 2",
            "c:",
            "this line is indented unlike the keys around it",
        ),
        ("a: 1\nb\nc: 2", "b", "a `:` is missing behind this key"),
        ("a: x\u{7}y", "x\u{7}y", "control character U+0007"),
        (
            "a: \"\\q\"",
            "\"\\q\"",
            "a `\\` escape in this value is wrong",
        ),
    ] {
        let error = error(text);
        assert_eq!(
            (of(error.span, text), error.message.as_str()),
            (word, message),
            "{text:?}"
        );
    }
}

#[test]
fn json_errors_stand_where_they_are() {
    for (text, word, message) in [
        ("{\"a\": :}", ":", "a value is missing"),
        ("{\"a\": 1 \"b\": 2}", "\"b\"", "`,` or `}` is missing"),
        ("{\"a\" 1}", "1", "`:` is missing"),
        ("{}\n[{\"a\": 01}]", "01", "this is no number"),
        ("{\"a\": \"x", "\"x", "this quote is not closed"),
        (
            "{\"a\": \"x\u{1}\"}",
            "\u{1}\"",
            "control character U+0001 in a string",
        ),
        ("{\"a\": \"\\x\"}", "\\x\"", "this escape is unknown"),
        ("{\"a\": 1}\n{\"a\": tru}", "tru", "a value is missing"),
    ] {
        let error = error(text);
        assert_eq!(
            (of(error.span, text), error.message.as_str()),
            (word, message),
            "{text:?}"
        );
    }
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let text = "a: 1\n---\nb: [\n---\nc: 'x\n---\nd: 4\n...\ne: 5 6: 7: 8\n...\nf: 6\n";
    let documents = read(text.as_bytes());
    let bodies: Vec<_> = documents
        .iter()
        .map(|document| document.tree().map(|tree| value(tree.root()).to_string()))
        .collect();
    let tree = |text: &str| Some(text.to_owned());
    assert_eq!(
        bodies,
        [
            tree(r#"{"a":1}"#),
            None,
            None,
            tree(r#"{"d":4}"#),
            None,
            tree(r#"{"f":6}"#)
        ]
    );

    let lines = "{\"a\": 1}\n{\"b\": }\n{\"c\": 3}\n";
    let documents = read(lines.as_bytes());
    let good = documents
        .iter()
        .filter(|document| document.tree().is_some());
    assert_eq!((documents.len(), good.count()), (3, 2));
}

#[test]
fn a_document_of_bytes_that_are_no_utf8_does_not_hide_the_others() {
    let documents = read(b"a: 1\n---\nb: \xff\n---\nc: 3\n");
    assert_eq!(documents.len(), 3);
    let Body::Broken(error) = &documents[1].body else {
        panic!("{documents:?}");
    };
    assert_eq!(error.message, "byte 0xFF is no UTF-8");
    assert_eq!(error.span, Span::new(12, 13));
    assert_eq!(at(&documents[2], &["c"]).value(), Value::Integer(3));
}

#[test]
fn utf16_is_told() {
    for text in [&b"\xff\xfea\0:\0"[..], b"\xfe\xff\0a", b"a\0:\0 \0"] {
        let documents = read(text);
        let Body::Broken(error) = &documents[0].body else {
            panic!("{documents:?}");
        };
        assert_eq!(error.message, "the text is UTF-16");
    }
}

#[test]
fn templates_are_no_errors() {
    for text in [
        "{{- if .Values.ingress.enabled }}\napiVersion: v1\n{{- end }}\n",
        "metadata:\n  name: {{ .Values.name }}\n",
        "metadata:\n  name: {{ include \"x\" . | quote }}\n",
        "a: 1\n{{- range .Values.hosts }}\n- {{ . }}\n{{- end }}\n",
        "hosts:\n  {{- toYaml .Values.hosts | nindent 4 }}\n",
        "hosts: [{{ .Values.host }}]\n",
        "- {{ x }}\n",
        "{% if x %}\na: 1\n{% endif %}\n",
        "---\n# comment\n{{ define \"x\" }}\n",
    ] {
        let documents = read(text.as_bytes());
        let Body::Template(span) = &documents[0].body else {
            panic!("{text:?}: {:?}", documents[0].body);
        };
        let mark = of(*span, text);
        assert!(mark == "{{" || mark == "{%", "{text:?}: {mark}");
    }
}

#[test]
fn braces_inside_texts_make_no_template() {
    let text = "a: \"{{ x }}\"\nb: |\n  {{ x }}\nc: 'x\n  {{ y }}'\n";
    assert!(read(text.as_bytes())[0].tree().is_some());
    // The error is its own, the braces are in a block and in a comment.
    for text in [
        "b: |\n  {{ x }}\nc: [\n",
        "# {{ x }}\nc: d: e\n",
        "a: \"{{ x }}\"\nc: d: e\n",
        "a: x {{ y }}\nc: d: e\n",
    ] {
        assert!(
            matches!(read(text.as_bytes())[0].body, Body::Broken(_)),
            "{text:?}"
        );
    }
}

#[test]
fn paths_are_written_as_kubernetes_writes_them() {
    let text = "spec:\n  tls:\n  - {}\n  - hosts:\n    - a\n    - b\ndata:\n  tls.crt: x\n  a/b: y\n  k-e_y: z\n";
    let documents = read(text.as_bytes());
    for (steps, path) in [
        (
            &["spec", "tls", "1", "hosts", "1"][..],
            "spec.tls[1].hosts[1]",
        ),
        (&["data", "tls.crt"], "data[tls.crt]"),
        (&["data", "a/b"], "data[a/b]"),
        (&["data", "k-e_y"], "data.k-e_y"),
        (&["spec", "tls"], "spec.tls"),
        (&[], ""),
    ] {
        assert_eq!(at(&documents[0], steps).path().as_str(), path);
    }
    let host = at(&documents[0], &["spec", "tls", "1", "hosts", "1"]);
    assert_eq!(of(host.span(), text), "b");
    assert!(host.key().is_none());
    let key = at(&documents[0], &["data", "tls.crt"]).key().unwrap();
    assert_eq!((key.text(), of(key.span(), text)), ("tls.crt", "tls.crt"));
}

#[test]
fn spans_are_the_bytes_that_were_written() {
    let text = "x: 1\n---\na: \"q\"\nb: 'r' # c\nc: plain  # d\nd:\n  - 1\n  - k: [v, {w: z}]\n    l:\ne: |\n  one\n  two\n\nf: >-\n  x\n  y\ng: &g !!str h\ni: *g\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let documents = read(text.as_bytes());
        let span = |steps: &[&str]| of(at(&documents[1], steps).span(), &text);
        assert_eq!(span(&["a"]), "\"q\"");
        assert_eq!(span(&["b"]), "'r'");
        assert_eq!(span(&["c"]), "plain");
        assert_eq!(span(&["d", "1", "k"]), "[v, {w: z}]");
        assert_eq!(span(&["d", "1", "k", "1"]), "{w: z}");
        assert_eq!(span(&["d", "1", "l"]), "");
        assert!(span(&["d"]).starts_with("1") && span(&["d"]).ends_with("l"));
        assert_eq!(span(&["e"]).replace('\r', ""), "one\n  two");
        assert_eq!(span(&["f"]).replace('\r', ""), "x\n  y");
        assert_eq!(span(&["g"]), "h");
        assert_eq!(
            span(&["i"]),
            "h",
            "the text of an alias stands at its anchor"
        );
        assert_eq!(at(&documents[1], &["i"]).path().as_str(), "i");
        let comments = documents[1].comments.iter();
        let comments: Vec<_> = comments.map(|&comment| of(comment, &text)).collect();
        assert_eq!(comments, ["# c", "# d"]);
    }
}

#[test]
fn aliases_and_merges_have_paths_of_their_own() {
    let text = "x: &x\n  hosts: [a, b]\nz:\n- *x\n- <<: *x\n  more: 1\n";
    let documents = read(text.as_bytes());
    for (steps, path) in [
        (&["z", "0", "hosts", "1"], "z[0].hosts[1]"),
        (&["z", "1", "hosts", "1"], "z[1].hosts[1]"),
    ] {
        let host = at(&documents[0], steps);
        assert_eq!((host.str(), host.path().as_str()), (Some("b"), path));
        assert_eq!(of(host.span(), text), "b");
    }
}

#[test]
fn a_key_that_is_written_twice_is_told() {
    let text = "a:\n- x: 1\n- t.c: 1\n  t.c: 2\n  t.c: 3\n";
    for text in [text.to_owned(), text.replace("x: 1", "x: [1]")] {
        let documents = read(text.as_bytes());
        let tree = documents[0].tree().unwrap();
        let found: Vec<_> = tree
            .duplicates()
            .iter()
            .map(|found| (found.path.as_str(), found.lost.start < found.key.start))
            .collect();
        assert_eq!(found, [("a[1][t.c]", true); 2]);
        let item = at(&documents[0], &["a", "1"]);
        assert_eq!(item.get("t.c").unwrap().value(), Value::Integer(3));
        assert_eq!(item.entries().count(), 1);
    }
    let many: String = (0..40).map(|n| format!("k{}: {n}\n", n % 20)).collect();
    let documents = read(many.as_bytes());
    let tree = documents[0].tree().unwrap();
    assert_eq!(
        (tree.duplicates().len(), tree.root().entries().count()),
        (20, 20)
    );
    assert_eq!(tree.root().get("k3").unwrap().value(), Value::Integer(23));
    let json = read(br#"{"a": 1, "a": 2}"#);
    assert_eq!(json[0].tree().unwrap().duplicates().len(), 1);
}

#[test]
fn a_text_leads_back_to_its_bytes() {
    let pem = "-----BEGIN\nQUJD\n\n  x\n-----END\n";
    let indented = pem.replace('\n', "\n    ");
    let literal = format!("a:\n  b: |\n    {}\n", indented.trim_end());
    let kept = format!("a:\n  b: |2+\n    {}\n\n", indented.trim_end());
    let blank = format!("a:\n  b: |\n\n\n    {}\n", indented.trim_end());
    let quoted = format!(
        "a:\n  b: \"\\u00e4{}\\x21\\U0001F600\"\n",
        pem.replace('\n', "\\n")
    );
    let json = format!(
        "{{\"a\": {{\"b\": \"\\ud83d\\ude00{}\"}}}}",
        pem.replace('\n', "\\n")
    );
    let single = "a: {b: 'it''s -----BEGIN QUJD -----END'}".to_owned();
    for text in [
        literal.clone(),
        literal.replace('\n', "\r\n"),
        kept,
        blank,
        quoted,
        json,
        single,
        "a: {b: -----BEGIN QUJD -----END}".to_owned(),
    ] {
        let documents = read(text.as_bytes());
        let node = at(&documents[0], &["a", "b"]);
        let map = node.text_map();
        for word in ["-----BEGIN", "QUJD", "-----END"] {
            let start = node.str().unwrap().find(word).unwrap();
            let part = Span::new(start, start + word.len());
            assert_eq!(of(map.locate(part), &text), word, "{text:?}");
        }
        let end = node.str().unwrap().len();
        let behind = map.locate(Span::new(end, end));
        assert!(
            behind.start <= behind.end && behind.end as usize <= text.len(),
            "{text:?}"
        );
    }
    let text = "a: \"x\\ny\"";
    let documents = read(text.as_bytes());
    let map = at(&documents[0], &["a"]).text_map();
    assert_eq!(of(map.locate(Span::new(0, 2)), text), "x\\n");

    let folded = "a: >\n  x\n  y\n";
    let documents = read(folded.as_bytes());
    let node = at(&documents[0], &["a"]);
    assert_eq!(node.style(), Some(Style::Folded));
    assert_eq!(node.text_map().locate(Span::new(2, 3)), node.span());
}

#[test]
fn every_way_to_write_several_documents_is_read() {
    for (text, count) in [
        ("", 0),
        ("\n\n", 0),
        ("---\n---\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n...\nb: 2\n", 2),
        ("a: 1\n...\n---\nb: 2\n", 2),
        ("%YAML 1.2\n---\na: 1\n---\nb: 2\n", 2),
        (
            "%TAG !e! tag:x,2000:\n---\na: !e!b 1\n...\n%YAML 1.2\n---\nb: 2\n",
            2,
        ),
        ("{\"a\":1}{\"b\":2}", 2),
        ("{\"a\":1}\n{\"b\":2}\n", 2),
        ("--- {\"a\":1}\n---\n\n{\"b\":2}\n", 2),
        ("---\na: 1\n---\n{\"b\":2}\n---\nc: |\n  ---\n", 3),
        ("a: 1\n----\nb: 2\n", 1),
        ("--- |\n x\n---\n- 1\n", 2),
    ] {
        let documents = read(text.as_bytes());
        assert_eq!(documents.len(), count, "{text:?}: {documents:?}");
    }
    assert_eq!(
        json("%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1\n"),
        r#"{"a":"1"}"#
    );
}

/// Asked of sigs.k8s.io/yaml 1.4.0.
#[test]
fn quotes_may_go_on_to_the_left_of_their_key() {
    for (value, expected) in [
        ("\"one\ntwo\"", "one two"),
        ("'one\ntwo'", "one two"),
        ("\"one\n\n\ntwo\"", "one\n\ntwo"),
        ("\"one \\\" x\n# two\n- x: y\"", "one \" x # two - x: y"),
        ("'it''s\n two'", "it's two"),
        ("\"one  \\\ntwo\"", "one  two"),
    ] {
        let text = format!(
            "# it's \"a\na:\n  - 'k': {value}\n    b: 'c\nd'\ne: \"f\n\ng\" # h\ni: j\n---\nk: l\n"
        );
        let documents = read(text.as_bytes());
        let [first, second] = &documents[..] else {
            panic!("{documents:?}");
        };
        let root = first.tree().unwrap_or_else(|| panic!("{first:?}")).root();
        let item = root
            .get("a")
            .and_then(|list| list.items().next())
            .expect("an item");
        let get = |key| item.get(key).and_then(|value| value.str());
        assert_eq!(
            (get("k"), get("b")),
            (Some(expected), Some("c d")),
            "{text}"
        );
        assert_eq!(
            item.get("k").expect("it").span().of(text.as_bytes()),
            value.as_bytes()
        );
        let last = root.get("i").expect("behind it");
        assert_eq!(last.span().of(text.as_bytes()), b"j", "{text}");
        assert_eq!(root.get("e").and_then(|value| value.str()), Some("f\ng"));
        assert_eq!(first.comments[1].of(text.as_bytes()), b"# h");
        assert!(second.tree().is_some());
    }
    for broken in [
        "a: \"one\ntwo",
        "a: 'one\ntwo'' x",
        "a: \"one\ntwo\" x\nb: 1\n",
    ] {
        assert!(read(broken.as_bytes())[0].tree().is_none(), "{broken}");
    }
}

#[test]
fn an_alias_may_be_a_key() {
    assert_eq!(
        json("metadata: {name: &app web}\ndata:\n  *app: value\n  x: {*app: 1}\n"),
        r#"{"data":{"web":"value","x":{"web":1}},"metadata":{"name":"web"}}"#
    );
    let text = "a: &b c\n*b: d\n";
    let documents = read(text.as_bytes());
    let value = at(&documents[0], &["c"]);
    assert_eq!(of(value.span(), text), "d");
    assert_eq!(
        error("a: 1\n*b: c\n").message,
        "this alias has no anchor in its document"
    );
}

#[test]
fn any_number_of_quotes_may_go_on_to_the_left() {
    let text = "- rule: 'a\n  b'\n".repeat(500);
    let documents = read(text.as_bytes());
    let root = documents[0].tree().expect("it can be read").root();
    let rules: Vec<_> = root
        .items()
        .filter_map(|item| item.get("rule")?.str())
        .collect();
    assert_eq!(rules, ["a b"; 500]);
    let text = text + "- x: 'a' b\n";
    let error = error(&text);
    assert_eq!(error.message, "a value ends with its closing quote");
    assert_eq!(of(error.span, &text), "b");
}

#[test]
fn after_a_template_nothing_more_is_said_of_its_section() {
    for template in [
        "{{ if .Values.on }}\nkind: Namespace\nmetadata:\n  name: x\n{{ end }}\n",
        "{{- $name := 1 }}\nkind: A\n  broken: here\n{{ end }}\n",
        "metadata:\n  name: \"{{ include \"web.fullname\" . }}-test\"\n  x: [\n",
        "metadata:\n  name: '{{ default 'x' . }}'\n",
    ] {
        let stream = format!("{template}---\na: 1\n---\nb: 'c' d\n");
        let documents = read(stream.as_bytes());
        assert!(
            matches!(
                documents.iter().map(|it| &it.body).collect::<Vec<_>>()[..],
                [Body::Template(_), Body::Tree(_), Body::Broken(_)]
            ),
            "{documents:?}"
        );
    }
}

#[test]
fn an_error_beside_braces_is_an_error() {
    for text in [
        "a: \"b\" c\n",
        "a: \"{{ b }}\" c\n",
        "# {{ x\na: \"b\" c\n",
        "a: \"{{ b\"\nc: \"d\" e\n",
    ] {
        assert_eq!(
            error(text).message,
            "a value ends with its closing quote",
            "{text}"
        );
    }
}

#[test]
fn brackets_may_follow_marks_and_comments() {
    let text = "--- # one\n# two\n{\n\t\"a\": 1\n}\n---\n{\n  b: \"x\", # three\n}\n";
    let documents = read(text.as_bytes());
    let values: Vec<_> = documents
        .iter()
        .map(|document| value(document.tree().expect("it can be read").root()).to_string())
        .collect();
    assert_eq!(values, [r#"{"a":1}"#, r#"{"b":"x"}"#]);
    let comments = documents.iter().flat_map(|document| &document.comments);
    let comments: Vec<_> = comments.map(|&comment| of(comment, text)).collect();
    assert_eq!(comments, ["# one", "# two", "# three"]);
}
