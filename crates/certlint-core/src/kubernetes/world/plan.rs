//! How each text of a run is read: by which kustomization, and with which namespace.

use std::collections::{BTreeMap, BTreeSet};

use super::deployer;
use super::kustomization::{GeneratedSecret, Kustomization, is_kustomization, join, parent};
use super::patch::Target;
use crate::kubernetes::Object;
use crate::kubernetes::facts::Namespacing;
use crate::text::Text;

/// A text as one kustomization reads it, or by itself.
#[derive(Debug)]
struct Reading {
    /// Where its objects belong: the path of the text, or of the kustomization that nothing reads.
    place: String,
    namespace: Option<Assigned>,
    /// What the kustomization changes in the objects that it reads.
    targets: Vec<Target>,
    /// The reading of the kustomization that reads this one.
    outer: Option<usize>,
}

/// A namespace that does not stand in the objects.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assigned {
    name: String,
    /// All objects get it, not only those that name none.
    is_forced: bool,
}

/// How all texts of a run are read.
#[derive(Debug, Default)]
pub(in crate::kubernetes) struct Plan {
    readings: Vec<Reading>,
    /// By the place of the text: its readings.
    of_text: Vec<Vec<usize>>,
    /// Secrets that kustomizations make, each with its reading and the text that says so.
    pub(in crate::kubernetes) generated: Vec<(usize, usize, GeneratedSecret)>,
}

/// Bases may be read by very many overlays: so often all together, then no more.
const MAX_READINGS: usize = 200_000;

impl Plan {
    /// Every text by itself.
    pub(in crate::kubernetes) fn plain(count: usize) -> Self {
        let plain = |_| Reading::plain(String::new());
        Self {
            readings: (0..count).map(plain).collect(),
            of_text: (0..count).map(|index| vec![index]).collect(),
            generated: Vec::new(),
        }
    }

    /// From the names of texts, which are paths, and what those say that are kustomizations or
    /// deployers.
    pub(in crate::kubernetes) fn new(names: &[String], texts: &[Text]) -> Self {
        let paths: Vec<String> = names
            .iter()
            .map(|name| join("", &name.replace('\\', "/")).unwrap_or_else(|| name.clone()))
            .collect();
        let mut kustomizations = BTreeMap::new();
        for (index, (path, text)) in paths.iter().zip(texts).enumerate() {
            if is_kustomization(path)
                && let Some(read) = Kustomization::read(path, &text.bytes)
            {
                kustomizations.insert(read.directory.clone(), (index, read));
            }
        }
        let mut planner = Planner {
            by_path: (0..)
                .zip(&paths)
                .map(|(at, path)| (path.as_str(), at))
                .collect(),
            namespaces: namespaces(&paths, texts),
            kustomizations: &kustomizations,
            texts,
            plan: Self {
                of_text: vec![Vec::new(); texts.len()],
                ..Self::default()
            },
        };
        let read: BTreeSet<&str> = kustomizations
            .values()
            .flat_map(|(_, one)| &one.reads)
            .map(String::as_str)
            .collect();
        for (directory, (index, _)) in &kustomizations {
            if !read.contains(directory.as_str()) {
                planner.root(directory, &paths[*index]);
            }
        }
        planner.rest(&paths);
        planner.plan
    }

    /// The readings of a text.
    pub(in crate::kubernetes) fn of_text(&self, text: usize) -> &[usize] {
        &self.of_text[text]
    }

    pub(in crate::kubernetes) fn place(&self, reading: usize) -> &str {
        &self.readings[reading].place
    }

    /// The namespace of objects; `default` for those that are given none.
    pub(in crate::kubernetes) fn namespacing<'p>(
        &'p self,
        reading: usize,
        default: &'p str,
    ) -> Namespacing<'p> {
        match &self.readings[reading].namespace {
            Some(Assigned {
                name,
                is_forced: true,
            }) => Namespacing::All(name),
            Some(Assigned { name, .. }) => Namespacing::Unwritten(name),
            None => Namespacing::Unwritten(default),
        }
    }

    /// The directory to build in order to see what patches make of an object; `None` where nothing
    /// patches it.
    pub(in crate::kubernetes) fn changed_by(
        &self,
        reading: usize,
        object: &Object<'_>,
    ) -> Option<&str> {
        let mut at = Some(reading);
        while let Some(index) = at {
            let one = &self.readings[index];
            if one.targets.iter().any(|target| target.touches(object)) {
                return Some(match parent(&one.place) {
                    "" => ".",
                    directory => directory,
                });
            }
            at = one.outer;
        }
        None
    }
}

impl Reading {
    fn plain(place: String) -> Self {
        Self {
            place,
            namespace: None,
            targets: Vec::new(),
            outer: None,
        }
    }
}

struct Planner<'p> {
    by_path: BTreeMap<&'p str, usize>,
    /// By directory.
    namespaces: BTreeMap<String, Assigned>,
    /// By directory, each with its text.
    kustomizations: &'p BTreeMap<String, (usize, Kustomization)>,
    texts: &'p [Text],
    plan: Plan,
}

impl Planner<'_> {
    /// Follows a kustomization that nothing reads to all that it reads.
    fn root(&mut self, directory: &str, place: &str) {
        let assigned = self.namespaces.get(directory).cloned();
        let mut seen = BTreeSet::new();
        let mut pending = vec![(directory.to_owned(), None::<usize>)];
        while let Some((directory, outer)) = pending.pop() {
            let Some((text, one)) = self.kustomizations.get(&directory) else {
                continue;
            };
            if self.plan.readings.len() >= MAX_READINGS || !seen.insert(directory) {
                continue;
            }
            let own = one.namespace.clone().map(|name| Assigned {
                name,
                is_forced: true,
            });
            let outermost = match outer {
                Some(outer) => self.plan.readings[outer].namespace.clone(),
                None => assigned.clone(),
            };
            let namespace = match outermost {
                Some(forced) if forced.is_forced => Some(forced),
                default => own.or(default),
            };
            let reading = self.plan.readings.len();
            let merges = one
                .merges
                .iter()
                .filter_map(|path| self.by_path.get(path.as_str()));
            let merges = merges.flat_map(|&text| Target::of_patches(&self.texts[text].bytes));
            self.plan.readings.push(Reading {
                place: place.to_owned(),
                namespace,
                targets: one.targets.iter().cloned().chain(merges).collect(),
                outer,
            });
            for secret in &one.secrets {
                self.plan.generated.push((reading, *text, secret.clone()));
            }
            for path in &one.reads {
                match self.by_path.get(path.as_str()) {
                    Some(&text) => self.plan.of_text[text].push(reading),
                    None => pending.push((path.clone(), Some(reading))),
                }
            }
        }
    }

    /// Texts that no kustomization reads are read by themselves, unless they are patches.
    fn rest(&mut self, paths: &[String]) {
        let others: BTreeSet<&str> = self
            .kustomizations
            .values()
            .flat_map(|(_, one)| one.others.iter().chain(&one.merges))
            .map(String::as_str)
            .collect();
        for (text, path) in paths.iter().enumerate() {
            let is_object = !is_kustomization(path) && !others.contains(path.as_str());
            if !self.plan.of_text[text].is_empty() || !is_object {
                continue;
            }
            let mut reading = Reading::plain(path.clone());
            reading.namespace = self.assigned(parent(path));
            self.plan.of_text[text].push(self.plan.readings.len());
            self.plan.readings.push(reading);
        }
    }

    /// The namespace that a deployer gives to the manifests of a directory or of one above it.
    fn assigned(&self, mut directory: &str) -> Option<Assigned> {
        if self.namespaces.is_empty() {
            return None;
        }
        loop {
            if let Some(assigned) = self.namespaces.get(directory) {
                // Where there is a kustomization, only that is deployed.
                let is_built = self.kustomizations.contains_key(directory);
                return (!is_built).then(|| assigned.clone());
            }
            if directory.is_empty() {
                return None;
            }
            directory = parent(directory);
        }
    }
}

/// The namespaces that Flux and Argo CD give to directories of the run.
fn namespaces(paths: &[String], texts: &[Text]) -> BTreeMap<String, Assigned> {
    let deployers: Vec<_> = texts
        .iter()
        .flat_map(|text| deployer::find(&text.bytes))
        .collect();
    if deployers.is_empty() {
        return BTreeMap::new();
    }
    let mut directories = BTreeSet::new();
    for path in paths {
        let mut directory = parent(path);
        while !directory.is_empty() && directories.insert(directory) {
            directory = parent(directory);
        }
    }
    // The run may be above or below the top of the repository: the end of a path tells.
    let mut by_end: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for directory in &directories {
        let end = directory.rsplit('/').next().unwrap_or(directory);
        by_end.entry(end).or_default().push(directory);
    }
    let mut found: BTreeMap<String, Option<Assigned>> = BTreeMap::new();
    for one in deployers {
        let end = one.directory.rsplit('/').next().unwrap_or_default();
        let of_end = by_end.get(end).map_or(&[][..], Vec::as_slice);
        let is_meant = |directory: &&&str| {
            let rest = directory.strip_suffix(one.directory.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let mut meant = of_end.iter().filter(is_meant);
        let (Some(directory), None) = (meant.next(), meant.next()) else {
            continue;
        };
        let assigned = Assigned {
            name: one.namespace,
            is_forced: one.is_forced,
        };
        // Deployed into several namespaces: it is in none of them alone.
        let entry = found.entry((*directory).to_owned());
        let entry = entry.or_insert_with(|| Some(assigned.clone()));
        if entry.as_ref() != Some(&assigned) {
            *entry = None;
        }
    }
    let known = found.into_iter();
    known
        .filter_map(|(directory, assigned)| Some((directory, assigned?)))
        .collect()
}
