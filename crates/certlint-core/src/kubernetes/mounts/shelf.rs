//! The ConfigMaps and Secrets that Pods mount, ready to be laid into file systems.
//!
//! A Secret of the input is one certificate of the model, however many containers mount it.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{Kind, Mount, Pod, SecretFile};
use crate::kubernetes::cluster::Cluster;
use crate::loader::{PemFile, Slot};
use crate::text::Text;
use crate::x509;

/// Files by object and key.
pub(super) struct Shelf {
    /// Secrets of which only the certificate is here.
    public: BTreeSet<String>,
    objects: BTreeMap<(Kind, String), BTreeMap<String, Item>>,
}

/// A file of a volume.
pub(super) enum Item {
    /// Of a ConfigMap.
    Text(Text, PemFile),
    /// Of a Secret.
    Pem(PemFile),
    /// It is there and cannot be read, which is said elsewhere; or it is encrypted.
    Unreadable,
}

impl Shelf {
    /// Takes what the Pods mount from the cluster, after its Secrets went into the model.
    pub(super) fn new(cluster: &mut Cluster, pods: &[Pod]) -> Self {
        let mut wanted = BTreeSet::new();
        for pod in pods {
            for piece in pod.mounts().flat_map(|mount| &mount.volume.pieces) {
                wanted.insert((piece.kind, format!("{}/{}", pod.namespace, piece.name)));
            }
        }
        let mut shelf = Self {
            public: cluster.public.clone(),
            objects: BTreeMap::new(),
        };
        for (kind, key) in wanted {
            let files = match kind {
                Kind::ConfigMap => config_map(cluster, &key),
                Kind::Secret => secret(cluster, &key),
            };
            shelf
                .objects
                .extend(files.map(|files| ((kind, key), files)));
        }
        shelf
    }

    /// How many files a mount brings.
    pub(super) fn files(&self, pod: &Pod, mount: &Mount) -> usize {
        let objects = mount.volume.pieces.iter().filter_map(|piece| {
            let key = format!("{}/{}", pod.namespace, piece.name);
            self.object(piece.kind, &key)
        });
        objects.map(BTreeMap::len).sum()
    }

    /// A Secret may have keys that are not here.
    pub(super) fn is_public(&self, secret: &str) -> bool {
        self.public.contains(secret)
    }

    pub(super) fn object(&self, kind: Kind, key: &str) -> Option<&BTreeMap<String, Item>> {
        self.objects.get(&(kind, key.to_owned()))
    }
}

fn config_map(cluster: &mut Cluster, key: &str) -> Option<BTreeMap<String, Item>> {
    let map = cluster.config_maps.remove(key)?;
    let item = |(text, at): (Text, _)| {
        let certificates = Slot::Parsed(x509::read_certificates(&text.bytes));
        let private = Slot::Parsed(x509::read_key(&text.bytes));
        let pem = PemFile::of_field(at, None, certificates, private);
        Item::Text(text, pem)
    };
    let files = map.files.into_iter();
    Some(files.map(|(name, file)| (name, item(file))).collect())
}

fn secret(cluster: &mut Cluster, key: &str) -> Option<BTreeMap<String, Item>> {
    let kept = cluster.secrets.get_mut(key)?;
    let files = std::mem::take(&mut kept.secret.files);
    let (bundle, key_id) = (kept.bundle, kept.key);
    let item = |file: SecretFile| {
        let certificates = file.certificates.map(Slot::Parsed);
        let private = file.key.map(Slot::Parsed);
        let certificates = certificates.or_else(|| {
            let own = bundle.filter(|_| file.name == "tls.crt");
            own.map(Slot::Taken)
        });
        let private = private.or_else(|| {
            let own = key_id.filter(|_| file.name == "tls.key");
            own.map(Slot::Taken)
        });
        match certificates.zip(private) {
            Some((certificates, private)) => Item::Pem(PemFile::of_field(
                file.at,
                Some(key.into()),
                certificates,
                private,
            )),
            None => Item::Unreadable,
        }
    };
    let named = files
        .into_iter()
        .map(|file| (file.name.clone(), item(file)));
    Some(named.collect())
}
