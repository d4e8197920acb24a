//! What is found below a directory, and what is made of it.

use crate::support::{NOW, Run, Tree, main_file, server};

/// A certificate for `example.com`, and the given files.
fn tree(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new(files);
    tree.certificate("example.com", "nginx/certs/a");
    tree
}

fn short(tree: &Tree, arguments: &[&str]) -> Run {
    tree.run(&[arguments, &["--format", "short", "--now", NOW]].concat())
}

#[test]
fn what_a_main_file_includes_is_not_checked_again() {
    let tree = tree(&[
        (
            "nginx/nginx.conf",
            "events {}\nhttp { include conf.d/*.conf; }\n",
        ),
        ("nginx/conf.d/a.conf", &server("other.example", "certs/a")),
    ]);
    let expected = ["nginx/conf.d/a.conf:3 name-not-covered"];
    for arguments in [&["."][..], &["nginx"], &["nginx", "nginx/conf.d/a.conf"]] {
        let run = short(&tree, arguments);
        assert_eq!(run.findings(), expected, "{run:?}");
        assert!(
            run.stderr.contains(" 2 files, 1 name, 1 certificate"),
            "{run:?}"
        );
    }
}

#[test]
fn a_piece_that_nobody_includes_is_checked_alone() {
    let tree = tree(&[
        ("nginx/nginx.conf", "events {}\nhttp {}\n"),
        (
            "nginx/sites-available/docs.rs",
            &server("other.example", "certs/a"),
        ),
    ]);
    let expected = ["nginx/sites-available/docs.rs:3 name-not-covered"];
    for arguments in [&[][..], &["nginx/sites-available/docs.rs"]] {
        assert_eq!(short(&tree, arguments).findings(), expected);
    }
}

#[test]
fn relative_names_of_a_piece_start_where_the_main_file_would_be() {
    let tree = tree(&[("nginx/conf.d/a.conf", &server("example.com", "certs/a"))]);
    let run = short(&tree, &["nginx/conf.d/a.conf"]);
    assert_eq!(run.stdout, "", "{run:?}");
    let run = short(&tree, &["nginx/conf.d/a.conf", "--conf-prefix", "."]);
    assert!(run.has("certificate-missing"), "{run:?}");
    let run = short(&tree, &["nginx/conf.d/a.conf", "--conf-prefix", "nginx"]);
    assert_eq!(run.stdout, "", "{run:?}");
}

#[cfg(unix)]
#[test]
fn what_is_skipped_is_told_once_and_in_order_whoever_finds_it_first() {
    let names: Vec<String> = (0..20).map(|number| format!("a/{number:02}/x")).collect();
    let text = "Nothing; to see here.\n";
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), text)).collect();
    let tree = tree(&files);
    for name in ["a/dead2", "a/05/dead1", "a/dead0"] {
        std::os::unix::fs::symlink("nowhere", tree.path().join(name)).unwrap();
    }
    let run = short(&tree, &["-v", ".", "a", "a/07"]);
    let told = run.stderr.lines();
    let told: Vec<_> = told
        .filter_map(|line| line.strip_prefix("note: skipped `")?.split('`').next())
        .collect();
    let links = ["a/05/dead1", "a/dead0", "a/dead2"];
    assert_eq!(
        told,
        [&links.map(str::to_owned)[..], &names].concat(),
        "{run:?}"
    );
}

#[test]
fn ignored_hidden_and_other_files_are_left_alone() {
    let bad = server("other.example", "certs/a");
    let tree = tree(&[
        (".gitignore", "build/\n"),
        ("build/a.conf", &bad),
        (".hidden/a.conf", &bad),
        ("nginx/README.md", &bad),
        ("nginx/notes", "Nothing; to see here.\n"),
        ("nginx/binary", "server {\0}\n"),
        ("old/a.conf", &bad),
    ]);
    let run = short(&tree, &["--exclude", "old"]);
    assert_eq!(run.stdout, "", "{run:?}");
    assert_eq!(
        run.stderr,
        "no nginx configuration or Kubernetes manifests found\n"
    );
    let run = short(&tree, &["--exclude", "old", "-v"]);
    assert!(
        run.stderr
            .contains("skipped `nginx/notes`: not nginx configuration, no Kubernetes manifests\n"),
        "{run:?}"
    );
    let found = |arguments: &[&str]| {
        let run = short(&tree, arguments);
        let files = run
            .stdout
            .lines()
            .map(|line| line.split(':').next().unwrap().to_owned());
        let mut files: Vec<String> = files.collect();
        files.dedup();
        files
    };
    assert_eq!(found(&[]), ["old/a.conf"]);
    assert_eq!(found(&["--no-ignore"]), ["build/a.conf", "old/a.conf"]);
}

#[test]
fn two_configurations_do_not_see_each_others_files() {
    let tree = Tree::new(&[
        ("a/nginx.conf", &main_file("example.com", "/etc/nginx/x")),
        ("b/nginx.conf", &main_file("example.com", "/etc/nginx/x")),
    ]);
    tree.certificate("example.com", "a/x");
    tree.certificate("example.org", "b/x");
    let run = short(&tree, &[]);
    assert_eq!(
        run.findings(),
        ["b/nginx.conf:5 name-not-covered"],
        "{run:?}"
    );
}

#[test]
fn main_files_that_include_each_other_are_both_told() {
    let tree = Tree::new(&[
        ("a.conf", "events {}\nhttp {}\ninclude b.conf;\n"),
        ("b.conf", "include a.conf;\nhttp {}\n"),
    ]);
    let run = short(&tree, &[]);
    assert!(run.has("include-cycle"), "{run:?}");
}

#[test]
fn templates_are_told_and_not_checked() {
    let tree = Tree::new(&[(
        "site.conf.j2",
        "server {\n  server_name {{ name }};\n  listen 443 ssl;\n}\n",
    )]);
    for arguments in [&[][..], &["site.conf.j2"]] {
        let run = short(&tree, arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.findings(), ["site.conf.j2:2 template-skipped"]);
    }
}

#[cfg(unix)]
#[test]
fn a_linked_file_is_checked_once() {
    use std::os::unix::fs::symlink;
    let tree = tree(&[
        (
            "nginx/nginx.conf",
            "events {}\nhttp { include sites-enabled/*; }\n",
        ),
        (
            "nginx/sites-available/x",
            &server("other.example", "certs/a"),
        ),
    ]);
    let enabled = tree.path().join("nginx/sites-enabled");
    std::fs::create_dir(&enabled).unwrap();
    // As on the server: absolute, so that on this machine it leads nowhere.
    symlink("/etc/nginx/sites-available/x", enabled.join("x")).unwrap();
    for arguments in [&[][..], &["nginx/nginx.conf"], &["nginx/sites-enabled/x"]] {
        let run = short(&tree, arguments);
        let expected = ["nginx/sites-available/x:3 name-not-covered"];
        assert_eq!(run.findings(), expected, "{arguments:?} {run:?}");
    }
}
