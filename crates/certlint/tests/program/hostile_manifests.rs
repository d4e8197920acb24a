//! Manifests that are made to break a reader: bounded time and memory, and a clear finding.

use std::fs::OpenOptions;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{NOW, Run, Tree, program, run};

/// Much more than the largest input and what is made of it.
const MEMORY_KIB: u64 = 1 << 20;

const HEAD: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n";

/// Runs `certlint` with little memory, and fails when that takes long.
fn bounded(tree: &Tree, arguments: &[&str], input: &[u8]) -> Run {
    let mut command = program(tree.path());
    if cfg!(target_os = "linux") {
        let limited = format!("ulimit -v {MEMORY_KIB} && exec \"$0\" \"$@\"");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &limited]).arg(command.get_program());
        shell.current_dir(tree.path()).env_clear();
        command = shell;
    }
    command.args(arguments);
    command.args(["--format", "short", "--now", NOW]);
    let start = Instant::now();
    let run = run(&mut command, input);
    assert!(start.elapsed() < Duration::from_secs(120), "{arguments:?}");
    assert!((0..=2).contains(&run.code), "{run:?}");
    assert!(!run.stderr.contains("panicked"), "{run:?}");
    run
}

/// Runs `certlint a.yaml` on `text`.
fn check(text: &str) -> Run {
    let tree = Tree::new(&[("a.yaml", text)]);
    bounded(&tree, &["a.yaml"], b"")
}

#[test]
fn an_alias_bomb_is_defused() {
    let mut sequences = format!("{HEAD}a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    let mut merges = format!("{HEAD}m0: &m0 {{k: v}}\n");
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        let aliases = [alias.as_str(); 9].join(", ");
        sequences += &format!("a{level}: &a{level} [{aliases}]\n");
        let alias = format!("*m{}", level - 1);
        let merged = [alias.as_str(); 9].join(", ");
        merges += &format!("m{level}: &m{level} {{<<: [{merged}], n{level}: {alias}}}\n");
    }
    for bomb in [sequences, merges] {
        let run = check(&bomb);
        assert_eq!(run.code, 1, "{run:?}");
        let is_told = run.stdout.contains("aliases make more than");
        assert!(is_told && run.stdout.starts_with("a.yaml:5:"), "{run:?}");
        // The rest is still checked.
        let beside = check(&format!("{bomb}---\nkind: Ingress\napiVersion: v1\nx: [\n"));
        assert_eq!(beside.findings().len(), 2, "{beside:?}");
    }
}

#[test]
fn values_that_are_nested_too_deeply_are_told() {
    let deep = 200_000;
    let block: String = (0..2000).map(|level| " ".repeat(level) + "k:\n").collect();
    for (text, line) in [
        (format!("{HEAD}spec: {}", "[".repeat(deep)), "5"),
        (format!("{HEAD}spec: {}", "{a: ".repeat(deep)), "5"),
        (format!("{HEAD}spec:\n{}", "- ".repeat(deep)), "6"),
        (format!("{HEAD}{block}"), "133"),
        (
            format!(
                "{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": {}",
                "[".repeat(deep)
            ),
            "1",
        ),
        (
            format!(
                "{{\"apiVersion\": \"v1\", \"kind\": {}",
                "{\"kind\":".repeat(deep)
            ),
            "1",
        ),
    ] {
        let run = check(&text);
        let shown = &text[..text.len().min(120)];
        assert_eq!(run.code, 1, "{shown} {run:?}");
        let starts = format!("a.yaml:{line}:");
        assert!(run.stdout.starts_with(&starts), "{shown} {run:?}");
        assert!(
            run.stdout.contains("nested deeper than 128 levels"),
            "{shown} {run:?}"
        );
    }
}

#[test]
fn lists_in_lists_end() {
    let open = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [";
    let run = check(&(open.repeat(60) + &"]}".repeat(60)));
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn an_input_of_100_megabytes_is_refused() {
    const SIZE: usize = 100 << 20;
    let tree = Tree::new(&[("a.yaml", &format!("{HEAD}x: |\n"))]);
    let file = OpenOptions::new()
        .write(true)
        .open(tree.path().join("a.yaml"));
    file.unwrap().set_len(SIZE as u64).unwrap();
    let run = bounded(&tree, &["a.yaml"], b"");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("larger than the limit"), "{run:?}");

    let mut text = format!("{HEAD}x: ").into_bytes();
    text.resize(SIZE, b'a');
    let run = bounded(&tree, &["-"], &text);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("larger than the limit"), "{run:?}");
}

#[test]
fn a_scalar_as_large_as_the_limit_allows_is_read() {
    const SIZE: usize = 60 << 20;
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\n";
    let plain = "a".repeat(SIZE);
    let lines = format!("    {}\n", "a".repeat(75)).repeat(SIZE / 80);
    for (text, code) in [
        (format!("{HEAD}x: {plain}\n"), 0),
        (format!("{HEAD}x: \"\\x41{plain}\"\n"), 0),
        (format!("{HEAD}x: |\n{lines}"), 0),
        (format!("{secret}data:\n  tls.crt: {plain}\n"), 1),
        (format!("{secret}stringData:\n  tls.crt: |\n{lines}"), 1),
        (format!("{HEAD}x: \"{plain}\n"), 1),
    ] {
        let run = check(&text);
        let shown = &text[..200];
        assert_eq!(run.code, code, "{shown} {run:?}");
        // A finding shows what it is about, not all of it.
        assert!(run.stdout.len() < 2000, "{shown}");
    }
}

#[test]
fn ten_thousand_documents_are_read() {
    let ingress = |number: usize| {
        format!(
            "---\n{}{number}\nspec: {{tls: [{{hosts: [a{number}.example], secretName: s{number}}}]}}\n",
            HEAD.trim_end()
        )
    };
    let run = check(&(0..10_000).map(ingress).collect::<String>());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("10000 unverifiable"), "{run:?}");

    let broken = format!("---\n{HEAD}x: [\n").repeat(10_000);
    let run = check(&broken);
    assert_eq!(run.code, 1);
    assert_eq!(run.findings().len(), 10_000);

    let empty = format!("{HEAD}{}", "---\n".repeat(1 << 20));
    assert_eq!(check(&empty).code, 0);
}

#[test]
fn an_ingress_of_16000_hosts_is_checked() {
    let hosts: String = (0..16_000)
        .map(|number| format!("    - listed{number}.example\n"))
        .collect();
    let rules: String = (0..16_000)
        .map(|number| format!("  - host: ruled{number}.example\n"))
        .collect();
    for class in ["nginx", "traefik", "alb", "other"] {
        let text = format!(
            "{HEAD}spec:\n  ingressClassName: {class}\n  tls:\n  - secretName: s\n    hosts:\n{hosts}  rules:\n{rules}"
        );
        let run = check(&text);
        let findings = run.findings().len();
        assert!(class == "alb" || findings >= 16_000, "{class} {findings}");
    }
}
