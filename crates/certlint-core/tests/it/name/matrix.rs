//! Our own table of names (`fixtures/names/matrix.json`): how patterns and entries are read, which
//! names nginx refuses, what covers what, and which hint is given. It needs nothing from outside.

use std::net::IpAddr;
use std::path::Path;

use certlint_core::name::{
    Depth, HostPattern, NginxRefusal, SanSet, Verdict, covers, hints, nginx_refusal,
};
use serde_json::Value;

#[test]
fn patterns_are_read_as_the_table_says() {
    check("patterns", 120, |row| {
        let [syntax, text, expected] = row_of_three(row);
        let read = describe(&pattern(syntax, text));
        (read != expected).then(|| format!("{syntax} {text:?}: {read}, not {expected}"))
    });
}

#[test]
fn nginx_refuses_what_the_table_says() {
    check("refusals", 20, |row| {
        let refusal = match nginx_refusal(text(&row[0]).as_bytes()) {
            None => "none",
            Some(NginxRefusal::Always) => "always",
            Some(NginxRefusal::WhenShared) => "when-shared",
        };
        (refusal != text(&row[1])).then(|| format!("{}: {refusal}, not {}", row[0], row[1]))
    });
}

#[test]
fn entries_are_read_as_the_table_says() {
    check("entries", 50, |row| {
        let (entry, expected) = (text(&row[0]), text(&row[1]));
        let san = SanSet::new([entry], [[0_u8; 0]; 0], [""; 0]);
        let read = match (san.exact(), san.wildcards(), san.unusable()) {
            ([_], [], []) => "exact",
            ([], [_], []) => "wildcard",
            ([], [], [unusable]) => unusable.reason.as_str(),
            _ => "more than one thing",
        };
        (read != expected).then(|| format!("{entry:?}: {read}, not {expected}"))
    });
}

#[test]
fn coverage_and_hints_are_as_the_table_says() {
    check("coverage", 180, |case| {
        let san = san(case);
        let pattern = pattern(text(&case["syntax"]), text(&case["ask"]));
        let verdict = covers(&san, &pattern);
        let mut wrong = Vec::new();
        let mut compare = |what: &str, expected: &Value, given: Value| {
            if !expected.is_null() && *expected != given {
                wrong.push(format!("{what} is {given}"));
            }
        };
        compare("the verdict", &case["verdict"], verdict.word().into());
        let reason = verdict.reason();
        if case["reason"].is_null() {
            compare(
                "the reason",
                &Value::from("none"),
                reason.unwrap_or("none").into(),
            );
        } else {
            compare("the reason", &case["reason"], reason.into());
        }
        if let Verdict::Partial(partial) = &verdict {
            compare("covered", &case["covered"], partial.covered.clone().into());
            compare("missing", &case["missing"], partial.missing.clone().into());
        }
        let served = |name: &str| texts(&case["served"]).contains(&name);
        let words: Vec<&str> = hints(&san, &pattern, &served)
            .iter()
            .map(|hint| hint.as_str())
            .collect();
        compare("the hints", &case["hints"], words.into());
        (!wrong.is_empty()).then(|| format!("{case}: {}", wrong.join(", ")))
    });
}

fn check(table: &str, at_least: usize, check: impl Fn(&Value) -> Option<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/names/matrix.json");
    let matrix: Value =
        serde_json::from_slice(&std::fs::read(path).expect("the matrix")).expect("JSON");
    let rows = matrix[table].as_array().expect("a table");
    assert!(rows.len() >= at_least, "{} rows in `{table}`", rows.len());
    let wrong: Vec<String> = rows.iter().filter_map(check).collect();
    assert!(
        wrong.is_empty(),
        "{} wrong in `{table}`:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn pattern(syntax: &str, text: &str) -> HostPattern {
    match syntax {
        "host" => HostPattern::host(text),
        "ingress" => HostPattern::ingress(text),
        "gateway" => HostPattern::gateway(text),
        "nginx" => HostPattern::nginx(text.as_bytes()),
        _ => panic!("no such syntax: {syntax}"),
    }
}

fn describe(pattern: &HostPattern) -> String {
    match pattern {
        HostPattern::Address(address) => format!("address {address}"),
        HostPattern::CatchAll => "catch-all".to_owned(),
        HostPattern::DotPrefix(base) => format!("dot-prefix {base}"),
        HostPattern::Exact(name) => format!("exact {name}"),
        HostPattern::Invalid(reason) => format!("invalid {reason}"),
        HostPattern::LeadingWildcard {
            base,
            depth: Depth::Any,
        } => {
            format!("leading-wildcard-any {base}")
        }
        HostPattern::LeadingWildcard {
            base,
            depth: Depth::One,
        } => {
            format!("leading-wildcard-one {base}")
        }
        HostPattern::Placeholder(name) => format!("placeholder {name}"),
        HostPattern::Regex(regex) => format!("regex {regex}"),
        HostPattern::TrailingWildcard(prefix) => format!("trailing-wildcard {prefix}"),
        HostPattern::Variable(text) => format!("variable {text}"),
    }
}

fn san(case: &Value) -> SanSet {
    let addresses = texts(&case["ip"])
        .into_iter()
        .map(|entry| match entry.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => address.octets().to_vec(),
            Ok(IpAddr::V6(address)) => address.octets().to_vec(),
            Err(_) => entry.strip_prefix("hex:").expect("an address").as_bytes()[..5].to_vec(),
        });
    SanSet::new(texts(&case["dns"]), addresses, texts(&case["cn"]))
}

fn row_of_three(row: &Value) -> [&str; 3] {
    [text(&row[0]), text(&row[1]), text(&row[2])]
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
