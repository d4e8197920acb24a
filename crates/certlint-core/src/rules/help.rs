//! Commands to type that get a certificate with the names it should have.

use std::collections::{BTreeMap, BTreeSet};

use super::words::list;
use super::{Subject, name_partly_covered};
use crate::finding::command_line;
use crate::model::{Bundle, BundleId, Diagnosis, PlaceholderReason};
use crate::name::{HostPattern, PartialReason, Verdict};
use crate::x509::{Certificate, Refusal};

/// More names than this do not fit a command that anybody reads.
const NAMES_MAX: usize = 20;

/// Where certbot keeps the current files of each certificate.
const CERTBOT: &str = "letsencrypt/live/";

/// What to do about all the names that one certificate lacks: one command, so that no finding's
/// command undoes that of another.
pub(super) struct Cure {
    /// The names, in the order of the input.
    names: Vec<String>,
    command: String,
}

/// The cures of all certificates that lack names which no other certificate has.
pub(super) fn cures(subject: &Subject<'_>) -> BTreeMap<BundleId, Cure> {
    let mut lacking: BTreeMap<BundleId, Names> = BTreeMap::new();
    let mut lacks = |id: BundleId, pattern: &HostPattern, verdict: &Verdict| {
        if subject.neighbours().covering(pattern).is_none() {
            let names = lacking.entry(id).or_default();
            for name in missing(pattern, verdict) {
                names.add(&name);
            }
        }
    };
    for judged in subject.judged() {
        if !judged.is_served_as_meant() {
            continue;
        }
        let pattern = &judged.name().pattern;
        for one in &judged.certificates {
            if one.fails() || name_partly_covered::is_reported(pattern, &one.verdict) {
                lacks(one.bundle, pattern, &one.verdict);
            }
        }
    }
    for diagnosis in subject.diagnoses() {
        if let Diagnosis::PlaceholderServed {
            host,
            why: PlaceholderReason::NotCovered,
            secret: Some((_, Some(id))),
            ..
        } = diagnosis
        {
            lacks(*id, &HostPattern::ingress(host), &Verdict::NotCovered);
        }
    }
    let cure = |(id, names): (BundleId, Names)| {
        let Names {
            in_order: names, ..
        } = names;
        let command = command_for(subject, id, subject.leaf(id)?, &names);
        Some((id, Cure { names, command }))
    };
    lacking.into_iter().filter_map(cure).collect()
}

/// Names in the order in which they came, each once.
#[derive(Default)]
pub(super) struct Names {
    in_order: Vec<String>,
    seen: BTreeSet<String>,
}

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        if self.seen.insert(name.to_owned()) {
            self.in_order.push(name.to_owned());
        }
    }

    pub(super) fn as_slice(&self) -> &[String] {
        &self.in_order
    }
}

/// "add `b` to the certificate: certbot certonly --expand -d a -d b", with all names that the
/// certificate lacks.
pub(super) fn add(
    subject: &Subject<'_>,
    bundle: BundleId,
    leaf: &Certificate,
    names: &[String],
) -> String {
    let (names, command) = match subject.cure(bundle) {
        Some(cure) => (cure.names.as_slice(), cure.command.clone()),
        None => (names, command_for(subject, bundle, leaf, names)),
    };
    format!(
        "add {} to the certificate: {command}",
        list(names, NAMES_MAX)
    )
}

/// The command that gets the certificate again with all names that it lacks; `names` where it is
/// not known to lack any.
pub(super) fn command(
    subject: &Subject<'_>,
    bundle: BundleId,
    leaf: &Certificate,
    names: &[String],
) -> String {
    match subject.cure(bundle) {
        Some(cure) => cure.command.clone(),
        None => command_for(subject, bundle, leaf, names),
    }
}

fn command_for(
    subject: &Subject<'_>,
    bundle: BundleId,
    leaf: &Certificate,
    names: &[String],
) -> String {
    let model = subject.model;
    let mut all = ordered(leaf);
    let expand = !all.is_empty() && !names.is_empty();
    all.extend(names.iter().cloned());
    let file = model.sources.get(model.bundle(bundle).source).name();
    if let Some(secret) = &model.bundle(bundle).secret {
        return into_secret(leaf, secret, &all);
    }
    if let Some(field) = &model.bundle(bundle).field {
        return format!(
            "put one with {} into `{}`",
            list(&all, NAMES_MAX),
            field.path.as_str()
        );
    }
    let has_address = all.iter().any(|name| is_address(name));
    if all.len() > NAMES_MAX {
        return format!(
            "reissue it with its {} names and {}",
            all.len() - names.len(),
            list(names, NAMES_MAX)
        );
    }
    if has_address || is_private(model.bundle(bundle), leaf) {
        return command_line(&request(leaf, file, &all));
    }
    let mut command = "certbot certonly".to_owned();
    if let Some(lineage) = lineage(subject, bundle) {
        command.push_str(&format!(" --cert-name {lineage}"));
    }
    if expand {
        command.push_str(" --expand");
    }
    for name in without_redundant(all) {
        command.push_str(&format!(" -d {}", shell(&name)));
    }
    command_line(&command)
}

/// Without the names that a wildcard among them covers: public authorities refuse such requests.
fn without_redundant(mut names: Vec<String>) -> Vec<String> {
    let bases: BTreeSet<String> = names
        .iter()
        .filter_map(|name| name.strip_prefix("*.").map(str::to_owned))
        .collect();
    names.retain(|name| match name.split_once('.') {
        Some((first, base)) => first == "*" || !bases.contains(base),
        None => true,
    });
    names
}

/// The name by which certbot knows a certificate: from the path that the configuration writes, as
/// the file itself is in another folder, or from that of the file.
pub(super) fn lineage(subject: &Subject<'_>, bundle: BundleId) -> Option<String> {
    let model = subject.model;
    let file = model.sources.get(model.bundle(bundle).source).name();
    subject
        .written(bundle)
        .and_then(certbot_name)
        .or_else(|| certbot_name(file))
}

/// The names of a certificate: the shortest first, as people order them.
fn ordered(leaf: &Certificate) -> Vec<String> {
    let mut all = leaf.names.names();
    all.sort_by_key(|name| {
        (
            is_address(name),
            name.starts_with("*."),
            name.split('.').count(),
        )
    });
    all
}

/// How a Secret gets a certificate with these names: by the object that writes it, or by hand.
fn into_secret(leaf: &Certificate, secret: &str, names: &[String]) -> String {
    if leaf.is_self_signed() {
        let (request, replace) = (self_signed(names), replace(secret));
        return command_line(&format!("{request} && {replace}"));
    }
    let replace = kubectl_replace(secret);
    format!(
        "write {} into the cert-manager Certificate that writes Secret `{secret}`; without one, put a certificate with these names there: {replace}",
        dns_names(names)
    )
}

/// A new key and a certificate that vouches for itself, in `tls.key` and `tls.crt`.
fn self_signed(names: &[String]) -> String {
    let subject = names.first().map_or("", String::as_str);
    format!(
        "openssl req -x509 -days 90 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -subj {} -addext {}",
        quoted(&format!("/CN={subject}")),
        quoted(&format!("subjectAltName={}", alternative_names(names)))
    )
}

/// The fields of a cert-manager Certificate that ask for these names, as YAML on one line.
pub(super) fn dns_names(names: &[String]) -> String {
    let (addresses, hosts): (Vec<_>, Vec<_>) = names.iter().partition(|name| is_address(name));
    let field = |key: &str, names: &[&String]| {
        let names: Vec<String> = names.iter().map(|name| yaml(name)).collect();
        format!("`{key}: [{}]`", names.join(", "))
    };
    match (hosts.is_empty(), addresses.is_empty()) {
        (_, true) => field("dnsNames", &hosts),
        (true, false) => field("ipAddresses", &addresses),
        (false, false) => format!(
            "{} and {}",
            field("dnsNames", &hosts),
            field("ipAddresses", &addresses)
        ),
    }
}

/// A word as YAML: `*` and `:` mean something there.
pub(super) fn yaml(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let starts_well = word.starts_with(|first: char| first.is_ascii_alphanumeric());
    if starts_well && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "''"))
}

/// What to do where the Secret that is named is in the input, but in another namespace.
pub(super) fn other_namespace(wanted: &str, there: &str) -> String {
    let (namespace, _) = wanted.split_once('/').unwrap_or(("default", wanted));
    format!(
        "Secret `{there}` has this name, and is used in its own namespace only: put it into namespace `{namespace}`, too, or correct the namespace"
    )
}

/// The command that makes a TLS Secret, given as `NAMESPACE/NAME`, from two files.
pub(super) fn kubectl_create(secret: &str) -> String {
    command_line(&create(secret))
}

fn create(secret: &str) -> String {
    let (namespace, name) = secret.split_once('/').unwrap_or(("default", secret));
    format!(
        "kubectl -n {} create secret tls {} --cert=tls.crt --key=tls.key",
        shell(namespace),
        shell(name)
    )
}

/// The same where the Secret is there already: `create` alone would refuse.
pub(super) fn kubectl_replace(secret: &str) -> String {
    command_line(&replace(secret))
}

fn replace(secret: &str) -> String {
    let create = create(secret);
    format!("{create} --dry-run=client -o yaml | kubectl apply -f -")
}

/// The cure for certificates in a manifest that cannot be used; `None` for those in a file.
pub(super) fn in_manifest(bundle: &Bundle) -> Option<String> {
    let field = bundle.field.as_ref()?;
    Some(match &bundle.secret {
        Some(secret) => format!("write the Secret anew: {}", kubectl_replace(secret)),
        None => format!(
            "put the PEM text of the certificate into `{}`",
            field.path.as_str()
        ),
    })
}

/// What to do about a file that is not used.
pub(super) fn of_refusal(refusal: &Refusal, file: &str) -> Option<String> {
    let cure = refusal.help(file)?;
    Some(match &cure.command {
        Some(command) => format!("{}:{}", cure.what, command_line(command)),
        None => cure.what.to_owned(),
    })
}

/// A request for a private authority, or a new self-signed certificate.
fn request(leaf: &Certificate, file: &str, names: &[String]) -> String {
    let entries = alternative_names(names);
    let subject = names.first().map_or("", String::as_str);
    let stem = file
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or("site", |(stem, _)| stem);
    let stem = shell(stem);
    let (form, output) = if leaf.is_self_signed() {
        ("-x509 -days 90", "crt")
    } else {
        ("-new", "csr")
    };
    format!(
        "openssl req {form} -key {stem}.key -subj '/CN={subject}' -addext 'subjectAltName={entries}' -out {stem}.{output}"
    )
}

/// `DNS:a,IP:192.0.2.1`, as openssl reads it.
fn alternative_names(names: &[String]) -> String {
    let entries: Vec<String> = names
        .iter()
        .map(|name| {
            let kind = if is_address(name) { "IP" } else { "DNS" };
            format!("{kind}:{name}")
        })
        .collect();
    entries.join(",")
}

/// Not from a public authority, as far as the file tells: self-signed, or it brings a root along.
fn is_private(bundle: &Bundle, leaf: &Certificate) -> bool {
    !leaf.is_public() && bundle.chain().iter().any(Certificate::is_self_signed)
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}

/// The name of a certbot certificate: the folder below `live`.
fn certbot_name(file: &str) -> Option<String> {
    let (_, rest) = file.split_once(CERTBOT)?;
    let (lineage, _) = rest.split_once('/')?;
    Some(shell(lineage))
}

/// A word for a POSIX shell. Names come from files that anybody may have written.
fn shell(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/@".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    quoted(word)
}

/// In single quotes, whatever it holds.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The entries that a certificate needs for a name that it fails.
pub(super) fn missing(pattern: &HostPattern, verdict: &Verdict) -> Vec<String> {
    if let Verdict::Partial(partial) = verdict {
        // The names that a regular expression lists may not all be meant.
        let listed = partial.reason == PartialReason::ListedNamesOnly;
        let regex = matches!(pattern, HostPattern::Regex(_));
        return if listed && regex {
            Vec::new()
        } else {
            partial.missing.clone()
        };
    }
    match pattern {
        HostPattern::Address(address) => vec![address.to_string()],
        HostPattern::DotPrefix(base) => vec![base.to_string(), format!("*.{base}")],
        HostPattern::Exact(host) => vec![host.to_string()],
        HostPattern::LeadingWildcard { base, .. } => vec![format!("*.{base}")],
        HostPattern::CatchAll
        | HostPattern::Invalid(_)
        | HostPattern::Placeholder(_)
        | HostPattern::Regex(_)
        | HostPattern::TrailingWildcard(_)
        | HostPattern::Variable(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_fields_of_a_certificate() {
        for (names, fields) in [
            (
                &["example.com", "*.example.com"][..],
                "`dnsNames: [example.com, '*.example.com']`",
            ),
            (&["192.0.2.1"], "`ipAddresses: [192.0.2.1]`"),
            (
                &["a.example", "::1"],
                "`dnsNames: [a.example]` and `ipAddresses: ['::1']`",
            ),
            (&["it's: odd"], "`dnsNames: ['it''s: odd']`"),
        ] {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(dns_names(&names), fields);
        }
    }

    #[test]
    fn words_of_commands_are_quoted_where_they_need_it() {
        assert_eq!(
            create("shop/web; reboot"),
            "kubectl -n shop create secret tls 'web; reboot' --cert=tls.crt --key=tls.key"
        );
        assert_eq!(shell("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_self_signed_certificate_is_requested_with_all_names() {
        let names = ["a.example".to_owned(), "192.0.2.1".to_owned()];
        let command = self_signed(&names);
        assert!(
            command.ends_with("-addext 'subjectAltName=DNS:a.example,IP:192.0.2.1'"),
            "{command}"
        );
    }
}
