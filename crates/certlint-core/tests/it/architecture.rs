//! The house keeps its shape: who may know whom, and who may touch the outside world.
//!
//! Reads the sources of the library crates; `.clippy.toml` says the same to the compiler where it
//! can, this test says it of modules.

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files below a folder of the repository, with their code lines.
///
/// Comments are left out, and so are tests: files of that name, and what follows at the end of one.
fn sources(folder: &str) -> Vec<(PathBuf, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let mut pending = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of the repository");
            pending.extend(entries.flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text
                .lines()
                .take_while(|line| *line != "#[cfg(test)]")
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(str::to_owned)
                .collect();
            files.push((path, code));
        }
    }
    assert!(!files.is_empty(), "no sources in {}", root.display());
    files.sort();
    files
}

/// No line of `folder` names one of `words`.
fn nobody_names(folder: &str, words: &[&str]) {
    for (path, lines) in sources(folder) {
        for line in lines {
            for word in words {
                assert!(
                    !line.contains(word),
                    "{}: `{word}` in {line:?}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn front_ends_do_not_know_the_rules() {
    for front_end in ["certlint-core/src/nginx", "certlint-core/src/kubernetes"] {
        nobody_names(
            front_end,
            &["crate::rules", "super::super::rules", "crate::check"],
        );
    }
    nobody_names(
        "certlint-core/src/loader.rs",
        &["crate::rules", "crate::check"],
    );
}

#[test]
fn rules_do_not_know_the_front_ends() {
    let words = [
        "crate::nginx",
        "use nginx_syntax",
        "crate::loader",
        "crate::files",
        "crate::resolve",
    ];
    nobody_names("certlint-core/src/rules", &words);
}

#[test]
fn names_and_certificates_know_nothing_above_them() {
    let above = [
        "crate::model",
        "crate::nginx",
        "crate::rules",
        "crate::check",
        "crate::loader",
    ];
    nobody_names("certlint-core/src/name", &above);
    nobody_names("certlint-core/src/x509", &above);
    nobody_names("certlint-core/src/source.rs", &above);
    nobody_names(
        "certlint-core/src/model",
        &[
            "crate::nginx",
            "use nginx_syntax",
            "crate::rules",
            "crate::check",
        ],
    );
}

#[test]
fn the_syntax_crates_know_nothing_of_tls() {
    nobody_names("nginx-syntax/src", &["certlint_core", "x509"]);
    nobody_names(
        "manifest-syntax/src",
        &["certlint_core", "x509", "nginx_syntax", "apiVersion"],
    );
}

#[test]
fn only_programs_touch_clock_environment_files_and_network() {
    let outside = [
        "std::fs",
        "std::env",
        "std::process",
        "std::thread::sleep",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "UnixStream",
    ];
    nobody_names("certlint-core/src", &outside);
    nobody_names("nginx-syntax/src", &outside);
    nobody_names("manifest-syntax/src", &outside);
}
