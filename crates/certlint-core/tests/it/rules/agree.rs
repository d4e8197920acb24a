//! Rules and `resolve` must tell the same story about any configuration: a name is reported
//! exactly when a client that asks for it, and reaches its own server, gets a certificate that
//! does not cover it.

#[allow(dead_code, reason = "not every test file needs all of it")]
use std::collections::BTreeSet;
use std::path::PathBuf;

use certlint_core::finding::Finding;
use certlint_core::model::{self, Fragment, Model, Server};
use certlint_core::name::HostPattern;
use certlint_core::resolve::{Outcome, resolve};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::nginx::lint;
use crate::support::{Repository, repository};

const LISTENS: [&str; 8] = [
    "443 ssl",
    "443 ssl",
    "443",
    "443 ssl default_server",
    "[::]:443 ssl",
    "192.0.2.1:443 ssl",
    "8443 ssl",
    "80",
];

const NAMES: [&str; 16] = [
    "example.com",
    "www.example.com",
    "WWW.example.com",
    "api.example.com",
    "a.b.example.com",
    "*.example.com",
    ".example.com",
    "example.org",
    "www.example.org",
    "*.example.org",
    "www.example.*",
    r"~^(www|api)\.example\.(com|org)$",
    "_",
    "192.0.2.1",
    "example.com.",
    "shop.example.net",
];

const CERTIFICATES: [&str; 9] = [
    "example.com",
    "example.org",
    "rsa.example.com",
    "rsa-other",
    "api.example.com",
    "wildcard.example.com",
    "wildcard-apex.example.com",
    "cn-only",
    "ip",
];

/// The text of one server.
fn server() -> impl Strategy<Value = String> {
    let listens = proptest::sample::subsequence((0..LISTENS.len()).collect::<Vec<_>>(), 1..=2);
    let names = vec(select(&NAMES[..]), 0..=3);
    let certificates = prop_oneof![
        6 => vec(select(&CERTIFICATES[..]), 1..=1),
        2 => vec(select(&CERTIFICATES[..]), 2..=2),
        2 => Just(Vec::new()),
    ];
    let rejects = prop::bool::weighted(0.1);
    (listens, names, certificates, rejects).prop_map(|(listens, names, certificates, rejects)| {
        let mut text = "server {\n".to_owned();
        for listen in listens {
            text.push_str(&format!("    listen {};\n", LISTENS[listen]));
        }
        if !names.is_empty() {
            text.push_str(&format!("    server_name {};\n", names.join(" ")));
        }
        for name in certificates {
            text.push_str(&format!(
                "    ssl_certificate certs/{name}.crt;\n    ssl_certificate_key certs/{name}.key;\n"
            ));
        }
        if rejects {
            text.push_str("    ssl_reject_handshake on;\n");
        }
        text + "}\n"
    })
}

pub(crate) fn configuration() -> impl Strategy<Value = String> {
    let outer = prop::option::weighted(0.2, select(&CERTIFICATES[..]));
    (outer, vec(server(), 1..=5)).prop_map(|(outer, servers)| {
        let outer = outer.map_or_else(String::new, |name| {
            format!("ssl_certificate certs/{name}.crt;\nssl_certificate_key certs/{name}.key;\n")
        });
        format!("events {{}}\nhttp {{\n{outer}{}}}\n", servers.concat())
    })
}

/// The names that fail with every certificate that their own server answers with, and those that
/// fail with some, as (start of the name's word, name).
fn failing(model: &Model, fragment: &Fragment) -> [BTreeSet<(u32, String)>; 2] {
    let mut sets = [BTreeSet::new(), BTreeSet::new()];
    for server in &fragment.servers {
        for name in &server.names {
            let HostPattern::Exact(host) = &name.pattern else {
                continue;
            };
            for answer in resolve(model, fragment, host, None) {
                if answer.server != server.at || answer.outcome != Outcome::Served {
                    continue;
                }
                let not_covered = answer
                    .certificates
                    .iter()
                    .filter(|one| one.verdict == "not-covered")
                    .count();
                // The same name twice in one server: the second one is a conflict.
                let own = fragment
                    .rows
                    .iter()
                    .filter(|row| std::ptr::eq(fragment.name(**row), name))
                    .any(|row| {
                        matches!(
                            fragment.outcomes[row.outcome],
                            model::Outcome::Answered { .. }
                        )
                    });
                let key = (name.at.start(), name.text.to_string());
                if !own || not_covered == 0 {
                    continue;
                }
                let all = not_covered == answer.certificates.len();
                sets[usize::from(!all)].insert(key);
            }
        }
    }
    sets
}

/// The names that findings of some rules are about, where they are plain host names.
fn reported(fragment: &Fragment, findings: &[Finding], rules: &[&str]) -> BTreeSet<(u32, String)> {
    let mut names = BTreeSet::new();
    for finding in findings
        .iter()
        .filter(|finding| rules.contains(&finding.rule))
    {
        let places = std::iter::once(&finding.primary).chain(&finding.related);
        let starts: BTreeSet<u32> = places.map(|label| label.at.start()).collect();
        let of_server = |server: &Server| {
            let is_exact = |pattern: &HostPattern| matches!(pattern, HostPattern::Exact(_));
            server
                .names
                .iter()
                .filter(|name| is_exact(&name.pattern) && starts.contains(&name.at.start()))
                .filter(|name| finding.facts.names.contains(&name.text.to_string()))
                .map(|name| (name.at.start(), name.text.to_string()))
                .collect::<Vec<_>>()
        };
        names.extend(fragment.servers.iter().flat_map(of_server));
    }
    names
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_is_reported_exactly_when_clients_see_the_wrong_certificate(text in configuration()) {
        let mut files = Repository::new();
        let main = PathBuf::from("fixtures/nginx.conf");
        files.over.insert(repository().join(&main), text.clone().into_bytes());
        let (model, findings) = lint(&mut files, &main);
        let fragment = &model.fragments[0];
        prop_assume!(fragment.refusals.is_empty());
        let [all, some] = failing(&model, fragment);
        let wrong = reported(
            fragment,
            &findings,
            &["name-not-covered", "common-name-only", "certificate-from-default-server"],
        );
        prop_assert!(all.is_subset(&wrong), "{:?} of {:?}\n{}", wrong, all, text);
        let both: BTreeSet<_> = all.union(&some).cloned().collect();
        prop_assert!(wrong.is_subset(&both), "{:?} beyond {:?}\n{}", wrong, both, text);
        let split = reported(fragment, &findings, &["certificates-disagree"]);
        let told: BTreeSet<_> = wrong.union(&split).cloned().collect();
        prop_assert!(some.is_subset(&told), "{:?} of {:?}\n{}", told, some, text);
    }
}
