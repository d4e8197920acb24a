use std::path::Path;

use super::{FRONT_ENDS, FrontEnd, Shape, formats_read};

const INGRESS: &str = "kind: Ingress\napiVersion: networking.k8s.io/v1\n";

/// The first front-end that recognises a text, and as what.
fn recognise(text: &str) -> Option<(&'static str, Shape)> {
    FRONT_ENDS.iter().find_map(|front_end| {
        let shape = front_end.recognise(text.as_bytes())?;
        Some((front_end.words().one, shape))
    })
}

fn front_end(one: &str) -> &'static dyn FrontEnd {
    let mut all = FRONT_ENDS.iter();
    *all.find(|front_end| front_end.words().one == one)
        .expect("a front-end")
}

#[test]
fn texts_are_told_apart() {
    let config_map = "apiVersion: v1\nkind: ConfigMap\ndata:\n  nginx.conf: |\n    events {}\n    \
                      http {}\n";
    let returns = "server {\n  listen 80;\n  return 200 '{\"apiVersion\":\"v1\",\
                   \"kind\":\"List\"}';\n}\n";
    let cases = [
        (INGRESS, Some(("Kubernetes manifest", Shape::Whole))),
        (config_map, Some(("Kubernetes manifest", Shape::Whole))),
        (returns, Some(("nginx configuration", Shape::Piece))),
        (
            "server { listen 80; }\n",
            Some(("nginx configuration", Shape::Piece)),
        ),
        ("services: {}\n", None),
        ("{\"kind\": \"library\"}", None),
    ];
    for (text, expected) in cases {
        assert_eq!(recognise(text), expected, "{text}");
    }
}

#[test]
fn formats_that_are_not_read_are_known_by_sight() {
    let cases = [
        (
            "# a site\n<VirtualHost *:443>\n  ServerName a.example\n</VirtualHost>\n",
            "Apache configuration",
        ),
        (
            "LoadModule ssl_module modules/mod_ssl.so\nListen 443\n",
            "Apache configuration",
        ),
        ("sslengine on\n", "Apache configuration"),
        (
            "a.example {\n\treverse_proxy 127.0.0.1:8080\n}\n",
            "Caddyfile",
        ),
        (
            "version: '3'\nservices:\n  web:\n    image: nginx\n",
            "compose file",
        ),
        (
            "admin: {}\nstatic_resources:\n  listeners: []\n",
            "Envoy configuration",
        ),
        (
            "{\"static_resources\": {\"listeners\": []}}",
            "Envoy configuration",
        ),
        (
            "defaults\n    mode http\nfrontend web\n    bind :443 ssl crt /etc/ssl/a.pem\n",
            "HAProxy configuration",
        ),
        (
            "entryPoints:\n  web:\n    address: ':80'\n",
            "Traefik configuration",
        ),
        (
            "tls:\n  certificates:\n  - certFile: a.crt\n",
            "Traefik configuration",
        ),
        (
            "[http.routers.web]\n  rule = \"Host(`a.example`)\"\n",
            "Traefik configuration",
        ),
        (
            "[[tls.certificates]]\n  certFile = \"a.crt\"\n",
            "Traefik configuration",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(recognise(text), Some((expected, Shape::Whole)), "{text}");
    }
}

#[test]
fn texts_of_the_like_are_something_else() {
    let cases = [
        // Of nginx.
        "server {\n  listen 443 ssl;\n  server_name a.example;\n}\n",
        // A systemd unit, a package, a workflow, values of a chart, an OpenAPI text.
        "[Service]\nExecStart=/usr/bin/web\n",
        "[package]\nname = \"http\"\n",
        "on: push\njobs:\n  a:\n    services:\n      db:\n        image: postgres\n",
        "ingress:\n  tls:\n    options: {}\nimage: nginx\n",
        "http: {}\npaths: {}\n",
        "<html>\n<body></body>\n</html>\n",
        "global\n",
        "listen 80;\n",
    ];
    for text in cases {
        let found = recognise(text).filter(|(one, _)| *one != "nginx configuration");
        assert_eq!(found, None, "{text}");
    }
}

#[test]
fn names_select_files() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "Kubernetes manifest",
            &["a.yaml", "a.YML", "deploy/a.json"],
            &["a.snap", "a.tpl", "a.md", "values.gotmpl", "a", "yaml"],
        ),
        (
            "nginx configuration",
            &[
                "a.conf",
                "A.CONF",
                "a.vhost",
                "nginx.conf",
                "nginx.conf.example",
                "nginx.conf.tmpl",
                "site.conf.j2",
                "default.conf.template",
                "sites-enabled/a",
                "sites-available/docs.rs",
                "sites-mine/a",
                "conf.d/a",
                "snippets/tls",
                "vhosts-https/a",
                "modules-enabled/50-mod.conf",
            ],
            &[
                "a.snap",
                "a.conf.bak",
                "nginx",
                "README.md",
                "a.j2",
                "sites/a",
            ],
        ),
        (
            "Caddyfile",
            &["Caddyfile", "Caddyfile.dev", "a.caddy"],
            &["a"],
        ),
        (
            "Apache configuration",
            &["httpd.conf.in", "sites-available/a"],
            &["a"],
        ),
    ];
    for (one, selected, others) in cases {
        let front_end = front_end(one);
        for path in *selected {
            assert!(front_end.selects(Path::new(path)), "{one}: {path}");
        }
        for path in *others {
            assert!(!front_end.selects(Path::new(path)), "{one}: {path}");
        }
    }
}

#[test]
fn messages_name_what_is_read() {
    assert_eq!(
        formats_read(),
        "Kubernetes manifests or nginx configurations"
    );
}
