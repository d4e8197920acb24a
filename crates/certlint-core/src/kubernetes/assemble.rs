//! From the objects of a cluster to the model: Secrets, what clients get, and what containers run.

use std::collections::BTreeMap;

use super::bind::Binder;
use super::cluster::Cluster;
use super::controllers;
use super::inventory::Inventory;
use super::lower::Options;
use super::mounts;
use super::public;
use super::secrets::{requests, take_in_routes, take_in_secrets};
use super::upstream;

use crate::loader::Loader;
use crate::model::{Diagnosis, Fragment};

/// Fills the fragment with what the objects say; what containers run gets fragments of its own.
pub(super) fn assemble(
    mut cluster: Cluster,
    loader: &Loader<'_>,
    options: &Options,
    fragment: &mut Fragment,
) -> Vec<Fragment> {
    controllers::promote_generic_secrets(&mut cluster);
    public::add(&mut cluster, loader);
    cluster.index_shims();
    take_in_secrets(&mut cluster, loader, fragment);
    take_in_routes(&mut cluster, loader);
    let mut unverifiable = BTreeMap::new();
    let inventory = Inventory {
        cluster: &cluster,
        options,
    };
    requests(&inventory, fragment);
    let mut binder = Binder::new(inventory, fragment, &mut unverifiable);
    controllers::bind_ingresses(&mut binder);
    controllers::bind_gateways(&mut binder);
    controllers::bind_objects(&mut binder);
    binder.fragment.rows.sort_unstable();
    upstream::not_verified(&cluster, fragment);
    mounts::lower_snippets(&cluster, loader, options, fragment);
    let pods = std::mem::take(&mut cluster.pods);
    let noted = (&mut *fragment, &mut unverifiable);
    let containers = mounts::lower(&pods, &mut cluster, loader, options, noted);
    for ((kind, what), (at, count)) in unverifiable {
        fragment.diagnoses.push(Diagnosis::Unverifiable {
            at,
            kind,
            what,
            count,
        });
    }
    containers
}
