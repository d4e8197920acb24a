//! Traefik: IngressRoute and IngressRouteTCP.
//!
//! Every Secret that is named anywhere goes into one pool, and each handshake gets what covers its
//! SNI, whichever router names it; else the default certificate of the store `default` (Traefik
//! manual, "TLS certificates"). So a Secret that misses a host is no proof.

use std::collections::BTreeMap;

use super::{contract, controller_of};
use crate::finding::Level;
use crate::kubernetes::claim::{Chosen, Claim, Outcome};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::controller::Controller;
use crate::kubernetes::inventory::{Inventory, Reference, kept_covers};
use crate::kubernetes::object::{Certificate, Store};
use crate::model::{Cause, PlaceholderReason, Serving, Unknown};
use crate::name::{Depth, HostPattern};
use crate::source::{Location, Spanned};

/// As many stores that are not used are looked at, so that the work stays bounded.
const OTHER_STORES: usize = 100;

/// All certificates that Traefik may serve.
pub(super) struct Pool<'a> {
    /// By `NAMESPACE/NAME`, with the first reference.
    secrets: BTreeMap<String, &'a Location>,
    /// For each entry of a certificate the first Secret that has it.
    by_name: BTreeMap<String, String>,
    /// The same for common names, which Traefik looks at, too, and clients do not.
    by_common_name: BTreeMap<String, String>,
    /// `NAMESPACE/NAME` of those in stores that Traefik does not use.
    of_other_stores: Vec<String>,
    /// The certificate served where none of them covers the host.
    default: Option<(String, &'a Location)>,
}

/// Serves a host with whatever of the pool covers it; `own` is what its router names.
pub(super) fn choose<'a>(
    claim: &Claim<'a>,
    own: Option<&Reference<'a>>,
    pool: &Pool<'a>,
    inventory: &Inventory<'a>,
) -> Outcome<'a> {
    let kept = |key: &str| inventory.cluster.secrets.get(key);
    let covers = |key: &str| kept(key).is_some_and(|kept| kept_covers(kept, &claim.pattern));
    let own = own.map(|own| (own.key.as_str(), own.at));
    let covering = own.filter(|(key, _)| covers(key));
    if let Some((key, at)) = covering.or_else(|| pool.covering(&claim.pattern))
        && let Some(bundle) = kept(key).and_then(|kept| kept.bundle)
    {
        return Outcome::Served {
            chosen: vec![Chosen {
                key: Some(key.to_owned()),
                bundle,
                at,
            }],
            doubt: None,
        };
    }
    let by_common_name = pool.with_common_name(&claim.host.value);
    let Some((key, at)) = by_common_name.or(own).or_else(|| pool.default()) else {
        return match pool.in_other_store(&claim.pattern, inventory.cluster) {
            Some(secret) => Outcome::Placeholder {
                controller: Controller::Traefik,
                why: PlaceholderReason::OtherStore,
                secret: Some(secret),
                level: Level::Warning,
            },
            None => Outcome::Unknown("the default certificate is not known here".to_owned()),
        };
    };
    let mut outcome = contract::with_secret(claim, &Reference::new(key.to_owned(), at), inventory);
    if let Outcome::Served { doubt, .. } = &mut outcome {
        let others = "Traefik serves any certificate that does, and others may be in the cluster";
        doubt.get_or_insert_with(|| others.to_owned());
    }
    outcome
}

impl<'a> Pool<'a> {
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        let mut pool = Self {
            secrets: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_common_name: BTreeMap::new(),
            of_other_stores: {
                let stores = cluster.objects.other_stores.iter();
                stores.take(OTHER_STORES).flat_map(Store::secrets).collect()
            },
            default: None,
        };
        for pairing in &cluster.objects.pairings {
            if let Certificate::Traefik(Some(secret)) = &pairing.certificate {
                pool.add(&pairing.meta.namespace, secret);
            }
        }
        for store in &cluster.objects.stores {
            for secret in store.certificates.iter().chain(&store.default) {
                pool.add(&store.namespace, secret);
            }
            if let (None, Some(secret)) = (&pool.default, &store.default) {
                let key = format!("{}/{}", store.namespace, secret.value);
                pool.default = Some((key, &secret.at));
            }
        }
        for ingress in &cluster.ingresses {
            if controller_of(ingress, &cluster.classes).controller == Controller::Traefik {
                let secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
                for secret in secrets {
                    pool.add(&ingress.meta.namespace, secret);
                }
            }
        }
        for key in pool.secrets.keys() {
            let kept = cluster.secrets.get(key);
            let leaf = kept.and_then(|kept| kept.bundle.and(kept.leaf.as_ref()));
            for name in leaf.into_iter().flat_map(|leaf| leaf.names.names()) {
                pool.by_name.entry(name).or_insert_with(|| key.clone());
            }
            let common = leaf.map_or(&[][..], |leaf| leaf.names.common_names());
            for name in common {
                let name = name.to_ascii_lowercase();
                pool.by_common_name
                    .entry(name)
                    .or_insert_with(|| key.clone());
            }
        }
        pool
    }

    fn add(&mut self, namespace: &str, secret: &'a Spanned<String>) {
        let key = format!("{namespace}/{}", secret.value);
        self.secrets.entry(key).or_insert(&secret.at);
    }

    /// A Secret of a store that Traefik does not use, and that covers a host.
    fn in_other_store(&self, pattern: &HostPattern, cluster: &Cluster) -> Option<String> {
        let mut secrets = self.of_other_stores.iter();
        let covers = |key: &&String| {
            let kept = cluster.secrets.get(*key);
            kept.is_some_and(|kept| kept_covers(kept, pattern))
        };
        secrets.find(covers).cloned()
    }

    /// What clients get for hosts that no certificate covers.
    pub(super) fn fallback(&self, cluster: &Cluster) -> Serving {
        let default = self.default().and_then(|(key, at)| {
            let bundle = cluster.secrets.get(key)?.bundle?;
            Some(Chosen {
                key: None,
                bundle,
                at,
            })
        });
        match default {
            Some(chosen) => Chosen::serving(&[chosen]),
            None => Serving::Unknown(Unknown::new(
                Cause::Elsewhere,
                "the default certificate is not known here",
            )),
        }
    }

    /// The default certificate, with the place that names it.
    fn default(&self) -> Option<(&str, &'a Location)> {
        self.default.as_ref().map(|(key, at)| (key.as_str(), *at))
    }

    /// A Secret with a host as its common name, with the place that names it.
    fn with_common_name(&self, host: &str) -> Option<(&str, &'a Location)> {
        let key = self.by_common_name.get(&host.to_ascii_lowercase())?;
        Some((key.as_str(), *self.secrets.get(key)?))
    }

    /// A Secret that covers a host, with the place that names it.
    fn covering(&self, pattern: &HostPattern) -> Option<(&str, &'a Location)> {
        let named = |name: &str| {
            let key = self.by_name.get(name)?;
            Some((key.as_str(), *self.secrets.get(key)?))
        };
        match pattern {
            HostPattern::Address(address) => named(&address.to_string()),
            HostPattern::Exact(host) => named(host).or_else(|| {
                let (_, parent) = host.split_once('.')?;
                named(&format!("*.{parent}"))
            }),
            HostPattern::LeadingWildcard {
                base,
                depth: Depth::One,
            } => named(&format!("*.{base}")),
            _ => None,
        }
    }
}
