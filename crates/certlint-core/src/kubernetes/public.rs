//! Secrets that are not in the input, whose public certificate is given beside it.
//!
//! Each takes the place of its Secret in the cluster, without a key: what is wrong with the pair,
//! or with the Secret around the certificate, is not known here.

use std::collections::BTreeSet;

use super::cluster::Cluster;
use super::controller::Controller;
use super::controllers::{self, controller_of};
use super::facts::{Fact, Meta, Misspelt, Part, Secret, Summarised};
use super::mounts::SecretFile;
use crate::files::File;
use crate::loader::Loader;
use crate::model::Extent;
use crate::source::Location;
use crate::x509;

/// Adds those Secrets that objects of the cluster name and that can be read nowhere else.
pub(super) fn add(cluster: &mut Cluster, loader: &Loader<'_>) {
    if !loader.has_public_certificates() {
        return;
    }
    for key in named(cluster) {
        let is_known = |secret: &Secret| !secret.is_encrypted;
        let kept = cluster.secrets.get(&key);
        if kept.is_some_and(|kept| is_known(&kept.secret)) {
            continue;
        }
        let Some((namespace, name)) = key.split_once('/') else {
            continue;
        };
        if let Some(file) = loader.public_secret(namespace, name) {
            let secret = secret(namespace, name, file, loader);
            cluster.add(Fact::Secret(Box::new(secret)));
            cluster.public.insert(key);
        }
    }
}

/// All Secrets from which something is served, as `NAMESPACE/NAME`.
pub(super) fn named(cluster: &Cluster) -> BTreeSet<String> {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for ingress in &cluster.ingresses {
        let secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
        let namespace = match controller_of(ingress, &cluster.classes).controller {
            Controller::Contour => controllers::tls_namespace(ingress),
            _ => &ingress.meta.namespace,
        };
        named.extend(secrets.map(|secret| format!("{namespace}/{}", secret.value)));
    }
    let default = cluster.objects.workloads.default_certificate();
    named.extend(default.map(|secret| secret.value.clone()));
    named.extend(cluster.gateways.named_secrets());
    named.extend(controllers::named_secrets(cluster));
    named.extend(cluster.pods.iter().flat_map(|pod| pod.named_secrets()));
    named
}

fn secret(namespace: &str, name: &str, file: File, loader: &Loader<'_>) -> Secret {
    let leaf_is_first_block = x509::pem::is_certificate_first(&file.bytes);
    let certificates = x509::read_certificates(&file.bytes);
    let at = Location::whole(loader.keep_shown(file));
    Secret {
        meta: Meta::named(namespace, name, at.clone()),
        is_tls: true,
        certificate: Some(Part {
            at: at.clone(),
            value: Ok(certificates),
        }),
        key: None,
        // The rest is as it ought to be, for all that is known.
        has_tls_type: true,
        type_at: at.clone(),
        has_authority: true,
        is_encrypted: false,
        leaf_is_first_block,
        misspelt: Misspelt::default(),
        files: vec![SecretFile::of_public_certificate(at)],
        summarised: Some(Summarised {
            extent: Extent::Whole,
            has_key: true,
            is_usable: leaf_is_first_block,
        }),
    }
}
