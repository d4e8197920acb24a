//! What is known about the Secrets of a listener, and what they say to a name.

use std::collections::BTreeSet;

use super::attach::Site;
use super::{Grant, Objects};
use crate::kubernetes::cluster::{Cluster, Kept};
use crate::kubernetes::facts::{Request, Supplier};
use crate::kubernetes::lower::Options;
use crate::kubernetes::secret_use::{Unverifiable, unusable};
use crate::model::{BundleId, Fragment, Problem, UnverifiableKind};
use crate::name::{HostPattern, PartialReason, SanSet, Verdict, covers};
use crate::source::Location;

/// The Secrets of a listener.
#[derive(Debug, Default)]
pub(super) struct Secrets<'a> {
    known: Vec<Known<'a>>,
    /// Why what clients get cannot be known.
    obstacle: Option<String>,
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

/// What clients get that ask for a name.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    /// These Secrets, and why the rest is not proven.
    Served(Vec<Chosen<'a>>, Option<String>),
    /// The certificate that is to come will not have the name.
    RequestMisses(&'a Request),
    /// The certificate that gateway-shim asks for will not have the name.
    ShimMisses,
    /// Nothing that can be told here.
    Unknown(String),
}

/// A Secret that is served.
#[derive(Clone, Debug)]
pub(super) struct Chosen<'a> {
    pub(super) key: String,
    pub(super) bundle: BundleId,
    pub(super) at: &'a Location,
}

/// Looks the references of a listener up, and says what is wrong with them.
pub(super) fn resolve<'a>(
    cluster: &'a Cluster,
    options: &Options,
    site: &Site<'a>,
    fragment: &mut Fragment,
    unverifiable: &mut Unverifiable,
) -> Secrets<'a> {
    let mut secrets = Secrets::default();
    let Some(tls) = &site.listener.tls else {
        return secrets;
    };
    if tls.references.is_empty() || tls.has_other_certificates {
        secrets.obstacle = Some("the implementation brings its own certificates".to_owned());
    }
    let is_issued = check_shim(cluster, site, fragment);
    for reference in &tls.references {
        if !reference.is_secret {
            secrets.obstacle = Some("a certificate is in no Secret".to_owned());
            continue;
        }
        let own = &site.holder.meta.namespace;
        let namespace = reference.namespace.as_ref().unwrap_or(own);
        let key = format!("{namespace}/{}", reference.name);
        if namespace != own && !is_granted(&cluster.gateways, site, namespace, &reference.name) {
            let is_known =
                is_supplied(cluster, &key) || cluster.gateways.grants.contains_key(namespace);
            fragment.problems.push(Problem::ReferenceNotGranted {
                at: reference.at.clone(),
                kind: site.holder.kind.as_str(),
                from: own.clone(),
                secret: key.clone(),
                is_certain: is_known,
            });
            secrets.obstacle = Some(format!("no ReferenceGrant allows Secret `{key}`"));
            continue;
        }
        let mut requests = cluster.requests.get(&key).map_or(&[][..], Vec::as_slice);
        let kept = cluster.secrets.get(&key);
        let usable = kept.and_then(|kept| Some((kept.bundle?, kept)));
        let usable = usable.filter(|(_, kept)| kept.leaf.is_some());
        // gateway-shim leaves Certificates alone that belong to somebody else.
        let is_left_alone = requests.iter().any(|request| !is_owned(request, site));
        let is_written = is_issued && namespace == own && !is_left_alone;
        let shim = is_written.then(|| shim_names(site, &reference.name));
        if shim.is_some() {
            requests = &[];
        }
        match kept {
            Some(_) if usable.is_none() => {
                if options.whole_cluster {
                    let pending = shim.is_some() || cluster.is_supplied(&key);
                    unusable(&key, &reference.at, pending, &mut fragment.problems);
                }
                secrets.obstacle = Some(format!("Secret `{key}` cannot be used"));
                continue;
            }
            None if requests.is_empty() && shim.is_none() => {
                if !site.holder.meta.has_issuer() || namespace != own {
                    missing(
                        cluster,
                        options,
                        site,
                        (&key, &reference.at),
                        fragment,
                        unverifiable,
                    );
                }
                secrets.obstacle = Some(format!("Secret `{key}` is not known here"));
                continue;
            }
            None if options.unknown_secrets.contains(&key) => {
                let what = (UnverifiableKind::Secret, key.clone());
                let entry = unverifiable.entry(what);
                entry.or_insert_with(|| (reference.at.clone(), 0)).1 += 1;
                secrets.obstacle = Some(format!("Secret `{key}` is not known here"));
                continue;
            }
            None if options.whole_cluster => {
                let supplier = match requests.first() {
                    Some(request) => format!("Certificate `{}`", request.meta.name),
                    None => format!("cert-manager, for this {}", site.holder.kind.as_str()),
                };
                let supplier = Some(supplier);
                fragment
                    .problems
                    .push(missing_problem(site, &key, &reference.at, supplier));
            }
            _ => {}
        }
        secrets.known.push(Known {
            key,
            at: &reference.at,
            kept: usable,
            requests: requests.iter().map(|one| (one, dns_names(one))).collect(),
            shim,
        });
    }
    secrets
}

impl<'a> Secrets<'a> {
    /// A Secret with a certificate is there already.
    pub(super) fn any_is_there(&self) -> bool {
        self.known.iter().any(|known| known.kept.is_some())
    }

    /// What a client gets that asks for a name.
    ///
    /// One Secret that covers it is enough: a listener with several chooses by the name.
    pub(super) fn answer(&self, pattern: &HostPattern) -> Answer<'a> {
        let ranked = self.known.iter().filter_map(|known| {
            let (bundle, kept) = known.kept?;
            let rank = rank(&kept.leaf.as_ref()?.names, pattern);
            let chosen = Chosen {
                key: known.key.clone(),
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
                Answer::RequestMisses(request)
            }
            _ if chosen.is_empty() => Answer::ShimMisses,
            _ => Answer::Served(chosen, None),
        }
    }

    /// Why a certificate with this name is still to come.
    fn coming(&self, pattern: &HostPattern) -> Option<String> {
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

fn rank(names: &SanSet, pattern: &HostPattern) -> Rank {
    match covers(names, pattern) {
        Verdict::Covered(_) | Verdict::NotApplicable => Rank::All,
        Verdict::Partial(partial) if partial.reason == PartialReason::WildcardDepth => Rank::All,
        Verdict::Partial(_) => Rank::Part,
        Verdict::NotCovered | Verdict::Unknown(_) => Rank::Nothing,
    }
}

fn dns_names(request: &Request) -> SanSet {
    san(request.dns_names.iter())
}

fn san<'n>(names: impl Iterator<Item = &'n String>) -> SanSet {
    let none: [&[u8]; 0] = [];
    SanSet::new(names, none, none)
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

/// The Secrets that gateway-shim writes.
pub(in crate::kubernetes) fn issued(objects: &Objects) -> impl Iterator<Item = String> {
    let annotated = objects
        .holders
        .iter()
        .filter(|holder| holder.meta.has_issuer());
    annotated.flat_map(|holder| {
        let tls = holder
            .listeners
            .iter()
            .filter_map(|listener| listener.tls.as_ref());
        let references = tls.flat_map(|tls| &tls.references);
        references
            .filter(|reference| reference.is_secret && reference.namespace.is_none())
            .map(|reference| format!("{}/{}", holder.meta.namespace, reference.name))
    })
}

impl Objects {
    /// The Secrets of all listeners, as `NAMESPACE/NAME`.
    pub(in crate::kubernetes) fn named_secrets(&self) -> impl Iterator<Item = String> {
        self.holders.iter().flat_map(|holder| {
            let own = &holder.meta.namespace;
            let tls = holder.listeners.iter().filter_map(|one| one.tls.as_ref());
            let secrets = tls.flat_map(|tls| &tls.references);
            let secrets = secrets.filter(|reference| reference.is_secret);
            secrets.map(move |secret| {
                let namespace = secret.namespace.as_ref().unwrap_or(own);
                format!("{namespace}/{}", secret.name)
            })
        })
    }
}

/// A Secret that is not in the input.
fn missing(
    cluster: &Cluster,
    options: &Options,
    site: &Site<'_>,
    (key, at): (&str, &Location),
    fragment: &mut Fragment,
    unverifiable: &mut Unverifiable,
) {
    let supplier = cluster.suppliers.get(key);
    let is_known = !options.unknown_secrets.contains(key);
    if is_known && (options.whole_cluster || (supplier.is_none() && options.require_secrets)) {
        let supplier = supplier.map(Supplier::words);
        let problem = missing_problem(site, key, at, supplier);
        fragment.problems.push(problem);
        return;
    }
    let what = match supplier {
        Some(supplier) => format!("{key} (from {})", supplier.words()),
        None => key.to_owned(),
    };
    let entry = unverifiable.entry((UnverifiableKind::Secret, what));
    entry.or_insert_with(|| (at.clone(), 0)).1 += 1;
}

fn missing_problem(
    site: &Site<'_>,
    secret: &str,
    at: &Location,
    supplier: Option<String>,
) -> Problem {
    let hostname = site.listener.hostname.as_ref();
    Problem::SecretMissing {
        at: at.clone(),
        secret: secret.to_owned(),
        host: hostname.map_or_else(|| "*".to_owned(), |hostname| hostname.value.clone()),
        supplier,
    }
}

/// Preconditions of cert-manager's gateway-shim: else no certificate ever comes. True where it
/// makes one.
///
/// Nothing is wrong where all Secrets are there already, or come from elsewhere.
fn check_shim(cluster: &Cluster, site: &Site<'_>, fragment: &mut Fragment) -> bool {
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
        fragment.problems.push(Problem::NeverIssued {
            at: site.listener.at.clone(),
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
    let names: BTreeSet<&String> = listeners
        .filter_map(|listener| Some(&listener.hostname.as_ref()?.value))
        .collect();
    san(names.into_iter())
}
