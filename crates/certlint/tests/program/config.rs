//! `certlint.yaml`: which one is taken, what it changes, and what is said when it is wrong.

use crate::support::{NOW, Run, Tree, fixtures, main_file, program, run};

/// A repository whose one configuration serves a name too many.
fn repository(config: &str) -> Tree {
    let tree = Tree::new(&[
        (".git/HEAD", ""),
        ("certlint.yaml", config),
        (
            "web/nginx.conf",
            &main_file("example.com api.internal", "site"),
        ),
    ]);
    tree.certificate("example.com", "web/site");
    tree
}

const OFF: &str = "rules: {name-not-covered: off}\n";

fn short(tree: &Tree, arguments: &[&str]) -> Run {
    tree.run(&[arguments, &["--format", "short", "--now", NOW]].concat())
}

#[test]
fn the_nearest_file_up_to_the_top_of_the_repository_is_taken() {
    let tree = repository(OFF);
    for input in [&["web/nginx.conf"][..], &["web"], &[]] {
        let run = short(&tree, input);
        assert_eq!((run.code, &*run.stdout), (0, ""), "{run:?}");
    }
    // Nearer, and not added to.
    tree.write("web/certlint.yaml", "rules: {self-signed: off}\n");
    assert!(short(&tree, &["web"]).has("name-not-covered"));
    assert!(!short(&tree, &[]).has("name-not-covered"));
}

#[test]
fn files_above_the_repository_have_no_say() {
    let tree = repository("");
    tree.write("web/.git", "gitdir: elsewhere\n");
    tree.write("certlint.yaml", OFF);
    assert!(short(&tree, &["web"]).has("name-not-covered"));
}

#[test]
fn outside_of_a_repository_the_search_ends_at_the_working_directory() {
    let tree = Tree::installed(&[
        ("certlint.yaml", OFF),
        ("a/web/nginx.conf", &main_file("api.internal", "site")),
    ]);
    tree.certificate("example.com", "a/web/site");
    assert_eq!(short(&tree, &["a/web"]).code, 0);
    let inside = |directory: &str, input: &str| {
        let mut command = program(&tree.path().join(directory));
        run(
            command.args([input, "--format", "short", "--now", NOW]),
            b"",
        )
    };
    assert_eq!(inside("a", "web").code, 1);
    assert_eq!(inside("a/web", "../../a").code, 1);
}

#[test]
fn a_file_that_is_named_is_taken_instead() {
    let tree = repository("");
    tree.write("ci/lint.yaml", OFF);
    assert_eq!(short(&tree, &["web"]).code, 1);
    assert_eq!(short(&tree, &["web", "--config", "ci/lint.yaml"]).code, 0);
    let with_variable = |more: &[&str]| {
        let mut command = program(tree.path());
        command.env("CERTLINT_CONFIG", "ci/lint.yaml");
        run(command.args(["web", "--now", NOW]).args(more), b"")
    };
    assert_eq!(with_variable(&[]).code, 0);
    assert_eq!(with_variable(&["--config", "certlint.yaml"]).code, 1);
    assert_eq!(with_variable(&["--no-config"]).code, 1);
    let run = short(&tree, &["web", "--config", "none.yaml"]);
    assert_eq!(run.code, 2, "{run:?}");
    let both = short(&tree, &["--config", "ci/lint.yaml", "--no-config"]);
    assert_eq!(both.code, 2, "{both:?}");
}

#[test]
fn a_wrong_file_stops_the_run_with_labels() {
    let tree = repository("rules:\n  self-sined: off\nexclud: [x]\npaths:\n  root: none\n");
    let run = short(&tree, &["web"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(
        run.stdout,
        "certlint.yaml:2:3: error[config] there is no rule `self-sined`\n\
         certlint.yaml:3:1: error[config] unknown key `exclud`\n"
    );
    let run = tree.run(&["web", "--format", "json"]);
    assert!(
        run.stdout.contains("\"field\": \"rules.self-sined\""),
        "{run:?}"
    );
    assert!(run.stdout.contains("did you mean `exclude`?"), "{run:?}");
    let run = tree.run(&["resolve", "--name", "a.test", "web"]);
    assert_eq!((run.code, &*run.stdout), (2, ""), "{run:?}");
    assert!(
        run.stderr.contains("certlint.yaml:2:3: there is no rule"),
        "{run:?}"
    );
    // What only the disk can tell comes when the text is right.
    tree.write("certlint.yaml", "paths:\n  root: none\nexclude: ['a{']\n");
    let run = short(&tree, &["web"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.starts_with(
        "certlint.yaml:2:9: error[config] there is no directory `none`\n\
         certlint.yaml:3:11: error[config] `a{` is no glob"
    ));
}

#[test]
fn options_win_over_the_file() {
    let tree = repository(OFF);
    let run = short(&tree, &["web", "--warn", "name-not-covered"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("warning[name-not-covered]"), "{run:?}");
}

#[test]
fn paths_of_the_file_start_from_its_folder() {
    let tree = repository("paths: {maps: {/srv/tls: web}}\n");
    tree.write("web/nginx.conf", main_file("example.com", "/srv/tls/site"));
    tree.write("other/empty", "");
    let run_in = |directory: &str, more: &[&str]| {
        let mut command = program(&tree.path().join(directory));
        run(
            command.args(more).args(["--format", "json", "--now", NOW]),
            b"",
        )
    };
    let verified = |run: &Run| run.stdout.contains("\"unknown\": 0");
    assert!(verified(&run_in(".", &["web/nginx.conf"])));
    assert!(verified(&run_in("other", &["../web/nginx.conf"])));
    let without = run_in(".", &["web/nginx.conf", "--no-config"]);
    assert!(!verified(&without), "{without:?}");
    // The same left side on the command line is meant instead.
    let other = run_in(".", &["web/nginx.conf", "--map-path", "/srv/tls=other"]);
    assert!(other.stdout.contains("certificate-missing"), "{other:?}");
}

#[test]
fn excludes_of_the_file_are_relative_to_it() {
    let tree = repository("exclude: [/web, '*.bak.conf']\n");
    tree.write("sub/web/nginx.conf", main_file("b.internal", "site"));
    tree.certificate("example.com", "sub/web/site");
    tree.write("sub/web/old.bak.conf", main_file("c.internal", "site"));
    for (input, files) in [(".", 1), ("sub", 1), ("web", 1)] {
        let run = tree.run(&[input, "--now", NOW, "--fail-on", "never"]);
        let expected = format!("{files} file,");
        assert!(run.stderr.contains(&expected), "{input}: {run:?}");
    }
}

#[test]
fn exemptions_silence_a_rule_for_names_until_their_day() {
    let exemption = |until: &str| {
        format!(
            "exemptions:\n- name: '*.internal'\n  rule: name-not-covered\n  reason: own root\n{until}"
        )
    };
    let tree = repository(&exemption(""));
    let run = short(&tree, &[]);
    assert_eq!((run.code, &*run.stdout), (0, ""), "{run:?}");
    assert!(short(&tree, &["--no-suppressions"]).has("name-not-covered"));
    tree.write("certlint.yaml", exemption("  until: 2026-11-20\n"));
    let run = short(&tree, &[]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.findings(),
        [
            "web/nginx.conf:5 name-not-covered",
            "certlint.yaml:2 suppression-unused"
        ]
    );
}

#[test]
fn an_exemption_is_unused_only_where_all_was_checked() {
    let tree =
        repository("exemptions: [{name: b.internal, rule: name-not-covered, reason: own root}]\n");
    assert!(short(&tree, &["."]).has("suppression-unused"));
    assert!(!short(&tree, &["web"]).has("suppression-unused"));
    let named = short(&tree, &["web", "--config", "certlint.yaml"]);
    assert!(named.has("suppression-unused"));
}

#[test]
fn the_example_of_the_readme_is_right() {
    let readme = std::fs::read_to_string(fixtures().join("../README.md")).unwrap();
    let (_, section) = readme.split_once("## Configuration").unwrap();
    let (_, example) = section.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let tree = repository(example);
    tree.write("deploy/nginx/empty", "");
    let run = short(&tree, &[]);
    assert_eq!((run.code, &*run.stdout), (0, ""), "{run:?}");
}

/// An Ingress whose Secret does not cover its host.
const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n\
    spec:\n  ingressClassName: edge\n  tls:\n  - hosts: [api.internal]\n    secretName: shop-tls\n  \
    rules:\n  - host: api.internal\n";

#[test]
fn a_class_is_judged_as_the_file_says() {
    let tree = repository("ingress-classes: {edge: external}\n");
    let secret = crate::manifests::secret("example.com");
    tree.write("deploy/all.yaml", format!("{INGRESS}---\n{secret}"));
    assert!(short(&tree, &["deploy", "--no-config"]).has("name-not-covered"));
    assert_eq!(short(&tree, &["deploy"]).findings(), Vec::<String>::new());
    tree.write("certlint.yaml", "ingress-classes: {edge: ingress-nginx}\n");
    let run = short(&tree, &["deploy"]);
    assert!(run.has("default-certificate-served"), "{run:?}");
}

#[test]
fn the_namespace_of_the_file_is_that_of_objects_without() {
    let tree = repository("namespace: shop\n");
    let secret = crate::manifests::secret("example.com");
    let secret = secret.replace("name: shop-tls", "name: shop-tls\n  namespace: shop");
    tree.write("deploy/all.yaml", format!("{INGRESS}---\n{secret}"));
    assert!(short(&tree, &["deploy"]).has("name-not-covered"));
    let other = short(&tree, &["deploy", "--namespace", "default"]);
    assert!(!other.has("name-not-covered"), "{other:?}");
}
