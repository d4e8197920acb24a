//! The Secrets behind nginx's certificate paths: those that are not in the input, and those that
//! cert-manager is about to write anew.

use std::collections::{BTreeMap, BTreeSet};

use super::Main;
use super::tree::{Found, Tree};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::secret_use::{Judge, Use, request_covers, shim_hosts, shim_owner};
use crate::loader::Loader;
use crate::model::{CertRef, Fragment, Problem, UnverifiableKind};
use crate::name::{HostPattern, SanSet, Verdict, covers};
use crate::source::Spanned;

/// Judges what the endpoints of one container are served with.
pub(super) struct Secrets<'a, 'f> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) main: &'a Main,
    pub(super) loader: &'a Loader<'a>,
    pub(super) judge: Judge<'a, 'f>,
}

impl Secrets<'_, '_> {
    pub(super) fn judge(mut self, fragment: &mut Fragment) {
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
                let one = Use {
                    host: &host,
                    pattern: &name.pattern,
                    key: &secret,
                    at: &served.at,
                    issued_for: None,
                };
                let cluster = self.judge.cluster;
                let Some(kept) = cluster.secrets.get(&secret) else {
                    let is_new = seen.insert((name.at.clone(), secret.clone()));
                    if is_new && !is_promised(&one, cluster) {
                        self.judge.known(&one);
                    }
                    continue;
                };
                let misses = kept.leaf.as_ref().is_some_and(|leaf| {
                    matches!(covers(&leaf.names, one.pattern), Verdict::NotCovered)
                });
                if misses && !is_promised(&one, cluster) {
                    if self.judge.request_is_to_blame(&one, kept) {
                        return false;
                    }
                } else if misses {
                    endpoint.doubt = self.judge.pending(&one).map(Into::into);
                }
            }
            true
        });
        fragment.endpoints = endpoints;
        // Said of the Secret, not of the path.
        fragment.problems.retain(|problem| {
            !matches!(problem, Problem::Unverifiable {
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

/// What cert-manager is asked to write has the name, or nobody can tell.
fn is_promised(one: &Use<'_>, cluster: &Cluster) -> bool {
    let is_in = |names: &[String]| {
        let none: [&[u8]; 0] = [];
        let names = SanSet::new(names.iter(), none, none);
        !matches!(covers(&names, one.pattern), Verdict::NotCovered)
    };
    if let Some((owner, _)) = shim_owner(cluster, one.key) {
        return is_in(&shim_hosts(owner, one.key));
    }
    let requests = cluster.requests.get(one.key);
    requests.is_some_and(|requests| {
        requests.iter().any(|request| match one.pattern {
            HostPattern::Address(_) => request_covers(request, one.pattern),
            _ => is_in(&request.dns_names),
        })
    })
}
