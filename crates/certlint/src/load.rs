//! Lowers the configurations that were found into models.
//!
//! Absolute paths mean something else for each configuration directory, so each has a loader and
//! in the end a model of its own. Main files come first: what they include is not checked again.
//! Texts that are read together are one more model.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use certlint_core::files::{Certificates, File, Files};
use certlint_core::frontend::{Options, Reader, Shape};
use certlint_core::kubernetes;
use certlint_core::loader::Loader;
use certlint_core::model::{Diagnosis, Fragment, Model, UnverifiableKind};
use certlint_core::nginx::dump::{Dump, DumpFiles};
use certlint_core::nginx::{self, Lowered, Version};
use rayon::prelude::*;

use crate::bytes;
use crate::certificates::PublicCertificates;
use crate::config::Settings;
use crate::console::Console;
use crate::discover::{Discovery, Root, discover};
use crate::files::{ConfDir, DiskFiles, Shared};
use crate::left_out::LeftOut;
use crate::together;

/// Everything that was read.
pub(crate) struct Loaded {
    /// One for each configuration directory, sorted by its path, and one for each front-end that
    /// reads its texts together.
    pub(crate) models: Vec<Model>,
    /// How many files of configuration and of manifests were read.
    pub(crate) files: usize,
    /// What was seen and not read.
    left_out: LeftOut,
}

impl Loaded {
    /// What there is instead of something to check; `None` where there is something.
    ///
    /// Templates alone are nothing to check.
    pub(crate) fn nothing(&self) -> Option<String> {
        let mut templates = BTreeSet::new();
        for model in &self.models {
            let is_empty = |it: &Fragment| it.servers.is_empty() && it.rows.is_empty();
            if !model.bundles.is_empty() || !model.fragments.iter().all(is_empty) {
                return None;
            }
            for problem in model.fragments.iter().flat_map(|it| &it.diagnoses) {
                if let Diagnosis::Template { at, .. } = problem {
                    templates.insert(model.sources.get(at.source).name());
                }
            }
        }
        (templates.len() >= self.files).then(|| self.left_out.instead(templates.len()))
    }
}

/// The purpose of the models, as far as lowering must know it.
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
        left_out: LeftOut::default(),
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
    let together = std::mem::take(&mut discovery.together);
    let left_out = std::mem::take(&mut discovery.left_out);
    let prefix = args.conf_prefix.as_ref();
    let mut kubernetes = kubernetes::Options {
        require_secrets: purpose.require_secrets,
        classes: settings.config.ingress_classes.clone(),
        ..kubernetes::Options::default()
    };
    if let Some(namespace) = &args.namespace {
        kubernetes.namespace.clone_from(namespace);
    }
    let lower = Lower {
        options: Options {
            nginx: nginx::Options {
                version: args.nginx_version.unwrap_or(Version::LATEST),
                names: purpose.names.to_vec(),
                ..nginx::Options::default()
            },
            kubernetes,
        },
        prefix: prefix
            .map(|prefix| bytes::of_path(&discovery.shared.working_directory.join(prefix))),
        certificates,
        console,
    };
    let has_root = discovery.places.root.is_some();
    let shared = discovery.shared.clone();
    let groups = groups(discovery, lower.prefix.is_some());
    let open: Vec<OpenGroup<'_>> = groups.iter().map(Group::open).collect();
    let (mut models, mut files) = lower.all(&open);
    for (group, model) in groups.iter().zip(&models) {
        group.tell(model, has_root, &shared, console);
    }
    for (front_end, texts) in together.into_values() {
        let Reader::Together(reader) = front_end.reader() else {
            continue;
        };
        let (model, read) = together::lower(reader, texts, certificates, &lower.options, console);
        models.push(model);
        files += read;
    }
    left_out.tell(console);
    Loaded {
        models,
        files,
        left_out,
    }
}

/// The configurations of one directory.
struct Group {
    disk: DiskFiles,
    /// It is on this disk, or the dump of this machine.
    is_here: bool,
    roots: Vec<Root>,
}

/// A group with its files: those on disk, or those of a dump in front of them.
struct OpenGroup<'g> {
    disk: &'g DiskFiles,
    dump: Option<DumpFiles<'g>>,
    roots: &'g [Root],
}

/// Groups the roots; `has_prefix` where the user says where relative names start from.
fn groups(discovery: Discovery, has_prefix: bool) -> Vec<Group> {
    let mut groups: BTreeMap<(PathBuf, &str, bool, usize), Group> = BTreeMap::new();
    for (index, root) in discovery.roots.into_iter().enumerate() {
        // A dump is a world of its own.
        let world = root.dump.as_ref().map_or(0, |_| index + 1);
        let (conf_dir, main) = (root.conf_dir.clone(), root.reader.layout().main);
        let key = (conf_dir, main, root.has_main, world);
        let group = groups.entry(key).or_insert_with(|| {
            let is_here = root.dump.as_ref().is_none_or(is_of_this_machine);
            let conf_dir = is_here.then_some(ConfDir {
                path: &root.conf_dir,
                is_certain: root.has_main || has_prefix,
            });
            Group {
                is_here,
                disk: DiskFiles::new(
                    &discovery.places,
                    root.reader.layout(),
                    conf_dir,
                    discovery.shared.clone(),
                ),
                roots: Vec::new(),
            }
        });
        group.roots.push(root);
    }
    groups.into_values().collect()
}

/// A dump is of this machine when all its files are here, too.
fn is_of_this_machine(dump: &Dump) -> bool {
    dump.sections.iter().all(|section| {
        fs::read(bytes::to_path(&section.path)).is_ok_and(|bytes| bytes == *section.bytes)
    })
}

impl Group {
    /// Says once what was guessed, and what the user can do about files that were not found.
    fn tell(&self, model: &Model, has_root: bool, shared: &Shared, console: &Console) {
        for (prefix, base) in self.disk.guessed_prefixes() {
            let (prefix, base) = (
                String::from_utf8_lossy(&prefix).into_owned(),
                shared.name(&base),
            );
            console.note(format!(
                "took `{prefix}` for `{base}`, by the files in it; `--map-path {prefix}={base}` \
                 makes it certain"
            ));
        }
        let is_file = |kind: UnverifiableKind| {
            use UnverifiableKind as Kind;
            matches!(kind, Kind::Certificate | Kind::Include | Kind::Key)
        };
        let mut diagnoses = model.fragments.iter().flat_map(|it| &it.diagnoses);
        let lacks_files = diagnoses.any(
            |problem| matches!(problem, Diagnosis::Unverifiable { kind, .. } if is_file(*kind)),
        );
        if !self.is_here && !has_root && lacks_files {
            console.note(
                "the printed configuration differs from the files of this machine, so the \
                 certificates that it names were not looked for: `--root /` takes those of this \
                 machine",
            );
        }
    }

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

    fn mains(&self) -> impl Iterator<Item = &Root> {
        let roots = self.roots.iter();
        roots.filter(|root| root.shape == Shape::Whole)
    }

    fn pieces(&self) -> impl Iterator<Item = &Root> {
        let roots = self.roots.iter();
        roots.filter(|root| root.shape != Shape::Whole)
    }
}

struct Lower<'a> {
    options: Options,
    /// Where relative names start from, if the user says so.
    prefix: Option<Vec<u8>>,
    certificates: Option<&'a dyn Certificates>,
    console: &'a Console,
}

impl Lower<'_> {
    /// The models, and how many files were read.
    fn all(&self, groups: &[OpenGroup<'_>]) -> (Vec<Model>, usize) {
        let mains = in_parallel(groups.iter().collect(), |group: &OpenGroup<'_>| {
            let loader = Loader::new(group.files()).with_certificates(self.certificates);
            let lowered = self.each(&loader, group.mains());
            (loader, lowered)
        });
        let included = Included::new(mains.iter().flat_map(|(_, lowered)| lowered));
        let work = mains.into_iter().zip(groups).collect();
        let parts = in_parallel(
            work,
            |((loader, mut lowered), group): (_, &OpenGroup<'_>)| {
                // A whole configuration may be a mere part of another one.
                lowered.retain(|it: &Lowered| !included.has_main(it));
                let pieces = group.pieces();
                let pieces = pieces.filter(|root| !included.has(&root.name));
                let (disabled, pieces): (Vec<&Root>, Vec<&Root>) =
                    pieces.partition(|root| root.is_disabled);
                let (alone, lone): (Vec<&Root>, Vec<&Root>) =
                    pieces.into_iter().partition(|root| root.has_main);
                lowered.extend(self.each(&loader, alone.into_iter()));
                lowered.extend(self.by_directory(&loader, lone));
                let mut files = BTreeSet::new();
                let mut fragments: Vec<Fragment> = Vec::new();
                for it in lowered {
                    files.extend(it.files);
                    fragments.push(it.fragment);
                }
                fragments.extend(not_enabled(&loader, &disabled));
                files.extend(disabled.iter().map(|root| root.name.clone()));
                (loader.finish(fragments), files)
            },
        );
        let (models, files): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let files: BTreeSet<_> = files.into_iter().flatten().collect();
        (models, files.len())
    }

    /// Lowers pieces without a main file, those of a directory together.
    fn by_directory(&self, loader: &Loader<'_>, pieces: Vec<&Root>) -> Vec<Lowered> {
        let mut directories: BTreeMap<Option<PathBuf>, Vec<&Root>> = BTreeMap::new();
        for root in pieces {
            let path = bytes::to_path(&root.path);
            let directory = path.parent().map(Path::to_owned);
            directories.entry(directory).or_default().push(root);
        }
        let mut all = Vec::new();
        for roots in directories.into_values() {
            let Some(first) = roots.first() else {
                continue;
            };
            let prefix = self.prefix_of(first);
            for root in &roots {
                loader.keep_text(&root.path, root.name.clone(), root.bytes.clone());
            }
            let paths: Vec<Vec<u8>> = roots.iter().map(|root| root.path.clone()).collect();
            match first
                .reader
                .lower_pieces(loader, &paths, &prefix, &self.options)
            {
                Ok(lowered) => all.extend(lowered),
                Err((path, error)) => {
                    let path = bytes::to_path(&path);
                    self.console
                        .error(format!("cannot read `{}`: {error}", path.display()));
                }
            }
        }
        all
    }

    fn prefix_of(&self, root: &Root) -> Vec<u8> {
        let own = || bytes::of_path(&root.conf_dir);
        self.prefix.clone().unwrap_or_else(own)
    }

    fn each<'r>(&self, loader: &Loader<'_>, roots: impl Iterator<Item = &'r Root>) -> Vec<Lowered> {
        let mut all = Vec::new();
        for root in roots {
            let prefix = self.prefix_of(root);
            loader.keep_text(&root.path, root.name.clone(), root.bytes.clone());
            match root
                .reader
                .lower(loader, &root.path, &prefix, &self.options)
            {
                Ok(lowered) => all.push(lowered),
                Err(error) => self
                    .console
                    .error(format!("cannot read `{}`: {error}", root.name)),
            }
        }
        all
    }
}

/// Sites that are not enabled are not checked, and that is said once.
fn not_enabled(loader: &Loader<'_>, disabled: &[&Root]) -> Option<Fragment> {
    let first = disabled.first()?;
    let file = |root: &&Root| File {
        name: root.name.clone(),
        bytes: root.bytes.clone(),
        mode: None,
    };
    let files = disabled.iter().map(file).collect();
    first.reader.not_enabled(loader, files)
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
