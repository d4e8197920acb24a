//! `certlint cert`.

use std::fs;

use crate::support::{NOW, Run, Tree, fixtures, run_in};

fn cert(arguments: &[&str]) -> Run {
    let arguments = [&["cert", "--now", NOW], arguments].concat();
    run_in(&fixtures(), &arguments, b"")
}

#[test]
fn a_certificate_is_told_as_text_or_as_json() {
    let options = [
        "cert",
        "certs/bad-san.crt",
        "certs/bad-san.key",
        "--name",
        "good.example.com",
        "--name",
        "www.example.com",
        "--now",
        NOW,
    ];
    let run = run_in(&fixtures(), &options, b"");
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    insta::assert_snapshot!("cert_text", run.stdout);
    let run = run_in(
        &fixtures(),
        &[&options[..], &["--format", "json"]].concat(),
        b"",
    );
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    insta::assert_snapshot!("cert_json", run.stdout);
}

#[test]
fn the_exit_code_says_whether_all_names_are_covered() {
    for (options, code) in [
        (&["certs/example.com.crt"][..], 0),
        (&["certs/example.com.crt", "--name", "www.example.com"], 0),
        (&["certs/example.com.crt", "--name", "a.example.com"], 1),
        (
            &[
                "certs/wildcard.example.com.crt",
                "--name",
                "*.example.com",
                "--syntax",
                "nginx",
            ],
            1,
        ),
        (
            &[
                "certs/wildcard.example.com.crt",
                "--name",
                "*.example.com",
                "--syntax",
                "ingress",
            ],
            0,
        ),
        (&["certs/mismatch.key"], 0),
        (&["certs/mismatch.key", "--name", "a.example.com"], 2),
        (
            &[
                "certs/example.com.crt",
                "certs/example.com.key",
                "--name",
                "example.com",
            ],
            0,
        ),
        (&["pem/der.crt"], 2),
        (&["pem/glued.crt", "certs/example.com.crt"], 2),
        (&["certs/missing.crt"], 2),
        (&["certs"], 2),
    ] {
        let run = cert(options);
        assert_eq!(run.code, code, "{options:?} {run:?}");
    }
}

#[test]
fn a_file_without_use_is_told_with_its_place_and_the_cure() {
    let run = cert(&["pem/der.crt"]);
    assert!(
        run.stderr.contains("pem/der.crt:1:1: is DER, not PEM"),
        "{run:?}"
    );
    assert!(run.stderr.contains("openssl x509 -inform der"), "{run:?}");
}

#[test]
fn a_key_is_compared_with_the_certificate_beside_it() {
    let word = |files: &[&str]| {
        let run = cert(&[files, &["--format", "json"]].concat());
        let words = ["match", "mismatch", "encrypted", "cannot-tell"];
        let has = |word: &&str| run.stdout.contains(&format!("\"match\": \"{word}\""));
        words.into_iter().find(has)
    };
    let table: &[(&[&str], Option<&str>)] = &[
        (
            &["certs/example.com.crt", "certs/example.com.key"],
            Some("match"),
        ),
        (
            &["certs/example.com.crt", "certs/mismatch.key"],
            Some("mismatch"),
        ),
        (
            &["certs/example.com.crt", "certs/rsa-other.key"],
            Some("mismatch"),
        ),
        (
            &["certs/encrypted.crt", "certs/encrypted.key"],
            Some("encrypted"),
        ),
        (&["certs/example.com.key"], None),
        (&["certs/example.com.crt"], None),
        (&["pem/key-first.crt"], Some("match")),
    ];
    for &(files, expected) in table {
        assert_eq!(word(files), expected, "{files:?}");
    }
}

#[test]
fn a_private_key_is_never_shown() {
    let tree = Tree::new(&[]);
    tree.certificate("example.com", "a");
    let key = fs::read_to_string(tree.path().join("a.key")).unwrap();
    let secret = key.lines().nth(1).unwrap();
    tree.write("both.pem", key.clone() + "not a certificate\n");
    tree.write(
        "nginx.conf",
        crate::support::main_file("a.example", "x")
            .replace("x.crt", "both.pem")
            .replace("x.key", "a.crt"),
    );
    for arguments in [
        &["cert", "a.key", "both.pem"][..],
        &["cert", "a.key", "both.pem", "--format", "json"],
        &["nginx.conf", "-v"],
        &["nginx.conf", "--format", "json"],
        &["a.key"],
    ] {
        let run = tree.run(arguments);
        assert!(!run.stdout.contains(secret), "{arguments:?}");
        assert!(!run.stderr.contains(secret), "{arguments:?}");
    }
}

#[test]
fn a_name_is_a_host_as_people_have_it() {
    let names = [
        "www.example.com",
        "WWW.Example.com.",
        "www.example.com:443",
        "https://user@www.example.com:8443/path?query",
    ];
    for name in names {
        let run = cert(&["certs/example.com.crt", "--name", name]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        let other = name.to_lowercase().replace("www.example", "www.example2");
        let run = cert(&["certs/example.com.crt", "--name", &other]);
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{other}");
    }
    let url = cert(&["certs/example.com.crt", "--name", names[3]]);
    let line = format!("{} (www.example.com): yes", names[3]);
    assert!(url.stdout.contains(&line), "{url:?}");
    let address = "https://[2001:DB8::1]:8443/";
    let run = cert(&["certs/ip.crt", "--name", address]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_name_that_cannot_be_judged_is_an_error_with_the_reason() {
    for (name, syntax, reason) in [
        ("", None, "is empty"),
        ("www..example.com", None, "has an empty label"),
        ("*.example.com", None, "add `--syntax nginx`, `ingress` or"),
        (".example.com", None, "add `--syntax nginx`, `ingress` or"),
        ("_", Some("nginx"), "no certificate covers every host"),
        ("a b", Some("ingress"), "`a b` has"),
        ("$host", Some("nginx"), "only the running server knows"),
        ("~^(", Some("nginx"), "does not compile"),
    ] {
        let mut options = vec!["certs/example.com.crt", "--name", name];
        options.extend(syntax.iter().flat_map(|syntax| ["--syntax", syntax]));
        // A name beside it is still judged.
        options.extend(
            (syntax.is_none())
                .then_some(["--name", "example.com"])
                .into_iter()
                .flatten(),
        );
        let run = cert(&options);
        assert_eq!(run.code, 2, "{name}: {run:?}");
        assert!(run.stderr.contains(reason), "{name}: {run:?}");
        assert_eq!(run.stderr.lines().count(), 1, "{name}: {run:?}");
        let judges_the_other = run.stdout.contains("example.com: yes");
        assert_eq!(judges_the_other, syntax.is_none(), "{name}: {run:?}");
    }
}

#[test]
fn standard_input_is_a_file_called_dash() {
    let certificate = fs::read(fixtures().join("certs/example.com.crt")).unwrap();
    let arguments = ["cert", "-", "--name", "example.com", "--now", NOW];
    let run = run_in(&fixtures(), &arguments, &certificate);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("<stdin>") && run.stdout.contains("example.com: yes"));
    let run = run_in(&fixtures(), &arguments, b"nothing");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("<stdin>:1:1: "), "{run:?}");
}
