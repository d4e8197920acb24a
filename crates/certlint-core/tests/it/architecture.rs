//! The house keeps its shape: who may know whom, and who may touch the outside world.
//!
//! Reads the sources of the library crates; `.clippy.toml` says the same to the compiler where it
//! can, this test says it of modules.

mod circles;
mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use circles::{Graph, faults};
use imports::{Arrow, Modules};

/// What each part of the library may name; a part is a module of the crate's root, file and folder
/// together. What is not here is forbidden.
const ALLOWED: &[(&str, &[&str])] = &[
    ("check", &["finding", "ledger", "model", "rules", "source"]),
    (
        "config",
        &[
            "check",
            "finding",
            "kubernetes",
            "model",
            "nginx",
            "rules",
            "source",
        ],
    ),
    ("finding", &["source"]),
    (
        "frontend",
        &["files", "kubernetes", "loader", "model", "nginx"],
    ),
    (
        "kubernetes",
        &[
            "files", "finding", "loader", "model", "name", "nginx", "source", "text", "x509",
        ],
    ),
    ("ledger", &["model", "name", "source", "x509"]),
    ("loader", &["files", "model", "source", "text", "x509"]),
    ("model", &["finding", "name", "source", "x509"]),
    (
        "nginx",
        &["files", "loader", "model", "name", "source", "text", "x509"],
    ),
    ("resolve", &["ledger", "model", "name", "source"]),
    (
        "rules",
        &["finding", "ledger", "model", "name", "source", "x509"],
    ),
    (
        "secret",
        &["check", "finding", "kubernetes", "model", "rules"],
    ),
    ("text", &["model", "source"]),
    ("x509", &["name"]),
];

/// Arrows between modules of `kubernetes` that still make circles.
const KNOWN_CIRCLES: &[(&str, &str)] = &[
    ("cluster", "mounts"),
    ("facts", "host_index"),
    ("facts", "mounts"),
    ("gateway", "facts"),
    ("kinds", "mounts"),
    ("lower", "assemble"),
    ("lower", "summary"),
    ("object", "facts"),
];

/// The files of this crate by their paths below `src`.
fn files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut pending = vec![root.clone()];
    let mut files = BTreeMap::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of the repository");
            pending.extend(entries.flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let name = path.strip_prefix(&root).expect("below the root");
            files.insert(name.to_string_lossy().replace('\\', "/"), text);
        }
    }
    files
}

/// The arrows between parts: modules below `inside`, each with all that is below it.
fn parts<'a>(arrows: &'a [Arrow], inside: &[&str]) -> Vec<(&'a Arrow, String, String)> {
    let part = |path: &'a [String]| {
        let below = path.len() > inside.len() && path.iter().zip(inside).all(|(a, b)| a == b);
        below.then(|| path[inside.len()].clone())
    };
    let parts = arrows
        .iter()
        .filter_map(|arrow| Some((arrow, part(&arrow.from)?, part(&arrow.to)?)));
    parts.filter(|(_, from, to)| from != to).collect()
}

fn graph(parts: &[(&Arrow, String, String)]) -> Graph {
    let mut graph = Graph::new();
    for (_, from, to) in parts {
        graph.entry(from.clone()).or_default().insert(to.clone());
    }
    graph
}

/// The mentions that no list allows.
fn forbidden(arrows: &[Arrow], allowed: &[(&str, &[&str])]) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = allowed.iter().copied().collect();
    parts(arrows, &[])
        .iter()
        .filter(|(_, from, to)| {
            let may = allowed.get(from.as_str());
            !may.is_some_and(|may| may.contains(&to.as_str()))
        })
        .map(|(arrow, ..)| arrow.to_string())
        .collect()
}

#[test]
fn parts_name_only_what_they_may() {
    let arrows = Modules::read(&files()).arrows();
    let found = forbidden(&arrows, ALLOWED);
    assert!(found.is_empty(), "not allowed:\n{}", found.join("\n"));
    let used: BTreeSet<(String, String)> = parts(&arrows, &[])
        .into_iter()
        .map(|(_, from, to)| (from, to))
        .collect();
    for (from, may) in ALLOWED {
        for to in *may {
            let arrow = ((*from).to_owned(), (*to).to_owned());
            assert!(
                used.contains(&arrow),
                "{from} -> {to} is allowed and not used"
            );
        }
    }
}

#[test]
fn parts_make_no_circle() {
    let arrows = Modules::read(&files()).arrows();
    let found = faults(&graph(&parts(&arrows, &[])), &[]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn kubernetes_makes_no_circle_inside() {
    let arrows = Modules::read(&files()).arrows();
    let found = faults(&graph(&parts(&arrows, &["kubernetes"])), KNOWN_CIRCLES);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The arrows of a small crate, as `from -> to`.
fn arrows_of(files: &[(&str, &str)]) -> Vec<String> {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let arrows = Modules::read(&files).arrows();
    let show = |arrow: &Arrow| format!("{} -> {}", arrow.from.join("::"), arrow.to.join("::"));
    let shown: BTreeSet<String> = arrows.iter().map(show).collect();
    shown.into_iter().collect()
}

/// A crate in which `rules` knows `model`, with another text for one of its files.
fn with(name: &str, text: &str) -> Vec<String> {
    let mut files = BTreeMap::from([
        ("lib.rs", "mod model; mod rules;"),
        (
            "model.rs",
            "mod table; pub use table::Table; pub struct Model;",
        ),
        ("model/table.rs", "pub struct Table;"),
        (
            "rules/mod.rs",
            "mod one; use crate::model::Model; pub struct Rule;",
        ),
        ("rules/one.rs", "use super::Rule; use crate::model::Table;"),
    ]);
    files.insert(name, text);
    let files: Vec<_> = files.into_iter().collect();
    arrows_of(&files)
}

#[test]
fn re_exports_lead_to_what_they_name() {
    assert_eq!(
        with("lib.rs", "mod model; mod rules;"),
        [
            "rules -> model",
            "rules::one -> model::table",
            "rules::one -> rules"
        ]
    );
}

#[test]
fn imports_are_seen_wherever_they_are() {
    let upward = |arrows: &[String]| {
        let is_upward = |arrow: &&String| arrow.starts_with("model") && arrow.contains("-> rules");
        arrows.iter().filter(is_upward).cloned().collect::<Vec<_>>()
    };
    for (name, text, arrow) in [
        // In a file beside its folder.
        (
            "model.rs",
            "mod table; use crate::rules::Rule;",
            "model -> rules",
        ),
        // In a folder, through `super`.
        (
            "model/table.rs",
            "use super::super::rules::Rule;",
            "model::table -> rules",
        ),
        // In a tree, under another name.
        (
            "model/table.rs",
            "use crate::{rules::{self as r, Rule as R}};",
            "model::table -> rules",
        ),
        // In code without `use`.
        (
            "model/table.rs",
            "fn f() -> crate::rules::Rule { loop {} }",
            "model::table -> rules",
        ),
        // In a function.
        (
            "model/table.rs",
            "fn f() { use crate::rules::Rule; }",
            "model::table -> rules",
        ),
        // In what a macro is given.
        (
            "model/table.rs",
            "fn f() { println!(\"{}\", [crate::rules::Rule; 1].len()); }",
            "model::table -> rules",
        ),
        // In a module inside of a file.
        (
            "model/table.rs",
            "mod inner { use super::super::super::rules::Rule; }",
            "model::table::inner -> rules",
        ),
        // Through everything that another module brings in.
        (
            "model/table.rs",
            "mod a { pub use crate::rules::*; } use a::Rule;",
            "model::table -> rules",
        ),
    ] {
        assert_eq!(upward(&with(name, text)), [arrow], "{text}");
    }
    for text in [
        "use std::rules::Rule;",
        "pub(in crate::rules) struct Table;",
        "#[cfg(test)] mod tests { use crate::rules::Rule; }",
        "#[cfg(test)] use crate::rules::Rule;",
        "// crate::rules::Rule",
    ] {
        assert_eq!(upward(&with("model/table.rs", text)), [""; 0], "{text}");
    }
}

#[test]
fn a_folder_module_is_read_too() {
    let arrows = arrows_of(&[
        ("lib.rs", "mod model; mod rules;"),
        ("model/mod.rs", "use super::rules::Rule;"),
        ("rules.rs", "pub struct Rule;"),
    ]);
    assert_eq!(arrows, ["model -> rules"]);
}

#[test]
fn only_what_is_listed_is_allowed() {
    let arrow = |from: &str, to: &str| Arrow {
        from: vec![from.to_owned(), "inner".to_owned()],
        to: vec![to.to_owned()],
        file: "a.rs".to_owned(),
        line: 7,
    };
    let arrows = [arrow("rules", "model"), arrow("model", "rules")];
    assert_eq!(
        forbidden(&arrows, &[("rules", &["model"])]),
        ["model::inner -> rules (a.rs:7)"]
    );
}

#[test]
fn known_circles_are_listed_no_longer_than_they_are() {
    let graph = |arrows: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in arrows {
            graph
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        graph
    };
    let round = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]);
    assert_eq!(faults(&round, &[]), ["circle: a -> b -> c -> a"]);
    assert_eq!(faults(&round, &[("c", "a")]), [""; 0]);
    assert_eq!(faults(&graph(&[("a", "b")]), &[]), [""; 0]);
    assert_eq!(
        faults(&round, &[("c", "a"), ("c", "d")]),
        ["c -> d makes no circle any more: take it off the list"]
    );
}

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
