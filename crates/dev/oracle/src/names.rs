//! Names for `server_name`, and the names to ask for.
//!
//! The vocabulary is small on purpose, so that names collide.

use super::rng::Rng;

const DOMAINS: [&str; 9] = [
    "a.test",
    "b.test",
    "www.a.test",
    "x.a.test",
    "y.x.a.test",
    "c.test",
    "www.b.test",
    "a_b.test",
    "xn--bcher-kva.test",
];

const TRAILING: [&str; 6] = ["www.*", "a.*", "x.a.*", "a.test.*", "WWW.*", "b.*"];

const REGEXES: [&str; 21] = [
    r"~^www\d+\.a\.test$",
    r"~^(?<sub>[a-z]+)\.b\.test$",
    r"~A\.TEST$",
    r"~^(.+)\.c\.test$",
    "~c",
    r"~^\S+\.x\.a\.test$",
    r"~^[ab]{1,2}\.test$",
    r"~^(www\.)?b\.test$",
    r"~^(?!www\.).+\.a\.test$",
    r"~\.test$",
    "~^a.test",
    r"~^(?P<Name>\w+)\.a\.test$",
    r"~^(?i)B\.test$",
    r"~^\QX.a.test\E$",
    "~.",
    "~^$",
    r"~^x\.a\.test\.?$",
    r"~^[[:alpha:]]\.test$",
    r"~^(a|b)\.test$",
    r"~^(\w)\.\1\.test$",
    "~ ",
];

const ODD: [&str; 26] = [
    "",
    "_",
    "--",
    "!@#",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "::1",
    "a.test.",
    "*.a.test.",
    "a.test:443",
    "http://a.test",
    "https://a.test/x",
    "a.test,b.test",
    "bücher.test",
    "*.bücher.test",
    "$host",
    "a.test b.test",
    "-a.test",
    "a-.test",
    "a%20b.test",
    "tést.a.test",
    "a",
    "test",
    "*.test",
    ".test",
];

/// Names that nginx refuses, some of them only when it builds its tables.
pub(crate) const REFUSED: [&str; 18] = [
    "*",
    "*.",
    "*x.test",
    ".",
    "www.*.test",
    "w*.test",
    "a..test",
    "*.a..test",
    "..a.test",
    "*.*.test",
    "*.a.*",
    "~",
    "~[a",
    "~(a",
    "~a{2,1}",
    "~(?<1x>a)",
    "~*b",
    r"~\",
];

/// A name for `server_name`.
pub(crate) fn server_name(rng: &mut Rng) -> String {
    let domain = rng.pick(&DOMAINS);
    match rng.below(100) {
        0..45 => mixed_case(domain, rng),
        45..58 => format!("*.{domain}"),
        58..70 => format!(".{domain}"),
        70..78 => rng.pick(&TRAILING).to_owned(),
        78..89 => rng.pick(&REGEXES).to_owned(),
        89..99 => rng.pick(&ODD).to_owned(),
        _ => rng.pick(&REFUSED).to_owned(),
    }
}

/// Some twenty SNI values; the first one is "none".
pub(crate) fn asked(configured: &[String], rng: &mut Rng) -> Vec<String> {
    let mut names = vec![
        String::new(),
        "127.0.0.1".to_owned(),
        "nobody.example".to_owned(),
    ];
    for _ in 0..7 {
        let domain = rng.pick(&DOMAINS);
        names.push(derived(domain, rng));
    }
    for _ in 0..12 {
        let name = match configured.is_empty() {
            true => "a.test",
            false => configured[rng.below(configured.len())].as_str(),
        };
        let name = name.replace("*.", "q.").replace(".*", ".test");
        let plain = name
            .trim_start_matches(['.', '~', '^'])
            .trim_end_matches('$');
        // What no client can send as SNI: not ASCII, or nothing.
        if plain.is_ascii() && !plain.is_empty() && !plain.contains('\0') {
            names.push(derived(plain, rng));
        }
    }
    names.sort();
    names.dedup();
    names
}

fn derived(name: &str, rng: &mut Rng) -> String {
    match rng.below(16) {
        0..6 => name.to_owned(),
        6..8 => format!("www.{name}"),
        8 => format!("y.x.{name}"),
        9 => name.to_ascii_uppercase(),
        10 => format!("{name}."),
        11 => format!("www1.{name}"),
        12 => format!("a.{name}"),
        13 => format!("{name}.net"),
        14 => name
            .split_once('.')
            .map_or(name, |(_, parent)| parent)
            .to_owned(),
        _ => {
            let form = rng.pick(&[
                "N:443", "N..", "a..N", ".N", "N x", "x/N", "x_N", "-N", "[N", "[N]", "[::1]N",
                "N:", "*.N", "N?", "x@N", ".", ":",
            ]);
            form.replace('N', name)
        }
    }
}

fn mixed_case(name: &str, rng: &mut Rng) -> String {
    if rng.chance(85) {
        return name.to_owned();
    }
    name.chars()
        .map(|c| {
            if rng.chance(40) {
                c.to_ascii_uppercase()
            } else {
                c
            }
        })
        .collect()
}
