//! Lowers the configurations that were found into models.
//!
//! Absolute paths mean something else for each configuration directory, so each has a loader and
//! in the end a model of its own. Main files come first: what they include is not checked again.
//! Manifests are one more model, all together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use certlint_core::files::{Certificates, Files};
use certlint_core::kubernetes;
use certlint_core::loader::Loader;
use certlint_core::model::{Fragment, Model};
use certlint_core::nginx::dump::DumpFiles;
use certlint_core::nginx::{self, Kind, Lowered, Options, Version};
use rayon::prelude::*;

use crate::bytes;
use crate::certificates::PublicCertificates;
use crate::config::Settings;
use crate::console::Console;
use crate::discover::{Discovery, Root, discover};
use crate::files::DiskFiles;
use crate::manifests;

/// Everything that was read.
pub(crate) struct Loaded {
    /// One for each configuration directory, sorted by its path, and one for all manifests.
    pub(crate) models: Vec<Model>,
    /// How many files of configuration and of manifests were read.
    pub(crate) files: usize,
}

/// What is done with the models, as far as lowering must know it.
#[derive(Default)]
pub(crate) struct Purpose<'a> {
    /// The names that will be asked about.
    pub(crate) names: &'a [String],
    /// A Secret that is not there is an error.
    pub(crate) require_secrets: bool,
}

/// Reads all inputs; what cannot be read is told to `console`.
pub(crate) fn load(settings: &Settings, purpose: &Purpose<'_>, console: &Console) -> Loaded {
    let args = &settings.input;
    let nothing = Loaded {
        models: Vec::new(),
        files: 0,
    };
    let Some(mut discovery) = discover(args, &settings.excludes, console) else {
        return nothing;
    };
    let certificates = match &args.certificates {
        Some(directory) => {
            match PublicCertificates::new(directory, discovery.shared.clone(), console) {
                Some(certificates) => Some(certificates),
                None => return nothing,
            }
        }
        None => None,
    };
    let certificates = certificates.as_ref().map(|all| all as &dyn Certificates);
    let manifests = std::mem::take(&mut discovery.manifests);
    let prefix = args.conf_prefix.as_ref();
    let lower = Lower {
        options: Options {
            version: args.nginx_version.unwrap_or(Version::LATEST),
            conf_prefix: prefix
                .map(|prefix| bytes::of_path(&discovery.shared.working_directory.join(prefix))),
            names: purpose.names.to_vec(),
        },
        certificates,
        console,
    };
    let groups = groups(discovery);
    let groups: Vec<OpenGroup<'_>> = groups.iter().map(Group::open).collect();
    let mut loaded = lower.all(&groups);
    if !manifests.is_empty() {
        let mut options = kubernetes::Options {
            require_secrets: purpose.require_secrets,
            classes: settings.config.ingress_classes.clone(),
            nginx: Options {
                conf_prefix: None,
                ..lower.options
            },
            ..kubernetes::Options::default()
        };
        if let Some(namespace) = &args.namespace {
            options.namespace.clone_from(namespace);
        }
        let (model, files) = manifests::lower(manifests, certificates, &options, console);
        loaded.models.push(model);
        loaded.files += files;
    }
    loaded
}

/// The configurations of one directory.
struct Group {
    disk: DiskFiles,
    roots: Vec<Root>,
}

/// A group with its files: those on disk, or those of a dump in front of them.
struct OpenGroup<'g> {
    disk: &'g DiskFiles,
    dump: Option<DumpFiles<'g>>,
    roots: &'g [Root],
}

fn groups(discovery: Discovery) -> Vec<Group> {
    let mut groups: BTreeMap<(PathBuf, usize), Group> = BTreeMap::new();
    for (index, root) in discovery.roots.into_iter().enumerate() {
        // A dump is a world of its own.
        let world = root.dump.as_ref().map_or(0, |_| index + 1);
        let key = (root.conf_dir.clone(), world);
        let group = groups.entry(key).or_insert_with(|| {
            let conf_dir = is_here(&root).then_some(root.conf_dir.as_path());
            Group {
                disk: DiskFiles::new(&discovery.places, conf_dir, discovery.shared.clone()),
                roots: Vec::new(),
            }
        });
        group.roots.push(root);
    }
    groups.into_values().collect()
}

/// A dump is of this machine when its main file is here, too.
fn is_here(root: &Root) -> bool {
    root.dump.is_none()
        || fs::read(bytes::to_path(&root.path)).is_ok_and(|bytes| bytes == *root.bytes)
}

impl Group {
    fn open(&self) -> OpenGroup<'_> {
        let dump = self.roots.first().and_then(|root| root.dump.as_ref());
        OpenGroup {
            disk: &self.disk,
            dump: dump.map(|dump| DumpFiles::new(dump, &self.disk)),
            roots: &self.roots,
        }
    }
}

impl OpenGroup<'_> {
    fn files(&self) -> &dyn Files {
        match &self.dump {
            Some(dump) => dump,
            None => self.disk,
        }
    }

    fn of_kind(&self, is_main: bool) -> impl Iterator<Item = &Root> {
        let roots = self.roots.iter();
        roots.filter(move |root| (root.kind == Kind::Main) == is_main)
    }
}

struct Lower<'a> {
    options: Options,
    certificates: Option<&'a dyn Certificates>,
    console: &'a Console,
}

impl Lower<'_> {
    fn all(&self, groups: &[OpenGroup<'_>]) -> Loaded {
        let mains = in_parallel(groups.iter().collect(), |group: &OpenGroup<'_>| {
            let loader = Loader::new(group.files()).with_certificates(self.certificates);
            let lowered = self.each(&loader, group.of_kind(true));
            (loader, lowered)
        });
        let included = Included::new(mains.iter().flat_map(|(_, lowered)| lowered));
        let work = mains.into_iter().zip(groups).collect();
        let parts = in_parallel(
            work,
            |((loader, mut lowered), group): (_, &OpenGroup<'_>)| {
                // A whole configuration may be a mere part of another one.
                lowered.retain(|it: &Lowered| !included.has_main(it));
                let pieces = group.of_kind(false);
                let pieces = pieces.filter(|root| !included.has(&root.name));
                lowered.extend(self.each(&loader, pieces));
                let mut files = BTreeSet::new();
                let mut fragments: Vec<Fragment> = Vec::new();
                for it in lowered {
                    files.extend(it.files);
                    fragments.push(it.fragment);
                }
                (loader.finish(fragments), files)
            },
        );
        let (models, files): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Loaded {
            models,
            files: files.into_iter().flatten().collect::<BTreeSet<_>>().len(),
        }
    }

    fn each<'r>(&self, loader: &Loader<'_>, roots: impl Iterator<Item = &'r Root>) -> Vec<Lowered> {
        let mut all = Vec::new();
        for root in roots {
            let mut options = self.options.clone();
            let own = || bytes::of_path(&root.conf_dir);
            options.conf_prefix.get_or_insert_with(own);
            loader.keep_text(&root.path, root.name.clone(), root.bytes.clone());
            match nginx::lower(loader, &root.path, &options) {
                Ok(lowered) => all.push(lowered),
                Err(error) => self
                    .console
                    .error(format!("cannot read `{}`: {error}", root.name)),
            }
        }
        all
    }
}

/// Which main files include which files.
struct Included {
    /// The main files by the files that they include, themselves left out.
    by_file: BTreeMap<String, BTreeSet<String>>,
}

impl Included {
    fn new<'l>(mains: impl Iterator<Item = &'l Lowered>) -> Self {
        let mut by_file: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for lowered in mains {
            let Some((main, files)) = lowered.files.split_first() else {
                continue;
            };
            for file in files.iter().filter(|&file| file != main) {
                by_file
                    .entry(file.clone())
                    .or_default()
                    .insert(main.clone());
            }
        }
        Self { by_file }
    }

    fn has(&self, name: &str) -> bool {
        self.by_file.contains_key(name)
    }

    /// True for a part of another main file, unless each is a part of the other.
    fn has_main(&self, lowered: &Lowered) -> bool {
        let includers = lowered
            .files
            .first()
            .and_then(|main| self.by_file.get(main));
        includers
            .is_some_and(|includers| includers.iter().any(|other| !lowered.files.contains(other)))
    }
}

/// Maps in order; threads cost more than they bring where there is only one thing to do.
fn in_parallel<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    match items.len() {
        0 | 1 => items.into_iter().map(work).collect(),
        _ => items.into_par_iter().map(work).collect(),
    }
}
