//! From Gateways and routes to the model: each name that a listener serves, and what with.
//!
//! A listener's own hostname is judged first, then the hostnames of its routes as far as the
//! listener has them; a name that is served twice in the same way is told once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::attach::{Attachments, Site, Sites, attachments, narrows, takes_route};
use super::secrets::{self, Answer, Chosen, Secrets};
use super::{Holder, HolderKind};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::lower::Options;
use crate::kubernetes::secret_use::Unverifiable;
use crate::model::{
    BundleId, CertRef, Endpoint, Fragment, HostAnswer, HostTable, ListenerId, Problem, Served,
    ServerId, ServerName, Serving,
};
use crate::name::{Depth, HostPattern};
use crate::source::{Location, Spanned};

/// Adds all listeners that show certificates of their own.
pub(in crate::kubernetes) fn lower(
    cluster: &Cluster,
    options: &Options,
    fragment: &mut Fragment,
    unverifiable: &mut Unverifiable,
) {
    let objects = &cluster.gateways;
    let gateways: BTreeMap<String, &Holder> = objects
        .holders
        .iter()
        .filter(|holder| matches!(holder.kind, HolderKind::Gateway { .. }))
        .map(|holder| (holder.meta.key(), holder))
        .collect();
    let sites = Sites::new(objects, &gateways);
    let mut lowering = Lowering {
        cluster,
        options,
        fragment,
        unverifiable,
        sites: &sites,
        attachments: attachments(&objects.routes),
        told: BTreeMap::new(),
    };
    for index in 0..sites.all.len() {
        if sites.all[index].terminates() {
            lowering.conflict(index);
            lowering.listener(&sites.all[index]);
        }
    }
}

/// A name at its place, what it is served with, and the doubt about that.
type Told = (Location, String, Vec<BundleId>, Option<String>);

struct Lowering<'a, 'm> {
    cluster: &'a Cluster,
    options: &'a Options,
    fragment: &'m mut Fragment,
    unverifiable: &'m mut Unverifiable,
    sites: &'a Sites<'a>,
    attachments: Attachments<'a>,
    /// Endpoints, by what would be said about them.
    told: BTreeMap<Told, usize>,
}

/// Where the names of a listener go.
struct Target<'a> {
    id: ListenerId,
    server: ServerId,
    secrets: Secrets<'a>,
    table: HostTable,
}

impl<'a> Lowering<'a, '_> {
    /// Two listeners of one port with one hostname: the API calls them conflicted.
    fn conflict(&mut self, index: usize) {
        let site = &self.sites.all[index];
        let first = self.sites.first(index);
        let place = |site: &Site<'_>| match &site.listener.hostname {
            Some(hostname) => hostname.at.clone(),
            None => site.listener.at.clone(),
        };
        let (own, other) = (secret_names(site), secret_names(first));
        if std::ptr::eq(site, first) || own == other || site.doubt.is_some() || !first.terminates()
        {
            return;
        }
        let host = site.listener.hostname.as_ref();
        self.fragment.problems.push(Problem::HostClaimedTwice {
            host: host.map_or_else(|| "*".to_owned(), |host| host.value.clone()),
            loser: place(site),
            winner: place(first),
            secrets: (own, other),
            decided: false,
        });
    }

    fn listener(&mut self, site: &Site<'a>) {
        let server = self.fragment.add_holder(site.listener.at.clone());
        let mut target = Target {
            id: ListenerId(number(self.fragment.listeners.len())),
            server,
            secrets: secrets::resolve(
                self.cluster,
                self.options,
                site,
                self.fragment,
                self.unverifiable,
            ),
            table: HostTable {
                depth: Depth::Any,
                ..HostTable::default()
            },
        };
        target.table.fallback = match &site.listener.hostname {
            Some(hostname) => {
                self.name(&mut target, hostname, site.doubt.clone());
                let why = format!("the listener is for `{}` only", hostname.value);
                Serving::Unknown(Cow::Owned(why))
            }
            None => serving(&target.secrets.answer(&HostPattern::CatchAll)),
        };
        self.routes(&mut target, site);
        for other in self.sites.narrower(site) {
            let why = format!(
                "listener `{}` of the same port takes it",
                other.listener.name
            );
            let answer = HostAnswer {
                server,
                at: other.listener.at.clone(),
                secret: None,
                serving: Serving::Unknown(Cow::Owned(why)),
            };
            target
                .table
                .hosts
                .insert(other.hostname().to_owned(), answer);
        }
        // A ListenerSet may be called like its Gateway.
        let kind = site.holder.kind.as_str().to_ascii_lowercase();
        let label = format!("{kind}/{}/{}", site.holder.meta.key(), site.listener.name);
        self.fragment.add_hosts(label, server, target.table);
    }

    /// The names that routes bring to a listener.
    fn routes(&mut self, target: &mut Target<'a>, site: &Site<'a>) {
        let holder = site.holder;
        let key = holder.meta.key();
        let attached = self.attachments.get(&(holder.kind.as_str(), key.as_str()));
        let mut names = Vec::new();
        let mut seen = BTreeSet::new();
        for (route, parent) in attached.into_iter().flatten() {
            let Some(doubt) = takes_route(site, route, parent, &self.cluster.gateways) else {
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
        for (host, doubt) in names {
            self.name(target, host, doubt);
        }
    }

    /// A name that a listener serves.
    fn name(&mut self, target: &mut Target<'a>, host: &Spanned<String>, doubt: Option<String>) {
        let pattern = HostPattern::gateway(&host.value);
        let answer = target.secrets.answer(&pattern);
        let serving = serving(&answer);
        let secret = match &answer {
            Answer::Served(chosen, _) => chosen.first().map(|chosen| chosen.key.clone()),
            _ => None,
        };
        let shown = HostAnswer {
            server: target.server,
            at: host.at.clone(),
            secret,
            serving: serving.clone(),
        };
        target.table.hosts.insert(host.value.clone(), shown);
        match answer {
            Answer::Served(chosen, pending) => {
                self.endpoint(target, host, &chosen, (serving, doubt.or(pending)));
            }
            Answer::RequestMisses(request) if doubt.is_none() => {
                self.fragment.problems.push(Problem::RequestMissesHost {
                    at: host.at.clone(),
                    host: host.value.clone(),
                    request: request.dns_names_at.clone(),
                    kind: "Certificate",
                    name: request.meta.name.clone(),
                    dns_names: request.dns_names.clone(),
                    has_time: self.options.whole_cluster && !target.secrets.any_is_there(),
                });
            }
            Answer::ShimMisses if doubt.is_none() => {
                self.fragment.problems.push(Problem::NeverIssued {
                    at: host.at.clone(),
                    message: format!(
                        "cert-manager asks for the hostnames of the listeners, and none of them stands for `{}` in a certificate",
                        host.value
                    ),
                    help: format!("add a listener with the hostname `{}`", host.value),
                });
            }
            Answer::RequestMisses(_) | Answer::ShimMisses | Answer::Unknown(_) => {}
        }
    }

    fn endpoint(
        &mut self,
        target: &Target<'_>,
        host: &Spanned<String>,
        chosen: &[Chosen<'_>],
        (serving, doubt): (Serving, Option<String>),
    ) {
        let bundles = chosen.iter().map(|chosen| chosen.bundle).collect();
        let told = (host.at.clone(), host.value.clone(), bundles, doubt.clone());
        let next = self.fragment.endpoints.len();
        let index = *self.told.entry(told).or_insert(next);
        if let Some(endpoint) = self.fragment.endpoints.get_mut(index) {
            endpoint.listeners.push(target.id);
            return;
        }
        let names = &mut self.fragment.servers[target.server.0 as usize].names;
        names.push(ServerName {
            text: host.value.as_str().into(),
            pattern: HostPattern::gateway(&host.value),
            at: host.at.clone(),
        });
        self.fragment.endpoints.push(Endpoint {
            server: target.server,
            name: number(names.len() - 1),
            listeners: vec![target.id],
            serving,
            doubt: doubt.map(Into::into),
        });
    }
}

fn serving(answer: &Answer<'_>) -> Serving {
    let unknown = |why: &str| Serving::Unknown(Cow::Owned(why.to_owned()));
    match answer {
        Answer::RequestMisses(_) | Answer::ShimMisses => {
            unknown("the certificate is still to come, and will not have the name")
        }
        Answer::Served(chosen, _) if chosen.is_empty() => Serving::NoCertificate,
        Answer::Served(chosen, _) => Serving::Certificates {
            certificates: chosen
                .iter()
                .map(|chosen| Served {
                    certificate: CertRef::Bundle(chosen.bundle),
                    at: chosen.at.clone(),
                })
                .collect(),
            from_default: None,
        },
        Answer::Unknown(why) => unknown(why),
    }
}

/// The Secrets that a listener names, for comparing and for reports.
fn secret_names(site: &Site<'_>) -> String {
    let own = &site.holder.meta.namespace;
    let tls = site.listener.tls.iter();
    let references = tls.flat_map(|tls| &tls.references);
    let names: BTreeSet<String> = references
        .map(|reference| {
            let namespace = reference.namespace.as_ref().unwrap_or(own);
            format!("{namespace}/{}", reference.name)
        })
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
