//! What is known of Secrets: those that are in the input, and what will write the others.
//!
//! The Secret of the input counts, then what will write one; a Secret that is neither is unknown,
//! not wrong.

use std::net::IpAddr;

use super::cluster::{Cluster, Kept};
use super::facts::{Ingress, Request, Supplier, TlsEntry};
use super::lower::Options;
use crate::name::{HostPattern, SanSet, Verdict, covers, covers_as_text, has_placeholder};
use crate::source::Location;

/// The Secrets of the input, and how it is to be read.
#[derive(Clone, Copy)]
pub(super) struct Inventory<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) options: &'a Options,
}

/// A Secret where it is named.
#[derive(Clone, Debug)]
pub(super) struct Reference<'a> {
    /// `NAMESPACE/NAME`.
    pub(super) key: String,
    pub(super) at: &'a Location,
    /// cert-manager writes the Secret for the hosts of this object.
    pub(super) issued_for: Option<Issued<'a>>,
    /// Its namespace is not known.
    pub(super) is_guess: bool,
}

/// An object for which cert-manager makes a Certificate.
#[derive(Clone, Copy, Debug)]
pub(super) enum Issued<'a> {
    /// The entry that lists the host, where one does.
    Ingress(&'a Ingress, Option<&'a TlsEntry>),
    VirtualServer,
}

/// A host that is to be served with a Secret.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'w> {
    pub(super) host: &'w str,
    pub(super) pattern: &'w HostPattern,
}

/// The state of a Secret, for a host that is to be served with it.
#[derive(Debug)]
pub(super) enum State<'a> {
    /// It is there, with a certificate that can be read.
    There(&'a Kept),
    /// It is there, and its values are encrypted.
    Encrypted,
    /// It is there and cannot be used, which is reported at the Secret.
    Malformed { is_pending: bool },
    /// The cluster has not answered.
    NotLookedUp,
    /// This will write it, with the host.
    Pending(String),
    /// What will write it does not ask for the host.
    Misses(Miss<'a>),
    /// cert-manager makes no certificate with the host.
    NeverIssued {
        at: &'a Location,
        message: String,
        help: &'static str,
    },
    /// This will write it; the names are not known here.
    Supplied(&'a Supplier),
    /// Neither it nor anything that will write it is in the input.
    Absent,
}

/// A request for a certificate that does not have a host.
#[derive(Clone, Debug)]
pub(super) struct Miss<'a> {
    /// `Certificate`, or the annotated `Ingress`.
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    /// Its list of names.
    pub(super) at: &'a Location,
    pub(super) dns_names: Vec<String>,
    /// There is no Secret yet, so that the request may still be changed in time.
    pub(super) has_time: bool,
}

impl<'a> Inventory<'a> {
    /// The state of a Secret for a host.
    pub(super) fn state_of(
        &self,
        key: &str,
        issued_for: Option<Issued<'a>>,
        wish: &Wish<'_>,
    ) -> State<'a> {
        if let Some(state) = self.state_of_input(key, issued_for.is_some()) {
            return state;
        }
        if let Some(issued) = issued_for {
            let refusal = match issued {
                Issued::Ingress(ingress, Some(entry)) => {
                    self.shim_refuses(ingress, entry, key, wish)
                }
                _ => None,
            };
            return refusal.unwrap_or_else(|| {
                State::Pending(format!("cert-manager, for this {}", issued.kind()))
            });
        }
        let has_time = self.options.whole_cluster;
        if let Some((owner, at)) = self.shim_owner(key) {
            let dns_names = shim_hosts(owner, key);
            let mut names = dns_names.iter();
            if names.any(|name| name.eq_ignore_ascii_case(wish.host)) {
                let supplier = format!("cert-manager, for Ingress `{}`", owner.meta.name);
                return State::Pending(supplier);
            }
            return State::Misses(Miss {
                kind: "Ingress",
                name: &owner.meta.name,
                at,
                dns_names,
                has_time,
            });
        }
        if let Some(request) = self.requests(key).first() {
            if request_covers(request, wish.pattern) {
                return State::Pending(format!("Certificate `{}`", request.meta.name));
            }
            return State::Misses(Miss::of(request, has_time));
        }
        self.state_of_suppliers(key)
    }

    /// The state of a Secret that is in the input, or that could not be looked up.
    pub(super) fn state_of_input(&self, key: &str, is_issued: bool) -> Option<State<'a>> {
        if let Some(kept) = self.cluster.secrets.get(key) {
            return Some(if kept.secret.is_encrypted {
                State::Encrypted
            } else if kept.bundle.is_some() && kept.leaf.is_some() {
                State::There(kept)
            } else {
                let is_pending = is_issued || self.cluster.is_supplied(key);
                State::Malformed { is_pending }
            });
        }
        let is_unknown = self.options.unknown_secrets.contains(key);
        is_unknown.then_some(State::NotLookedUp)
    }

    /// The state of a Secret for which nobody asks cert-manager.
    pub(super) fn state_of_suppliers(&self, key: &str) -> State<'a> {
        match self.cluster.suppliers.get(key) {
            Some(supplier) => State::Supplied(supplier),
            None => State::Absent,
        }
    }

    /// Why an issuer of the input does not issue a certificate for these names: what is wrong, and
    /// the cure.
    pub(super) fn wildcard_refused<'n>(
        &self,
        issuer: Option<&str>,
        mut names: impl Iterator<Item = &'n String>,
    ) -> Option<(String, &'static str)> {
        let issuer = issuer?;
        if self.cluster.issuers.get(issuer) != Some(&false) {
            return None;
        }
        let name = names.find(|name| name.starts_with("*."))?;
        let message = format!(
            "cert-manager gets no certificate for `{name}`: Issuer `{}` has no solver for DNS-01, which wildcards need",
            issuer.trim_start_matches('/')
        );
        Some((
            message,
            "add a solver with `dns01` to the issuer, or list the hosts one by one",
        ))
    }

    /// A Secret that neither is in the input nor will be written is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.options.whole_cluster || self.options.require_secrets
    }

    /// The Certificates that write a Secret.
    pub(super) fn requests(&self, key: &str) -> &'a [Request] {
        self.cluster.requests.get(key).map_or(&[], Vec::as_slice)
    }

    /// The only Certificate that writes a Secret, where neither has the host: it is the place to
    /// change.
    pub(super) fn request_to_blame(
        &self,
        reference: &Reference<'_>,
        wish: &Wish<'_>,
        kept: &Kept,
    ) -> Option<Miss<'a>> {
        let [request] = self.requests(&reference.key) else {
            return None;
        };
        let is_innocent = reference.issued_for.is_some()
            || kept_covers(kept, wish.pattern)
            || request_covers(request, wish.pattern);
        (!is_innocent).then(|| Miss::of(request, false))
    }

    /// Why a Secret of the input is about to be rewritten with this host.
    pub(super) fn rewritten(&self, reference: &Reference<'_>, wish: &Wish<'_>) -> Option<String> {
        if let Some(issued) = reference.issued_for {
            return Some(format!(
                "cert-manager will issue it anew for the hosts of this {}",
                issued.kind()
            ));
        }
        let mut requests = self.requests(&reference.key).iter();
        let covering = requests.find(|request| request_covers(request, wish.pattern))?;
        Some(format!(
            "cert-manager's Certificate `{}` has the host and will write the Secret anew",
            covering.meta.name
        ))
    }

    /// Why ingress-shim leaves the Certificate of a host alone: it belongs to something else, and
    /// does not have the host (cert-manager's `sync.go`).
    fn shim_refuses(
        &self,
        ingress: &Ingress,
        entry: &'a TlsEntry,
        key: &str,
        wish: &Wish<'_>,
    ) -> Option<State<'a>> {
        let is_owned = |request: &&Request| {
            let mut owners = request.meta.owners.iter();
            owners.any(|(kind, name)| kind == "Ingress" && *name == ingress.meta.name)
        };
        let unowned = self
            .requests(key)
            .first()
            .filter(|request| !is_owned(request));
        let other = self.shim_owner(key);
        let other = other.filter(|(owner, _)| owner.meta.at != ingress.meta.at);
        let has_host = |owner: &Ingress| {
            let names = shim_hosts(owner, key);
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(wish.host))
        };
        let message = match (unowned, other) {
            (Some(request), _) if !request_covers(request, wish.pattern) => format!(
                "cert-manager leaves Certificate `{}` alone, which does not belong to this Ingress",
                request.meta.name
            ),
            (None, Some((owner, _))) if !has_host(owner) => format!(
                "the Certificate of this Secret belongs to Ingress `{}`, and cert-manager leaves it alone",
                owner.meta.name
            ),
            _ => return None,
        };
        Some(State::NeverIssued {
            at: &entry.at,
            message,
            help: "give the entry a `secretName` of its own",
        })
    }

    /// The oldest annotated Ingress that names a Secret: its Certificate is the one that counts.
    pub(super) fn shim_owner(&self, key: &str) -> Option<(&'a Ingress, &'a Location)> {
        let &(ingress, entry) = self.cluster.shim_owners.get(key)?;
        let ingress = self.cluster.ingresses.get(ingress)?;
        Some((ingress, &ingress.tls.get(entry)?.at))
    }
}

impl<'a> Reference<'a> {
    pub(super) fn new(key: String, at: &'a Location) -> Self {
        Self {
            key,
            at,
            issued_for: None,
            is_guess: false,
        }
    }
}

impl Issued<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Ingress(..) => "Ingress",
            Self::VirtualServer => "VirtualServer",
        }
    }
}

impl<'a> Miss<'a> {
    /// Placeholders on either side may hold anything.
    pub(super) fn is_open(&self, host: &str) -> bool {
        has_placeholder(host) || self.dns_names.iter().any(|name| has_placeholder(name))
    }

    pub(super) fn of(request: &'a Request, has_time: bool) -> Self {
        Self {
            kind: "Certificate",
            name: &request.meta.name,
            at: &request.dns_names_at,
            dns_names: request.dns_names.clone(),
            has_time,
        }
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
    if let HostPattern::Placeholder(name) = pattern {
        let mut names = request.dns_names.iter();
        return names.any(|entry| covers_as_text(entry, name));
    }
    matches!(
        covers(&names(&request.dns_names), pattern),
        Verdict::Covered(_)
    )
}

/// DNS names as a certificate would present them.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n String>) -> SanSet {
    let none: [&[u8]; 0] = [];
    SanSet::new(names, none, none)
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
