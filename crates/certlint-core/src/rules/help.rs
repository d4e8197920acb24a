//! What to type: the commands that get a certificate with the names it should have.

use super::words::list;
use crate::model::{Bundle, BundleId, Model};
use crate::name::{HostPattern, PartialReason, Verdict};
use crate::x509::Certificate;

/// More names than this do not fit a command that anybody reads.
const NAMES_MAX: usize = 20;

/// Where certbot keeps the current files of each certificate.
const CERTBOT: &str = "letsencrypt/live/";

/// "add `b` to the certificate: certbot certonly --expand -d a -d b".
pub(super) fn add(model: &Model, bundle: BundleId, leaf: &Certificate, names: &[String]) -> String {
    let command = command(model, bundle, leaf, names);
    format!(
        "add {} to the certificate: {command}",
        list(names, NAMES_MAX)
    )
}

/// The command that gets the certificate again, with `names` in addition.
pub(super) fn command(
    model: &Model,
    bundle: BundleId,
    leaf: &Certificate,
    names: &[String],
) -> String {
    let mut all = leaf.names.names();
    // The shortest name first, as people order them, and the new ones last.
    all.sort_by_key(|name| {
        (
            is_address(name),
            name.starts_with("*."),
            name.split('.').count(),
        )
    });
    let expand = !all.is_empty() && !names.is_empty();
    all.extend(names.iter().cloned());
    let file = model.sources.get(model.bundle(bundle).source).name();
    let has_address = all.iter().any(|name| is_address(name));
    if all.len() > NAMES_MAX {
        return format!(
            "reissue it with its {} names and {}",
            all.len() - names.len(),
            list(names, NAMES_MAX)
        );
    }
    if has_address || is_private(model.bundle(bundle), leaf) {
        return request(leaf, file, &all);
    }
    let mut command = "certbot certonly".to_owned();
    if let Some(lineage) = certbot_name(file) {
        command.push_str(&format!(" --cert-name {lineage}"));
    }
    if expand {
        command.push_str(" --expand");
    }
    for name in all {
        command.push_str(&format!(" -d {}", shell(&name)));
    }
    command
}

/// A request for a private authority, or a new self-signed certificate.
fn request(leaf: &Certificate, file: &str, names: &[String]) -> String {
    let entries: Vec<String> = names
        .iter()
        .map(|name| {
            let kind = if is_address(name) { "IP" } else { "DNS" };
            format!("{kind}:{name}")
        })
        .collect();
    let entries = entries.join(",");
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

/// Not from a public authority, as far as the file tells: self-signed, or it brings a root along.
fn is_private(bundle: &Bundle, leaf: &Certificate) -> bool {
    !leaf.is_public() && bundle.chain().iter().any(Certificate::is_self_signed)
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}

/// The name of a certbot certificate: the folder below `live`.
pub(super) fn certbot_name(file: &str) -> Option<String> {
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
        | HostPattern::Regex(_)
        | HostPattern::TrailingWildcard(_)
        | HostPattern::Variable(_) => Vec::new(),
    }
}
