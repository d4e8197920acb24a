//! The Secrets behind nginx's certificate paths: those that are not in the input, and those that
//! cert-manager is about to write anew.

use std::collections::{BTreeMap, BTreeSet};

use super::Main;
use super::tree::{Found, Tree};
use crate::kubernetes::bind::Binder;
use crate::kubernetes::inventory::{Inventory, Reference, Wish, names, request_covers, shim_hosts};
use crate::loader::Loader;
use crate::model::{CertRef, Diagnosis, Fragment, UnverifiableKind};
use crate::name::{HostPattern, Verdict, covers};
use crate::source::Spanned;

/// Judges what the endpoints of one container are served with.
pub(super) struct Secrets<'a, 'b, 'c, 'f> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) main: &'a Main,
    pub(super) loader: &'a Loader<'a>,
    pub(super) binder: &'b mut Binder<'c, 'f>,
}

impl Secrets<'_, '_, '_, '_> {
    pub(super) fn judge(self, fragment: &mut Fragment) {
        let mut paths = BTreeMap::new();
        for pair in fragment
            .servers
            .iter()
            .flat_map(|server| &*server.certificates)
        {
            paths.insert(pair.at.clone(), pair.path.clone());
        }
        let mut endpoints = std::mem::take(&mut fragment.endpoints);
        let mut seen = BTreeSet::new();
        endpoints.retain_mut(|endpoint| {
            let name = fragment.name(endpoint);
            let host = Spanned::new(name.text.to_string(), name.at.clone());
            for served in endpoint.serving.certificates() {
                let path = paths.get(&served.at).map(|path| &**path);
                let Some(secret) = self.secret(&served.certificate, path) else {
                    continue;
                };
                let wish = Wish {
                    host: &host.value,
                    pattern: &name.pattern,
                };
                let reference = Reference::new(secret, &served.at);
                let inventory = self.binder.inventory;
                let Some(kept) = inventory.cluster.secrets.get(&reference.key) else {
                    let is_new = seen.insert((name.at.clone(), reference.key.clone()));
                    if is_new && !is_promised(&reference.key, &wish, &inventory) {
                        let state = inventory.state_of(&reference.key, None, &wish);
                        self.binder.lacks(&host.value, &host.at, &reference, state);
                    }
                    continue;
                };
                let misses = kept.leaf.as_ref().is_some_and(|leaf| {
                    matches!(covers(&leaf.names, wish.pattern), Verdict::NotCovered)
                });
                if misses && !is_promised(&reference.key, &wish, &inventory) {
                    if let Some(miss) = inventory.request_to_blame(&reference, &wish, kept) {
                        self.binder.misses(&host.value, &host.at, miss);
                        return false;
                    }
                } else if misses {
                    endpoint.doubt = inventory.rewritten(&reference, &wish).map(Into::into);
                }
            }
            true
        });
        fragment.endpoints = endpoints;
        // Said of the Secret, not of the path.
        fragment.diagnoses.retain(|diagnosis| {
            !matches!(diagnosis, Diagnosis::Unverifiable {
                kind: UnverifiableKind::Certificate | UnverifiableKind::Key,
                what,
                ..
            } if self.absent(what).is_some())
        });
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
