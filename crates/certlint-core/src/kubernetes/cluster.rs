//! All objects of the input side by side, as one cluster would hold them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::{
    Fact, Fault, Ingress, IngressClass, Part, Request, Secret, Supplier, qualified,
};
use super::gateway;
use super::mounts::{ConfigMap, Pod};
use super::object::{self, Objects};
use crate::model::{BundleId, KeyId};
use crate::x509::{self, Certificate, CertificateFile, KeyOutcome, Pair};

/// The objects, by what they are looked up with.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    /// The Ingress, and its `tls` entry, whose Certificate writes a Secret.
    pub(super) shim_owners: HashMap<String, (usize, usize)>,
    pub(super) gateways: gateway::Objects,
    pub(super) ingresses: Vec<Ingress>,
    pub(super) classes: BTreeMap<String, IngressClass>,
    /// By `NAMESPACE/NAME`.
    pub(super) secrets: BTreeMap<String, Kept>,
    /// Those of them that are not in the input: see `public.rs`.
    pub(super) public: BTreeSet<String>,
    /// By the Secret that they write.
    pub(super) requests: BTreeMap<String, Vec<Request>>,
    /// By the Secret that they write.
    pub(super) suppliers: BTreeMap<String, Supplier>,
    pub(super) objects: Objects,
    /// By `NAMESPACE/NAME`.
    pub(super) config_maps: BTreeMap<String, ConfigMap>,
    pub(super) pods: Vec<Pod>,
    /// By name, the namespaces that have a Secret of it; for Gateways of Istio.
    pub(super) namespaces_of_secrets: HashMap<String, Vec<String>>,
    /// Issuers of cert-manager: whether they can issue wildcards. By `NAMESPACE/NAME`, and by
    /// `/NAME` those of the cluster.
    pub(super) issuers: BTreeMap<String, bool>,
    /// A Secret is judged by itself, for all that may be served with it.
    pub(super) is_alone: bool,
}

/// A Secret with what was made of it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) secret: Box<Secret>,
    /// The certificate, while the model does not own it yet.
    pub(super) leaf: Option<Certificate>,
    pub(super) bundle: Option<BundleId>,
    pub(super) key: Option<KeyId>,
    /// Certificate and key are there and belong together.
    pub(super) is_usable: bool,
    /// Why no certificate or key can be read, in the words of the finding.
    pub(super) fault: Option<String>,
}

impl Cluster {
    /// Finds the oldest annotated Ingress of each Secret: its Certificate is the one that counts.
    /// Without a time of creation it is the first one in the input.
    pub(super) fn index_shims(&mut self) {
        let mut owners: HashMap<String, (usize, usize)> = HashMap::new();
        for (index, ingress) in self.ingresses.iter().enumerate() {
            if !ingress.meta.has_shim() {
                continue;
            }
            for (place, entry) in ingress.tls.iter().enumerate() {
                let Some(secret) = &entry.secret else {
                    continue;
                };
                let key = qualified(&ingress.meta.namespace, &secret.value);
                let owner = owners.entry(key).or_insert((index, place));
                if ingress.meta.created < self.ingresses[owner.0].meta.created {
                    *owner = (index, place);
                }
            }
        }
        self.shim_owners = owners;
    }

    /// Finds the namespaces of Secrets by their names, where Gateways of Istio need them.
    pub(super) fn index_credentials(&mut self) {
        let mut pairings = self.objects.pairings.iter();
        if !pairings.any(|pairing| matches!(pairing.certificate, object::Certificate::Istio { .. }))
        {
            return;
        }
        for kept in self.secrets.values() {
            let meta = &kept.secret.meta;
            let namespaces = self.namespaces_of_secrets.entry(meta.name.clone());
            namespaces.or_default().push(meta.namespace.clone());
        }
    }

    /// The Secret itself is in the input.
    pub(super) fn has_secret(&self, key: &str) -> bool {
        self.secrets.contains_key(key) && !self.public.contains(key)
    }

    /// Something other than a Secret of the input is to write this one.
    pub(super) fn is_supplied(&self, key: &str) -> bool {
        self.requests.contains_key(key)
            || self.suppliers.contains_key(key)
            || self.shim_owners.contains_key(key)
    }

    pub(super) fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Certificate(request) => {
                let secret = format!("{}/{}", request.meta.namespace, request.secret.value);
                self.requests.entry(secret).or_default().push(request);
            }
            Fact::ConfigMap(map) => {
                self.config_maps.insert(map.meta.key(), map);
            }
            Fact::Gateway(fact) => self.gateways.add(fact),
            Fact::Ingress(ingress) => self.ingresses.push(ingress),
            Fact::IngressClass(class) => {
                self.classes.insert(class.name.clone(), class);
            }
            Fact::Secret(secret) => {
                if let Some(supplier) = replicated(&secret) {
                    self.suppliers.insert(secret.meta.key(), supplier);
                    return;
                }
                let kept = Kept::new(secret);
                self.secrets.insert(kept.secret.meta.key(), kept);
            }
            Fact::Issuer(issuer) => {
                self.issuers.insert(issuer.key, issuer.issues_wildcards);
            }
            Fact::Pod(pod, other) => {
                self.pods.push(pod);
                if let Some(other) = other {
                    self.objects.add(other);
                }
            }
            Fact::Object(fact) => self.objects.add(fact),
            Fact::Suppliers(suppliers) => {
                for supplier in suppliers {
                    let secret = format!("{}/{}", supplier.namespace, supplier.secret);
                    self.suppliers.insert(secret, supplier);
                }
            }
        }
    }
}

impl Kept {
    /// Takes a Secret with `cert` and `key` for one with a certificate, if it is one.
    pub(super) fn take_generic(&mut self) {
        let secret = &mut self.secret;
        let is_there = |certificate: &Part<CertificateFile>| certificate.value.is_ok();
        if secret.is_tls || !secret.certificate.as_ref().is_some_and(is_there) {
            return;
        }
        secret.is_tls = true;
        self.leaf = leaf(secret);
    }

    pub(super) fn new(secret: Box<Secret>) -> Self {
        let leaf = leaf(&secret);
        let key = secret.key.as_ref().map(|part| part.value.as_ref());
        let is_pair = match (&leaf, key) {
            // For all that is known.
            (Some(_), Some(Err(Fault::Encrypted))) => true,
            (Some(leaf), Some(Ok(key))) => {
                matches!(key.outcome, KeyOutcome::Found(_))
                    && !matches!(
                        x509::pair(leaf, key),
                        Pair::Mismatch | Pair::OtherType { .. }
                    )
            }
            _ => false,
        };
        Self {
            is_usable: match secret.summarised {
                Some(before) => before.is_usable,
                None => is_pair && secret.leaf_is_first_block,
            },
            secret,
            leaf,
            bundle: None,
            key: None,
            fault: None,
        }
    }
}

/// Annotations by which a replicator fills a Secret from another one.
const REPLICATED: &[&str] = &[
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate-from",
];

/// The Secret that an empty one is to be filled from.
fn replicated(secret: &Secret) -> Option<Supplier> {
    let mut annotations = REPLICATED.iter();
    let source = annotations.find_map(|name| secret.meta.annotation(name))?;
    let is_empty = match &secret.certificate {
        Some(part) => matches!(part.value, Err(Fault::Empty)),
        None => true,
    };
    is_empty.then(|| Supplier {
        kind: "Secret",
        name: source.value.clone(),
        namespace: secret.meta.namespace.clone(),
        secret: secret.meta.name.clone(),
    })
}

/// The certificate of a Secret that is meant for one.
fn leaf(secret: &Secret) -> Option<Certificate> {
    let part = secret.certificate.as_ref().filter(|_| secret.is_tls)?;
    let file = part.value.as_ref().ok()?;
    let certificates = file.refused.is_none().then_some(&file.certificates)?;
    certificates.first().cloned()
}
