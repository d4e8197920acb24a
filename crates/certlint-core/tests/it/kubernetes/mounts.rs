//! nginx in containers, beyond the fixtures: which containers and files count, and what of that is
//! known.

#[allow(dead_code, reason = "not every test file needs all of it")]
use std::fs;
use std::path::PathBuf;

use certlint_core::finding::Level;
use certlint_core::kubernetes::Options;

use crate::support::manifests::lint_manifests;
use crate::support::text::assert_house_style;
use crate::support::{Repository, repository};

const MAIN: &str = "events {}
http {
    server {
        listen 443 ssl;
        server_name api.example.com;
        ssl_certificate ssl/tls.crt;
        ssl_certificate_key ssl/tls.key;
    }
}
";
const MOUNTS: &str =
    "[{name: config, mountPath: /etc/nginx}, {name: tls, mountPath: /etc/nginx/ssl}]";
const VOLUMES: &str =
    "[{name: config, configMap: {name: nginx}}, {name: tls, secret: {secretName: tls}}]";

/// `LEVEL RULE: LINE` of all warnings and errors in these documents.
fn lint(documents: &[String]) -> Vec<String> {
    let mut files = Repository::new();
    let path = repository().join("input.yaml");
    let text = documents.join("---\n");
    files.over.insert(path, text.into_bytes());
    let options = Options::default();
    let (model, findings) = lint_manifests(&files, &[PathBuf::from("input.yaml")], &options, true);
    let mut told = Vec::new();
    for finding in &findings {
        assert_house_style(finding);
        if finding.level >= Level::Warning {
            let at = &finding.primary.at;
            let source = model.sources.get(at.source);
            let line = source.text().map(|text| {
                let line = source.position(at.start()).line as usize;
                let lines = String::from_utf8_lossy(text);
                lines
                    .lines()
                    .nth(line - 1)
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            });
            told.push(format!(
                "{} {}: {}",
                finding.level,
                finding.rule,
                line.unwrap_or_default()
            ));
        }
    }
    told
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn config_map(files: &[(&str, &str)]) -> String {
    let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nginx}\ndata:\n".to_owned();
    for (name, value) in files {
        text.push_str(&format!("  {name}: |\n{}", indented(value)));
    }
    text
}

/// A Secret with certificate and key of `fixtures/certs` under these keys.
fn secret(kind: &str, certificate: &str, key: &str) -> String {
    let file = |end: &str| {
        let path = repository().join(format!("fixtures/certs/example.com.{end}"));
        indented(&fs::read_to_string(path).expect("a fixture"))
    };
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: tls}}\ntype: {kind}\nstringData:\n  {certificate}: |\n{}  {key}: |\n{}",
        file("crt"),
        file("key"),
    )
}

fn tls() -> String {
    secret("kubernetes.io/tls", "tls.crt", "tls.key")
}

fn pod(name: &str, containers: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{containers}], volumes: {VOLUMES}}}\n"
    )
}

fn nginx(more: &str) -> String {
    format!("{{name: nginx, image: nginx, volumeMounts: {MOUNTS}{more}}}")
}

const NOT_COVERED: &str = "error name-not-covered: server_name api.example.com;";

#[test]
fn the_same_files_in_two_pods_are_told_once() {
    let documents = [
        config_map(&[("nginx.conf", MAIN)]),
        tls(),
        pod("a", &nginx("")),
        pod("b", &nginx("")),
    ];
    assert_eq!(lint(&documents), [NOT_COVERED]);
}

#[test]
fn a_sidecar_that_mounts_the_configuration_only_is_no_nginx() {
    let watch =
        "{name: watch, image: reloader, volumeMounts: [{name: config, mountPath: /etc/nginx}]}";
    for image in ["nginx", "registry.example.com/proxy"] {
        let server = nginx("").replace("image: nginx", &format!("image: {image}"));
        let documents = [
            config_map(&[("nginx.conf", MAIN)]),
            tls(),
            pod("web", &format!("{watch}, {server}")),
        ];
        assert_eq!(lint(&documents), [NOT_COVERED], "{image}");
    }
}

#[test]
fn the_main_file_may_be_named_on_the_command_line() {
    let mounts = MOUNTS.replace("/etc/nginx", "/srv");
    let nginx = nginx(", args: [nginx, -c, /srv/site.conf]").replace(MOUNTS, &mounts);
    let documents = [
        config_map(&[("site.conf", MAIN)]),
        tls(),
        pod("web", &nginx),
    ];
    assert_eq!(lint(&documents), [NOT_COVERED]);
}

#[test]
fn any_key_of_a_secret_may_be_the_certificate() {
    let main = MAIN
        .replace("tls.crt", "site.pem")
        .replace("tls.key", "site-key.pem");
    let documents = [
        config_map(&[("nginx.conf", &main)]),
        secret("Opaque", "site.pem", "site-key.pem"),
        pod("web", &nginx("")),
    ];
    assert_eq!(lint(&documents), [NOT_COVERED]);
    let swapped = MAIN
        .replace("tls.crt", "x")
        .replace("tls.key", "tls.crt")
        .replace("/x", "/tls.key");
    let documents = [
        config_map(&[("nginx.conf", &swapped)]),
        tls(),
        pod("web", &nginx("")),
    ];
    let told = lint(&documents);
    assert!(
        told.iter()
            .any(|line| line.starts_with("error certificate-unreadable")),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|line| line.starts_with("error key-unreadable")),
        "{told:?}"
    );
}

#[test]
fn suppressions_work_inside_of_a_config_map_and_on_it() {
    let comment = "# certlint: ignore[name-not-covered] moves next week\n        server_name";
    let main = MAIN.replace("server_name", comment);
    let documents = [
        config_map(&[("nginx.conf", &main)]),
        tls(),
        pod("web", &nginx("")),
    ];
    assert_eq!(lint(&documents), [""; 0]);
    let annotation = "{name: nginx, annotations: {certlint.io/ignore.name-not-covered: moves}}";
    let map = config_map(&[("nginx.conf", MAIN)]);
    let documents = [
        map.replace("{name: nginx}", annotation),
        tls(),
        pod("web", &nginx("")),
    ];
    assert_eq!(lint(&documents), [""; 0]);
}

#[test]
fn files_of_the_image_are_no_mistake_and_do_not_hide_one() {
    let one_by_one = "[{name: config, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf}, {name: tls, mountPath: /etc/nginx/ssl}]";
    let main = MAIN.replace(
        "http {",
        "http {\n    include mime.types;\n    include /opt/*.conf;",
    );
    let server = "    server { listen 443 ssl; server_name api.example.com; }\n}\n";
    let main = main
        .trim_end()
        .strip_suffix('}')
        .expect("a block")
        .to_owned()
        + server;
    let documents = |mounts: &str| {
        [
            config_map(&[("nginx.conf", &main)]),
            tls(),
            pod("web", &nginx("").replace(MOUNTS, mounts)),
        ]
    };
    let told = lint(&documents(one_by_one));
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], NOT_COVERED);
    assert!(
        told[1].starts_with("error server-name-conflict"),
        "{told:?}"
    );
    // Where the ConfigMap is the whole directory, the image's files are gone.
    let told = lint(&documents(MOUNTS));
    assert!(
        told.contains(&"error include-missing: include mime.types;".to_owned()),
        "{told:?}"
    );
}

#[test]
fn a_certificate_that_is_about_to_come_makes_the_present_one_a_warning() {
    let request = |name: &str| {
        format!(
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: web}}\nspec: {{secretName: tls, dnsNames: [{name}]}}\n"
        )
    };
    let documents = |name: &str| {
        [
            config_map(&[("nginx.conf", MAIN)]),
            tls(),
            pod("web", &nginx("")),
            request(name),
        ]
    };
    let pending = NOT_COVERED.replace("error", "warning");
    assert_eq!(lint(&documents("api.example.com")), [pending]);
    let blamed = "error certificate-request-misses-host: server_name api.example.com;";
    assert_eq!(lint(&documents("www.example.com")), [blamed]);
    // nginx's wildcard reaches deeper than any certificate's: nothing to ask for.
    let wide = MAIN.replace("api.example.com", "*.example.com");
    let mut documents = documents("'*.example.com'");
    documents[0] = config_map(&[("nginx.conf", &wide)]);
    documents[1].clear();
    assert_eq!(lint(&documents), [""; 0]);
}

#[test]
fn odd_paths_lead_where_they_lead_in_a_container() {
    let pods = "[{name: config, mountPath: /}, {name: tls, mountPath: ../etc//nginx/ssl/., subPath: /}, {name: none, mountPath: /x}, {name: config}]";
    let documents = [
        config_map(&[("nginx.conf", MAIN)]),
        tls(),
        pod(
            "web",
            &nginx(", command: [nginx, -c, /nginx.conf]").replace(MOUNTS, pods),
        ),
    ];
    // `ssl/` starts from the directory of the main file, which has no such files.
    let told = lint(&documents);
    assert!(
        told.iter()
            .any(|line| line.starts_with("error certificate-missing")),
        "{told:?}"
    );
}

#[test]
fn many_pods_with_many_files_end_in_time() {
    let keys: String = (0..2_000).map(|key| format!("  k{key}: a\n")).collect();
    let map = config_map(&[("nginx.conf", MAIN)]) + &keys;
    let pods = (0..300).map(|number| {
        let mounts = format!("[{{name: config, mountPath: /etc/nginx/{number}}}]");
        pod(&number.to_string(), &nginx("").replace(MOUNTS, &mounts))
    });
    let documents: Vec<String> = std::iter::once(map).chain(pods).collect();
    let told = lint(&documents);
    assert!(
        told.iter()
            .any(|line| line.starts_with("error nginx-syntax: metadata: {name: ")),
        "{:?}",
        told.last()
    );
}
