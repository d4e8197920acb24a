//! Inputs that are made to break a reader: it neither panics nor waits.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Run, Tree, main_file, program, run};

/// Runs `certlint PATH`, and fails when that takes long.
fn check(tree: &Tree, path: &str) -> Run {
    let start = Instant::now();
    let run = tree.run(&[path, "--format", "short"]);
    assert!(start.elapsed() < Duration::from_secs(120), "{path}");
    assert!(!run.stderr.contains("panicked"), "{path}: {run:?}");
    run
}

#[test]
fn odd_files_are_refused_at_once() {
    let tree = Tree::new(&[]);
    let make_fifo = Command::new("mkfifo")
        .arg(tree.path().join("fifo"))
        .status();
    assert!(make_fifo.unwrap().success());
    let sparse = fs::File::create(tree.path().join("sparse")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    for (path, reason) in [
        ("fifo", "is a FIFO, a socket or a device"),
        ("sparse", "larger than the limit"),
        ("/dev/zero", "is a FIFO, a socket or a device"),
    ] {
        let run = check(&tree, path);
        assert_eq!(run.code, 2, "{path}");
        let expected = format!("error: cannot read `{path}`: {reason}");
        assert!(run.stderr.starts_with(&expected), "{run:?}");
    }
    assert_eq!(check(&tree, ".").code, 2);
}

#[test]
fn odd_files_that_a_configuration_names_are_findings() {
    let tree = Tree::new(&[]);
    let make_fifo = Command::new("mkfifo")
        .arg(tree.path().join("fifo"))
        .status();
    assert!(make_fifo.unwrap().success());
    fs::create_dir(tree.path().join("directory")).unwrap();
    let sparse = fs::File::create(tree.path().join("sparse")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    for file in ["fifo", "directory", "sparse", "/dev/zero"] {
        let text = main_file("example.com", "x")
            .replace("x.crt", file)
            .replace("x.key", file);
        tree.write("nginx.conf", text);
        check(&tree, "nginx.conf");
        tree.write(
            "nginx.conf",
            format!("events {{}}\nhttp {{ include {file}; }}\n"),
        );
        check(&tree, "nginx.conf");
    }
}

#[test]
fn a_directory_called_like_a_file_is_a_directory() {
    let tree = Tree::new(&[("nginx.conf/nginx.conf/a", "hello\n")]);
    let run = check(&tree, ".");
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(
        run.stderr,
        "error: nothing to check: no Kubernetes manifests or nginx configurations found\n"
    );
}

#[test]
fn deep_trees_and_endless_braces_are_nothing_special() {
    let deep = "d/".repeat(300) + "nginx.conf";
    let tree = Tree::new(&[(&deep, "events {}\nhttp {}\n")]);
    assert_eq!(check(&tree, ".").code, 0);
    // Two braces in a row may as well begin a template, one is a mistake.
    for (text, codes) in [("{", 0..=2), ("{ ", 1..=2), ("http {", 1..=2)] {
        let endless = text.repeat((10 << 20) / text.len());
        tree.write("braces.conf", "http { ".to_owned() + &endless);
        let run = check(&tree, "braces.conf");
        assert!(codes.contains(&run.code), "{text} {run:?}");
    }
}

#[test]
fn ten_thousand_findings_in_one_line_are_soon_written() {
    let server = |number: usize| {
        format!(
            "server {{ listen 443 ssl; server_name é{number}.example; ssl_certificate a.crt; \
             ssl_certificate_key a.key; }} "
        )
    };
    let servers: String = (0..10_000).map(server).collect();
    let tree = Tree::new(&[("nginx.conf", &format!("events {{}} http {{ {servers} }}"))]);
    tree.certificate("example.com", "a");
    for format in ["text", "short", "json"] {
        let start = Instant::now();
        let run = tree.run(&["nginx.conf", "--format", format]);
        assert!(start.elapsed() < Duration::from_secs(120), "{format}");
        assert_eq!(run.code, 1);
        let longest = run.stdout.lines().map(|line| line.chars().count()).max();
        assert!(format != "text" || longest < Some(300), "{longest:?}");
    }
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let tree = Tree::new(&[]);
    tree.certificate("example.com", "a");
    let text = main_file("\"a\u{1b}[2Jb\u{9b}.example\"", "a");
    tree.write("evil\u{1b}[2J.conf", text);
    for format in ["text", "short"] {
        for path in [".", "evil\u{1b}[2J.conf", "missing\u{1b}[2J"] {
            let run = tree.run(&[path, "--format", format, "-v"]);
            let written = run.stdout + &run.stderr;
            assert!(!written.contains(['\u{1b}', '\u{9b}']), "{written:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_text_are_read_all_the_same() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::new(&[]);
    tree.certificate("example.com", "a");
    let name = OsStr::from_bytes(b"caf\xe9.conf");
    fs::write(tree.path().join(name), main_file("other.example", "a")).unwrap();
    let mut command = program(tree.path());
    let run = run(command.arg(name).args(["--format", "short"]), b"");
    assert!(run.stdout.starts_with("caf\u{fffd}.conf:5:"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n"), ("d/a.conf", "x")]);
    let path = tree.path().join("nginx.conf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        // Root may read everything, so there is nothing to be told.
        assert_eq!(check(&tree, "nginx.conf").code, 0);
        return;
    }
    let run = check(&tree, "nginx.conf");
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: cannot read `nginx.conf`: permission denied\n"
    );
    let run = check(&tree, ".");
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .starts_with("note: cannot read `nginx.conf`: permission denied\n"),
        "{run:?}"
    );
}
