//! The name matcher against what other projects' test suites say: some 2,100 vectors, kept outside
//! this repository and found through `CERTLINT_VECTORS`.
//!
//! Three bars: the answer for one host equals `strict`; a chain with name constraints is judged as
//! `expected` says; where a suite accepts what we refuse, a hint names the reason. Deviations are
//! in `fixtures/names/exceptions.json`, each with its reason, and must stay deviations.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use certlint_core::name::{
    HostPattern, NameConstraints, RawSubtree, SanSet, Verdict, covers, hints,
};
use serde_json::Value;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, Pem, X509Certificate};

/// Vectors per file: all, those with a boolean `strict`, those about name constraints, and those
/// that a suite accepts and we refuse.
const FILES: [(&str, [usize; 4]); 30] = [
    ("apache-httpclient", [97, 94, 0, 18]),
    ("bc-java", [6, 6, 0, 0]),
    ("bettertls-nc", [302, 302, 240, 0]),
    ("boringssl", [48, 47, 0, 5]),
    ("chromium", [95, 94, 0, 9]),
    ("conscrypt", [43, 43, 0, 1]),
    ("curl", [46, 42, 0, 6]),
    ("dotnet", [47, 47, 0, 5]),
    ("envoy", [20, 20, 0, 9]),
    ("erlang-otp", [16, 16, 0, 5]),
    ("gnutls", [43, 41, 0, 1]),
    ("go", [53, 52, 0, 8]),
    ("go-nc", [71, 58, 71, 2]),
    ("jdk", [13, 13, 0, 3]),
    ("libressl-libtls", [29, 29, 0, 4]),
    ("mozilla-pkix", [219, 219, 0, 12]),
    ("mozilla-pkix-nc", [92, 78, 92, 0]),
    ("node", [41, 41, 0, 8]),
    ("okhttp", [86, 83, 0, 2]),
    ("openssl", [192, 167, 0, 25]),
    ("perl-io-socket-ssl", [89, 88, 0, 28]),
    ("postgresql-libpq", [34, 34, 0, 6]),
    ("python", [56, 56, 0, 7]),
    ("ruby-openssl", [27, 27, 0, 5]),
    ("rustls-webpki", [106, 106, 0, 0]),
    ("rustls-webpki-chain", [38, 35, 32, 0]),
    ("rustls-webpki-nc", [31, 21, 31, 0]),
    ("service-identity", [14, 14, 0, 0]),
    ("swift-nio-ssl", [29, 29, 0, 8]),
    ("x509-limbo", [158, 158, 41, 0]),
];

/// The hints that name the reason of a tag.
const HINTS_FOR_TAG: [(&str, &[&str]); 10] = [
    ("cn-fallback", &["cn-ignored", "cn-only"]),
    ("cn-only", &["cn-only"]),
    ("ip", &["ip-mapped"]),
    ("ip-in-dns", &["ip-in-dns"]),
    ("nul", &["san-nul"]),
    ("partial-wildcard", &["partial-wildcard"]),
    ("san-non-ascii", &["san-not-ascii"]),
    ("san-trailing-dot", &["san-trailing-dot"]),
    ("wildcard-not-leftmost", &["wildcard-not-leftmost"]),
    ("wildcard-tld", &["wildcard-on-tld"]),
];

#[test]
fn the_answer_for_one_host_equals_strict() {
    run("strict", 1, |vector| {
        let strict = vector["strict"].as_bool()?;
        let answer = is_covered(vector);
        Some(if answer == strict {
            Ok(())
        } else {
            Err(format!("covered: {answer}"))
        })
    });
}

#[test]
fn name_constraints_are_judged_as_expected() {
    run("constraints", 2, |vector| {
        if !tags(vector).contains("name-constraints") {
            return None;
        }
        let expected = vector["expected"].as_bool().expect("a boolean");
        let permitted = permits(vector);
        // Where the names alone are judged differently, or the host is a pattern, only the
        // constraints are compared.
        let named = is_covered(vector)
            || vector["strict"].is_null()
            || (expected && vector["strict"] == Value::Bool(false));
        Some(match (&permitted, named, expected) {
            (Ok(()), true, true) | (Err(_), _, false) | (_, false, false) => Ok(()),
            _ => Err(format!("permitted: {permitted:?}, named: {named}")),
        })
    });
}

#[test]
fn a_hint_names_the_reason_where_others_accept() {
    run("honesty", 3, |vector| {
        if vector["expected"] != Value::Bool(true) || vector["strict"] != Value::Bool(false) {
            return None;
        }
        let host = HostPattern::host(text(&vector["host"]));
        let tags = tags(vector);
        if matches!(host, HostPattern::Invalid(_)) && tags.contains("invalid-host") {
            return Some(Ok(()));
        }
        let words: Vec<&str> = hints(&san(vector), &host, &|_| false)
            .iter()
            .map(|hint| hint.as_str())
            .collect();
        let named = HINTS_FOR_TAG.iter().any(|(tag, accepted)| {
            tags.contains(tag) && words.iter().any(|word| accepted.contains(word))
        });
        Some(if named {
            Ok(())
        } else {
            Err(format!("hints {words:?} for tags {tags:?}"))
        })
    });
}

/// Runs one bar over every file. `column` is that of its count in [`FILES`].
fn run(bar: &str, column: usize, check: impl Fn(&Value) -> Option<Result<(), String>>) {
    let Some(folder) = vectors() else {
        let all: usize = FILES.iter().map(|(_, counts)| counts[column]).sum();
        // Not through the macro: the test runner would swallow it.
        writeln!(
            std::io::stderr(),
            "\nNOT RUN: {all} `{bar}` name vectors, because CERTLINT_VECTORS is not set\n"
        )
        .expect("stderr is open");
        return;
    };
    let mut exceptions = exceptions(bar);
    let mut failures = Vec::new();
    for (name, counts) in FILES {
        let path = folder.join(format!("names/{name}.json"));
        let vectors = read(&path);
        let vectors = vectors.as_array().expect("an array of vectors");
        assert_eq!(vectors.len(), counts[0], "vectors in {}", path.display());
        let mut checked = 0;
        for vector in vectors {
            let Some(result) = check(vector) else {
                continue;
            };
            checked += 1;
            let id = text(&vector["id"]);
            match (result, exceptions.remove(id)) {
                (Ok(()), None) | (Err(_), Some(_)) => {}
                (Ok(()), Some(reason)) => {
                    failures.push(format!("{id}: passes, but is an exception: {reason}"));
                }
                (Err(problem), None) => failures.push(format!(
                    "{id}: {problem}; host {}, dns {}, ip {}, cn {}: expected {}, strict {}, {}",
                    vector["host"],
                    vector["dns"],
                    vector["ip"],
                    vector["cn"],
                    vector["expected"],
                    vector["strict"],
                    vector["note"],
                )),
            }
        }
        assert_eq!(
            checked,
            counts[column],
            "`{bar}` vectors in {}",
            path.display()
        );
    }
    failures.extend(
        exceptions
            .keys()
            .map(|id| format!("{id}: an exception, but no such vector")),
    );
    assert!(
        failures.is_empty(),
        "{} of `{bar}`:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors() -> Option<PathBuf> {
    std::env::var_os("CERTLINT_VECTORS").map(|folder| workspace().join(folder))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Identifiers and reasons of the deviations from one bar.
fn exceptions(bar: &str) -> BTreeMap<String, String> {
    let all = read(&workspace().join("fixtures/names/exceptions.json"));
    let mut found = BTreeMap::new();
    for group in all[bar].as_array().expect("a list of groups for each bar") {
        let reason = text(&group["reason"]);
        assert!(!reason.is_empty(), "every group has a reason");
        for id in group["ids"].as_array().expect("a list of identifiers") {
            let twice = found.insert(text(id).to_owned(), reason.to_owned());
            assert!(twice.is_none(), "{id} stands twice");
        }
    }
    found
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map(|list| list.iter().map(text).collect())
        .unwrap_or_default()
}

fn tags(vector: &Value) -> BTreeSet<&str> {
    texts(&vector["tags"]).into_iter().collect()
}

fn is_covered(vector: &Value) -> bool {
    let host = HostPattern::host(text(&vector["host"]));
    matches!(covers(&san(vector), &host), Verdict::Covered(_))
}

fn san(vector: &Value) -> SanSet {
    let addresses =
        texts(&vector["ip"])
            .into_iter()
            .map(|entry| match entry.strip_prefix("hex:") {
                Some(hex) => octets_of_hex(hex),
                None => octets(entry.parse().expect("an address")),
            });
    let mut names = texts(&vector["cns"]);
    names.extend(vector["cn"].as_str());
    SanSet::new(texts(&vector["dns"]), addresses, names)
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn octets_of_hex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&hex[place..place + 2], 16).expect("hexadecimal"))
        .collect()
}

/// Whether the CAs of a vector permit its names. Of alternatives at one level, any may do.
fn permits(vector: &Value) -> Result<(), String> {
    let san = san(vector);
    let one = |level: &Value| {
        constraints(&texts(&level["permitted"]), &texts(&level["excluded"]))
            .permits(&san)
            .map_err(|violation| violation.to_string())
    };
    one(vector)?;
    for level in vector["chain"].as_array().into_iter().flatten() {
        let alternatives = level.as_array().expect("a list of alternatives");
        alternatives
            .iter()
            .map(one)
            .reduce(|any, next| any.or(next))
            .unwrap_or(Ok(()))?;
    }
    for field in ["intermediates", "roots"] {
        for pem in certificates(&vector[field]) {
            constraints_of(&pem)
                .permits(&san)
                .map_err(|violation| violation.to_string())?;
        }
    }
    Ok(())
}

/// Reads `dns:…`, `ip:ADDRESS/PREFIX` and `ip-hex:…`; other kinds of names are not ours to judge.
fn constraints(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
    let bytes = |entries: &[&str]| -> Vec<(bool, Vec<u8>)> {
        entries
            .iter()
            .filter_map(|entry| match entry.split_once(':').expect("a kind") {
                ("dns", name) => Some((true, name.as_bytes().to_vec())),
                ("ip", network) => Some((false, network_octets(network))),
                ("ip-hex", hex) => Some((false, octets_of_hex(hex))),
                ("uri" | "unknown", _) => None,
                (kind, _) => panic!("an unknown kind of constraint: {kind}"),
            })
            .collect()
    };
    let (permitted, excluded) = (bytes(permitted), bytes(excluded));
    NameConstraints::new(permitted.iter().map(subtree), excluded.iter().map(subtree))
}

fn subtree((is_dns, bytes): &(bool, Vec<u8>)) -> RawSubtree<'_> {
    if *is_dns {
        RawSubtree::Dns(bytes)
    } else {
        RawSubtree::Address(bytes)
    }
}

fn network_octets(network: &str) -> Vec<u8> {
    let (address, prefix) = network.split_once('/').expect("a prefix length");
    let mut octets = octets(address.parse().expect("an address"));
    let prefix: usize = prefix.parse().expect("a prefix length");
    let mask: Vec<u8> = (0..octets.len())
        .map(|index| {
            let ones = prefix.saturating_sub(index * 8).min(8);
            u8::try_from(0xff00_u16 >> ones & 0xff).expect("masked")
        })
        .collect();
    octets.extend(mask);
    octets
}

fn certificates(field: &Value) -> Vec<Vec<u8>> {
    match field {
        Value::String(pem) => Pem::iter_from_buffer(pem.as_bytes())
            .map(|block| block.expect("PEM").contents)
            .collect(),
        Value::Array(list) => list.iter().flat_map(certificates).collect(),
        _ => Vec::new(),
    }
}

fn constraints_of(der: &[u8]) -> NameConstraints {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return NameConstraints::default();
    };
    let found =
        certificate
            .extensions()
            .iter()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::NameConstraints(constraints) => Some(constraints),
                _ => None,
            });
    let Some(found) = found else {
        return NameConstraints::default();
    };
    let subtrees = |list: &Option<Vec<_>>| -> Vec<(bool, Vec<u8>)> {
        list.iter()
            .flatten()
            .filter_map(
                |tree: &x509_parser::extensions::GeneralSubtree<'_>| match tree.base {
                    GeneralName::DNSName(name) => Some((true, name.as_bytes().to_vec())),
                    GeneralName::IPAddress(octets) => Some((false, octets.to_vec())),
                    _ => None,
                },
            )
            .collect()
    };
    let (permitted, excluded) = (
        subtrees(&found.permitted_subtrees),
        subtrees(&found.excluded_subtrees),
    );
    NameConstraints::new(permitted.iter().map(subtree), excluded.iter().map(subtree))
}
