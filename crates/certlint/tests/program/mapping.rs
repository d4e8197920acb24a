//! Where absolute paths of a configuration are looked for.

use crate::support::{NOW, Run, Tree, main_file};

fn short(tree: &Tree, arguments: &[&str]) -> Run {
    tree.run(&[arguments, &["--format", "short", "-v", "--now", NOW]].concat())
}

/// A main file at `path` that serves `certificate`, and where that really lies.
fn tree(path: &str, certificate: &str, real: &str) -> Tree {
    let tree = Tree::new(&[(path, &main_file("example.com", certificate))]);
    tree.certificate("example.com", real);
    tree
}

#[test]
fn a_checkout_stands_for_the_directory_of_nginx() {
    for place in [
        "/etc/nginx",
        "/usr/local/nginx/conf",
        "/usr/local/openresty/nginx/conf",
        "/opt/homebrew/etc/nginx",
    ] {
        let tree = tree(
            "deploy/nginx.conf",
            &format!("{place}/ssl/a"),
            "deploy/ssl/a",
        );
        let run = short(&tree, &["deploy/nginx.conf"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
        assert!(run.stderr.contains("1 certificate"), "{run:?}");
    }
}

#[test]
fn a_tree_that_looks_like_a_root_is_one() {
    let tree = tree(
        "image/etc/nginx/nginx.conf",
        "/etc/ssl/a",
        "image/etc/ssl/a",
    );
    let run = short(&tree, &["image/etc/nginx/nginx.conf"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
}

#[test]
fn a_directory_that_a_guess_does_not_have_proves_nothing() {
    for path in ["etc/nginx/nginx.conf", "nginx.conf"] {
        let certificate = "/etc/nginx/ssl/a";
        let run = short(
            &Tree::new(&[(path, &main_file("a.example", certificate))]),
            &[],
        );
        assert_eq!(run.code, 0, "{run:?}");
        assert!(
            run.has("unverifiable") && !run.has("certificate-missing"),
            "{run:?}"
        );
    }
}

#[test]
fn a_file_that_its_directory_does_not_have_is_missing() {
    let tree = tree("nginx.conf", "/etc/nginx/ssl/a", "ssl/b");
    let run = short(&tree, &[]);
    assert!(run.has("certificate-missing"), "{run:?}");
}

#[test]
fn under_a_root_that_was_given_files_are_expected_where_their_directories_are() {
    let tree = tree("conf/nginx.conf", "/srv/certs/a", "files/srv/certs/a");
    let run = short(&tree, &["conf/nginx.conf"]);
    assert!(run.has("unverifiable"), "{run:?}");
    let run = short(&tree, &["conf/nginx.conf", "--root", "files"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    // A copy of a machine seldom has all of it.
    let run = short(&tree, &["conf/nginx.conf", "--root", "conf"]);
    assert!(
        run.has("unverifiable") && !run.has("certificate-missing"),
        "{run:?}"
    );
    std::fs::create_dir_all(tree.path().join("conf/srv/certs")).unwrap();
    let run = short(&tree, &["conf/nginx.conf", "--root", "conf"]);
    assert!(run.has("certificate-missing"), "{run:?}");
}

#[test]
fn maps_win_over_the_root_and_the_longest_over_all() {
    let tree = tree("conf/nginx.conf", "/srv/certs/a", "c/a");
    std::fs::create_dir(tree.path().join("s")).unwrap();
    let options = [
        "--map-path",
        "/srv=s",
        "--map-path",
        "/srv/certs=c",
        "--root",
        "s",
    ];
    let run = short(&tree, &[&["conf/nginx.conf"][..], &options].concat());
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
}

#[test]
fn a_way_up_out_of_the_tree_is_not_followed() {
    let outside = Tree::new(&[("repo/nginx.conf", &main_file("example.org", "../a"))]);
    outside.certificate("example.com", "a");
    let options = ["nginx.conf", "--format", "short", "-v"];
    let run = crate::support::run_in(&outside.path().join("repo"), &options, b"");
    assert!(
        run.has("unverifiable") && !run.has("name-not-covered"),
        "{run:?}"
    );
    // Seen from above, the same file is a part of the tree.
    let run = short(&outside, &["repo/nginx.conf"]);
    assert!(run.has("name-not-covered"), "{run:?}");
}

#[test]
fn files_of_packages_are_not_missed_in_a_checkout() {
    let text = "include /etc/nginx/modules-enabled/*.conf;\nevents {}\n\
                http { include /etc/nginx/mime.types; include fastcgi_params; }\n";
    let tree = Tree::new(&[("nginx.conf", text)]);
    let run = short(&tree, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    // Below a root that was given they are as much the package's.
    let run = short(&tree, &["--root", "."]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    let text = text.replace("mime.types", "mine.types");
    let tree = Tree::new(&[("nginx.conf", &text), ("etc/nginx/a", "")]);
    let run = short(&tree, &["--root", "."]);
    assert!(run.has("include-missing"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn permissions_in_a_repository_say_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::installed(&[("nginx.conf", &main_file("example.com", "a"))]);
    tree.certificate("example.com", "a");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(tree.path().join("a.key"), open).unwrap();
    let run = short(&tree, &[]);
    assert!(run.has("key-readable-by-others"), "{run:?}");
    tree.write(".git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(short(&tree, &[]).stdout, "");
}

#[cfg(unix)]
#[test]
fn links_lead_to_where_the_map_says_or_nowhere() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new(&[("nginx.conf", &main_file("example.com", "live/a"))]);
    tree.certificate("example.com", "store/a1");
    std::fs::create_dir(tree.path().join("live")).unwrap();
    let link = |ending: &str, target: &str| {
        let path = tree.path().join(format!("live/a.{ending}"));
        let _ = std::fs::remove_file(&path);
        symlink(format!("{target}.{ending}"), path).unwrap();
    };
    let both = |target: &str| {
        link("crt", target);
        link("key", target);
        short(&tree, &[])
    };
    let run = both("../store/a1");
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, ""),
        "relative: {run:?}"
    );
    let run = both("/etc/nginx/store/a1");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "mapped: {run:?}");
    let run = both("/etc/passwd-of-somebody");
    assert!(run.has("unverifiable"), "outside: {run:?}");
    let run = both("../store/missing");
    assert!(run.has("certificate-missing"), "dangling: {run:?}");
    link("crt", "../live/a");
    let run = short(&tree, &[]);
    assert_eq!(run.code, 1, "loop: {run:?}");
}

#[test]
fn outside_a_repository_a_path_that_exists_is_meant() {
    let machine = Tree::installed(&[]);
    machine.certificate("example.com", "ssl/example");
    let certificate = machine.path().join("ssl/example");
    let text = main_file("other.example", certificate.to_str().unwrap());
    let tree = Tree::installed(&[("site/main.conf", &text)]);
    let run = short(&tree, &["site/main.conf"]);
    assert!(run.has("name-not-covered"), "{run:?}");
    // Beside a name that nearly is the one, it is missing.
    let missing = text.replace("ssl/example", "ssl/exmaple");
    let tree = Tree::installed(&[("site/main.conf", &missing)]);
    let run = short(&tree, &["site/main.conf"]);
    assert!(run.has("certificate-missing"), "{run:?}");
    // What another machine has is not known.
    let elsewhere = text.replace("ssl/example", "ssl/shop");
    let tree = Tree::installed(&[("site/main.conf", &elsewhere)]);
    let run = short(&tree, &["site/main.conf"]);
    assert!(
        run.has("unverifiable") && !run.has("certificate-missing"),
        "{run:?}"
    );
    // In a repository it is another machine's.
    let tree = Tree::new(&[("site/main.conf", &text)]);
    let run = short(&tree, &["site/main.conf"]);
    assert!(
        run.has("unverifiable") && !run.has("name-not-covered"),
        "{run:?}"
    );
}

#[test]
fn any_prefix_is_known_by_the_files_below_it() {
    let main =
        |prefix: &str| format!("events {{}}\nhttp {{ include {prefix}/sites-enabled/*; }}\n");
    for prefix in [
        "/opt/nginx/conf",
        "/etc/nginx/conf",
        "/config/nginx",
        "/srv/web",
    ] {
        let site = crate::support::server("other.example", &format!("{prefix}/ssl/a"));
        let tree = Tree::new(&[("nginx.conf", &main(prefix)), ("sites-enabled/a", &site)]);
        tree.certificate("example.com", "ssl/a");
        let run = short(&tree, &[]);
        assert!(run.has("name-not-covered"), "{prefix} {run:?}");
        let note = format!("note: took `{prefix}` for `.`");
        assert_eq!(run.stderr.matches(&note).count(), 1, "{run:?}");
    }
}

#[test]
fn what_is_not_in_git_by_design_is_not_missing() {
    let tree = Tree::new(&[
        ("nginx.conf", &main_file("example.com", "certs/example")),
        (".gitignore", "/ssl/\n"),
        ("ssl/.gitkeep", ""),
        (
            "other/nginx.conf",
            &main_file("example.com", "../ssl/private"),
        ),
    ]);
    tree.certificate("example.com", "certs/example");
    std::fs::remove_file(tree.path().join("certs/example.key")).unwrap();
    let run = short(&tree, &["nginx.conf"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.findings(), ["nginx.conf:7 unverifiable"], "{run:?}");
    let run = short(&tree, &["."]);
    assert_eq!(run.code, 0, "{run:?}");
    // A name that nearly is the one is a typing error.
    for (wrong, right) in [("exmaple", "example"), ("exampl", "example")] {
        let tree = Tree::new(&[
            (
                "nginx.conf",
                &main_file("example.com", &format!("certs/{wrong}")),
            ),
            (".gitignore", "*.key\n*.crt\n"),
        ]);
        tree.certificate("example.com", &format!("certs/{right}"));
        let run = short(&tree, &["nginx.conf"]);
        assert!(
            run.has("certificate-missing") && run.has("key-missing"),
            "{run:?}"
        );
    }
    // On a machine a key that is not there is missing.
    let tree = Tree::installed(&[("main.conf", &main_file("example.com", "certs/example"))]);
    tree.certificate("example.com", "certs/example");
    std::fs::remove_file(tree.path().join("certs/example.key")).unwrap();
    assert!(short(&tree, &[]).has("key-missing"));
}

#[cfg(unix)]
#[test]
fn what_this_user_may_not_read_is_not_known() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let tree = Tree::installed(&[("main.conf", &main_file("other.example", "live/a"))]);
    tree.certificate("example.com", "live/a");
    let open = |path: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(tree.path().join(path), mode).unwrap();
    };
    open("", 0o755);
    open("live", 0o000);
    // The program itself must be where another user may start it.
    let program = tree.path().join("certlint");
    std::fs::copy(env!("CARGO_BIN_EXE_certlint"), &program).unwrap();
    let mut command = std::process::Command::new(program);
    command.current_dir(tree.path()).env_clear();
    if std::fs::read_dir(tree.path().join("live")).is_ok() {
        // Root may read everything.
        command.uid(65_534).gid(65_534);
    }
    command.args(["main.conf", "-v", "--format", "short"]);
    let run = crate::support::run(&mut command, b"");
    open("live", 0o700);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.findings(), ["main.conf:6 unverifiable"], "{run:?}");
    assert!(run.stdout.contains("not readable for this user"), "{run:?}");
}
