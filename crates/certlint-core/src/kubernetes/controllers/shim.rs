//! cert-manager's ingress-shim: what it needs of an Ingress (its `sync.go`).

use std::collections::BTreeSet;

use crate::kubernetes::claim::Note;
use crate::kubernetes::facts::Ingress;
use crate::kubernetes::inventory::Inventory;

/// The entries of an annotated Ingress for which no certificate ever comes.
pub(super) fn refused<'a>(inventory: &Inventory<'_>, ingress: &'a Ingress) -> Vec<Note<'a>> {
    let mut notes = Vec::new();
    if !ingress.meta.has_shim() {
        return notes;
    }
    let mut seen = BTreeSet::new();
    let issuer = ingress.meta.issuer();
    for entry in &ingress.tls {
        let hosts = entry.hosts.iter().map(|host| &host.value);
        if let Some((message, help)) = inventory.wildcard_refused(issuer.as_deref(), hosts) {
            notes.push(Note::NeverIssued {
                at: &entry.at,
                message,
                help: help.to_owned(),
            });
            continue;
        }
        let (why, help) = match &entry.secret {
            None => ("`secretName` is missing", "add a `secretName`"),
            Some(_) if entry.hosts.is_empty() => {
                ("`hosts` is empty", "list the hosts under `hosts`")
            }
            Some(secret) if !seen.insert(&secret.value) => (
                "another entry has the same `secretName`",
                "give each entry a `secretName` of its own",
            ),
            Some(_) => continue,
        };
        notes.push(Note::NeverIssued {
            at: &entry.at,
            message: format!("cert-manager makes no certificate for this entry: {why}"),
            help: help.to_owned(),
        });
    }
    notes
}
