//! Certificate files as nginx reads them, form by form.
//!
//! The files are in fixtures/pem; the answers were measured on nginx 1.22.1 with OpenSSL 3.0: the
//! certificates that it serves, or that it refuses to start.

use std::path::{Path, PathBuf};

use certlint_core::x509::pem::{self, MalformedKind, NearMissKind};
use certlint_core::x509::{CertificateFile, OddityKind, RefusalKind, read_certificates};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn read(name: &str) -> CertificateFile {
    read_certificates(&std::fs::read(fixtures().join(name)).expect("a fixture"))
}

/// The subjects in order.
fn subjects(file: &CertificateFile) -> Vec<String> {
    file.certificates
        .iter()
        .map(|certificate| certificate.common_names.join(","))
        .collect()
}

const LEAF: &str = "example.com";
const INTERMEDIATE: &str = "Certlint Test Intermediate";

#[test]
fn forms_that_nginx_reads_as_leaf_and_intermediate() {
    for name in [
        "bad-utf8-comment",
        "bag-attributes",
        "blank-after-begin",
        "bom",
        "crlf",
        "form-feed",
        "key-first",
        "key-last",
        "label-trusted",
        "label-x509",
        "leading-spaces",
        "no-final-newline",
        "one-long-line",
        "text-around",
        "trailing-bytes-in-chain",
        "trailing-spaces",
    ] {
        let file = read(&format!("pem/{name}.crt"));
        assert_eq!(file.refused, None, "{name}");
        assert_eq!(subjects(&file), [LEAF, INTERMEDIATE], "{name}");
    }
}

#[test]
fn forms_that_nginx_reads_otherwise_than_meant() {
    let skipped = OddityKind::Skipped;
    for (name, served, oddity) in [
        ("four-dash-end", LEAF, skipped(NearMissKind::Swallowed)),
        ("four-dashes", INTERMEDIATE, skipped(NearMissKind::Spelling)),
        (
            "indented-leaf",
            INTERMEDIATE,
            skipped(NearMissKind::NotAtLineStart),
        ),
        ("lower-case", INTERMEDIATE, skipped(NearMissKind::Spelling)),
        (
            "lower-case-begin",
            INTERMEDIATE,
            skipped(NearMissKind::Spelling),
        ),
        ("nul-line", LEAF, skipped(NearMissKind::AfterNul)),
        ("trusted-in-chain", LEAF, OddityKind::TrustedLabelInChain),
    ] {
        let file = read(&format!("pem/{name}.crt"));
        assert_eq!(file.refused, None, "{name}");
        assert_eq!(subjects(&file), [served], "{name}");
        let kinds: Vec<_> = file.oddities.iter().map(|oddity| oddity.kind).collect();
        assert_eq!(kinds, [oddity], "{name}");
        assert!(oddity.changes_what_is_served(), "{name}");
    }
}

#[test]
fn forms_that_only_other_readers_stumble_over() {
    for (name, oddity) in [
        ("bom", OddityKind::ByteOrderMark),
        ("label-trusted", OddityKind::TrustedLabel),
        ("trailing-bytes-in-chain", OddityKind::TrailingBytes),
    ] {
        let file = read(&format!("pem/{name}.crt"));
        let kinds: Vec<_> = file.oddities.iter().map(|oddity| oddity.kind).collect();
        assert_eq!(kinds, [oddity], "{name}");
        assert!(!oddity.changes_what_is_served(), "{name}");
    }
    assert_eq!(read("certs/example.com.crt").oddities, []);
    assert_eq!(read("pem/text-around.crt").oddities, []);
}

#[test]
fn forms_that_nginx_refuses() {
    use MalformedKind::{Base64, Glued, NoEnd, WrongEnd};
    let not_at_start = RefusalKind::NearMiss(NearMissKind::NotAtLineStart);
    for (name, kind, help) in [
        ("bad-base64", RefusalKind::Block(Base64), "damaged"),
        (
            "base64-of-file",
            RefusalKind::Base64OfPem,
            "base64 -d F > F.pem",
        ),
        ("blank", RefusalKind::Empty, ""),
        (
            "blank-line",
            RefusalKind::Block(MalformedKind::BlankLine),
            "blank lines",
        ),
        (
            "cr-only",
            RefusalKind::CarriageReturnsOnly,
            "tr '\\r' '\\n' < F",
        ),
        (
            "der",
            RefusalKind::Der { key: false },
            "openssl x509 -inform der -in F -out F.pem",
        ),
        ("empty", RefusalKind::Empty, ""),
        (
            "escaped-newlines",
            RefusalKind::EscapedNewlines,
            "printf '%b'",
        ),
        ("glued", RefusalKind::Block(Glued), "line end"),
        ("header-lines", RefusalKind::HeaderLines, "remove the lines"),
        ("indented", not_at_start, "beginning"),
        ("key-only", RefusalKind::KeyOnly, "holds the certificate"),
        ("missing-end", RefusalKind::Block(NoEnd), "cut off"),
        ("pkcs12", RefusalKind::Pkcs12, "openssl pkcs12 -in F"),
        (
            "pkcs7",
            RefusalKind::Pkcs7 { der: false },
            "-print_certs -in F",
        ),
        (
            "pkcs7-der",
            RefusalKind::Pkcs7 { der: true },
            "-inform der -in F",
        ),
        (
            "request",
            RefusalKind::OtherLabel("CERTIFICATE REQUEST".into()),
            "",
        ),
        ("second-garbage", RefusalKind::NotACertificate, ""),
        ("text-only", RefusalKind::NotPem, ""),
        (
            "trailing-bytes",
            RefusalKind::TrailingBytes,
            "openssl x509 -in F",
        ),
        ("utf16", RefusalKind::Utf16, "iconv -f utf-16"),
        ("wrong-end", RefusalKind::Block(WrongEnd), "END line"),
    ] {
        let file = read(&format!("pem/{name}.crt"));
        let refusal = file
            .refused
            .unwrap_or_else(|| panic!("nginx refuses {name}"));
        assert_eq!(refusal.kind, kind, "{name}");
        assert!(refusal.nginx_would_refuse, "{name}");
        let cure = refusal
            .help("F")
            .map_or_else(String::new, |cure| cure.to_string());
        assert_eq!(cure.is_empty(), help.is_empty(), "{name}: {cure}");
        assert!(cure.contains(help), "{name}: {cure}");
    }
}

/// The content of each block, or why it is none.
fn blocks(text: &str) -> Vec<Result<Vec<u8>, MalformedKind>> {
    pem::scan(text.as_bytes())
        .map(|block| match block {
            Ok(block) => Ok(block.der.to_vec()),
            Err(malformed) => Err(malformed.kind),
        })
        .collect()
}

#[test]
fn blocks_are_read_as_openssl_reads_them() {
    use MalformedKind::{Base64, BlankLine, Empty, Header, NoEnd, WrongEnd};
    let abc = || Ok(b"abc".to_vec());
    let long = "YWJj".repeat(127);
    for (content, expected) in [
        ("YWJj\n", abc()),
        (" Y W\tJ j \n", abc()),
        ("YW\nJj\n", abc()),
        ("YWJj\u{a0}\n", abc()),
        ("\nYWJj\n", abc()),
        ("a: b\n\nYWJj\n", abc()),
        ("YWJj-ignored!\n", abc()),
        ("YQ==\n", Ok(b"a".to_vec())),
        ("YR==\n", Ok(b"a".to_vec())),
        ("YWJj\0hidden\n", abc()),
        // Two full pieces of 254 bytes: the empty third one is no blank line.
        (&format!("{long}\n"), Ok(b"abc".repeat(127))),
        ("", Err(Empty)),
        ("\n", Err(Empty)),
        ("a: b\nYWJj\n", Err(Header)),
        ("\n\nYWJj\n", Err(BlankLine)),
        ("\nYW\nJj\n", Err(BlankLine)),
        (&format!("\n{long}\n"), Err(BlankLine)),
        ("YQ\n", Err(Base64)),
        ("YQ=\n", Err(Base64)),
        ("YQ==YQ==\n", Err(Base64)),
        ("YW-j\n", Err(Base64)),
        ("YWJj!\n", Err(Base64)),
        ("YWJj\n-----END Y-----\n", Err(WrongEnd)),
        ("YWJj\n-----END X-----x\n", Err(WrongEnd)),
        ("YWJj\n\0\n", Err(NoEnd)),
    ] {
        let text = format!("-----BEGIN X-----\n{content}-----END X-----\n");
        assert_eq!(blocks(&text)[..1], [expected], "{content:?}");
    }
}

#[test]
fn text_between_blocks_is_passed_over_and_marks_too() {
    let block = "-----BEGIN X-----\nYWJj\n-----END X-----\n";
    for between in [
        "",
        "\n\n",
        "text\n",
        "\u{feff}",
        "-----END X-----\n",
        "----- BEGIN\n",
    ] {
        let text = format!("{between}{block}{between}{block}");
        assert_eq!(
            blocks(&text),
            [Ok(b"abc".to_vec()), Ok(b"abc".to_vec())],
            "{between:?}"
        );
    }
    for (before, found) in [("text", 1), (" ", 1), ("\n\u{feff}", 1), ("\0\n", 0)] {
        assert_eq!(
            blocks(&format!("{before}{block}{block}")).len(),
            found,
            "{before:?}"
        );
    }
}

#[test]
fn a_line_that_was_meant_as_a_begin_line_is_remembered() {
    use NearMissKind::{NotAtLineStart, Spelling};
    for (line, expected) in [
        ("-----BEGIN CERTIFICATE----", Some(Spelling)),
        ("-----BEGIN CERTIFICATE----- x", Some(Spelling)),
        ("------BEGIN CERTIFICATE-----", Some(Spelling)),
        ("-----BEGIN PRIVATE KEY----", Some(Spelling)),
        ("-----Begin Certificate-----", Some(Spelling)),
        ("---- BEGIN CERTIFICATE ----", Some(Spelling)),
        ("\t-----BEGIN CERTIFICATE-----", Some(NotAtLineStart)),
        ("leaf: -----BEGIN CERTIFICATE-----", Some(NotAtLineStart)),
        ("# -----BEGIN CERTIFICATE-----", None),
        ("-----BEGIN NOTHING", None),
        ("----- the certificate begins here", None),
        ("see -----BEGIN above", None),
    ] {
        let mut blocks = pem::scan(line.as_bytes());
        assert!(blocks.next().is_none(), "{line}");
        let kinds: Vec<_> = blocks.near_misses().iter().map(|miss| miss.kind).collect();
        assert_eq!(kinds, Vec::from_iter(expected), "{line}");
    }
}

#[test]
fn a_refusal_points_at_the_line_or_block() {
    let bytes = std::fs::read(fixtures().join("pem/glued.crt")).unwrap();
    let refusal = read_certificates(&bytes).refused.unwrap();
    assert_eq!(
        refusal.at.of(&bytes),
        b"-----END CERTIFICATE----------BEGIN CERTIFICATE-----"
    );

    let bytes = std::fs::read(fixtures().join("pem/second-garbage.crt")).unwrap();
    let refusal = read_certificates(&bytes).refused.unwrap();
    assert!(refusal.at.start > 500, "{refusal:?}");
    let block = refusal.at.of(&bytes);
    assert!(block.starts_with(b"-----BEGIN CERTIFICATE-----"));
    assert!(block.ends_with(b"-----END CERTIFICATE-----"));
}

#[test]
fn every_file_of_the_folder_stands_in_a_table() {
    let tables = [
        include_str!("pem.rs"),
        include_str!("keys.rs"),
        "\"pem/v1.crt\"",
    ];
    for entry in std::fs::read_dir(fixtures().join("pem")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some((stem, "crt" | "key")) = name.rsplit_once('.') else {
            continue;
        };
        let (alone, whole) = (format!("\"{stem}\""), format!("\"pem/{name}\""));
        let found = tables
            .iter()
            .any(|table| table.contains(&alone) || table.contains(&whole));
        assert!(found, "{name} is in no table");
    }
}

#[test]
fn a_file_that_may_hold_a_key_is_not_to_be_shown() {
    for name in [
        "key-first",
        "key-last",
        "key-only",
        "base64-of-file",
        "der",
        "pkcs12",
    ] {
        assert!(read(&format!("pem/{name}.crt")).may_hold_key, "{name}");
    }
    for name in ["crlf", "glued", "four-dashes", "pkcs7"] {
        assert!(!read(&format!("pem/{name}.crt")).may_hold_key, "{name}");
    }
}

#[test]
fn a_path_in_a_command_is_one_word() {
    let refusal = read("pem/der.crt").refused.unwrap();
    assert_eq!(
        refusal.help("it's mine.crt").unwrap().command.unwrap(),
        r"openssl x509 -inform der -in 'it'\''s mine.crt' -out 'it'\''s mine.crt'.pem"
    );
}

#[test]
fn more_blocks_than_the_limit_are_a_refusal_of_ours() {
    let one = std::fs::read(fixtures().join("certs/root.crt")).unwrap();
    assert_eq!(read_certificates(&one.repeat(1000)).refused, None);
    let refusal = read_certificates(&one.repeat(1001)).refused.unwrap();
    assert_eq!(refusal.kind, RefusalKind::TooManyBlocks);
    assert!(!refusal.nginx_would_refuse);
}

#[test]
fn megabytes_of_anything_take_linear_time() {
    let size = 3_000_000;
    for unit in [
        "-----BEGIN ",
        "-----BEGIN \n",
        "-----BEGIN CERTIFICATE-----\n",
        "-----begin certificate-----\n",
        " -----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN X-----\n-----END X-----\n",
        "QUJD",
        "\n",
        "\0",
        ":",
    ] {
        let bytes = unit.repeat(size / unit.len());
        for bytes in [
            bytes.clone(),
            format!("-----BEGIN CERTIFICATE-----\n{bytes}"),
        ] {
            let file = read_certificates(bytes.as_bytes());
            assert!(file.refused.is_some(), "{unit:?}");
            assert!(file.oddities.len() <= 16, "{unit:?}");
        }
    }
}
