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
        "error: no nginx configuration or Kubernetes manifests found\n"
    );
}
