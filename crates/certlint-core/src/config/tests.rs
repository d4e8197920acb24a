//! Documents as they are written, what is made of them, and what is said of mistakes.

use super::*;
use crate::check::Settings;
use crate::finding::CertificateFacts;

const SOURCE: SourceId = SourceId(0);

/// 2026-11-21T00:00:00Z
const NOW: i64 = 1_795_219_200;

/// The labelled words, with messages and helps, of a document that is wrong.
fn mistakes(text: &str) -> Vec<(String, String, String)> {
    let findings = Config::read(SOURCE, text.as_bytes()).expect_err(text);
    let words = |finding: Finding| {
        assert_eq!((finding.rule, finding.level), (ID, Level::Error));
        let span = finding.primary.at.span.expect("a place");
        let word = String::from_utf8_lossy(span.of(text.as_bytes())).into_owned();
        (word, finding.message, finding.help.unwrap_or_default())
    };
    findings.into_iter().map(words).collect()
}

#[test]
fn everything_that_can_be_written_is_read() {
    let text = br#"
rules:
  name-partly-covered: error
  key-missing: warning
  weak-key: info
  self-signed: off
paths:
  root: rootfs
  maps:
    /etc/nginx: deploy/nginx
  conf-prefix: deploy
exclude: [vendor, "*.bak"]
exemptions:
  - name: "*.internal"
    rule: name-not-covered
    reason: clients have our own root
    until: 2027-01-31
ingress-classes: {a: contract, b: external, c: ingress-nginx, d: listed, e: pool}
nginx-version: 1.22.1
namespace: shop
"#;
    let config = Config::read(SOURCE, text).expect("it is right");
    let levels: Vec<_> = config.levels.into_iter().collect();
    assert_eq!(
        levels,
        [
            ("key-missing", Some(Level::Warning)),
            ("name-partly-covered", Some(Level::Error)),
            ("self-signed", None),
            ("weak-key", Some(Level::Info)),
        ]
    );
    let value = |it: &Spanned<String>| it.value.clone();
    assert_eq!(
        config.paths.root.as_ref().map(value).as_deref(),
        Some("rootfs")
    );
    assert_eq!(value(&config.paths.maps["/etc/nginx"]), "deploy/nginx");
    let prefix = config.paths.conf_prefix.expect("it is there");
    assert_eq!(prefix.value, "deploy");
    assert_eq!(prefix.at.path.as_str(), "paths.conf-prefix");
    let excludes: Vec<_> = config.exclude.iter().map(value).collect();
    assert_eq!(excludes, ["vendor", "*.bak"]);
    let exemption = &config.exemptions[0];
    assert_eq!(exemption.name.as_str(), "*.internal");
    assert_eq!(exemption.rule, "name-not-covered");
    assert_eq!(exemption.reason, "clients have our own root");
    assert_eq!(
        exemption.until.as_ref().map(|it| it.end),
        Some(1_801_440_000)
    );
    let choices: Vec<_> = config.ingress_classes.into_values().collect();
    assert_eq!(
        choices,
        [
            Choice::Contract,
            Choice::External,
            Choice::IngressNginx,
            Choice::Listed,
            Choice::Pool,
        ]
    );
    assert_eq!(config.nginx_version, Some(Version::new(1, 22, 1)));
    assert_eq!(config.namespace.as_deref(), Some("shop"));
}

#[test]
fn what_is_empty_says_nothing() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "~",
        "rules:\nexemptions:\n# none\n",
        "{}",
    ] {
        let config = Config::read(SOURCE, text.as_bytes());
        assert_eq!(config, Ok(Config::default()), "{text:?}");
    }
}

#[test]
fn mistakes_are_told_at_their_word() {
    for (text, word, message, help) in [
        (
            "rulez: {}",
            "rulez",
            "unknown key `rulez`",
            "did you mean `rules`?",
        ),
        (
            "paths: {rot: x}",
            "rot",
            "unknown key `rot`",
            "did you mean `root`?",
        ),
        (
            "paths: {where: x}",
            "where",
            "unknown key `where`",
            "the keys are `root`, `maps`, `conf-prefix`",
        ),
        (
            "rules: {self-sined: off}",
            "self-sined",
            "there is no rule `self-sined`",
            "did you mean `self-signed`?",
        ),
        (
            "rules: {self-signed: warn}",
            "warn",
            "unknown level `warn`",
            "the levels are `error`, `warning`, `info`, `off`",
        ),
        (
            "rules: {self-signed: off, self-signed: info}",
            "self-signed",
            "`rules.self-signed` is there twice",
            "",
        ),
        (
            "rules:\n- self-signed\n",
            "self-signed",
            "invalid type: sequence, expected a map",
            "",
        ),
        (
            "exclude: [a, [b]]",
            "[b]",
            "invalid type: sequence, expected a string",
            "",
        ),
        (
            "# é\nexemptions: [é, {é: 1}]",
            "é",
            "invalid type: string \"é\", expected a mapping",
            "",
        ),
        (
            "paths: {maps: {etc: x}}",
            "etc",
            "`etc` is no absolute path",
            "the left side is a directory of the server, such as `/etc/nginx`",
        ),
        (
            "paths: {root: ''}",
            "''",
            "the path is empty",
            "the directory of this file is `.`",
        ),
        (
            "ingress-classes: {edge: lst}",
            "lst",
            "unknown way to choose a certificate `lst`",
            "the ways to choose are `contract`, `external`, `ingress-nginx`, `listed`, `pool`",
        ),
        (
            "nginx-version: 1.29",
            "1.29",
            "`1.29` is no version of nginx",
            "it looks like `1.29.4`",
        ),
        (
            "namespace: Shop",
            "Shop",
            "`Shop` is no name of a namespace",
            "it has lower-case letters, digits and inner hyphens",
        ),
        (
            "a: &a {root: x}\npaths: {<<: *a}",
            "a",
            "unknown key `a`",
            "the keys are `rules`, `paths`, `exclude`, `exemptions`, `ingress-classes`, \
             `nginx-version`, `namespace`",
        ),
        (
            "rules: {}\n---\npaths: {}",
            "paths",
            "`certlint.yaml` has one document only",
            "",
        ),
        (
            "[rules]",
            "[rules]",
            "`certlint.yaml` consists of keys and values",
            "",
        ),
        ("rules: [", "[", "`[` is not closed", ""),
        (
            "rules: {{ x }}",
            "{{",
            "`certlint.yaml` is not a template",
            "",
        ),
    ] {
        let found = mistakes(text);
        let (found_word, found_message, found_help) = &found[0];
        assert_eq!(
            (&**found_word, &**found_message, &**found_help),
            (word, message, help),
            "{text}"
        );
    }
}

#[test]
fn exemptions_name_a_name_a_rule_and_a_reason() {
    let exemption = |fields: &str| {
        let found = mistakes(&format!("exemptions: [{{{fields}}}]"));
        let messages = found.into_iter().map(|(word, message, _)| (word, message));
        messages.collect::<Vec<_>>()
    };
    let pair = |word: &str, message: &str| (word.to_owned(), message.to_owned());
    assert_eq!(
        exemption("name: a"),
        [
            pair("name", "an exemption without `rule`"),
            pair("name", "an exemption without `reason`"),
        ]
    );
    assert_eq!(
        exemption("rule: weak-key, reason: ' '"),
        [
            pair("rule", "an exemption without `name`"),
            pair("rule", "an exemption without `reason`"),
        ]
    );
    assert_eq!(
        exemption("name: '*', rule: weak-kee, reason: x, until: 2027-02-30"),
        [
            pair("'*'", "`*` would exempt every name"),
            pair("weak-kee", "there is no rule `weak-kee`"),
            pair("2027-02-30", "`2027-02-30` is not a day"),
        ]
    );
    assert_eq!(
        exemption("name: a, rule: suppression-unused, reason: x"),
        [pair(
            "suppression-unused",
            "`suppression-unused` cannot be silenced for a name"
        )]
    );
}

#[test]
fn merge_keys_are_refused_and_not_lost() {
    let found = mistakes("exclude: &a [x]\npaths: {<<: {root: y}}\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1, "`certlint.yaml` is read without merge keys");
}

#[test]
fn hostile_documents_end_with_a_finding() {
    let deep = format!("exclude: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    for text in [
        deep.as_bytes(),
        bomb.as_bytes(),
        b"\xff",
        b"rules: {a: \xc3}",
    ] {
        assert!(Config::read(SOURCE, text).is_err());
    }
}

#[test]
fn patterns_match_names_as_they_are_reported() {
    for (pattern, name, matches) in [
        ("a.internal", "a.internal", true),
        ("a.internal", "A.Internal", true),
        ("a.internal", "b.a.internal", false),
        ("*.internal", "a.internal", true),
        ("*.internal", "b.a.INTERNAL", true),
        ("*.internal", "*.internal", true),
        ("*.internal", ".a.internal", true),
        ("*.internal", "internal", false),
        ("*.internal", ".internal", false),
        ("*.internal", "ainternal", false),
        ("*.internal", "é", false),
        ("www.example.*", "www.example.*", true),
        ("www.example.*", "www.example.com", false),
        ("~^a$", "~^a$", true),
    ] {
        let it = NamePattern::new(pattern).expect(pattern);
        assert_eq!(it.matches(name), matches, "{pattern} {name}");
    }
    for blanket in ["", " ", "*", "*.", "*.*", "."] {
        assert_eq!(NamePattern::new(blanket), None, "{blanket:?}");
    }
}

fn finding(rule: &'static str, names: &[&str], of_certificate: &[&str]) -> Finding {
    let mut finding = mistake(Location::whole(SOURCE), "m", "l", None);
    finding.rule = rule;
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    finding.facts.names = owned(names);
    finding.facts.certificate = Some(CertificateFacts {
        sha256: String::new(),
        file: String::new(),
        secret: None,
        names: owned(of_certificate),
    });
    finding
}

fn config(exemptions: &str) -> Config {
    let text = format!("exemptions: [{exemptions}]");
    Config::read(SOURCE, text.as_bytes()).expect(exemptions)
}

#[test]
fn a_finding_is_exempt_when_all_of_its_names_are() {
    let config = config(
        "{name: '*.internal', rule: weak-key, reason: x}, {name: b.test, rule: weak-key, reason: x}",
    );
    for (rule, names, of_certificate, stays) in [
        ("weak-key", &["a.internal"][..], &["c.test"][..], false),
        ("weak-key", &["a.internal", "b.test"], &[], false),
        ("weak-key", &["a.internal", "c.test"], &[], true),
        ("weak-key", &[], &["a.internal"], false),
        ("weak-key", &[], &["a.internal", "c.test"], true),
        ("weak-key", &[], &[], true),
        ("self-signed", &["a.internal"], &[], true),
    ] {
        let mut findings = vec![finding(rule, names, of_certificate)];
        Exemptions::new(&config.exemptions, NOW).apply(&mut findings);
        assert_eq!(
            findings.len() == 1,
            stays,
            "{rule} {names:?} {of_certificate:?}"
        );
    }
}

#[test]
fn exemptions_that_ended_or_that_nothing_needs_are_told() {
    let settings = |levels: &[(&'static str, Option<Level>)]| Settings {
        levels: levels.iter().copied().collect(),
        ..Settings::default()
    };
    let report = |until: &str, names: &[&str], complete, settings: &Settings| {
        let config = config(&format!(
            "{{name: a.test, rule: weak-key, reason: x{until}}}"
        ));
        let mut exemptions = Exemptions::new(&config.exemptions, NOW);
        let mut findings = vec![finding("weak-key", names, &[])];
        exemptions.apply(&mut findings);
        let report = exemptions.report(complete, settings);
        let report: Vec<_> = report
            .into_iter()
            .map(|it| (it.rule, it.message, it.help.unwrap_or_default()))
            .collect();
        (findings.len(), report)
    };
    let all = Settings::default();
    let rule = "suppression-unused";
    let told = |message: &str, help: &str| vec![(rule, message.to_owned(), help.to_owned())];
    assert_eq!(report("", &["a.test"], true, &all), (0, vec![]));
    let unused = told(
        "nothing needs the exemption of `a.test` from `weak-key`",
        "remove it",
    );
    assert_eq!(report("", &["b.test"], true, &all), (1, unused));
    assert_eq!(report("", &["b.test"], false, &all), (1, vec![]));
    let ended = "the exemption of `a.test` from `weak-key` ended with 2026-11-20";
    let needed = told(
        ended,
        "cure what is reported again, or give the exemption a later day",
    );
    let idle = told(ended, "remove it: nothing needs it any more");
    let until = ", until: 2026-11-20";
    assert_eq!(report(until, &["a.test"], true, &all), (1, needed));
    assert_eq!(report(until, &["b.test"], false, &all), (1, idle));
    assert_eq!(
        report(", until: 2026-11-21", &["a.test"], true, &all),
        (0, vec![])
    );
    // A rule that is off cannot tell, and this one can be switched off itself.
    let off = settings(&[("weak-key", None)]);
    assert_eq!(report("", &["b.test"], true, &off), (1, vec![]));
    let off = settings(&[(rule, None)]);
    assert_eq!(report("", &["b.test"], true, &off), (1, vec![]));
}

#[test]
fn the_page_has_one_document_that_is_wrong_and_one_that_is_right() {
    let blocks: Vec<&str> = DOCS.split("```").skip(1).step_by(2).collect();
    let [wrong, right] = blocks[..] else {
        panic!("{blocks:?}");
    };
    let text = |block: &'static str| block.strip_prefix("yaml\n").expect("YAML").as_bytes();
    assert!(Config::read(SOURCE, text(wrong)).is_err());
    assert!(Config::read(SOURCE, text(right)).is_ok());
}
