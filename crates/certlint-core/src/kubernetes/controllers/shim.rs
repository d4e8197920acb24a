//! cert-manager's ingress-shim: what it needs of an Ingress (its `sync.go`).

use std::collections::BTreeSet;

use crate::kubernetes::claim::Note;
use crate::kubernetes::facts::Ingress;

/// The entries of an annotated Ingress for which no certificate ever comes.
pub(super) fn refused(ingress: &Ingress) -> Vec<Note<'_>> {
    let mut notes = Vec::new();
    if !ingress.meta.has_shim() {
        return notes;
    }
    let mut seen = BTreeSet::new();
    for entry in &ingress.tls {
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
