//! `--certs`: public certificates for what keeps its own elsewhere.

use std::fs;

use crate::manifests::{ingress, secret};
use crate::support::{NOW, Run, Tree, fixtures, main_file, server};

fn short(tree: &Tree, arguments: &[&str]) -> Run {
    tree.run(&[arguments, &["--format", "short", "-v", "--now", NOW]].concat())
}

/// Puts a certificate of the fixtures, without its key, to `path`.
fn public(tree: &Tree, fixture: &str, path: &str) {
    let certificate = fs::read(fixtures().join(format!("certs/{fixture}.crt"))).unwrap();
    tree.write(path, certificate);
}

/// An Ingress whose Secret `default/shop-tls` is not in the input.
fn tree() -> Tree {
    Tree::new(&[("web.yaml", &ingress("", "www.example.com api.example.com"))])
}

#[test]
fn a_secret_is_found_by_namespace_and_name_or_by_its_name() {
    for path in [
        "certs/default/shop-tls.crt",
        "certs/default/shop-tls.pem",
        "certs/default/shop-tls/tls.crt",
        "certs/shop-tls.crt",
        "certs/shop-tls.pem",
        "certs/shop-tls/tls.crt",
    ] {
        let tree = tree();
        public(&tree, "example.com", path);
        for more in [&[][..], &["--require-secrets"]] {
            let run = short(&tree, &[&["web.yaml", "--certs", "certs"], more].concat());
            assert_eq!(
                run.findings(),
                ["web.yaml:7 name-not-covered"],
                "{path} {run:?}"
            );
            assert_eq!(run.code, 1, "{path} {run:?}");
        }
    }
}

#[test]
fn the_own_namespace_comes_first() {
    let tree = tree();
    public(&tree, "wildcard.example.com", "certs/default/shop-tls.pem");
    public(&tree, "example.com", "certs/shop-tls.crt");
    let run = short(&tree, &["web.yaml", "--certs", "certs"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("1 certificate"), "{run:?}");
}

#[test]
fn a_secret_that_is_not_there_either_stays_unverifiable() {
    let tree = tree();
    public(&tree, "example.com", "certs/other/shop-tls.crt");
    let run = short(&tree, &["web.yaml", "--certs", "certs"]);
    assert_eq!(run.findings(), ["web.yaml:8 unverifiable"], "{run:?}");
}

#[test]
fn the_input_counts_more_than_what_stands_beside_it() {
    let tree = Tree::new(&[
        ("web.yaml", &ingress("", "www.example.com")),
        ("secret.yaml", &secret("example.com")),
    ]);
    public(&tree, "example.org", "certs/shop-tls.crt");
    let run = short(&tree, &[".", "--certs", "certs"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
}

#[test]
fn a_secret_that_is_encrypted_has_its_certificate_beside_it() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop-tls\ntype: kubernetes.io/tls\n\
                  data:\n  tls.crt: ENC[AES256_GCM,data:x]\n  tls.key: ENC[AES256_GCM,data:x]\n";
    let tree = tree();
    tree.write("secret.yaml", secret);
    let run = short(&tree, &["."]);
    assert_eq!(run.findings(), ["web.yaml:8 unverifiable"], "{run:?}");
    public(&tree, "example.com", "certs/shop-tls.crt");
    let run = short(&tree, &[".", "--certs", "certs"]);
    assert_eq!(run.findings(), ["web.yaml:7 name-not-covered"], "{run:?}");
}

#[test]
fn reports_point_into_the_file_and_speak_of_the_secret() {
    let tree = tree();
    public(&tree, "example.com", "certs/shop-tls.crt");
    let arguments = ["web.yaml", "--certs", "certs", "--now", NOW];
    let run = tree.run(&[&arguments[..], &["--format", "json"]].concat());
    for part in [
        "\"message\": \"covers `example.com`, `www.example.com`\"",
        "\"file\": \"certs/shop-tls.crt\"",
        "kubectl -n default create secret tls shop-tls",
    ] {
        assert!(run.stdout.contains(part), "{part} {run:?}");
    }
    let run = tree.run(&arguments);
    let line = "  ↳ certs/shop-tls.crt covers example.com, www.example.com · ECDSA P-256 · until \
                2026-12-30\n";
    assert!(run.stdout.contains(line), "{run:?}");
}

#[test]
fn what_is_wrong_with_the_certificate_is_told_but_nothing_about_a_key() {
    let tree = Tree::new(&[("web.yaml", &ingress("nginx", "example.com"))]);
    public(&tree, "expired", "certs/shop-tls.crt");
    let run = short(&tree, &["web.yaml", "--certs", "certs"]);
    assert!(run.has("certificate-expired"), "{run:?}");
    assert!(!run.stdout.contains("key"), "{run:?}");
    tree.write("certs/shop-tls.crt", "no certificate");
    let run = short(&tree, &["web.yaml", "--certs", "certs"]);
    assert_eq!(
        run.findings(),
        ["certs/shop-tls.crt:1 certificate-unreadable"],
        "{run:?}"
    );
}

#[test]
fn a_file_beside_the_input_makes_no_reference_wrong() {
    let proxy = "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata:\n  name: web\n\
                 \x20 namespace: shop\nspec:\n  virtualhost:\n    fqdn: api.example.com\n    tls:\n\
                 \x20     secretName: vault/edge\n";
    let tree = Tree::new(&[("web.yaml", proxy)]);
    public(&tree, "example.com", "certs/vault/edge.crt");
    let run = short(&tree, &["web.yaml", "--certs", "certs"]);
    assert_eq!(run.findings(), ["web.yaml:8 name-not-covered"], "{run:?}");
}

#[test]
fn containers_see_the_certificate_of_a_secret_that_they_mount() {
    let manifests = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  web.conf: |\n\
                     \x20   server {\n      listen 443 ssl;\n      server_name api.example.com;\n\
                     \x20     ssl_certificate /tls/site.crt;\n      ssl_certificate_key /tls/site.key;\n    }\n\
                     ---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n\
                     \x20 - name: nginx\n    image: nginx\n    volumeMounts:\n\
                     \x20   - {name: conf, mountPath: /etc/nginx/conf.d}\n    - {name: tls, mountPath: /tls}\n\
                     \x20 volumes:\n  - {name: conf, configMap: {name: web}}\n  - name: tls\n    secret:\n\
                     \x20     secretName: shop-tls\n      items:\n      - {key: tls.crt, path: site.crt}\n\
                     \x20     - {key: tls.key, path: site.key}\n";
    let tree = Tree::new(&[("web.yaml", manifests)]);
    let run = short(&tree, &["web.yaml"]);
    assert_eq!(run.findings(), ["web.yaml:10 unverifiable"], "{run:?}");
    public(&tree, "example.com", "certs/shop-tls.crt");
    let run = short(&tree, &["web.yaml", "--certs", "certs"]);
    assert_eq!(run.findings(), ["web.yaml:9 name-not-covered"], "{run:?}");
}

#[test]
fn a_file_of_nginx_is_found_by_the_end_of_its_path() {
    for path in [
        "certs/etc/letsencrypt/live/example.com/fullchain.pem",
        "certs/live/example.com/fullchain.pem",
        "certs/example.com/fullchain.pem",
        "certs/fullchain.pem",
    ] {
        let main = "events {}\nhttp {\nserver {\nlisten 443 ssl;\nserver_name api.example.com;\n\
                    ssl_certificate /etc/letsencrypt/live/example.com/fullchain.pem;\n\
                    ssl_certificate_key /etc/letsencrypt/live/example.com/privkey.pem;\n}\n}\n";
        let tree = Tree::new(&[("nginx.conf", main)]);
        public(&tree, "example.com", path);
        let run = short(&tree, &["nginx.conf", "--certs", "certs"]);
        assert_eq!(run.findings(), ["nginx.conf:5 name-not-covered"], "{run:?}");
        let arguments = ["resolve", "--certs", "certs", "--name", "www.example.com"];
        let run = tree.run(&[&arguments[..], &["nginx.conf"]].concat());
        assert!(run.stdout.contains(path), "{run:?}");
    }
}

#[test]
fn a_file_of_nginx_is_found_by_a_name_that_is_its_own() {
    let tree = Tree::new(&[(
        "nginx.conf",
        &main_file("api.example.com", "/etc/ssl/certs/example.com"),
    )]);
    public(&tree, "example.com", "certs/production/example.com.crt");
    let run = short(&tree, &["nginx.conf", "--certs", "certs"]);
    assert_eq!(run.findings(), ["nginx.conf:5 name-not-covered"], "{run:?}");
    public(&tree, "example.com", "certs/staging/example.com.crt");
    let run = short(&tree, &["nginx.conf", "--certs", "certs"]);
    assert!(run.has("unverifiable"), "{run:?}");
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_name_that_every_certificate_has_is_not_enough() {
    let tree = Tree::new(&[(
        "nginx.conf",
        &main_file("b.example", "/etc/ssl/b.example/server"),
    )]);
    public(&tree, "example.com", "certs/example.com/server.crt");
    let run = short(&tree, &["nginx.conf", "--certs", "certs"]);
    assert!(
        run.has("unverifiable") && !run.has("name-not-covered"),
        "{run:?}"
    );
}

#[test]
fn a_file_that_the_tree_lacks_is_not_missing_when_it_is_there() {
    let tree = Tree::new(&[("nginx.conf", &main_file("www.example.com", "ssl/web"))]);
    let run = short(&tree, &["nginx.conf"]);
    assert!(
        run.has("certificate-missing") && run.has("key-missing"),
        "{run:?}"
    );
    public(&tree, "example.com", "certs/web.crt");
    // Of another certificate, as the example for developers may be.
    let key = fs::read(fixtures().join("certs/example.org.key")).unwrap();
    for with_key in [false, true] {
        if with_key {
            tree.write("ssl/web.key", &key);
        }
        let run = short(&tree, &["nginx.conf", "--certs", "certs"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    }
}

#[test]
fn two_servers_with_one_file_have_one_certificate() {
    let servers = [server("a.test", "/x/web"), server("b.test", "/y/web")].concat();
    let tree = Tree::new(&[(
        "nginx.conf",
        &format!("events {{}}\nhttp {{\n{servers}}}\n"),
    )]);
    public(&tree, "expired", "certs/web.crt");
    let run = short(&tree, &["nginx.conf", "--certs", "certs"]);
    assert_eq!(
        run.stdout.matches("certificate-expired").count(),
        1,
        "{run:?}"
    );
    assert!(run.stderr.contains("1 certificate"), "{run:?}");
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let outside = ingress("", "www.example.com").replace("shop-tls", "../secret");
    let tree = Tree::new(&[
        ("web.yaml", outside.as_str()),
        ("certs/.keep", ""),
        (
            "nginx.conf",
            &main_file("www.example.com", "/x/../../secret"),
        ),
    ]);
    public(&tree, "example.org", "secret.crt");
    for file in ["web.yaml", "nginx.conf"] {
        let run = short(&tree, &[file, "--certs", "certs"]);
        assert!(!run.has("name-not-covered"), "{run:?}");
    }
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let run = short(&tree(), &["web.yaml", "--certs", "nowhere"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("--certs"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_as_certbot_makes_them() {
    let tree = tree();
    public(&tree, "example.com", "archive/cert1.pem");
    fs::create_dir_all(tree.path().join("certs/default/circle")).unwrap();
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, tree.path().join(at)).unwrap();
    link("../../archive/cert1.pem", "certs/default/shop-tls.pem");
    let run = short(&tree, &["web.yaml", "--certs", "certs"]);
    assert_eq!(run.findings(), ["web.yaml:7 name-not-covered"], "{run:?}");
}
