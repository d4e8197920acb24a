//! The Gateway API: each name that a listener serves, and what with.
//!
//! A listener's own hostname is judged first, then the hostnames of its routes as far as the
//! listener has them. Which listener and which of its certificates a client gets depends on the
//! implementation.

mod attach;
mod choose;
mod implementation;
mod secrets;
mod serve;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use attach::{Attachments, Sites, attachments, narrows, takes_route};
use implementation::{Implementation, Refusal};
use secrets::Answer;
use serve::Prepared;

use crate::finding::Level;
use crate::kubernetes::bind::Binder;
use crate::kubernetes::claim::{
    Binding, Chosen, Claim, Front, Note, Outcome, Owner, Rivalry, Wanted,
};
use crate::kubernetes::gateway::{Holder, HolderKind};
use crate::kubernetes::inventory::Inventory;
use crate::model::{Cause, Serving, Unknown, UnverifiableKind};
use crate::name::{Depth, HostPattern};
use crate::source::Spanned;

/// Binds the names of all listeners that show certificates of their own.
pub(in crate::kubernetes) fn bind_gateways(binder: &mut Binder<'_, '_>) {
    let inventory = binder.inventory;
    let objects = &inventory.cluster.gateways;
    let gateways: BTreeMap<String, &Holder> = objects
        .holders
        .iter()
        .filter(|holder| matches!(holder.kind, HolderKind::Gateway { .. }))
        .map(|holder| (holder.meta.key(), holder))
        .collect();
    if !inventory.options.whole_cluster {
        let without = objects.routes.iter().flat_map(|route| {
            let parents = route.parents.iter();
            let parents = parents.filter(|parent| parent.kind == "Gateway");
            parents.map(move |parent| (&parent.key, &route.meta.at))
        });
        for (gateway, at) in without.filter(|(key, _)| !gateways.contains_key(*key)) {
            binder.count(UnverifiableKind::Gateway, gateway.clone(), at);
        }
    }
    let sites = Sites::new(objects, &gateways);
    let mut prepared: Vec<Prepared<'_>> = Vec::new();
    for index in 0..sites.all.len() {
        let site = &sites.all[index];
        let implementation = match gateways.get(&*site.gateway).map(|gateway| &gateway.kind) {
            Some(HolderKind::Gateway { class, .. }) => Implementation::of(class, objects),
            _ => Implementation::Unknown,
        };
        let is_conflicted = sites.has_conflict(index);
        let one = Prepared::new(&inventory, site, implementation, is_conflicted);
        prepared.push(one);
    }
    let notes: Vec<_> = prepared
        .iter_mut()
        .map(|one| std::mem::take(&mut one.notes))
        .collect();
    let gateways = Gateways {
        inventory,
        attachments: attachments(&objects.routes),
        sites: &sites,
        pools: serve::Pools::new(&inventory, &sites, &prepared),
        prepared: &prepared,
    };
    for (index, notes) in notes.into_iter().enumerate() {
        if sites.all[index].terminates() {
            binder.notes(gateways.conflict(index));
            binder.notes(notes);
            gateways.listener(index, binder);
        }
    }
}

/// All Gateways of the input with their routes.
struct Gateways<'a, 's> {
    inventory: Inventory<'a>,
    sites: &'s Sites<'a>,
    prepared: &'s [Prepared<'a>],
    pools: serve::Pools<'a>,
    attachments: Attachments<'a>,
}

/// A name that a route brings to a listener.
struct RouteName<'a> {
    host: &'a Spanned<String>,
    /// Why that is not certain.
    doubt: Option<String>,
}

impl<'a> Gateways<'a, '_> {
    /// Two listeners of one port with one hostname: the API calls them conflicted.
    fn conflict(&self, index: usize) -> Option<Note<'a>> {
        let site = &self.sites.all[index];
        let first = self.sites.first(index);
        let (own, other) = (site.secret_names(), first.secret_names());
        let is_none = std::ptr::eq(site, first)
            || own == other
            || site.doubt.is_some()
            || !first.terminates()
            || self.prepared[index].refusal == Some(Refusal::Conflicted);
        (!is_none).then(|| Note::ClaimedTwice {
            host: site.host(),
            loser: site.at(),
            winner: first.at(),
            loser_secrets: own,
            winner_secrets: other,
            pattern: match site.hostname() {
                "" => HostPattern::CatchAll,
                hostname => HostPattern::ingress(hostname),
            },
            is_decided: false,
        })
    }

    fn listener(&self, index: usize, binder: &mut Binder<'a, '_>) {
        let site = &self.sites.all[index];
        let prepared = &self.prepared[index];
        let routes = self.routes(index);
        let mut bindings = Vec::new();
        let fallback = match &site.listener.hostname {
            Some(hostname) => {
                let is_of_routes = prepared.implementation.serves_routes_only()
                    && hostname.value.starts_with("*.")
                    && !routes.is_empty();
                if !is_of_routes {
                    let name = RouteName {
                        host: hostname,
                        doubt: site.doubt.clone(),
                    };
                    binder.notes(self.lost_to_ingress(index, hostname));
                    bindings.push(self.name(index, name));
                }
                let why = format!("the listener is for `{}` only", hostname.value);
                Serving::Unknown(Unknown::new(Cause::Elsewhere, why))
            }
            None => self.fallback(prepared),
        };
        for name in routes {
            binder.notes(self.lost_to_ingress(index, name.host));
            bindings.push(self.name(index, name));
        }
        let is_refused = bindings
            .iter()
            .any(|binding| matches!(binding.outcome, Outcome::Rejected));
        binder.notes(self.refused(index, is_refused));
        for other in self.sites.narrower(site) {
            let host = Spanned::new(other.hostname().to_owned(), other.listener.at.clone());
            let why = format!(
                "listener `{}` of the same port takes it",
                other.listener.name
            );
            bindings.push(Binding::new(claim(Cow::Owned(host)), Outcome::Unknown(why)));
        }
        // A ListenerSet may be called like its Gateway.
        let kind = site.holder.kind.as_str().to_ascii_lowercase();
        let front = Front {
            label: format!("{kind}/{}/{}", site.holder.meta.key(), site.listener.name),
            depth: Depth::Any,
            fallback,
            owners: vec![Owner::new(&site.listener.at)],
            is_shared: true,
        };
        binder.front(front, bindings);
    }

    /// What a listener without a hostname serves to names that nothing claims.
    fn fallback(&self, prepared: &Prepared<'a>) -> Serving {
        if prepared.refusal.is_some() {
            return Serving::Rejected;
        }
        match prepared
            .secrets
            .answer(&HostPattern::CatchAll, &self.inventory)
        {
            Answer::Served(chosen, _) => Chosen::serving(&chosen),
            answer => Serving::Unknown(Unknown::new(Cause::Elsewhere, why_unknown(&answer))),
        }
    }

    /// Why a listener is not used, or its certificates are not.
    fn refused(&self, index: usize, is_name_refused: bool) -> Option<Note<'a>> {
        let site = &self.sites.all[index];
        let Prepared {
            implementation,
            refusal,
            secrets,
            ..
        } = &self.prepared[index];
        let refusal = (*refusal)?;
        if refusal == Refusal::Unusable && !is_name_refused {
            return None;
        }
        let (who, listener) = (implementation.name(), &site.listener.name);
        let count = secrets.refs.len();
        let (message, help) = match refusal {
            Refusal::Conflicted => (
                format!(
                    "listener `{listener}` is refused: another listener has its port and hostname, and {who} uses neither"
                ),
                "remove one of the two listeners, or give it another `hostname`",
            ),
            Refusal::FirstUnusable => (
                format!(
                    "listener `{listener}` shows the workload certificate of {who}: the first of its certificates cannot be used"
                ),
                "remove the reference from `certificateRefs`, or write its Secret",
            ),
            Refusal::NoneUsed => (
                format!(
                    "listener `{listener}` shows the default certificate of {who}, which uses none of several certificates"
                ),
                "leave one entry in `certificateRefs`, and add a listener for each other certificate",
            ),
            Refusal::OneUnusable => (
                format!(
                    "listener `{listener}` is refused by {who}: one of its certificates cannot be used"
                ),
                "remove the reference from `certificateRefs`, or write its Secret",
            ),
            Refusal::TooMany(most) => (
                format!(
                    "listener `{listener}` is refused: {who} takes at most {most} for a listener, and it names {count} certificates"
                ),
                "leave one entry in `certificateRefs`, and add a listener for each other certificate",
            ),
            Refusal::Unusable => (
                format!(
                    "listener `{listener}` is refused by {who}: none of its certificates can be used"
                ),
                "name a Secret in `certificateRefs` that is there and holds a certificate with its key",
            ),
            Refusal::UpdateRefused => (
                format!(
                    "listener `{listener}` names {count} certificates for one hostname, and Envoy refuses all that {who} sends it"
                ),
                "leave one entry in `certificateRefs`, and add a listener for each other certificate",
            ),
        };
        let level = match site.doubt {
            Some(_) => Level::Warning,
            None => refusal.level(),
        };
        Some(Note::ListenerRefused {
            at: &site.listener.at,
            message,
            help,
            level,
        })
    }

    /// The names that routes bring to a listener, each once.
    fn routes(&self, index: usize) -> Vec<RouteName<'a>> {
        let site = &self.sites.all[index];
        let holder = site.holder;
        let key = holder.meta.key();
        let attached = self.attachments.get(&(holder.kind.as_str(), key.as_str()));
        let objects = &self.inventory.cluster.gateways;
        let is_contour = self.prepared[index].implementation == Implementation::Contour;
        let mut names = Vec::new();
        let mut seen = BTreeSet::new();
        for &(route, parent) in attached.into_iter().flatten() {
            let Some(doubt) = takes_route(site, route, parent, objects) else {
                continue;
            };
            for host in &route.hostnames {
                if narrows(&host.value, site.hostname()) == Some(true)
                    && self.sites.takes(site, &host.value)
                    && seen.insert(host.value.as_str())
                {
                    let is_open = is_contour
                        && parent.section.is_none()
                        && self.sites.matching(site, &host.value).count() > 1;
                    let several = is_open.then(|| {
                        "which of several listeners Contour takes it from is not defined".to_owned()
                    });
                    let doubt = site.doubt.clone().or_else(|| doubt.clone()).or(several);
                    names.push(RouteName { host, doubt });
                }
            }
        }
        names
    }

    /// A name that a listener serves.
    fn name(&self, index: usize, name: RouteName<'a>) -> Binding<'a> {
        let mut binding = self.serve(index, claim(Cow::Borrowed(name.host)));
        let Some(doubt) = name.doubt else {
            return binding;
        };
        binding.outcome = match binding.outcome {
            Outcome::Served { chosen, .. } => Outcome::Served {
                chosen,
                doubt: Some(doubt),
            },
            Outcome::Misses(_) | Outcome::ShimMisses => Outcome::Unknown(TO_COME.to_owned()),
            outcome => outcome,
        };
        binding
    }
}

/// Why it is unknown what clients get where the certificate is still to come.
const TO_COME: &str = "the certificate is still to come, and will not have the name";

fn claim(host: Cow<'_, Spanned<String>>) -> Claim<'_> {
    Claim {
        pattern: HostPattern::gateway(&host.value),
        host,
        owner: 0,
        wanted: Wanted::OfListener,
        rivalry: Rivalry::None,
    }
}

fn why_unknown<'s>(answer: &'s Answer<'_>) -> &'s str {
    match answer {
        Answer::Unknown(why) => why,
        _ => TO_COME,
    }
}
