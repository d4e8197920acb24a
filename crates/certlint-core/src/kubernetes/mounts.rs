//! nginx inside of manifests: its configuration in ConfigMaps, its certificates in Secrets.
//!
//! ```text
//! Pod ─ volumes, mounts ─▶ Tree (Files) ─ nginx::lower ─▶ Fragment, one for each container
//! ```
//!
//! The places of a ConfigMap's text are those of the manifest, so that no later step knows
//! the difference.

mod objects;
mod secrets;
mod shelf;
mod snippet;
mod tree;

pub(super) use objects::{ConfigMap, Pod, SecretFile, config_map, pod, secret_files};
pub(super) use snippet::{Snippet, snippets};

use std::collections::BTreeSet;

use objects::Container;
use secrets::Secrets;
use shelf::{Item, Shelf};
use tree::Tree;

use super::bind::{Binder, Unverifiable};
use super::cluster::Cluster;
use super::inventory::Inventory;
use super::lower::Options;
use crate::loader::Loader;
use crate::model::{Diagnosis, Fragment};
use crate::nginx::{self, Kind};
use crate::text::Text;

/// Where the image of nginx has its main file, and what that includes (packages of nginx.org).
const MAIN: &str = "/etc/nginx/nginx.conf";
const PIECES: &str = "/etc/nginx/conf.d";
/// Files in all containers together, and bytes of configuration among them; real ones have a few.
const MAX_FILES: usize = 200_000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Lowers the nginx configuration of all containers.
pub(super) fn lower(
    pods: &[Pod],
    cluster: &mut Cluster,
    loader: &Loader<'_>,
    options: &Options,
    (noted, unverifiable): (&mut Fragment, &mut Unverifiable),
) -> Vec<Fragment> {
    let shelf = Shelf::new(cluster, pods);
    let inventory = Inventory { cluster, options };
    let mut binder = Binder::new(inventory, noted, unverifiable);
    let mut fragments = Vec::new();
    let mut seen = BTreeSet::new();
    let (mut files, mut bytes) = (0, 0);
    for pod in pods {
        // The same files are the same nginx, in whatever Pod.
        if !seen.insert((&pod.namespace, &pod.containers)) {
            continue;
        }
        files += pod
            .mounts()
            .map(|mount| shelf.files(pod, mount))
            .sum::<usize>();
        if files > MAX_FILES {
            binder.fragment.diagnoses.push(too_much(pod));
            break;
        }
        for (tree, main) in running_nginx(pod, &shelf) {
            bytes += tree.bytes();
            if bytes > MAX_BYTES {
                binder.fragment.diagnoses.push(too_much(pod));
                return fragments;
            }
            let beside = loader.beside(&tree);
            tree.mount(&beside);
            let Some(mut fragment) = main.lower(&beside, &tree, &options.nginx) else {
                continue;
            };
            Secrets {
                tree: &tree,
                main: &main,
                loader,
                binder: &mut binder,
            }
            .judge(&mut fragment);
            fragments.push(fragment);
        }
    }
    fragments
}

/// Faults that nginx refuses in the snippets of Ingresses.
pub(super) fn lower_snippets(
    cluster: &Cluster,
    loader: &Loader<'_>,
    options: &Options,
    fragment: &mut Fragment,
) {
    for ingress in &cluster.ingresses {
        for snippet in &ingress.snippets {
            let text = snippet.text.clone();
            let (diagnoses, suppressions) =
                nginx::judge_snippet(loader, text, snippet.context, &options.nginx);
            fragment.diagnoses.extend(diagnoses);
            fragment.suppressions.extend(suppressions);
        }
    }
}

/// Where nginx starts to read in a container.
#[derive(Clone, Debug)]
enum Main {
    /// The logical path of the main file.
    File(String),
    /// The main file is the image's, and includes what lies in [`PIECES`].
    OfTheImage,
}

impl Main {
    /// The main file that a container has, if it has one or pieces for it.
    fn of(container: &Container, tree: &Tree<'_>) -> Option<Self> {
        let files = tree.files();
        let texts = files.iter().filter_map(|(path, item)| match item {
            Item::Text(text, _) => Some((path, text)),
            _ => None,
        });
        let looks_like_main =
            |text: &Text| matches!(nginx::sniff(&text.bytes), Kind::Main | Kind::MainPiece);
        // Many programs are given their configuration with `-c`.
        let is_started = |(path, text): &(&String, &Text)| {
            container.named.contains(*path) && (container.is_nginx || looks_like_main(text))
        };
        if let Some((path, _)) = texts.clone().find(is_started) {
            return Some(Self::File(path.clone()));
        }
        let paths: Vec<&String> = texts.clone().map(|(path, _)| path).collect();
        if paths.iter().any(|path| *path == MAIN) {
            return Some(Self::File(MAIN.to_owned()));
        }
        let mut mains = texts
            .clone()
            .filter(|(path, text)| path.ends_with("/nginx.conf") && looks_like_main(text));
        if let Some((path, _)) = mains.next() {
            return Some(Self::File(path.clone()));
        }
        let has_pieces = paths.iter().any(|path| is_piece(path));
        has_pieces.then_some(Self::OfTheImage)
    }

    fn lower(
        &self,
        loader: &Loader<'_>,
        tree: &Tree<'_>,
        options: &nginx::Options,
    ) -> Option<Fragment> {
        let lowered = match self {
            Self::File(path) => {
                let options = nginx::Options {
                    is_started: true,
                    ..options.clone()
                };
                nginx::lower(loader, path.as_bytes(), &options).ok()
            }
            Self::OfTheImage => {
                let files = tree.files().into_iter();
                let files = files.filter(|(path, _)| is_piece(path));
                let mut pieces: Vec<_> = files.map(|(path, _)| path.into_bytes()).collect();
                pieces.sort_unstable();
                nginx::lower_pieces(loader, MAIN.as_bytes(), &pieces, options)
            }
        };
        lowered.map(|lowered| lowered.fragment)
    }

    /// A path of the configuration, as nginx joins it to its prefix.
    fn join(&self, path: &str) -> String {
        let main = match self {
            Self::File(main) => main,
            Self::OfTheImage => MAIN,
        };
        let prefix = main.rfind('/').map_or("", |slash| &main[..=slash]);
        match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{prefix}{path}"),
        }
    }
}

/// `include /etc/nginx/conf.d/*.conf;`
fn is_piece(path: &str) -> bool {
    let name = path
        .strip_prefix(PIECES)
        .and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| {
        name.ends_with(".conf") && !name.starts_with('.') && !name.contains('/')
    })
}

/// The containers of a Pod that read nginx configuration.
///
/// A sidecar that watches the files for changes mounts them, too, and hardly ever all of them.
fn running_nginx<'s>(pod: &Pod, shelf: &'s Shelf) -> Vec<(Tree<'s>, Main)> {
    let mut found = Vec::new();
    for container in &pod.containers {
        let tree = Tree::new(container, &pod.namespace, shelf);
        if let Some(main) = Main::of(container, &tree) {
            found.push((container, tree, main));
        }
    }
    if found.iter().any(|(container, ..)| container.is_nginx) {
        found.retain(|(container, ..)| container.is_nginx);
    } else if let Some(most) = found.iter().map(|(one, ..)| one.mounts.len()).max() {
        found.retain(|(container, ..)| container.mounts.len() == most);
    }
    let found = found.into_iter();
    found.map(|(_, tree, main)| (tree, main)).collect()
}

fn too_much(pod: &Pod) -> Diagnosis {
    Diagnosis::Syntax {
        at: pod.at.clone(),
        message: "containers mount too many files, those of this one and the next are not read"
            .to_owned(),
        help: None,
        related: None,
    }
}
