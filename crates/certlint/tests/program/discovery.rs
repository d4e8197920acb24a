//! Discovery of inputs below a directory.

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
fn what_is_left_out_is_told_by_its_cause_and_in_order_whichever_thread_finds_it_first() {
    let names: Vec<String> = (0..20).map(|number| format!("a/{number:02}/x")).collect();
    let text = "Nothing; to see here.\n";
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), text)).collect();
    let tree = tree(&files);
    for name in ["a/dead2", "a/05/dead1", "a/dead0", "a/dead3"] {
        std::os::unix::fs::symlink("nowhere", tree.path().join(name)).unwrap();
    }
    let run = short(&tree, &["-v", ".", "a", "a/07"]);
    assert_eq!(
        run.stderr,
        "note: links not followed (no such file): `a/05/dead1`, `a/dead0`, `a/dead2` and 1 more\n\
         note: 20 files hold nothing that certlint reads\n\
         error: nothing to check: no Kubernetes manifests or nginx configurations found\n"
    );
    assert_eq!(run.code, 2);
}

#[test]
fn formats_that_are_not_read_are_named() {
    let host = "<VirtualHost *:443>\nServerName a.example\n</VirtualHost>\n";
    let others = [
        ("apache/a.conf", host),
        ("sites-enabled/b", host),
        ("Caddyfile", "a.example {\n\tfile_server\n}\n"),
    ];
    let tree = Tree::new(&others);
    let found = "found 2 Apache configurations and 1 Caddyfile, which certlint does not read yet\n";
    let run = short(&tree, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    let error = format!("error: nothing to check: {found}");
    assert!(run.stderr.ends_with(&error), "{run:?}");
    let run = short(&tree, &["--allow-empty"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains(&format!("nothing to check: {found}")));
    let run = short(&tree, &["apache/a.conf"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("Apache configurations, which"),
        "{run:?}"
    );
    // Beside something that is read, they are left out, and that is said.
    tree.write("nginx/nginx.conf", "events {}\nhttp {}\n");
    let run = short(&tree, &[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains(&format!("note: {found}")), "{run:?}");
}

#[test]
fn a_text_that_only_looks_like_configuration_is_a_note() {
    let bad = server("other.example", "certs/a");
    let tree = tree(&[
        ("nginx/nginx.conf", "events {}\nhttp {}\n"),
        ("nginx/a.conf.bak", &bad),
        ("nginx/site", &bad),
        ("tests/a.snap", &bad),
        ("tests/a.golden", &bad),
        (
            "tests/b.snap",
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\ndata: [\n",
        ),
        ("tests/c.txt", "apiVersion: v1\nkind: Secret\n"),
    ]);
    let run = short(&tree, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    let notes: Vec<_> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("note: "))
        .collect();
    assert_eq!(
        notes,
        [
            "note: `tests/c.txt` looks like Kubernetes manifests and is not called like it, so it \
             was not read: name it to check it",
            "note: `nginx/a.conf.bak`, `nginx/site` look like nginx configurations and are not \
             called like it, so they were not read: name them to check them"
        ]
    );
    // Named, or included, they are read.
    let run = short(&tree, &["nginx/site"]);
    assert!(run.has("name-not-covered"), "{run:?}");
    tree.write(
        "nginx/nginx.conf",
        "events {}\nhttp { include site; include a.conf.bak; }\n",
    );
    let run = short(&tree, &[]);
    assert!(run.has("name-not-covered"), "{run:?}");
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
    tree.certificate("example.com", "build/certs/a");
    tree.certificate("example.com", "old/certs/a");
    let run = short(&tree, &["--exclude", "old"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert_eq!(
        run.stderr,
        "error: nothing to check: no Kubernetes manifests or nginx configurations found\n"
    );
    let run = short(&tree, &["--exclude", "old", "-v"]);
    assert!(
        run.stderr
            .contains("note: 2 files hold nothing that certlint reads\n"),
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
        assert_eq!(run.findings(), ["site.conf.j2:2 template-skipped"]);
        // A template alone is nothing that could be green.
        assert_eq!(run.code, 2, "{run:?}");
        let error = "nothing to check: found 1 template, which must be rendered first\n";
        assert!(run.stderr.contains(error), "{run:?}");
        let run = short(&tree, &[arguments, &["--allow-empty"]].concat());
        assert_eq!(run.code, 0, "{run:?}");
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

#[test]
fn site_files_without_a_main_file_are_taken_together() {
    let site = server("example.com www.example.com", "certs/a");
    let tree = tree(&[
        ("sites/a.conf", &site),
        ("sites/b.conf", &server("other.example", "/etc/ssl/b")),
        ("sites/c.conf", &site),
    ]);
    let run = short(&tree, &["sites"]);
    // The main file may include one of them only.
    assert_eq!(run.code, 0, "{run:?}");
    let conflict = "sites/c.conf:3 server-name-conflict";
    assert_eq!(run.findings(), [conflict; 2], "{run:?}");
    assert!(!run.stdout.contains("error["), "{run:?}");
    let ask = |name: &str| {
        let run = tree.run(&["resolve", "sites", "--name", name, "--format", "json"]);
        let answers: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        answers.as_array().unwrap().clone()
    };
    let answers = ask("www.example.com");
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0]["server"]["file"], "sites/a.conf");
    assert_eq!(answers[0]["matched_by"], "exact");
    // A server that is not here may have any other name.
    let answers = ask("another.example");
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0]["outcome"], "unknown");
}

#[test]
fn a_fault_of_one_site_is_found_among_the_others() {
    let tree = Tree::new(&[
        ("sites/a.conf", &server("example.com", "a")),
        ("sites/b.conf", &server("other.example", "b")),
        ("sites/broken.conf", "server {\n  listen 443 ssl\n}\n"),
    ]);
    tree.certificate("example.com", "sites/a");
    tree.certificate("example.com", "sites/b");
    let run = short(&tree, &[]);
    assert!(
        run.has("name-not-covered") && run.has("nginx-syntax"),
        "{run:?}"
    );
}

#[test]
fn relative_names_of_a_lone_site_prove_nothing() {
    let text = "server {\nlisten 443 ssl;\nserver_name a.example;\n\
                ssl_certificate ssl/example.crt;\nssl_certificate_key ssl/example.key;\n\
                include snippets/ssl.conf;\n}\n";
    let tree = Tree::new(&[("site.conf", text)]);
    for arguments in [&[][..], &["site.conf"]] {
        let run = short(&tree, arguments);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
        assert!(run.stderr.contains("3 unverifiable"), "{run:?}");
    }
    // With the main file, or a similar name, they are missing.
    let run = short(&tree, &["site.conf", "--conf-prefix", "."]);
    assert!(run.has("certificate-missing"), "{run:?}");
    tree.write("ssl/exmaple.crt", "");
    let run = short(&tree, &["site.conf"]);
    assert!(run.has("certificate-missing"), "{run:?}");
    let tree = Tree::new(&[
        ("conf.d/site.conf", text),
        ("nginx.conf", "events {}\nhttp { include conf.d/*.conf; }\n"),
    ]);
    let run = short(&tree, &[]);
    assert!(
        run.has("certificate-missing") && run.has("include-missing"),
        "{run:?}"
    );
}

#[test]
fn pieces_of_the_outermost_level_need_no_events() {
    let tree = Tree::new(&[
        ("50-mod.conf", "load_module modules/ngx_stream_module.so;\n"),
        (
            "stream.conf",
            "stream { server { listen 8883; proxy_pass 10.0.0.1:1883; } }\n",
        ),
        ("worker_processes.conf", "worker_processes auto;\n"),
        ("http-only.conf", "http { server { listen 80; } }\n"),
        ("mail.conf", "mail { auth_http 127.0.0.1:9000/auth; }\n"),
    ]);
    let run = short(&tree, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    let run = short(&tree, &["http-only.conf"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    // What nginx is started with needs them.
    let tree = Tree::new(&[("nginx.conf", "http { server { listen 80; } }\n")]);
    assert!(short(&tree, &[]).has("nginx-syntax"));
}

#[cfg(unix)]
#[test]
fn a_site_that_is_not_enabled_is_not_checked() {
    use std::os::unix::fs::symlink;
    let bad = server("other.example", "certs/a");
    for main in [Some("events {}\nhttp { include sites-enabled/*; }\n"), None] {
        let tree = tree(&[
            ("nginx/sites-available/on", &bad),
            ("nginx/sites-available/gone", &bad),
            ("nginx/sites-available/old", &server("a.example", "missing")),
        ]);
        if let Some(main) = main {
            tree.write("nginx/nginx.conf", main);
        }
        // Nothing is enabled yet, so that nobody says which ones count.
        let run = short(&tree, &["nginx/sites-available"]);
        assert!(run.has("name-not-covered"), "{run:?}");
        let enabled = tree.path().join("nginx/sites-enabled");
        std::fs::create_dir(&enabled).unwrap();
        symlink("../sites-available/on", enabled.join("on")).unwrap();
        let run = short(&tree, &["-v", "nginx"]);
        let expected = [
            "nginx/sites-available/on:3 name-not-covered",
            "nginx/sites-available/gone unverifiable",
        ];
        let found: Vec<String> = run
            .findings()
            .into_iter()
            .map(|finding| finding.replace("gone:1 ", "gone "))
            .collect();
        assert_eq!(found, expected, "{run:?}");
        assert!(run.stdout.contains("are not enabled"), "{run:?}");
        // Named, it is checked.
        let run = short(&tree, &["nginx/sites-available/gone"]);
        assert!(run.has("name-not-covered"), "{run:?}");
    }
}
