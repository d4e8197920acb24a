//! Exit codes, streams, formats and levels of `certlint check`.

use std::fs;
use std::process::Stdio;

use crate::support::{NOW, Run, Tree, fixtures, main_file, program};

const EXAMPLE: &str = "fixtures/example/nginx.conf";

fn example(options: &[&str]) -> Run {
    Tree::example().run(&[&[EXAMPLE, "--now", NOW][..], options].concat())
}

/// A server that is served with a certificate for `example.com` and `www.example.com`.
fn tree(names: &str) -> Tree {
    let tree = Tree::new(&[("nginx.conf", &main_file(names, "certs/a"))]);
    tree.certificate("example.com", "certs/a");
    tree
}

#[test]
fn the_example_looks_like_this() {
    let text = example(&[]);
    assert_eq!(text.code, 1);
    insta::assert_snapshot!("example_text", text.stdout);
    insta::assert_snapshot!("example_summary", text.stderr);
    insta::assert_snapshot!("example_short", example(&["--format", "short"]).stdout);
    let json = example(&["--format", "json"]);
    assert_eq!(json.code, 1);
    insta::assert_snapshot!("example_json", json.stdout);
}

#[test]
fn the_readme_shows_what_the_example_looks_like() {
    let readme = fixtures().join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let shown = readme.split("```text\n").nth(1).unwrap();
    let shown = shown.split("\n```").next().unwrap();
    assert_eq!(shown, example(&[]).stdout.trim_end());
}

#[test]
fn the_subcommand_may_be_left_out() {
    let tree = tree("example.com");
    for arguments in [
        &["nginx.conf", "--now", NOW][..],
        &["check", "nginx.conf", "--now", NOW],
        &["--now", NOW],
        &["check", "--now", NOW, "."],
    ] {
        let run = tree.run(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.stdout, "");
        assert_eq!(run.stderr, "no findings · 1 file, 1 name, 1 certificate\n");
    }
}

#[test]
fn a_file_called_like_a_subcommand_is_reached_with_a_dot() {
    let tree = tree("example.com");
    tree.write("check", main_file("other.example", "certs/a"));
    let run = tree.run(&["./check", "--now", NOW, "--format", "short"]);
    assert_eq!(run.findings(), ["check:5 name-not-covered"]);
    let run = tree.run(&["-q", "rules"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("subcommand"), "{run:?}");
}

#[test]
fn fail_on_decides_the_exit_code() {
    let tree = tree("other.example");
    for (options, code) in [
        (&[][..], 1),
        (&["--fail-on", "never"], 0),
        (&["--warn", "name-not-covered"], 0),
        (&["--warn", "name-not-covered", "--fail-on", "warning"], 1),
        (&["--info", "name-not-covered", "--fail-on", "warning"], 0),
        (&["--info", "name-not-covered", "--fail-on", "info"], 1),
        (&["--ignore", "name-not-covered", "--fail-on", "info"], 0),
    ] {
        let run = tree.run(&[&["nginx.conf", "--now", NOW], options].concat());
        assert_eq!(run.code, code, "{options:?} {run:?}");
    }
}

#[test]
fn usage_errors_are_told_on_standard_error_only() {
    let tree = tree("example.com");
    for (arguments, message) in [
        (
            &["--ignore", "name-not-coverd"][..],
            "did you mean `name-not-covered`?",
        ),
        (&["--ignore", "x"], "see `certlint rules`"),
        (
            &["--warn", "self-signed", "--ignore", "self-signed"],
            "given two levels",
        ),
        (&["--format", "yaml"], "invalid value"),
        (&["--now", "tomorrow"], "invalid value"),
        (&["--nginx-version", "1.22"], "invalid value"),
        (&["--map-path", "etc=x"], "absolute"),
        (&["--map-path", "/etc=missing"], "--map-path `missing`"),
        (&["--root", "missing"], "--root `missing`"),
        (&["--exclude", "["], "--exclude `[`"),
        (&["-q", "-v"], "cannot be used with"),
        (
            &["missing.conf"],
            "cannot read `missing.conf`: no such file",
        ),
        (
            &["certs/a.crt"],
            "`certs/a.crt` is not recognised as Kubernetes manifests or nginx",
        ),
        (&["--namespace", "Shop"], "lower-case letters"),
        (
            &[
                "resolve",
                "--name",
                "a",
                "--class",
                "a",
                "--connect",
                "[::]:1",
            ],
            "cannot be used with",
        ),
        (&["explain", "x"], "unknown rule `x`"),
        (&["resolve"], "--name"),
        (&["cert"], "<FILE>"),
    ] {
        let run = tree.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?} {run:?}");
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(run.stderr.contains(message), "{arguments:?} {run:?}");
    }
}

#[test]
fn what_cannot_be_read_does_not_hide_the_rest() {
    let run = tree("other.example").run(&[
        "missing.conf",
        "nginx.conf",
        "certs/a.crt",
        "--format",
        "short",
        "--now",
        NOW,
    ]);
    assert_eq!(run.code, 2);
    assert_eq!(run.findings(), ["nginx.conf:5 name-not-covered"]);
    assert_eq!(run.stderr.matches("error: ").count(), 2, "{run:?}");
}

#[test]
fn quiet_leaves_findings_and_errors_only() {
    let run = tree("other.example").run(&["nginx.conf", "missing", "-q", "--now", NOW]);
    assert!(run.has("name-not-covered"));
    assert_eq!(
        run.stderr,
        "error: cannot read `missing`: no such file or directory\n"
    );
}

#[test]
fn what_cannot_be_verified_is_counted_and_shown_on_demand() {
    let tree = Tree::new(&[("nginx.conf", &main_file("example.com", "/run/secrets/a"))]);
    let run = tree.run(&["--format", "short"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(
        run.stderr.contains(" unverifiable (run with -v to list)\n"),
        "{run:?}"
    );
    let run = tree.run(&["--format", "short", "-v"]);
    assert!(run.has("unverifiable"));
    assert!(run.stderr.ends_with(" unverifiable\n"), "{run:?}");
    let run = tree.run(&["--format", "short", "--warn", "unverifiable"]);
    assert!(run.has("unverifiable"), "{run:?}");
    assert!(
        tree.run(&["--format", "json"])
            .stdout
            .contains("\"unverifiable\"")
    );
}

#[test]
fn a_report_can_go_to_a_file() {
    let tree = tree("other.example");
    let options = ["--now", NOW, "--output-file", "out.txt"];
    let run = tree.run(&options);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    let text = fs::read_to_string(tree.path().join("out.txt")).unwrap();
    assert!(text.contains("error[name-not-covered]"));
    let run = tree.run(&["--output-file", "missing/out.txt"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("cannot write `missing/out.txt`"),
        "{run:?}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let tree = tree("other.example");
    let mut child = program(tree.path())
        .args(["--now", NOW])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    // Either the program was faster, or it noticed.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{stderr}");
    assert!(
        !stderr.contains("panicked") && !stderr.contains("error:"),
        "{stderr}"
    );
}

#[test]
fn standard_input_is_read_on_demand() {
    let tree = tree("example.com");
    let text = main_file("other.example", "certs/a");
    let options = ["-", "--format", "short", "--now", NOW];
    let run = tree.run_with_input(&options, &text);
    assert_eq!(run.findings(), ["<stdin>:5 name-not-covered"], "{run:?}");
    let named = [&options[..], &["--stdin-filename", "conf.d/x.conf"]].concat();
    let piece = crate::support::server("other.example", "certs/a");
    let run = tree.run_with_input(&named, &piece);
    assert_eq!(
        run.findings(),
        ["conf.d/x.conf:3 name-not-covered"],
        "{run:?}"
    );
    let run = tree.run_with_input(&["-"], "hello");
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("`<stdin>` is not recognised"),
        "{run:?}"
    );
}

#[test]
fn suppressions_can_be_switched_off() {
    let tree = tree("www.example.com other.example");
    let text = main_file("www.example.com other.example", "certs/a");
    let comment = "# certlint: ignore[name-not-covered] it moves next week\nserver_name";
    tree.write("nginx.conf", text.replace("server_name", comment));
    let options = ["--now", NOW, "--format", "short"];
    let run = tree.run(&options);
    assert_eq!(run.stdout, "", "{run:?}");
    let run = tree.run(&[&options[..], &["--no-suppressions"]].concat());
    assert!(run.has("name-not-covered"), "{run:?}");
}

#[test]
fn rules_and_their_pages_can_be_read() {
    let tree = Tree::new(&[]);
    let run = tree.run(&["rules"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stdout
            .lines()
            .any(|line| line.starts_with("name-not-covered "))
    );
    let json = tree.run(&["rules", "--format", "json"]);
    assert!(json.stdout.contains("\"id\": \"name-not-covered\""));
    let page = tree.run(&["explain", "name-not-covered"]);
    assert_eq!(page.code, 0);
    assert!(page.stdout.starts_with("# "), "{page:?}");
    let page = tree.run(&["explain", "config"]);
    assert!(page.stdout.starts_with("# config\n"), "{page:?}");
    let page = tree.run(&["explain", "name-not-covered", "--color", "always"]);
    assert!(page.stdout.starts_with("\u{1b}[1m"), "{page:?}");
}

#[test]
fn the_version_is_told() {
    let run = Tree::new(&[]).run(&["--version"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.starts_with("certlint "));
}
