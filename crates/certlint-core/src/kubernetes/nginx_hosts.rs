//! The hosts of ingress-nginx: what its table says becomes endpoints and problems.

use std::borrow::Cow;

use super::assemble::{Class, place, unlisted, using};
use super::controller::{Choice, Controller};
use super::facts::{Ingress, TlsEntry, qualified};
use super::ingress_nginx;
use super::ingress_nginx::{Cause, Slot};
use super::secret_use::{no_secret_name, serving};

use crate::finding::Level;
use crate::model::{HostAnswer, HostTable, PlaceholderReason, Problem, ServerId, Serving};
use crate::name::HostPattern;
use crate::source::{Location, Spanned};

impl<'a> Class<'a> {
    pub(super) fn ingress_nginx(
        &mut self,
        members: &[&'a Ingress],
        servers: &[ServerId],
        hosts: &mut HostTable,
    ) {
        let table = ingress_nginx::table(members, self.cluster);
        for (name, host) in &table.hosts {
            let Some((annotation, Some(secret))) = &host.extra else {
                continue;
            };
            let ingress = members.get(host.ingress);
            let at = ingress.and_then(|ingress| ingress.meta.annotation(annotation));
            if let (None, Some(at)) = (&host.slot, at) {
                let kept = self.cluster.secrets.get(secret);
                self.fragment.problems.push(Problem::PlaceholderServed {
                    at: at.at.clone(),
                    host: name.clone(),
                    controller: "ingress-nginx",
                    why: PlaceholderReason::NotCovered,
                    secret: Some((secret.clone(), kept.and_then(|kept| kept.bundle))),
                    level: Level::Error,
                });
            }
        }
        for (name, host) in &table.hosts {
            let Some(slot) = &host.slot else {
                continue;
            };
            if name == "_" {
                continue;
            }
            let Some((&ingress, &server)) =
                members.get(host.ingress).zip(servers.get(host.ingress))
            else {
                continue;
            };
            let host = place(ingress, name);
            if let Some(host) = host {
                self.nginx_host(host, slot, ingress, server);
            }
            let at = host.map_or_else(|| ingress.meta.at.clone(), |host| host.at.clone());
            let undecided = table.undecided.get(name);
            let (secret, serving) = self.nginx_serving(slot, &at);
            let serving = match undecided {
                Some(&(first, second)) => Serving::Unknown(Cow::Owned(format!(
                    "Ingress `{}` and Ingress `{}` compete, and the older one wins",
                    members[first].meta.key(),
                    members[second].meta.key()
                ))),
                None => serving,
            };
            hosts.hosts.insert(
                name.clone(),
                HostAnswer {
                    server,
                    at,
                    secret,
                    serving,
                },
            );
        }
        for (host, winner, loser) in &table.lost {
            let (Some(first), Some(second)) =
                (place(members[*winner], host), place(members[*loser], host))
            else {
                continue;
            };
            let secret =
                |ingress: &Ingress| ingress_nginx::named_secret(ingress, host).unwrap_or_default();
            self.fragment.problems.push(Problem::HostClaimedTwice {
                host: host.clone(),
                loser: second.at.clone(),
                winner: first.at.clone(),
                secrets: (secret(members[*loser]), secret(members[*winner])),
                decided: !table.undecided.contains_key(host),
            });
        }
        let controller = Controller {
            name: "ingress-nginx",
            choice: Choice::IngressNginx,
        };
        for (index, ingress) in members.iter().enumerate() {
            if ingress_nginx::is_canary(ingress) {
                continue;
            }
            for entry in &ingress.tls {
                for host in &entry.hosts {
                    self.nginx_listed(ingress, servers[index], entry, host, controller);
                }
            }
            let is_open = |host: &Spanned<String>| {
                let slot = table
                    .hosts
                    .get(&host.value)
                    .and_then(|host| host.slot.as_ref());
                matches!(
                    slot,
                    Some(Slot::Unknown(_) | Slot::Placeholder(Cause::NoSecret)) | None
                )
            };
            for host in unlisted(ingress, true).into_iter().filter(is_open) {
                if !ingress.tls.is_empty() && !self.said.contains(&host.at) {
                    self.fragment.problems.push(Problem::HostWithoutTls {
                        at: host.at.clone(),
                        host: host.value.clone(),
                    });
                }
            }
        }
    }

    /// A host that the controller makes a server for.
    pub(super) fn nginx_host(
        &mut self,
        host: &Spanned<String>,
        slot: &Slot,
        ingress: &'a Ingress,
        server: ServerId,
    ) {
        let said = |why, key: &str, bundle| Problem::PlaceholderServed {
            at: host.at.clone(),
            host: host.value.clone(),
            controller: "ingress-nginx",
            why,
            secret: Some((key.to_owned(), bundle)),
            level: Level::Error,
        };
        match slot {
            Slot::Secret(key) => {
                if let Some(kept) = self.cluster.secrets.get(key) {
                    let by_common_name = kept
                        .leaf
                        .as_ref()
                        .is_some_and(|leaf| ingress_nginx::is_by_common_name(leaf, &host.value));
                    let doubt = by_common_name
                        .then(|| "ingress-nginx still takes the common name".to_owned());
                    self.endpoint(server, host, kept, &host.at, doubt);
                }
            }
            Slot::Placeholder(Cause::NotCovered(key)) => {
                let kept = self.cluster.secrets.get(key);
                let bundle = kept.and_then(|kept| kept.bundle);
                let mut problem = said(PlaceholderReason::NotCovered, key, bundle);
                let pattern = HostPattern::ingress(&host.value);
                let one = using(ingress, host, &pattern, host, key);
                if kept.is_some_and(|kept| self.judge().request_is_to_blame(&one, kept)) {
                    self.said.insert(host.at.clone());
                    return;
                }
                if self.judge().pending(&one).is_some()
                    && let Problem::PlaceholderServed { level, .. } = &mut problem
                {
                    *level = Level::Warning;
                }
                self.said.insert(host.at.clone());
                self.fragment.problems.push(problem);
            }
            Slot::Placeholder(Cause::NoSecret) => {
                let mut secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
                if ingress.listed(&host.value).is_none()
                    && let Some(secret) = secrets.next_back()
                {
                    let key = qualified(&ingress.meta.namespace, &secret.value);
                    let kept = self.cluster.secrets.get(&key);
                    let bundle = kept.and_then(|kept| kept.bundle);
                    self.said.insert(host.at.clone());
                    self.fragment
                        .problems
                        .push(said(PlaceholderReason::NoneCovers, &key, bundle));
                }
            }
            Slot::Placeholder(Cause::Unusable(_)) | Slot::Unknown(_) => {}
        }
    }

    /// A host that a `tls` entry lists.
    pub(super) fn nginx_listed(
        &mut self,
        ingress: &'a Ingress,
        server: ServerId,
        entry: &'a TlsEntry,
        host: &Spanned<String>,
        controller: Controller,
    ) {
        let Some(secret) = &entry.secret else {
            let problem = no_secret_name(host, controller.name);
            return self.fragment.problems.push(problem);
        };
        let key = qualified(&ingress.meta.namespace, &secret.value);
        let pattern = HostPattern::ingress(&host.value);
        let one = using(ingress, host, &pattern, secret, &key);
        let known = self.known(ingress, &one);
        if ingress.rule(&host.value).is_some() {
            return;
        }
        if ingress.rules.iter().all(|rule| rule.host.is_none()) {
            self.fragment.problems.push(Problem::PlaceholderServed {
                at: host.at.clone(),
                host: host.value.clone(),
                controller: controller.name,
                why: PlaceholderReason::NoServer,
                secret: Some((key, None)),
                level: Level::Error,
            });
            return;
        }
        self.tls_host_without_rule(ingress, host);
        let _ = (known, server);
    }

    pub(super) fn nginx_serving(&self, slot: &Slot, at: &Location) -> (Option<String>, Serving) {
        match slot {
            Slot::Placeholder(_) => (None, Serving::Placeholder),
            Slot::Secret(key) => {
                let kept = self.cluster.secrets.get(key);
                let serving = kept
                    .and_then(|kept| kept.bundle)
                    .map_or(Serving::NoCertificate, |bundle| serving(bundle, at));
                (Some(key.clone()), serving)
            }
            // As the input stands there is no such Secret, and that is what the controller does.
            Slot::Unknown(key) => (Some(key.clone()), Serving::Placeholder),
        }
    }
}
