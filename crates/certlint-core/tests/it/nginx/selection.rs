//! Which certificate is served: configurations in memory, and what a client gets from each.
//!
//! Every case was tried on a real nginx once; the random ones of `cargo xtask oracle` keep it so.

use std::collections::BTreeMap;
use std::sync::Arc;

use certlint_core::files::{File, FileError, Files};
use certlint_core::loader::Loader;
use certlint_core::nginx::{Options, Version, lower};
use certlint_core::resolve::{Outcome, resolve};

/// A tree in memory. Certificates of the fixtures lie in `/t/certs/`.
#[derive(Default)]
struct Tree(BTreeMap<Vec<u8>, Vec<u8>>);

impl Files for Tree {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let name = String::from_utf8_lossy(path).into_owned();
        if let Some(file) = name.strip_prefix("/t/certs/") {
            let real = format!("{}/../../fixtures/certs/{file}", env!("CARGO_MANIFEST_DIR"));
            let bytes = std::fs::read(real).map_err(|_| FileError::NotFound)?;
            return Ok(file_of(name, bytes));
        }
        if !name.starts_with("/t/") {
            return Err(FileError::Outside);
        }
        let bytes = self.0.get(path).ok_or(FileError::NotFound)?;
        Ok(file_of(name, bytes.clone()))
    }

    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        if !directory.starts_with(b"/t/") {
            return Err(FileError::Outside);
        }
        let below = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(directory));
        let names = below.filter(|rest| !rest.contains(&b'/'));
        Ok(names.map(<[u8]>::to_vec).collect())
    }
}

fn file_of(name: String, bytes: Vec<u8>) -> File {
    File {
        name,
        bytes: Arc::from(bytes),
        mode: Some(0o600),
    }
}

fn pair(name: &str) -> String {
    format!("ssl_certificate certs/{name}.crt; ssl_certificate_key certs/{name}.key;")
}

/// The answer to each name: `LISTEN NAME: CERTIFICATE FILES | OUTCOME, by MATCH`.
fn answers(config: &str, more: &[(&str, &str)], names: &[&str], version: Version) -> Vec<String> {
    let mut tree = Tree::default();
    tree.0.insert(b"/t/nginx.conf".to_vec(), config.into());
    for (path, text) in more {
        tree.0.insert(path.as_bytes().to_vec(), (*text).into());
    }
    let loader = Loader::new(&tree);
    let options = Options {
        version,
        conf_prefix: None,
        is_started: false,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let lowered = lower(&loader, b"/t/nginx.conf", &options).expect("the main file is there");
    let model = loader.finish(vec![lowered.fragment]);
    let fragment = &model.fragments[0];
    if let Some(refusal) = fragment.refusals.first() {
        return vec![format!("refused: {}", refusal.reason)];
    }
    let mut lines = Vec::new();
    for name in names {
        for answer in resolve(&model, fragment, name, None) {
            let files = answer.certificates.iter().map(|certificate| {
                let source = model.bundle(certificate.bundle).source;
                let name = model.sources.get(source).name();
                let name = name
                    .trim_start_matches("/t/certs/")
                    .trim_end_matches(".crt");
                format!("{name} {}", certificate.verdict)
            });
            let what = match answer.outcome {
                Outcome::Served => files.collect::<Vec<_>>().join(" + "),
                other => other.as_str().to_owned(),
            };
            let by = answer.matched_by.as_str();
            lines.push(format!("{} {name}: {what}, by {by}", answer.listen));
        }
    }
    lines
}

/// Puts servers into a whole configuration.
fn http(body: &str) -> String {
    format!("events {{}}\nhttp {{\n{body}\n}}\n")
}

#[track_caller]
fn check(body: &str, names: &[&str], expected: &[&str]) {
    let found = answers(&http(body), &[], names, Version::LATEST);
    assert_eq!(found, expected, "{body}");
}

#[test]
fn sni_selects_by_exact_leading_trailing_and_regex_names() {
    let (a, b) = (pair("example.com"), pair("wildcard.example.com"));
    let (c, d) = (pair("example.org"), pair("api.example.com"));
    check(
        &format!(
            "server {{ listen 443 ssl; server_name example.com www.example.com; {a} }}
             server {{ listen 443 ssl; server_name *.example.com; {b} }}
             server {{ listen 443 ssl; server_name www.*; {c} }}
             server {{ listen 443 ssl; server_name ~^re\\.; {d} }}"
        ),
        &[
            "WWW.example.com.",
            "q.example.com",
            "a.b.example.com",
            "www.x.y",
            "re.test",
            "no.test",
            "",
        ],
        &[
            "0.0.0.0:443 WWW.example.com.: example.com covered, by exact",
            "0.0.0.0:443 q.example.com: wildcard.example.com covered, by leading-wildcard",
            "0.0.0.0:443 a.b.example.com: wildcard.example.com not-covered, by leading-wildcard",
            "0.0.0.0:443 www.x.y: example.org not-covered, by trailing-wildcard",
            "0.0.0.0:443 re.test: api.example.com not-covered, by regex",
            "0.0.0.0:443 no.test: example.com not-covered, by default",
            "0.0.0.0:443 : example.com not-applicable, by default",
        ],
    );
}

#[test]
fn a_server_without_certificates_serves_those_of_the_default_server() {
    let a = pair("example.com");
    check(
        &format!(
            "server {{ listen 443 ssl; server_name example.com; {a} }}
             server {{ listen 443; server_name api.example.com; }}"
        ),
        &["api.example.com"],
        &["0.0.0.0:443 api.example.com: example.com not-covered, by exact"],
    );
}

#[test]
fn the_two_lists_are_inherited_independently() {
    let rsa = "ssl_certificate_key certs/example.com.key;";
    check(
        &format!("server {{ listen 443 ssl; ssl_certificate certs/example.com.crt; }} {rsa}"),
        &["example.com"],
        &["0.0.0.0:443 example.com: example.com covered, by default"],
    );
    // The key of the http level goes with the certificate of the server.
    let outer = pair("wildcard.example.com");
    check(
        &format!("{outer} server {{ listen 443 ssl; ssl_certificate certs/example.com.crt; }}"),
        &["example.com"],
        &["refused: key values mismatch for `certs/wildcard.example.com.key`"],
    );
}

#[test]
fn the_last_certificate_of_a_key_type_is_served_and_types_live_side_by_side() {
    let (ec, other) = (pair("example.com"), pair("example.org"));
    let rsa = pair("rsa.example.com");
    check(
        &format!("server {{ listen 443 ssl; {ec} {rsa} {other} }}"),
        &["example.com"],
        &["0.0.0.0:443 example.com: example.org not-covered + rsa.example.com covered, by default"],
    );
    // Lists that are permuted across types work.
    check(
        "server { listen 443 ssl;
           ssl_certificate certs/example.com.crt; ssl_certificate_key certs/rsa.example.com.key;
           ssl_certificate certs/rsa.example.com.crt; ssl_certificate_key certs/example.com.key; }",
        &["example.com"],
        &["0.0.0.0:443 example.com: example.com covered + rsa.example.com covered, by default"],
    );
    // A key of another type passes `nginx -t`, and then there is nothing to serve.
    check(
        "server { listen 443 ssl;
           ssl_certificate certs/example.com.crt; ssl_certificate_key certs/rsa.example.com.key; }",
        &["example.com"],
        &["0.0.0.0:443 example.com: no-certificate, by default"],
    );
}

#[test]
fn reject_handshake_wins_over_certificates_and_needs_none() {
    let a = pair("example.com");
    check(
        &format!(
            "server {{ listen 443 ssl default_server; ssl_reject_handshake on; }}
             server {{ listen 443 ssl; server_name example.com; {a} }}"
        ),
        &["example.com", "other.test", ""],
        &[
            "0.0.0.0:443 example.com: example.com covered, by exact",
            "0.0.0.0:443 other.test: rejected, by default",
            "0.0.0.0:443 : rejected, by default",
        ],
    );
    check(
        "server { listen 443 ssl default_server; ssl_reject_handshake on; }
         server { listen 443 ssl; server_name example.com; }",
        &["example.com"],
        &["refused: no `ssl_certificate` for the server that answers TLS on `0.0.0.0:443`"],
    );
}

#[test]
fn conflicting_names_go_to_the_first_and_ghosts_to_nobody() {
    let (a, b) = (pair("example.com"), pair("wildcard.example.com"));
    let c = pair("example.org");
    check(
        &format!(
            "server {{ listen 443 ssl; server_name *.example.com; {a} }}
             server {{ listen 443 ssl; server_name .example.com; {b} }}
             server {{ listen 443 ssl default_server; server_name example.com; {c} }}"
        ),
        &["example.com", "q.example.com"],
        &[
            "0.0.0.0:443 example.com: example.org not-covered, by default",
            "0.0.0.0:443 q.example.com: example.com not-covered, by leading-wildcard",
        ],
    );
    check(
        &format!(
            "server {{ listen 443 ssl; server_name x.test; {c} }}
             server {{ listen 443 ssl; server_name example.com .example.com; {b} }}"
        ),
        &["q.example.com"],
        &["0.0.0.0:443 q.example.com: example.org not-covered, by default"],
    );
}

#[test]
fn a_specific_address_has_servers_of_its_own() {
    let (a, b) = (pair("example.com"), pair("example.org"));
    check(
        &format!(
            "server {{ listen 443 ssl; server_name example.com; {a} }}
             server {{ listen 192.0.2.1:443 ssl; server_name example.org; {b} }}"
        ),
        &["example.com"],
        &[
            "0.0.0.0:443 example.com: example.com covered, by default",
            "192.0.2.1:443 example.com: example.org not-covered, by default",
        ],
    );
}

#[test]
fn includes_follow_the_conf_prefix_and_glob_in_byte_order() {
    let (a, b) = (pair("example.com"), pair("example.org"));
    let config = http("include sites/*.conf;");
    let first = format!("server {{ listen 443 ssl; {b} include sites/names; }}");
    let second = format!("server {{ listen 443 ssl; server_name example.com; {a} }}");
    let more = [
        ("/t/sites/b.conf", second.as_str()),
        ("/t/sites/B.conf", first.as_str()),
        ("/t/sites/.hidden.conf", "nonsense"),
        ("/t/sites/names", "server_name example.org;"),
    ];
    let found = answers(
        &config,
        &more,
        &["example.org", "example.com", "x"],
        Version::LATEST,
    );
    let expected = [
        "0.0.0.0:443 example.org: example.org covered, by exact",
        "0.0.0.0:443 example.com: example.com covered, by exact",
        "0.0.0.0:443 x: example.org not-covered, by default",
    ];
    assert_eq!(found, expected);
}

#[test]
fn variables_in_paths_are_evaluated_for_the_asked_name() {
    let path = "ssl_certificate certs/$ssl_server_name.crt; \
                ssl_certificate_key certs/$ssl_server_name.key;";
    check(
        &format!("server {{ listen 443 ssl; {path} }}"),
        &["example.com", "absent.test", ""],
        &[
            "0.0.0.0:443 example.com: example.com covered, by default",
            "0.0.0.0:443 absent.test: no-certificate, by default",
            "0.0.0.0:443 : no-certificate, by default",
        ],
    );
    let captured = "server_name ~^(?<site>.+)$; ssl_certificate certs/$site.crt; \
                    ssl_certificate_key certs/$site.key;";
    check(
        &format!("server {{ listen 443 ssl; {captured} }}"),
        &["example.com"],
        &["0.0.0.0:443 example.com: no-certificate, by regex"],
    );
    let mapped = "map $ssl_server_name $file { hostnames; default example.org; *.example.com \
                  wildcard.example.com; }
                  server { listen 443 ssl; ssl_certificate certs/$file.crt; \
                  ssl_certificate_key certs/$file.key; }";
    check(
        mapped,
        &["q.example.com", "x"],
        &[
            "0.0.0.0:443 q.example.com: wildcard.example.com covered, by default",
            "0.0.0.0:443 x: example.org not-covered, by default",
        ],
    );
}

#[test]
fn what_nginx_refuses_is_refused() {
    let a = pair("example.com");
    let cases = [
        (
            "server { listen 443 ssl; }",
            "no `ssl_certificate` for the server",
        ),
        (
            "server { ssl_certificate none.crt; ssl_certificate_key none.key; }",
            "cannot load certificate `none.crt`",
        ),
        (
            "server { listen 80 default_server; } server { listen 80 default_server; }",
            "a duplicate default server",
        ),
        (
            "server { listen 80; listen 0.0.0.0:80; }",
            "a duplicate `listen 0.0.0.0:80`",
        ),
        (
            "server { listen 80 bind; } server { listen 80 backlog=5; }",
            "duplicate `listen` options",
        ),
        ("server { server_name *; }", "`*`: not a valid server name"),
        (
            "server { server_name www.*.x; } server { }",
            "`www.*.x`: not a valid server name or wildcard",
        ),
        ("server { server_name ~(; }", "pcre2_compile() failed"),
        ("server { server { } }", "not allowed here"),
        ("include absent.conf;", "cannot include `absent.conf`"),
        (
            "server { listen 80 nonsense; }",
            "invalid parameter `nonsense`",
        ),
        (
            "server { listen 80; ssl_certificate certs/example.com.crt; }",
            "no `ssl_certificate_key`",
        ),
        ("server { listen 80", "a `;` is missing before it"),
    ];
    for (body, reason) in cases {
        let found = answers(&http(body), &[], &["x"], Version::LATEST);
        assert!(found[0].starts_with("refused: "), "{body}: {found:?}");
        assert!(found[0].contains(reason), "{body}: {found:?}");
    }
    let fine = http(&format!(
        "server {{ server_name www.*.x; }} server {{ listen 81; {a} }}"
    ));
    assert_eq!(answers(&fine, &[], &["x"], Version::LATEST), [""; 0]);
}

#[test]
fn stream_servers_share_the_code_since_1_25_5() {
    let (a, b) = (pair("example.com"), pair("example.org"));
    let config = format!(
        "events {{}} stream {{
           server {{ listen 443 ssl; server_name example.com; {a} proxy_pass 127.0.0.1:1; }}
           server {{ listen 443 ssl; server_name example.org; {b} proxy_pass 127.0.0.1:1; }} }}"
    );
    let found = answers(&config, &[], &["example.org"], Version::LATEST);
    assert_eq!(
        found,
        ["0.0.0.0:443 example.org: example.org covered, by exact"]
    );
    let found = answers(&config, &[], &["example.org"], Version::new(1, 22, 1));
    assert!(found[0].starts_with("refused: "), "{found:?}");
}
