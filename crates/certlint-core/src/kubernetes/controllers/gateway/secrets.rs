//! The Secrets of a listener, and their verdict on a name.

use std::collections::BTreeSet;

use super::attach::Site;
use super::choose::Candidate;
use crate::kubernetes::claim::{Chosen, Note, Refused};
use crate::kubernetes::cluster::{Cluster, Kept};
use crate::kubernetes::facts::Request;
use crate::kubernetes::gateway::{Grant, Objects};
use crate::kubernetes::inventory::{Inventory, Miss, Reference, State, names};
use crate::model::{BundleId, GrantKind};
use crate::name::{HostPattern, PartialReason, SanSet, Verdict, covers};
use crate::source::Location;

/// The Secrets of a listener.
#[derive(Debug, Default)]
pub(super) struct Secrets<'a> {
    /// The references in their order.
    pub(super) refs: Vec<Ref<'a>>,
    known: Vec<Known<'a>>,
    /// Why what clients get cannot be known.
    obstacle: Option<String>,
}

/// A reference of a listener.
#[derive(Debug)]
pub(super) enum Ref<'a> {
    /// It leads to a certificate.
    There(Candidate<'a>),
    /// It certainly leads to none.
    Bad,
    /// Where it leads is not known here, or still to come.
    Open,
}

/// A Secret that is in the input, or that cert-manager will write.
#[derive(Debug)]
struct Known<'a> {
    key: String,
    at: &'a Location,
    /// The Secret with a certificate.
    kept: Option<(BundleId, &'a Kept)>,
    /// The Certificates that write it, and the names that they ask for.
    requests: Vec<(&'a Request, SanSet)>,
    /// The names that gateway-shim asks for.
    shim: Option<SanSet>,
}

/// The answer to clients that ask for a name.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    /// These Secrets, and why the rest is not proven.
    Served(Vec<Chosen<'a>>, Option<String>),
    /// The certificate that is to come will not have the name.
    RequestMisses(Miss<'a>),
    /// The certificate that gateway-shim asks for will not have the name.
    ShimMisses,
    /// Nothing that can be told here.
    Unknown(String),
}

/// Looks the references of a listener up; what is wrong with them goes to the notes.
pub(super) fn resolve<'a>(
    inventory: &Inventory<'a>,
    site: &Site<'a>,
    notes: &mut Vec<Note<'a>>,
) -> Secrets<'a> {
    let mut secrets = Secrets::default();
    let Some(tls) = &site.listener.tls else {
        return secrets;
    };
    if tls.references.is_empty() || tls.has_other_certificates {
        secrets.obstacle = Some("the implementation brings its own certificates".to_owned());
    }
    let cluster = inventory.cluster;
    let is_issued = check_shim(inventory, site, notes);
    let own = &site.holder.meta.namespace;
    let lacks = |reference: Reference<'a>, state| Note::Lacks {
        host: site.host(),
        at: reference.at,
        reference,
        state,
    };
    for reference in &tls.references {
        if !reference.is_secret {
            secrets.obstacle = Some("a certificate is in no Secret".to_owned());
            secrets.refs.push(Ref::Open);
            continue;
        }
        let namespace = reference.namespace.as_ref().unwrap_or(own);
        let named = Reference::new(format!("{namespace}/{}", reference.name), &reference.at);
        let key = &named.key;
        if namespace != own && !is_granted(&cluster.gateways, site, namespace, &reference.name) {
            secrets.obstacle = Some(format!("no ReferenceGrant allows Secret `{key}`"));
            let is_certain =
                is_supplied(cluster, key) || cluster.gateways.grants.contains_key(namespace);
            secrets
                .refs
                .push(if is_certain { Ref::Bad } else { Ref::Open });
            notes.push(Note::NotGranted(Refused {
                kind: site.holder.kind.as_str(),
                from: own,
                grant: GrantKind::ReferenceGrant,
                is_certain,
                reference: named,
            }));
            continue;
        }
        // gateway-shim leaves Certificates alone that belong to somebody else.
        let mut requests = inventory.requests(key);
        let is_left_alone = requests.iter().any(|request| !is_owned(request, site));
        let is_written = is_issued && namespace == own && !is_left_alone;
        let shim = is_written.then(|| shim_names(site, &reference.name));
        if shim.is_some() {
            requests = &[];
        }
        let mut kept = None;
        match inventory.state_of_input(key, shim.is_some()) {
            Some(State::There(there)) => kept = there.bundle.map(|bundle| (bundle, there)),
            Some(state) => {
                secrets.refs.push(match state {
                    State::Malformed { is_pending: false } => Ref::Bad,
                    _ => Ref::Open,
                });
                secrets.obstacle = Some(match state {
                    State::Malformed { .. } => format!("Secret `{key}` cannot be used"),
                    _ => format!("Secret `{key}` is not known here"),
                });
                notes.push(lacks(named, state));
                continue;
            }
            None if requests.is_empty() && shim.is_none() => {
                secrets.obstacle = Some(format!("Secret `{key}` is not known here"));
                let state = inventory.state_of_suppliers(key);
                let is_bad = matches!(state, State::Absent) && inventory.is_complete();
                secrets.refs.push(if is_bad { Ref::Bad } else { Ref::Open });
                if !site.holder.meta.has_issuer() || namespace != own {
                    notes.push(lacks(named, state));
                }
                continue;
            }
            None => {
                let supplier = match requests.first() {
                    Some(request) => format!("Certificate `{}`", request.meta.name),
                    None => format!("cert-manager, for this {}", site.holder.kind.as_str()),
                };
                notes.push(lacks(named.clone(), State::Pending(supplier)));
            }
        }
        let there = kept.and_then(|(bundle, kept)| {
            let chosen = Chosen {
                key: Some(named.key.clone()),
                bundle,
                at: &reference.at,
            };
            Candidate::new(chosen, kept)
        });
        secrets.refs.push(there.map_or(Ref::Open, Ref::There));
        secrets.known.push(Known {
            key: named.key,
            at: &reference.at,
            kept,
            requests: requests
                .iter()
                .map(|one| (one, names(&one.dns_names)))
                .collect(),
            shim,
        });
    }
    secrets
}

impl<'a> Secrets<'a> {
    /// A Secret with a certificate is there already.
    fn any_is_there(&self) -> bool {
        self.known.iter().any(|known| known.kept.is_some())
    }

    /// The answer to a client that asks for a name.
    ///
    /// One Secret that covers it is enough: a listener with several chooses by the name.
    pub(super) fn answer(&self, pattern: &HostPattern, inventory: &Inventory<'a>) -> Answer<'a> {
        let has_time = inventory.options.whole_cluster && !self.any_is_there();
        let ranked = self.known.iter().filter_map(|known| {
            let (bundle, kept) = known.kept?;
            let rank = rank(&kept.leaf.as_ref()?.names, pattern);
            let chosen = Chosen {
                key: Some(known.key.clone()),
                bundle,
                at: known.at,
            };
            Some((rank, chosen))
        });
        let ranked: Vec<_> = ranked.collect();
        let best = ranked.iter().map(|(rank, _)| *rank).min();
        let chosen = ranked.into_iter().filter(|(rank, _)| Some(*rank) == best);
        let chosen: Vec<_> = chosen.map(|(_, chosen)| chosen).collect();
        if best == Some(Rank::All) {
            return Answer::Served(chosen, None);
        }
        if let Some(obstacle) = &self.obstacle {
            return Answer::Unknown(obstacle.clone());
        }
        if let Some(coming) = self.coming(pattern) {
            return match chosen.is_empty() {
                true => Answer::Unknown(coming),
                false => Answer::Served(chosen, Some(coming)),
            };
        }
        let mut requests = self.known.iter().flat_map(|known| &known.requests);
        match requests.find(|(_, names)| rank(names, pattern) == Rank::Nothing) {
            Some((request, _)) if best.is_none_or(|best| best == Rank::Nothing) => {
                Answer::RequestMisses(Miss::of(request, has_time))
            }
            _ if chosen.is_empty() => Answer::ShimMisses,
            _ => Answer::Served(chosen, None),
        }
    }

    /// Why a certificate with this name is still to come.
    pub(super) fn coming(&self, pattern: &HostPattern) -> Option<String> {
        let has = |names: &SanSet| rank(names, pattern) != Rank::Nothing;
        self.known.iter().find_map(|known| {
            if known.shim.as_ref().is_some_and(has) {
                return Some(
                    "cert-manager will issue it anew for the hostnames of this Gateway".to_owned(),
                );
            }
            let mut requests = known.requests.iter();
            let (request, _) = requests.find(|(_, names)| has(names))?;
            Some(format!(
                "cert-manager's Certificate `{}` has the name and will write the Secret anew",
                request.meta.name
            ))
        })
    }
}

/// How much of a name a certificate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// As much as certificates can have.
    All,
    Part,
    Nothing,
}

/// Whether a certificate has as much of a name as certificates can have.
pub(super) fn has_all(names: &SanSet, pattern: &HostPattern) -> bool {
    rank(names, pattern) == Rank::All
}

fn rank(names: &SanSet, pattern: &HostPattern) -> Rank {
    match covers(names, pattern) {
        Verdict::Covered(_) | Verdict::NotApplicable => Rank::All,
        Verdict::Partial(partial) if partial.reason == PartialReason::WildcardDepth => Rank::All,
        Verdict::Partial(_) => Rank::Part,
        Verdict::NotCovered | Verdict::Unknown(_) => Rank::Nothing,
    }
}

fn is_supplied(cluster: &Cluster, key: &str) -> bool {
    cluster.has_secret(key)
        || cluster.requests.contains_key(key)
        || cluster.suppliers.contains_key(key)
}

/// A Secret of another namespace needs a grant there, for the kind and namespace of the listener.
fn is_granted(objects: &Objects, site: &Site<'_>, namespace: &str, secret: &str) -> bool {
    let kind = site.holder.kind.as_str();
    let own = &site.holder.meta.namespace;
    let allows = |grant: &Grant| {
        let mut from = grant.from.iter();
        let mut to = grant.to.iter();
        from.any(|(granted, namespace)| granted == kind && namespace == own)
            && to.any(|name| name.as_deref().is_none_or(|name| name == secret))
    };
    let grants = objects.grants.get(namespace);
    grants.is_some_and(|grants| grants.iter().any(allows))
}

/// The Certificate was made by gateway-shim for what holds this listener.
fn is_owned(request: &Request, site: &Site<'_>) -> bool {
    let holder = site.holder;
    let mut owners = request.meta.owners.iter();
    owners.any(|(kind, name)| kind == holder.kind.as_str() && *name == holder.meta.name)
}

/// Preconditions of cert-manager's gateway-shim: else no certificate ever comes. True where it
/// makes one.
///
/// Nothing is wrong where all Secrets are there already, or come from elsewhere.
fn check_shim<'a>(inventory: &Inventory<'a>, site: &Site<'a>, notes: &mut Vec<Note<'a>>) -> bool {
    let cluster = inventory.cluster;
    let own = &site.holder.meta.namespace;
    let Some(tls) = &site.listener.tls else {
        return false;
    };
    if !site.holder.meta.has_issuer() || tls.references.is_empty() {
        return false;
    }
    let mut references = tls.references.iter();
    let is_foreign =
        |namespace: &Option<String>| namespace.as_ref().is_some_and(|name| name != own);
    let (why, help) = if site.listener.hostname.is_none() {
        ("`hostname` is missing", "give the listener a `hostname`")
    } else if references.any(|reference| is_foreign(&reference.namespace)) {
        (
            "a Secret is in another namespace",
            "name a Secret of the namespace of the Gateway, or write a Certificate there",
        )
    } else if tls.references.iter().any(|reference| !reference.is_secret) {
        (
            "a reference is to something else than a Secret",
            "refer to Secrets only",
        )
    } else {
        let hostname = site
            .listener
            .hostname
            .iter()
            .map(|hostname| &hostname.value);
        let issuer = site.holder.meta.issuer();
        if let Some((message, help)) = inventory.wildcard_refused(issuer.as_deref(), hostname) {
            notes.push(Note::NeverIssued {
                at: site.at(),
                message,
                help: help.to_owned(),
            });
        }
        return true;
    };
    let mut references = tls
        .references
        .iter()
        .filter(|reference| reference.is_secret);
    let needs_one = references.any(|reference| {
        let namespace = reference.namespace.as_ref().unwrap_or(own);
        !is_supplied(cluster, &format!("{namespace}/{}", reference.name))
    });
    if needs_one {
        notes.push(Note::NeverIssued {
            at: &site.listener.at,
            message: format!("cert-manager makes no certificate for this listener: {why}"),
            help: help.to_owned(),
        });
    }
    false
}

/// The names that gateway-shim asks for: the hostnames of all listeners with this Secret.
fn shim_names(site: &Site<'_>, secret: &str) -> SanSet {
    let own = &site.holder.meta.namespace;
    let listeners = site.holder.listeners.iter().filter(|listener| {
        let tls = listener.tls.as_ref().filter(|tls| !tls.is_passthrough);
        let mut references = tls.into_iter().flat_map(|tls| &tls.references);
        references.any(|reference| {
            let is_own = reference.namespace.as_ref().is_none_or(|name| name == own);
            is_own && reference.name == secret
        })
    });
    let hostnames: BTreeSet<&String> = listeners
        .filter_map(|listener| Some(&listener.hostname.as_ref()?.value))
        .collect();
    names(hostnames)
}
