//! A host that is to be served with a Secret: what is known about that Secret, and what is to blame.
//!
//! The same for every kind that names a Secret: the Secret of the input counts, then what will
//! write one; what is neither is unverifiable, not wrong.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::cluster::{Cluster, Kept};
use super::facts::{Ingress, Request, Supplier};
use super::lower::Options;
use crate::finding::Level;
use crate::model::{
    BundleId, CertRef, PlaceholderReason, Problem, Served, Serving, UnverifiableKind,
};
use crate::name::{HostPattern, SanSet, Verdict, covers};
use crate::source::{Location, Spanned};

/// What cannot be known: the first place that needs it, and how many do.
pub(super) type Unverifiable = BTreeMap<(UnverifiableKind, String), (Location, usize)>;

/// A host with the Secret that it is to be served with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use<'u> {
    pub(super) host: &'u Spanned<String>,
    pub(super) pattern: &'u HostPattern,
    /// `NAMESPACE/NAME`.
    pub(super) key: &'u str,
    /// The reference.
    pub(super) at: &'u Location,
    /// The kind of an object for whose hosts cert-manager writes the Secret.
    pub(super) issued_for: Option<&'static str>,
}

/// What is known about the Secret of a host.
pub(super) enum Known<'a> {
    /// It is there and readable.
    Certificate(&'a Kept),
    /// It is there and cannot be used; said elsewhere.
    Malformed,
    /// It will come, and will cover the host for all we know.
    Pending,
    /// It will come without the host; said.
    Said,
    /// Nothing is known.
    Nothing,
}

/// Judges uses of Secrets, and notes what is wrong with them.
pub(super) struct Judge<'a, 'f> {
    pub(super) cluster: &'a Cluster,
    pub(super) options: &'f Options,
    pub(super) problems: &'f mut Vec<Problem>,
    pub(super) unverifiable: &'f mut Unverifiable,
}

impl<'a> Judge<'a, '_> {
    /// The Secret of a host: what is known, with what is wrong noted on the way.
    pub(super) fn known(&mut self, one: &Use<'_>) -> Known<'a> {
        if let Some(kept) = self.cluster.secrets.get(one.key) {
            if kept.secret.is_encrypted {
                self.unverifiable(format!("{} (encrypted)", one.key), one.at);
                return Known::Nothing;
            }
            return match kept.bundle {
                Some(_) if kept.leaf.is_some() => Known::Certificate(kept),
                _ => {
                    self.unusable(one);
                    Known::Malformed
                }
            };
        }
        if self.options.unknown_secrets.contains(one.key) {
            self.unverifiable(one.key.to_owned(), one.at);
            return Known::Nothing;
        }
        if let Some(kind) = one.issued_for {
            self.still_to_come(one, format!("cert-manager, for this {kind}"));
            return Known::Pending;
        }
        if let Some((owner, at)) = shim_owner(self.cluster, one.key) {
            let names = shim_hosts(owner, one.key);
            let host = &one.host.value;
            if names.iter().any(|name| name.eq_ignore_ascii_case(host)) {
                let supplier = format!("cert-manager, for Ingress `{}`", owner.meta.name);
                self.still_to_come(one, supplier);
                return Known::Pending;
            }
            self.problems.push(Problem::RequestMissesHost {
                at: one.host.at.clone(),
                host: host.clone(),
                request: at.clone(),
                kind: "Ingress",
                name: owner.meta.name.clone(),
                dns_names: names,
                has_time: self.options.whole_cluster,
            });
            return Known::Said;
        }
        let requests = self.cluster.requests.get(one.key);
        if let Some(request) = requests.and_then(|all| all.first()) {
            if request_covers(request, one.pattern) {
                self.still_to_come(one, format!("Certificate `{}`", request.meta.name));
                return Known::Pending;
            }
            let has_time = self.options.whole_cluster;
            self.problems.push(request_misses(request, one, has_time));
            return Known::Said;
        }
        let supplier = self.cluster.suppliers.get(one.key);
        if self.options.whole_cluster || (supplier.is_none() && self.options.require_secrets) {
            self.problems.push(Problem::SecretMissing {
                at: one.host.at.clone(),
                secret: one.key.to_owned(),
                host: one.host.value.clone(),
                supplier: supplier.map(Supplier::words),
            });
            return Known::Said;
        }
        let what = match supplier {
            Some(supplier) => format!("{} (from {})", one.key, supplier.words()),
            None => one.key.to_owned(),
        };
        self.unverifiable(what, one.at);
        Known::Nothing
    }

    /// The Secret does not cover the host, and the Certificate that writes it does not ask for it:
    /// that is the place to change.
    pub(super) fn request_is_to_blame(&mut self, one: &Use<'_>, kept: &Kept) -> bool {
        let Some([request]) = self.cluster.requests.get(one.key).map(Vec::as_slice) else {
            return false;
        };
        let is_issued = one.issued_for.is_some();
        if is_issued || kept_covers(kept, one.pattern) || request_covers(request, one.pattern) {
            return false;
        }
        self.problems.push(request_misses(request, one, false));
        true
    }

    /// Why a Secret that is in the input is about to be rewritten with this host.
    pub(super) fn pending(&self, one: &Use<'_>) -> Option<String> {
        if let Some(kind) = one.issued_for {
            return Some(format!(
                "cert-manager will issue it anew for the hosts of this {kind}"
            ));
        }
        let requests = self.cluster.requests.get(one.key)?;
        let covering = requests
            .iter()
            .find(|request| request_covers(request, one.pattern))?;
        Some(format!(
            "cert-manager's Certificate `{}` has the host and will write the Secret anew",
            covering.meta.name
        ))
    }

    /// Notes a Secret that a whole cluster does not have yet.
    pub(super) fn still_to_come(&mut self, one: &Use<'_>, supplier: String) {
        if self.options.whole_cluster {
            self.problems.push(Problem::SecretMissing {
                at: one.host.at.clone(),
                secret: one.key.to_owned(),
                host: one.host.value.clone(),
                supplier: Some(supplier),
            });
        }
    }

    /// Notes, where a whole cluster is judged object by object, that one names a useless Secret;
    /// elsewhere that is said at the Secret.
    fn unusable(&mut self, one: &Use<'_>) {
        if self.options.whole_cluster {
            let pending = one.issued_for.is_some() || self.cluster.is_supplied(one.key);
            unusable(one.key, one.at, pending, self.problems);
        }
    }

    /// Counts something that cannot be known.
    pub(super) fn unverifiable(&mut self, what: String, at: &Location) {
        let entry = self.unverifiable.entry((UnverifiableKind::Secret, what));
        entry.or_insert_with(|| (at.clone(), 0)).1 += 1;
    }
}

/// No Secret is named, so that the controller serves what it has for such hosts.
pub(super) fn no_secret_name(host: &Spanned<String>, controller: &'static str) -> Problem {
    Problem::PlaceholderServed {
        at: host.at.clone(),
        host: host.value.clone(),
        controller,
        why: PlaceholderReason::NoSecretName,
        secret: None,
        level: Level::Info,
    }
}

/// One certificate, whatever clients offer.
pub(super) fn serving(bundle: BundleId, at: &Location) -> Serving {
    Serving::Certificates {
        certificates: Arc::new([Served {
            certificate: CertRef::Bundle(bundle),
            at: at.clone(),
        }]),
        from_default: None,
    }
}

/// Whether the certificate of a Secret covers all of a pattern.
pub(super) fn kept_covers(kept: &Kept, pattern: &HostPattern) -> bool {
    let leaf = kept.leaf.as_ref();
    leaf.is_some_and(|leaf| matches!(covers(&leaf.names, pattern), Verdict::Covered(_)))
}

/// Whether what a Certificate asks for will cover a host.
pub(super) fn request_covers(request: &Request, pattern: &HostPattern) -> bool {
    if let HostPattern::Address(address) = pattern {
        let mut addresses = request.addresses.iter();
        return addresses.any(|other| other.parse::<IpAddr>().as_ref() == Ok(address));
    }
    let none: [&[u8]; 0] = [];
    let names = SanSet::new(request.dns_names.iter(), none, none);
    matches!(covers(&names, pattern), Verdict::Covered(_))
}

/// Notes a Secret without a certificate at what names it, in the words that were found for it.
pub(super) fn unusable(secret: &str, at: &Location, pending: bool, problems: &mut Vec<Problem>) {
    let said = problems.iter().find_map(|problem| match problem {
        Problem::SecretMalformed {
            secret: other,
            message,
            ..
        } if other == secret => Some(message.clone()),
        _ => None,
    });
    problems.push(Problem::SecretMalformed {
        at: at.clone(),
        secret: secret.to_owned(),
        message: said.unwrap_or_else(|| "it holds no certificate that can be read".to_owned()),
        help: None,
        pending,
    });
}

fn request_misses(request: &Request, one: &Use<'_>, has_time: bool) -> Problem {
    Problem::RequestMissesHost {
        at: one.host.at.clone(),
        host: one.host.value.clone(),
        request: request.dns_names_at.clone(),
        kind: "Certificate",
        name: request.meta.name.clone(),
        dns_names: request.dns_names.clone(),
        has_time,
    }
}

/// The oldest annotated Ingress that names a Secret: its Certificate is the one that counts.
pub(super) fn shim_owner<'c>(
    cluster: &'c Cluster,
    key: &str,
) -> Option<(&'c Ingress, &'c Location)> {
    let &(ingress, entry) = cluster.shim_owners.get(key)?;
    let ingress = cluster.ingresses.get(ingress)?;
    Some((ingress, &ingress.tls.get(entry)?.at))
}

/// The hosts that ingress-shim asks for.
pub(super) fn shim_hosts(owner: &Ingress, key: &str) -> Vec<String> {
    let namespace = &owner.meta.namespace;
    let entries = owner.tls.iter().filter(|entry| {
        let secret = entry.secret.as_ref();
        secret.is_some_and(|secret| format!("{namespace}/{}", secret.value) == key)
    });
    entries
        .flat_map(|entry| entry.hosts.iter().map(|host| host.value.clone()))
        .collect()
}
