//! The switches by which well-known clients stop verifying servers.
//!
//! Node.js 20, Git 2.39, curl 7.88 and GNU Wget 1.21 were measured; the others are from the manuals
//! of their programs. A word that other programs use for something else counts only after the name
//! of its client: `--insecure` means plain HTTP to many servers, `-k` a folder to kubectl.

use std::borrow::Cow;
use std::net::IpAddr;

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    /// As one would search for it.
    pub(super) text: String,
    /// Who does not verify.
    pub(super) client: &'static str,
    /// The annotation that names the certificate authority instead.
    pub(super) cure: &'static str,
}

/// A switch with the index of its word.
type Found = (usize, Switch);

impl Switch {
    fn new(text: &str, client: &'static str, cure: &'static str) -> Self {
        let text = text.to_owned();
        Self { text, client, cure }
    }
}

/// Values of Go's `strconv.ParseBool`.
const FALSE: &[&str] = &["0", "f", "F", "false", "FALSE", "False"];
const TRUE: &[&str] = &["1", "t", "T", "true", "TRUE", "True"];

/// Variable, the values that count (any, where none are named), client, cure.
const VARIABLES: &[(&str, &[&str], &str, &str)] = &[
    ("CONSUL_HTTP_SSL_VERIFY", FALSE, "Consul", "`CONSUL_CACERT`"),
    (
        "ETCDCTL_INSECURE_SKIP_TLS_VERIFY",
        TRUE,
        "etcdctl",
        "`ETCDCTL_CACERT`",
    ),
    // `false` switches verification off, too.
    ("GIT_SSL_NO_VERIFY", &[], "Git", "`GIT_SSL_CAINFO`"),
    (
        "NODE_TLS_REJECT_UNAUTHORIZED",
        &["0"],
        "Node.js",
        "`NODE_EXTRA_CA_CERTS`",
    ),
    ("NOMAD_SKIP_VERIFY", TRUE, "Nomad", "`NOMAD_CACERT`"),
    (
        "NPM_CONFIG_STRICT_SSL",
        &["false"],
        "npm",
        "`NPM_CONFIG_CAFILE`",
    ),
    // Python 3 does not look at it (PEP 493 is about 2.7).
    ("PYTHONHTTPSVERIFY", &["0"], "Python 2.7", "`SSL_CERT_FILE`"),
    ("VAULT_SKIP_VERIFY", TRUE, "Vault", "`VAULT_CACERT`"),
    (
        "npm_config_strict_ssl",
        &["false"],
        "npm",
        "`npm_config_cafile`",
    ),
];

/// Options that mean the same in any place.
const OPTIONS: &[(&str, &str, &str)] = &[
    (
        "--insecure-skip-tls-verify",
        "the client",
        "`--certificate-authority`, or its like",
    ),
    (
        "--kubelet-insecure-tls",
        "the metrics server",
        "`--kubelet-certificate-authority`",
    ),
    ("--no-check-certificate", "Wget", "`--ca-certificate`"),
];

/// curl's short options that take a value, so that what is glued to them is no option.
const CURL_WITH_VALUE: &[u8] = b"ACDEFHKPQTUXYbcdehmortuwxyz";

/// The check that a variable of the environment switches off.
pub(super) fn variable(name: &str, value: &str) -> Option<Switch> {
    let &(_, values, client, cure) = VARIABLES.iter().find(|known| known.0 == name)?;
    if values.is_empty() {
        return Some(Switch::new(name, client, cure));
    }
    let text = format!("{name}={value}");
    values
        .contains(&value)
        .then(|| Switch::new(&text, client, cure))
}

/// The first switch of a command.
pub(super) fn command(words: &[Cow<'_, str>]) -> Option<Found> {
    let assigned = words.iter().enumerate().find_map(|(index, word)| {
        let (name, value) = word.split_once('=')?;
        Some((index, variable(name, value)?))
    });
    assigned.or_else(|| option(words).filter(|_| !is_loopback_only(words)))
}

fn option(words: &[Cow<'_, str>]) -> Option<Found> {
    let anywhere = words.iter().enumerate().find_map(|(index, word)| {
        let (name, value) = word.split_once('=').unwrap_or((word, "true"));
        let known = OPTIONS.iter().find(|known| known.0 == name)?;
        let is_on = TRUE.contains(&value);
        is_on.then(|| (index, Switch::new(known.0, known.1, known.2)))
    });
    anywhere
        .or_else(|| behind("curl", words, curl))
        .or_else(|| behind("git", words, git))
}

/// The settings that a client reads from the words after its name.
fn behind(
    client: &str,
    words: &[Cow<'_, str>],
    read: fn(&[Cow<'_, str>]) -> Option<Found>,
) -> Option<Found> {
    let start = words.iter().position(|word| program(word) == client)? + 1;
    let (index, switch) = read(&words[start..])?;
    Some((start + index, switch))
}

/// The name of a program without its folder.
pub(super) fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// `-k`, also among other short options, or `--insecure`; the last word on it counts.
fn curl(words: &[Cow<'_, str>]) -> Option<Found> {
    let mut found = None;
    let mut is_value = false;
    for (index, word) in words.iter().enumerate() {
        if std::mem::take(&mut is_value) {
            continue;
        }
        let switch = |text| Some((index, Switch::new(text, "curl", "`--cacert`")));
        match &**word {
            "--insecure" => found = switch("--insecure"),
            "--no-insecure" => found = None,
            word => {
                let Some(short) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))
                else {
                    continue;
                };
                let value = short
                    .bytes()
                    .position(|byte| CURL_WITH_VALUE.contains(&byte));
                is_value = value.is_some_and(|value| value + 1 == short.len());
                if short.as_bytes()[..value.unwrap_or(short.len())].contains(&b'k') {
                    found = switch("-k");
                }
            }
        }
    }
    found
}

/// `http.sslVerify`, also for one URL, with `=` or as the key and value of `git config`.
fn git(words: &[Cow<'_, str>]) -> Option<Found> {
    let is_key = |key: &str| {
        let key = key.to_ascii_lowercase();
        key.starts_with("http.") && key.ends_with(".sslverify")
    };
    let is_off = |value: &str| {
        let off = ["0", "false", "no", "off", ""];
        off.iter().any(|word| value.eq_ignore_ascii_case(word))
    };
    words.iter().enumerate().find_map(|(index, word)| {
        let (key, value) = match word.rsplit_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (&**word, words.get(index + 1).map(|value| &**value)),
        };
        let found = is_key(key) && value.is_some_and(is_off);
        found.then(|| {
            let switch = Switch::new("http.sslVerify=false", "Git", "`http.sslCAInfo`");
            (index, switch)
        })
    })
}

/// The command names addresses of its own host only: nobody can come in between.
fn is_loopback_only(words: &[Cow<'_, str>]) -> bool {
    let is_loopback = |host: &str| {
        host.eq_ignore_ascii_case("localhost")
            || host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    };
    let mut hosts = words.iter().filter_map(|word| {
        let (is_url, rest) = match word.split_once("://") {
            Some((_, rest)) => (true, rest),
            None => (false, &**word),
        };
        let rest = rest.split(['/', '?', '#']).next()?;
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let host = match host.strip_prefix('[') {
            Some(address) => address.split(']').next()?,
            None => host.split(':').next()?,
        };
        // `localhost:8080` is a host, any other word may be anything.
        (is_url || is_loopback(host)).then_some(host)
    });
    let Some(first) = hosts.next() else {
        return false;
    };
    is_loopback(first) && hosts.all(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(command_line: &str) -> Option<(usize, String)> {
        let words: Vec<_> = command_line.split(' ').map(Cow::Borrowed).collect();
        command(&words).map(|(index, switch)| (index, switch.text))
    }

    #[test]
    fn variables_switch_off_with_their_own_values_only() {
        for (name, off, on) in [
            ("CONSUL_HTTP_SSL_VERIFY", "false 0 F", "true 1"),
            ("ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "true", "false"),
            ("NODE_TLS_REJECT_UNAUTHORIZED", "0", "1 00 false"),
            ("NPM_CONFIG_STRICT_SSL", "false", "true"),
            ("PYTHONHTTPSVERIFY", "0", "1"),
            ("VAULT_SKIP_VERIFY", "true 1 t", "false 0"),
            ("npm_config_strict_ssl", "false", "true"),
        ] {
            for value in off.split(' ') {
                let text = variable(name, value).expect(name).text;
                assert_eq!(text, format!("{name}={value}"));
            }
            for value in on.split(' ').chain([""]) {
                assert_eq!(variable(name, value), None, "{name}={value}");
            }
        }
        assert_eq!(variable("VERIFY", "0"), None);
    }

    #[test]
    fn the_switch_of_git_has_no_off_position() {
        for value in ["1", "true", "0", "false", ""] {
            assert!(variable("GIT_SSL_NO_VERIFY", value).is_some(), "{value:?}");
        }
    }

    #[test]
    fn options_count_behind_their_client() {
        for (line, index, text) in [
            ("curl -k https://a.example", 1, "-k"),
            ("/usr/bin/curl https://a.example -fsSkL", 2, "-k"),
            ("timeout 5 curl --insecure a.example", 3, "--insecure"),
            ("curl -o /dev/null -k https://a.example", 3, "-k"),
            ("curl -ko /dev/null https://a.example", 1, "-k"),
            ("curl -k https://localhost https://a.example", 1, "-k"),
            ("curl -k https://$HOST/", 1, "-k"),
            (
                "wget -q --no-check-certificate a.example",
                2,
                "--no-check-certificate",
            ),
            (
                "kubectl --insecure-skip-tls-verify=true get",
                1,
                "--insecure-skip-tls-verify",
            ),
            (
                "metrics-server --kubelet-insecure-tls",
                1,
                "--kubelet-insecure-tls",
            ),
            (
                "git -c http.sslVerify=false clone a",
                2,
                "http.sslVerify=false",
            ),
            (
                "git config --global http.sslverify false",
                3,
                "http.sslVerify=false",
            ),
            (
                "git -c http.https://a.example/.sslVerify=0 clone a",
                2,
                "http.sslVerify=false",
            ),
            ("GIT_SSL_NO_VERIFY=1 git clone a", 0, "GIT_SSL_NO_VERIFY"),
            (
                "export NODE_TLS_REJECT_UNAUTHORIZED=0",
                1,
                "NODE_TLS_REJECT_UNAUTHORIZED=0",
            ),
        ] {
            assert_eq!(found(line), Some((index, text.to_owned())), "{line}");
        }
    }

    #[test]
    fn other_words_mean_something_else() {
        for line in [
            "server --insecure",
            "sort -k 2 /data",
            "kubectl apply -k /overlays",
            "tar -xkf a.tar",
            "curl -fsS https://a.example",
            "curl -ok https://a.example",
            "curl -o -k https://a.example",
            "curl --key k.pem https://a.example",
            "curl -k --no-insecure https://a.example",
            "curl -k https://localhost:8443/healthz",
            "curl -k localhost:8443",
            "curl -k https://user:word@127.0.0.1/ https://[::1]:8443",
            "kubectl --insecure-skip-tls-verify=false get",
            "git -c http.sslVerify=true clone a",
            "git config --get http.sslVerify",
            "git config http.sslVerify true",
            "",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
