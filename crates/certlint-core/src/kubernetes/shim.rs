//! cert-manager's ingress-shim: what it needs of an Ingress, and which Certificate it leaves alone.

use std::collections::BTreeSet;

use super::assemble::Class;
use super::facts::{Ingress, Request};
use super::secret_use::{Known, Use, request_covers, shim_hosts, shim_owner};

use crate::model::Problem;

impl<'a> Class<'a> {
    /// Whether the Certificate that ingress-shim makes will have a host: it is left alone where it
    /// belongs to somebody else (cert-manager's `sync.go`).
    pub(super) fn shim_will_have(&mut self, ingress: &Ingress, one: &Use<'_>) -> Known<'a> {
        let mut entries = ingress.tls.iter();
        let Some(entry) =
            entries.find(|entry| entry.hosts.iter().any(|other| other.at == one.host.at))
        else {
            return Known::Pending;
        };
        let requests = self.cluster.requests.get(one.key);
        let is_owned = |request: &&Request| {
            let mut owners = request.meta.owners.iter();
            owners.any(|(kind, name)| kind == "Ingress" && *name == ingress.meta.name)
        };
        let unowned = requests
            .and_then(|all| all.first())
            .filter(|request| !is_owned(request));
        let other =
            shim_owner(self.cluster, one.key).filter(|(owner, _)| owner.meta.at != ingress.meta.at);
        let message = match (unowned, other) {
            (Some(request), _) if !request_covers(request, one.pattern) => format!(
                "cert-manager leaves Certificate `{}` alone, which does not belong to this Ingress",
                request.meta.name
            ),
            (None, Some((owner, _)))
                if !shim_hosts(owner, one.key)
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&one.host.value)) =>
            {
                format!(
                    "the Certificate of this Secret belongs to Ingress `{}`, and cert-manager leaves it alone",
                    owner.meta.name
                )
            }
            _ => return Known::Pending,
        };
        if self.said.insert(entry.at.clone()) {
            self.fragment.problems.push(Problem::NeverIssued {
                at: entry.at.clone(),
                message,
                help: "give the entry a `secretName` of its own".to_owned(),
            });
        }
        Known::Said
    }

    /// Preconditions of cert-manager's ingress-shim (its `sync.go`): else no certificate ever comes.
    pub(super) fn shim(&mut self, ingress: &Ingress) {
        if !ingress.meta.has_shim() {
            return;
        }
        let mut seen = BTreeSet::new();
        for entry in &ingress.tls {
            let fault = match &entry.secret {
                None => Some(("`secretName` is missing", "add a `secretName`")),
                Some(_) if entry.hosts.is_empty() => {
                    Some(("`hosts` is empty", "list the hosts under `hosts`"))
                }
                Some(secret) if !seen.insert(secret.value.clone()) => Some((
                    "another entry has the same `secretName`",
                    "give each entry a `secretName` of its own",
                )),
                Some(_) => None,
            };
            if let Some((why, help)) = fault {
                self.fragment.problems.push(Problem::NeverIssued {
                    at: entry.at.clone(),
                    message: format!("cert-manager makes no certificate for this entry: {why}"),
                    help: help.to_owned(),
                });
            }
        }
    }
}
