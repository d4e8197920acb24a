//! Who belongs together: ListenerSets to Gateways, routes to listeners, names to one of them.
//!
//! Rules of the Gateway API reference: `allowedListeners`, `allowedRoutes`, `parentRefs`, the
//! intersection of hostnames, and that the most specific listener of a port takes a name.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::kubernetes::gateway::{
    GatewayListener, Holder, HolderKind, Namespaces, Objects, Parent, Protocol, Route,
};
use crate::source::Location;

/// A listener of a Gateway.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    pub(super) holder: &'a Holder,
    pub(super) listener: &'a GatewayListener,
    /// `NAMESPACE/NAME` of the Gateway.
    pub(super) gateway: Rc<str>,
    /// Why it is not certain that the Gateway has this listener.
    pub(super) doubt: Option<String>,
}

impl<'a> Site<'a> {
    /// The hostname, or the listener where it has none.
    pub(super) fn at(&self) -> &'a Location {
        let hostname = self.listener.hostname.as_ref();
        hostname.map_or(&self.listener.at, |hostname| &hostname.at)
    }

    pub(super) fn hostname(&self) -> &str {
        let hostname = self.listener.hostname.as_ref();
        hostname.map_or("", |hostname| &hostname.value)
    }

    /// The hostname in a sentence.
    pub(super) fn host(&self) -> String {
        let hostname = self.listener.hostname.as_ref();
        hostname.map_or_else(|| "*".to_owned(), |hostname| hostname.value.clone())
    }

    /// The Secrets that it names, each once and sorted, as `NAMESPACE/NAME`.
    pub(super) fn secret_names(&self) -> Vec<String> {
        let own = &self.holder.meta.namespace;
        let tls = self.listener.tls.iter();
        let references = tls.flat_map(|tls| &tls.references);
        let names: BTreeSet<String> = references
            .map(|reference| {
                let namespace = reference.namespace.as_ref().unwrap_or(own);
                format!("{namespace}/{}", reference.name)
            })
            .collect();
        names.into_iter().collect()
    }

    /// Its certificates are not those of Secrets that it names.
    pub(super) fn has_other_certificates(&self) -> bool {
        let tls = self.listener.tls.as_ref();
        tls.is_some_and(|tls| tls.has_other_certificates || tls.references.is_empty())
    }

    /// Clients see a certificate of this listener.
    pub(super) fn terminates(&self) -> bool {
        let tls = self.listener.tls.as_ref();
        self.listener.protocol != Protocol::Other && tls.is_some_and(|tls| !tls.is_passthrough)
    }
}

/// All listeners that share ports by SNI, in the order of the input.
#[derive(Debug, Default)]
pub(super) struct Sites<'a> {
    pub(super) all: Vec<Site<'a>>,
    /// Gateway and port, hostname, the first listener with it.
    ports: BTreeMap<(Rc<str>, &'a str), BTreeMap<&'a str, usize>>,
    /// Listeners with the port and hostname of another one of the same object.
    conflicted: BTreeSet<usize>,
}

impl<'a> Sites<'a> {
    pub(super) fn new(objects: &'a Objects, gateways: &BTreeMap<String, &'a Holder>) -> Self {
        let mut sites = Self::default();
        // Those of the Gateway itself come before those of its ListenerSets.
        for (name, &holder) in gateways {
            sites.add(holder, &name.as_str().into(), None);
        }
        for set in &objects.holders {
            let HolderKind::ListenerSet { parent } = &set.kind else {
                continue;
            };
            let doubt = match gateways.get(parent) {
                None => Some(format!(
                    "whether Gateway `{parent}` takes this ListenerSet is not known here"
                )),
                Some(Holder {
                    meta,
                    kind: HolderKind::Gateway { takes, .. },
                    ..
                }) => match admits(takes, &meta.namespace, &set.meta.namespace, objects) {
                    Some(true) => None,
                    Some(false) => continue,
                    None => Some(selector_doubt(&set.meta.namespace)),
                },
                Some(_) => continue,
            };
            sites.add(set, &parent.as_str().into(), doubt);
        }
        sites
    }

    fn add(&mut self, holder: &'a Holder, gateway: &Rc<str>, doubt: Option<String>) {
        let mut own: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for listener in &holder.listeners {
            if listener.protocol == Protocol::Other {
                continue;
            }
            let port = self
                .ports
                .entry((gateway.clone(), &listener.port))
                .or_default();
            let hostname = listener.hostname.as_ref();
            let hostname = hostname.map_or("", |hostname| hostname.value.as_str());
            port.entry(hostname).or_insert(self.all.len());
            if let Some(first) = own.insert((&listener.port, hostname), self.all.len()) {
                self.conflicted.extend([first, self.all.len()]);
            }
            self.all.push(Site {
                holder,
                listener,
                gateway: gateway.clone(),
                doubt: doubt.clone(),
            });
        }
    }

    /// The listener of the same Gateway and port that had this one's hostname first.
    pub(super) fn first(&self, index: usize) -> &Site<'a> {
        let site = &self.all[index];
        let first = self.port(site).and_then(|port| port.get(site.hostname()));
        first.map_or(site, |&first| &self.all[first])
    }

    /// Another listener of the same object has the port and hostname of this one.
    pub(super) fn has_conflict(&self, index: usize) -> bool {
        self.conflicted.contains(&index)
    }

    /// The listeners of the port that have this name, the most specific one first.
    pub(super) fn matching(&self, site: &Site<'a>, host: &str) -> impl Iterator<Item = usize> {
        let port = self.port(site);
        closer(host).filter_map(move |hostname| port?.get(hostname.as_str()).copied())
    }

    /// True where no other listener of the port has a hostname that is closer to this name.
    pub(super) fn takes(&self, site: &Site<'a>, host: &str) -> bool {
        let Some(port) = self.port(site) else {
            return true;
        };
        let closest = closer(host).find(|name| port.contains_key(name.as_str()));
        closest.is_none_or(|closest| closest == site.hostname())
    }

    /// Other listeners of the port that take a part of this one's names.
    pub(super) fn narrower(&self, site: &Site<'a>) -> impl Iterator<Item = &Site<'a>> {
        let hostname = site.hostname();
        let is_narrower =
            move |other: &str| other != hostname && !other.is_empty() && is_within(other, hostname);
        let port = self.port(site).into_iter().flatten();
        port.filter(move |(other, _)| is_narrower(other))
            .map(|(_, &index)| &self.all[index])
    }

    fn port(&self, site: &Site<'a>) -> Option<&BTreeMap<&'a str, usize>> {
        self.ports
            .get(&(site.gateway.clone(), site.listener.port.as_str()))
    }
}

/// Routes by what they want to be attached to: kind and `NAMESPACE/NAME`.
pub(super) type Attachments<'a> = BTreeMap<(&'a str, &'a str), Vec<(&'a Route, &'a Parent)>>;

pub(super) fn attachments(routes: &[Route]) -> Attachments<'_> {
    let mut attachments = Attachments::new();
    for route in routes {
        for parent in &route.parents {
            let wanted = (parent.kind.as_str(), parent.key.as_str());
            attachments.entry(wanted).or_default().push((route, parent));
        }
    }
    attachments
}

/// Whether a listener takes a route; `Some(doubt)` where the answer is yes, and not certain.
pub(super) fn takes_route(
    site: &Site<'_>,
    route: &Route,
    parent: &Parent,
    objects: &Objects,
) -> Option<Option<String>> {
    let listener = site.listener;
    let is_meant = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|w| w == own);
    if !is_meant(&parent.section, &listener.name) || !is_meant(&parent.port, &listener.port) {
        return None;
    }
    let fits = match listener.protocol {
        Protocol::Https => route.kind != "TLSRoute",
        Protocol::Tls => route.kind == "TLSRoute",
        Protocol::Other => false,
    };
    let is_listed =
        listener.kinds.is_empty() || listener.kinds.iter().any(|kind| kind == route.kind);
    if !fits || !is_listed {
        return None;
    }
    let namespace = &route.meta.namespace;
    match admits(
        &listener.takes,
        &site.holder.meta.namespace,
        namespace,
        objects,
    ) {
        Some(true) => Some(None),
        Some(false) => None,
        None => Some(Some(selector_doubt(namespace))),
    }
}

fn selector_doubt(namespace: &str) -> String {
    format!("whether the labels of namespace `{namespace}` let it in is not known here")
}

/// Whether something of namespace `other` may come in; `None` where labels decide that are not
/// known.
fn admits(namespaces: &Namespaces, own: &str, other: &str, objects: &Objects) -> Option<bool> {
    match namespaces {
        Namespaces::All => Some(true),
        Namespaces::None => Some(false),
        Namespaces::Same => Some(own == other),
        Namespaces::Selector(selector) => selector.selects(other, objects.namespaces.get(other)),
    }
}

/// Whether a route's hostname narrows a listener's: `Some(true)` where the route's is what is
/// served, `Some(false)` where it is the listener's, `None` where they have no name in common.
pub(super) fn narrows(route: &str, listener: &str) -> Option<bool> {
    if route == listener || listener.is_empty() {
        return Some(route != listener);
    }
    if is_within(route, listener) {
        return Some(true);
    }
    is_within(listener, route).then_some(false)
}

/// Whether all names of one hostname belong to another; a star matches one label or more.
fn is_within(name: &str, other: &str) -> bool {
    if name == other || other.is_empty() {
        return true;
    }
    let base = other.strip_prefix('*').filter(|base| base.starts_with('.'));
    base.is_some_and(|base| name.len() > base.len() && name.ends_with(base))
}

/// The hostnames that a listener can have to take this name, the closest one first.
fn closer(host: &str) -> impl Iterator<Item = String> {
    let start = usize::from(host.starts_with("*."));
    let dots = host.match_indices('.').map(|(index, _)| index).skip(start);
    let wildcards = dots.map(|dot| format!("*{}", &host[dot..]));
    std::iter::once(host.to_owned())
        .chain(wildcards)
        .chain(std::iter::once(String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_number_of_labels_but_not_for_none() {
        let cases = [
            ("a.example.com", "*.example.com", Some(true)),
            ("a.b.example.com", "*.example.com", Some(true)),
            ("example.com", "*.example.com", None),
            ("xexample.com", "*.example.com", None),
            ("*.example.com", "www.example.com", Some(false)),
            ("*.b.example.com", "*.example.com", Some(true)),
            ("*.example.com", "*.b.example.com", Some(false)),
            ("*.example.com", "*.example.com", Some(false)),
            ("www.example.com", "www.example.com", Some(false)),
            ("www.example.net", "www.example.com", None),
            ("www.example.com", "", Some(true)),
        ];
        for (route, listener, expected) in cases {
            assert_eq!(narrows(route, listener), expected, "{route} on {listener}");
        }
    }

    #[test]
    fn closer_hostnames_come_first() {
        let names: Vec<String> = closer("a.b.test").collect();
        assert_eq!(names, ["a.b.test", "*.b.test", "*.test", ""]);
        let names: Vec<String> = closer("*.b.test").collect();
        assert_eq!(names, ["*.b.test", "*.test", ""]);
    }
}
