//! The Secrets of nginx's certificate paths: those that are not in the input, and those that
//! cert-manager is about to write anew.

use std::collections::{BTreeMap, BTreeSet};

use super::Main;
use super::tree::{Found, Tree};
use crate::kubernetes::bind::{Binder, lacking, missing};
use crate::kubernetes::inventory::{Inventory, Reference, Wish, names, request_covers, shim_hosts};
use crate::loader::Loader;
use crate::model::{CertRef, Diagnosis, Fragment, Outcome, Serving, UnverifiableKind};
use crate::name::{HostPattern, Verdict, covers};
use crate::source::{Location, Spanned};

/// Judges what the names of one container are served with.
pub(super) struct Secrets<'a, 'b, 'c, 'f> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) main: &'a Main,
    pub(super) loader: &'a Loader<'a>,
    pub(super) binder: &'b mut Binder<'c, 'f>,
}

impl Secrets<'_, '_, '_, '_> {
    pub(super) fn judge(mut self, fragment: &mut Fragment) {
        let mut paths = BTreeMap::new();
        for pair in fragment
            .servers
            .iter()
            .flat_map(|server| &*server.certificates)
        {
            paths.insert(pair.at.clone(), pair.path.clone());
        }
        let rows = std::mem::take(&mut fragment.rows);
        let mut seen = BTreeSet::new();
        let mut changed = BTreeMap::new();
        for rows in rows.chunk_by(|a, b| (a.name, a.outcome) == (b.name, b.outcome)) {
            let Outcome::Answered { serving, .. } = &fragment.outcomes[rows[0].outcome] else {
                continue;
            };
            let name = fragment.name(rows[0]);
            let host = Spanned::new(name.text.to_string(), name.at.clone());
            for served in serving.certificates() {
                let path = paths.get(&served.at).map(|path| &**path);
                let Some(secret) = self.secret(&served.certificate, path) else {
                    continue;
                };
                let wish = Wish {
                    host: &host.value,
                    pattern: &name.pattern,
                };
                let reference = Reference::new(secret, &served.at);
                let new = self.judge_one(&reference, &wish, &host, serving, &mut seen);
                if let Some(new) = new {
                    changed.insert((rows[0].name, rows[0].outcome), new);
                }
            }
        }
        fragment.rows = rows;
        let changed: BTreeMap<_, _> = changed
            .into_iter()
            .map(|(row, outcome)| (row, fragment.outcomes.push(outcome)))
            .collect();
        for row in &mut fragment.rows {
            if let Some(&outcome) = changed.get(&(row.name, row.outcome)) {
                row.outcome = outcome;
            }
        }
        fragment.rows.sort_unstable();
        // Said of the Secret, not of the path.
        fragment.diagnoses.retain(|diagnosis| {
            !matches!(diagnosis, Diagnosis::Unverifiable {
                kind: UnverifiableKind::Certificate | UnverifiableKind::Key,
                what,
                ..
            } if self.absent(what).is_some())
        });
    }

    /// What becomes of a name that is served with a Secret, where that is not what the files say.
    fn judge_one(
        &mut self,
        reference: &Reference<'_>,
        wish: &Wish<'_>,
        host: &Spanned<String>,
        serving: &Serving,
        seen: &mut BTreeSet<(Location, String)>,
    ) -> Option<Outcome> {
        let inventory = self.binder.inventory;
        let Some(kept) = inventory.cluster.secrets.get(&reference.key) else {
            let state = inventory.state_of(&reference.key, None, wish);
            let outcome = lacking(&host.value, &reference.key, &state);
            let is_new = seen.insert((host.at.clone(), reference.key.clone()));
            if is_new && !is_promised(&reference.key, wish, &inventory) {
                self.binder.lacks(&host.value, &host.at, reference, state);
            }
            return Some(outcome);
        };
        let leaf = kept.leaf.as_ref()?;
        if !matches!(covers(&leaf.names, wish.pattern), Verdict::NotCovered) {
            return None;
        }
        if is_promised(&reference.key, wish, &inventory) {
            return Some(Outcome::Answered {
                serving: serving.clone(),
                doubt: inventory.rewritten(reference, wish).map(Into::into),
                undecided: None,
            });
        }
        let miss = inventory.request_to_blame(reference, wish, kept)?;
        let outcome = missing(&host.value, &miss);
        self.binder.misses(&host.value, &host.at, miss);
        Some(outcome)
    }

    /// `NAMESPACE/NAME` of the Secret that a certificate comes from, or will.
    fn secret(&self, certificate: &CertRef, path: Option<&str>) -> Option<String> {
        match certificate {
            CertRef::Bundle(id) => self.loader.inspect(|bundles, _| {
                let secret = bundles.get(id.0 as usize)?.secret.as_ref()?;
                Some(secret.to_string())
            }),
            CertRef::Unavailable(_) => self.absent(path?),
        }
    }

    /// The Secret that is not in the input and ought to have a file.
    fn absent(&self, path: &str) -> Option<String> {
        match self.tree.find(self.main.join(path).as_bytes()) {
            Found::Absent(secret) => Some(secret.to_owned()),
            _ => None,
        }
    }
}

/// What cert-manager is asked to write has the name, or may have it.
fn is_promised(key: &str, wish: &Wish<'_>, inventory: &Inventory<'_>) -> bool {
    let is_in =
        |asked: &[String]| !matches!(covers(&names(asked), wish.pattern), Verdict::NotCovered);
    if let Some((owner, _)) = inventory.shim_owner(key) {
        return is_in(&shim_hosts(owner, key));
    }
    let mut requests = inventory.requests(key).iter();
    requests.any(|request| match wish.pattern {
        HostPattern::Address(_) => request_covers(request, wish.pattern),
        _ => is_in(&request.dns_names),
    })
}
