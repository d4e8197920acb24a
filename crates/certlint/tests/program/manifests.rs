//! Kubernetes manifests: how they are found, told and answered for.

use std::fs;

use crate::support::{NOW, Run, Tree, fixtures, main_file};

/// An Ingress of no class with two hosts, and the Secret that it names.
fn stream(hosts: &str, certificate: &str) -> String {
    format!("{}---\n{}", ingress("", hosts), secret(certificate))
}

pub(crate) fn ingress(class: &str, hosts: &str) -> String {
    let class = match class {
        "" => String::new(),
        class => format!("  ingressClassName: {class}\n"),
    };
    let rules: String = hosts
        .split(' ')
        .map(|host| format!("  - host: {host}\n"))
        .collect();
    let hosts = hosts.replace(' ', ", ");
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\nspec:\n{class}  \
         tls:\n  - hosts: [{hosts}]\n    secretName: shop-tls\n  rules:\n{rules}"
    )
}

/// The Secret `shop-tls` with a certificate of the fixtures and its key.
pub(crate) fn secret(certificate: &str) -> String {
    let text = |ending: &str| {
        let path = fixtures().join(format!("certs/{certificate}.{ending}"));
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| format!("    {line}\n"));
        lines.collect::<String>()
    };
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop-tls\ntype: kubernetes.io/tls\n\
         stringData:\n  tls.crt: |\n{}  tls.key: |\n{}",
        text("crt"),
        text("key")
    )
}

fn short(tree: &Tree, arguments: &[&str], input: &str) -> Run {
    let options = ["--format", "short", "--now", NOW];
    tree.run_with_input(&[arguments, &options].concat(), input)
}

#[test]
fn a_host_that_the_secret_does_not_cover_is_told_at_its_token() {
    let tree = Tree::new(&[(
        "deploy.yaml",
        &stream("api.example.com example.com", "example.com"),
    )]);
    let run = tree.run(&["deploy.yaml", "--now", NOW, "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.stdout.matches("\"rule\":").count(), 1, "{run:?}");
    for part in [
        "\"rule\": \"name-not-covered\"",
        "\"file\": \"deploy.yaml\"",
        "\"field\": \"spec.tls[0].hosts[0]\"",
        "\"files\": 1",
        "\"names\": 2",
        "\"certificates\": 1",
    ] {
        assert!(run.stdout.contains(part), "{part} {run:?}");
    }
    let run = short(&tree, &["deploy.yaml"], "");
    assert!(run.stdout.starts_with("deploy.yaml:7:13: error"), "{run:?}");
}

#[test]
fn reports_show_no_key() {
    let tree = Tree::new(&[("deploy.yaml", &stream("api.example.com", "expired"))]);
    let run = tree.run(&["deploy.yaml", "--now", NOW, "-v"]);
    assert_eq!(run.code, 1, "{run:?}");
    let key = fs::read_to_string(fixtures().join("certs/expired.key")).unwrap();
    for line in key.lines() {
        assert!(!run.stdout.contains(line), "{line} {run:?}");
    }
}

#[test]
fn all_manifests_of_a_run_are_one_cluster() {
    let tree = Tree::new(&[
        ("app/ingress.yaml", &ingress("", "api.example.com")),
        ("secrets/tls.yml", &secret("example.com")),
    ]);
    for arguments in [
        &[][..],
        &["app", "secrets"],
        &["secrets/tls.yml", "app/ingress.yaml"],
    ] {
        let run = short(&tree, arguments, "");
        assert_eq!(
            run.findings(),
            ["app/ingress.yaml:7 name-not-covered"],
            "{run:?}"
        );
        assert!(
            run.stderr.contains(" 2 files, 1 name, 1 certificate"),
            "{run:?}"
        );
    }
    let run = short(&tree, &["-", "app"], &secret("api.example.com"));
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
}

#[test]
fn a_secret_that_is_not_there_is_an_error_on_demand() {
    let tree = Tree::new(&[("ingress.yaml", &ingress("", "api.example.com"))]);
    let run = short(&tree, &["ingress.yaml", "-v"], "");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.has("unverifiable"), "{run:?}");
    let run = short(&tree, &["ingress.yaml", "--require-secrets"], "");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.has("secret-missing"), "{run:?}");
}

#[test]
fn objects_that_name_no_namespace_are_in_the_given_one() {
    let secret = secret("example.com").replace("metadata:\n", "metadata:\n  namespace: shop\n");
    let tree = Tree::new(&[
        ("ingress.yaml", &ingress("", "api.example.com")),
        ("secret.yaml", &secret),
    ]);
    assert_eq!(short(&tree, &[], "").code, 0);
    let run = short(&tree, &["--namespace", "shop"], "");
    assert_eq!(
        run.findings(),
        ["ingress.yaml:7 name-not-covered"],
        "{run:?}"
    );
}

#[test]
fn configuration_and_manifests_are_checked_side_by_side() {
    let tree = Tree::new(&[
        ("deploy/all.yaml", &stream("api.example.com", "example.com")),
        ("nginx/nginx.conf", &main_file("api.example.com", "a")),
    ]);
    tree.certificate("example.com", "nginx/a");
    let run = short(&tree, &[], "");
    let expected = [
        "nginx/nginx.conf:5 name-not-covered",
        "deploy/all.yaml:7 name-not-covered",
    ];
    assert_eq!(run.findings(), expected, "{run:?}");
    assert!(
        run.stderr.contains(" 2 files, 2 names, 2 certificates"),
        "{run:?}"
    );
}

#[test]
fn json_is_read_like_yaml() {
    let json = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
"metadata": {"name": "web"},
"spec": {"tls": [{"hosts": ["api.example.com"], "secretName": "shop-tls"}],
"rules": [{"host": "api.example.com"}]}}"#;
    let tree = Tree::new(&[
        ("web.json", json),
        ("package.json", "{\"name\": \"web\", \"kind\": [}"),
        ("tls.yaml", &secret("example.com")),
    ]);
    let run = short(&tree, &[], "");
    assert_eq!(run.findings(), ["web.json:3 name-not-covered"], "{run:?}");
}

#[test]
fn standard_input_may_be_manifests() {
    let tree = Tree::new(&[]);
    let input = stream("api.example.com", "example.com");
    let run = short(&tree, &["-"], &input);
    assert_eq!(run.findings(), ["<stdin>:7 name-not-covered"], "{run:?}");
    let run = short(&tree, &["-", "--stdin-filename", "chart"], &input);
    assert_eq!(run.findings(), ["chart:7 name-not-covered"], "{run:?}");
}

#[test]
fn other_yaml_is_left_alone_unless_it_is_named() {
    let nginx = "run: |\n  server { listen 80; }\n";
    let tree = Tree::new(&[
        ("values.yaml", "web: {image: nginx}\n"),
        ("broken.yml", "a: [\n"),
        ("ci.yaml", nginx),
        ("tsconfig.json", "{ // comments\n}\n"),
    ]);
    let run = short(&tree, &[], "");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert_eq!(
        run.stderr,
        "error: nothing to check: no Kubernetes manifests or nginx configurations found\n"
    );
    for file in ["values.yaml", "broken.yml", "tsconfig.json"] {
        let run = short(&tree, &[file], "");
        assert_eq!(run.code, 2, "{run:?}");
        let expected = format!(
            "error: `{file}` is not recognised as Kubernetes manifests or nginx configurations\n"
        );
        assert_eq!(run.stderr, expected);
    }
}

#[test]
fn templates_of_a_chart_are_told_and_not_checked() {
    let template = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  \
                    name: {{ .Release.Name }}\n";
    let tree = Tree::new(&[
        (
            "chart/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        ),
        ("chart/templates/ingress.yaml", template),
    ]);
    let run = short(&tree, &["chart"], "");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("found 1 template, which"), "{run:?}");
    assert_eq!(
        run.findings(),
        ["chart/templates/ingress.yaml:4 template-skipped"],
        "{run:?}"
    );
}

#[test]
fn many_templates_are_one_note_with_their_number() {
    let files: Vec<_> = (0..5)
        .map(|index| format!("charts/c{index}/templates/ingress.yaml"))
        .collect();
    let template =
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {{ .Release.Name }}\n";
    let files: Vec<_> = files.iter().map(|file| (file.as_str(), template)).collect();
    let run = short(&Tree::new(&files), &["charts"], "");
    assert_eq!(
        run.findings(),
        ["charts/c0/templates/ingress.yaml:4 template-skipped"],
        "{run:?}"
    );
    assert!(run.stdout.contains("(and 4 more templates)"), "{run:?}");
    let run = short(&Tree::new(&files[..3]), &["charts"], "");
    assert_eq!(
        run.findings().len(),
        3,
        "a few are named one by one: {run:?}"
    );
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let input = format!(
        "apiVersion: v1\nkind: [\n---\n{}",
        stream("api.example.com", "example.com")
    );
    let run = short(&Tree::new(&[]), &["-"], &input);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.has("yaml-syntax") && run.has("name-not-covered"),
        "{run:?}"
    );
}

#[test]
fn resolve_answers_for_each_class() {
    let input = format!(
        "{}---\n{}---\n{}",
        ingress("public", "api.example.com"),
        ingress("internal", "www.example.com").replace("name: web", "name: office"),
        secret("example.com")
    );
    let tree = Tree::new(&[("deploy.yaml", &input)]);
    let ask = |options: &[&str]| {
        let fixed = ["resolve", "deploy.yaml", "--namespace", "shop"];
        let run = tree.run(&[&fixed, options].concat());
        assert_eq!(run.code, 0, "{run:?}");
        run
    };
    let run = ask(&[
        "--name",
        "www.example.com",
        "--class",
        "internal",
        "--format",
        "json",
    ]);
    for part in [
        "\"listen\": \"ingress/internal\"",
        "\"outcome\": \"served\"",
        "\"matched_by\": \"exact\"",
        "\"secret\": \"shop/shop-tls\"",
        "\"verdict\": \"covered\"",
    ] {
        assert!(run.stdout.contains(part), "{part} {run:?}");
    }
    assert!(!run.stdout.contains("ingress/public"), "{run:?}");
    let run = ask(&["--name", "api.example.com", "--format", "json"]);
    assert!(
        run.stdout.contains("\"listen\": \"ingress/public\""),
        "{run:?}"
    );
    assert!(
        run.stdout.contains("\"listen\": \"ingress/internal\""),
        "{run:?}"
    );
    let run = ask(&[
        "--name",
        "api.example.com",
        "--class",
        "nobody",
        "--format",
        "json",
    ]);
    assert_eq!(run.stdout, "[]\n");
    let run = ask(&["--name", "api.example.com", "--class", "public"]);
    assert!(
        run.stdout.contains("  deploy.yaml (shop/shop-tls)  "),
        "{run:?}"
    );
}

#[test]
fn broken_yaml_that_holds_no_objects_is_nobodys_business() {
    let tree = Tree::new(&[
        ("values.yaml", "x:\n  apiVersion: v1\n  kind: a: b\n"),
        ("deploy.yaml", "apiVersion: v1\nkind: a: b\n"),
    ]);
    let run = short(&tree, &[], "");
    assert_eq!(run.findings(), ["deploy.yaml:2 yaml-syntax"], "{run:?}");
}

/// The output of `helm template` for the chart in `charts/certlint`; the first line says how.
fn chart(values: &str) -> String {
    fs::read_to_string(fixtures().join(format!("chart/{values}.yaml"))).unwrap()
}

#[test]
fn the_own_chart_is_quiet() {
    for values in ["default", "everything"] {
        let rendered = chart(values);
        assert!(
            rendered.contains("ValidatingWebhookConfiguration"),
            "{values}"
        );
        let options = ["--fail-on", "info", "--ignore", "unverifiable"];
        let run = short(&Tree::new(&[]), &[&["-"], &options[..]].concat(), &rendered);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{values} {run:?}");
        assert!(run.stderr.contains(" 1 file"), "{values} {run:?}");
    }
}

#[test]
fn a_finding_behind_a_rendered_chart_is_told_at_its_line() {
    let rendered = chart("default");
    let lines = rendered.lines().count();
    let own = stream("api.example.com", "example.com");
    let input = format!("{rendered}---\n# Source: web/templates/ingress.yaml\n{own}");
    let run = short(&Tree::new(&[]), &["-"], &input);
    let place = format!("<stdin>:{} name-not-covered", lines + 2 + 7);
    assert_eq!(run.findings(), [place], "{run:?}");
}
