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
fn under_a_root_that_was_given_everything_is_expected() {
    let tree = tree("conf/nginx.conf", "/srv/certs/a", "files/srv/certs/a");
    let run = short(&tree, &["conf/nginx.conf"]);
    assert!(run.has("unverifiable"), "{run:?}");
    let run = short(&tree, &["conf/nginx.conf", "--root", "files"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
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
    let run = short(&tree, &["--root", "."]);
    assert!(run.has("include-missing"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn permissions_in_a_repository_say_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let tree = tree("nginx.conf", "a", "a");
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
