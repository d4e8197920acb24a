//! `certlint resolve`.

use crate::support::{NOW, Tree, main_file};

#[test]
fn answers_are_told_as_a_table_or_as_json() {
    let options = [
        "resolve",
        "fixtures/example/nginx.conf",
        "--name",
        "www.example.com",
        "--name",
        "",
        "--connect",
        "127.0.0.1:443",
    ];
    let run = Tree::example().run(&options);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("resolve_text", run.stdout);
    let run = Tree::example().run(&[&options[..], &["--format", "json"]].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("resolve_json", run.stdout);
}

#[test]
fn a_configuration_that_nginx_refuses_serves_nothing() {
    let tree = Tree::new(&[("nginx.conf", &main_file("example.com", "missing"))]);
    let options = [
        "resolve",
        "--name",
        "example.com",
        "--format",
        "json",
        "nginx.conf",
    ];
    let run = tree.run(&options);
    assert_eq!((run.code, run.stdout.as_str()), (2, "[]\n"), "{run:?}");
    assert!(run.stderr.contains("error: nginx.conf:6:"), "{run:?}");
    // A finding about the same is no failure of the run.
    assert_eq!(tree.run(&["nginx.conf", "--now", NOW]).code, 1);
}

#[test]
fn an_address_where_nobody_listens_has_no_answer() {
    let tree = Tree::example();
    let run = tree.run(&[
        "resolve",
        "--name",
        "example.com",
        "--connect",
        "127.0.0.1:1",
        "fixtures/example/nginx.conf",
    ]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(run.stderr, "note: no listener answers\n");
}

#[test]
fn nothing_to_ask_is_a_failure() {
    let tree = Tree::new(&[("notes", "hello\n")]);
    let run = tree.run(&["resolve", "--name", "a", "."]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: nothing to check: no Kubernetes manifests or nginx configurations found\n"
    );
}

#[test]
fn includes_that_were_not_read_are_named() {
    let main = "events {}\nhttp { include /srv/sites/*; }\n";
    let tree = Tree::new(&[("nginx.conf", main)]);
    let ask = |tree: &Tree, name: &str| {
        let run = tree.run(&["resolve", "nginx.conf", "--name", name, "--format", "json"]);
        let answers: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        (run, answers.as_array().unwrap().clone())
    };
    let (run, answers) = ask(&tree, "a.example");
    assert!(run.stderr.contains("`/srv/sites/*`"), "{run:?}");
    assert_eq!(answers.len(), 1, "{run:?}");
    assert_eq!(answers[0]["outcome"], "unknown", "{run:?}");
    // A server that is here answers its own name, and perhaps others.
    let text = main_file("example.com", "a");
    let text = text.replace("http {\n", "http {\ninclude /srv/sites/*;\n");
    let tree = Tree::new(&[("nginx.conf", &text)]);
    tree.certificate("example.com", "a");
    let (run, answers) = ask(&tree, "example.com");
    assert_eq!(answers[0]["outcome"], "served", "{run:?}");
    let (run, answers) = ask(&tree, "a.example");
    assert_eq!(answers[0]["outcome"], "unknown", "{run:?}");
    // Where everything is read, the default server answers.
    let tree = Tree::new(&[("nginx.conf", &main_file("example.com", "a"))]);
    tree.certificate("example.com", "a");
    let (run, answers) = ask(&tree, "a.example");
    assert_eq!(answers[0]["outcome"], "served", "{run:?}");
    assert!(!run.stderr.contains("not read"), "{run:?}");
}

#[test]
fn a_server_whose_certificate_may_be_elsewhere_is_not_judged() {
    let text = "events {}\nhttp {\nserver { listen 443 ssl default_server; server_name example.com; \
                ssl_certificate a.crt; ssl_certificate_key a.key; }\n\
                server { listen 443 ssl; server_name b.example; include /srv/tls.conf; }\n}\n";
    let tree = Tree::new(&[("nginx.conf", text)]);
    tree.certificate("example.com", "a");
    let run = tree.run(&["resolve", "nginx.conf", "--name", "b.example"]);
    assert!(run.stdout.contains("unknown"), "{run:?}");
    assert!(!run.stdout.contains("not-covered"), "{run:?}");
}
