//! The Gateway API: each name that a listener serves, and what with.
//!
//! A listener's own hostname is judged first, then the hostnames of its routes as far as the
//! listener has them.

mod attach;
mod secrets;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use attach::{Attachments, Site, Sites, attachments, narrows, takes_route};
use secrets::{Answer, Secrets};

use crate::kubernetes::bind::Binder;
use crate::kubernetes::claim::{
    Binding, Chosen, Claim, Front, Note, Outcome, Owner, Rivalry, Wanted,
};
use crate::kubernetes::gateway::{Holder, HolderKind};
use crate::kubernetes::inventory::Inventory;
use crate::model::Serving;
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
    let sites = Sites::new(objects, &gateways);
    let gateways = Gateways {
        inventory,
        attachments: attachments(&objects.routes),
        sites: &sites,
    };
    for (index, site) in sites.all.iter().enumerate() {
        if site.terminates() {
            binder.notes(gateways.conflict(index));
            gateways.listener(site, binder);
        }
    }
}

/// All Gateways of the input with their routes.
struct Gateways<'a, 's> {
    inventory: Inventory<'a>,
    sites: &'s Sites<'a>,
    attachments: Attachments<'a>,
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
            || !first.terminates();
        (!is_none).then(|| Note::ClaimedTwice {
            host: site.host(),
            loser: site.at(),
            winner: first.at(),
            secrets: (own, other),
            is_decided: false,
        })
    }

    fn listener(&self, site: &Site<'a>, binder: &mut Binder<'a, '_>) {
        let mut notes = Vec::new();
        let secrets = secrets::resolve(&self.inventory, site, &mut notes);
        let mut bindings = Vec::new();
        let fallback = match &site.listener.hostname {
            Some(hostname) => {
                let binding = self.name(&secrets, hostname, site.doubt.clone(), &mut notes);
                bindings.push(binding);
                let why = format!("the listener is for `{}` only", hostname.value);
                Serving::Unknown(Cow::Owned(why))
            }
            None => match secrets.answer(&HostPattern::CatchAll, &self.inventory) {
                Answer::Served(chosen, _) => Chosen::serving(&chosen),
                answer => Serving::Unknown(Cow::Owned(why_unknown(&answer).to_owned())),
            },
        };
        for (host, doubt) in self.routes(site) {
            bindings.push(self.name(&secrets, host, doubt, &mut notes));
        }
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
        binder.notes(notes);
        binder.front(front, bindings);
    }

    /// The names that routes bring to a listener, each once, and why that is not certain.
    fn routes(&self, site: &Site<'a>) -> Vec<(&'a Spanned<String>, Option<String>)> {
        let holder = site.holder;
        let key = holder.meta.key();
        let attached = self.attachments.get(&(holder.kind.as_str(), key.as_str()));
        let objects = &self.inventory.cluster.gateways;
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
                    names.push((host, site.doubt.clone().or_else(|| doubt.clone())));
                }
            }
        }
        names
    }

    /// A name that a listener serves.
    fn name(
        &self,
        secrets: &Secrets<'a>,
        host: &'a Spanned<String>,
        doubt: Option<String>,
        notes: &mut Vec<Note<'a>>,
    ) -> Binding<'a> {
        let claim = claim(Cow::Borrowed(host));
        let answer = secrets.answer(&claim.pattern, &self.inventory);
        let why = why_unknown(&answer).to_owned();
        let outcome = match answer {
            Answer::Served(chosen, pending) => Outcome::Served {
                chosen,
                doubt: doubt.or(pending),
            },
            Answer::RequestMisses(miss) if doubt.is_none() => Outcome::Misses(miss),
            Answer::ShimMisses if doubt.is_none() => {
                notes.push(Note::NeverIssued {
                    at: &host.at,
                    message: format!(
                        "cert-manager asks for the hostnames of the listeners, and none of them stands for `{}` in a certificate",
                        host.value
                    ),
                    help: format!("add a listener with the hostname `{}`", host.value),
                });
                Outcome::Unknown(why)
            }
            Answer::RequestMisses(_) | Answer::ShimMisses | Answer::Unknown(_) => {
                Outcome::Unknown(why)
            }
        };
        Binding::new(claim, outcome)
    }
}

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
        _ => "the certificate is still to come, and will not have the name",
    }
}
