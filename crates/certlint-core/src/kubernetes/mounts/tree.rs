//! The file system of one container, as far as ConfigMaps and Secrets of the input make it.
//!
//! A mount hides what lies below it in the image and in outer mounts; what no volume provides is
//! the image's and not known. (Kubernetes: volumes of kind ConfigMap, Secret and projected.)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::objects::{Container, Kind, Mount, Volume};
use super::shelf::{Item, Shelf};
use crate::files::{File, FileError, Files};
use crate::loader::Loader;

/// Files that nginx's image brings for others to include: no servers, and nothing about TLS.
const OF_THE_IMAGE: &[&str] = &[
    "/etc/nginx/fastcgi.conf",
    "/etc/nginx/fastcgi_params",
    "/etc/nginx/mime.types",
    "/etc/nginx/proxy_params",
    "/etc/nginx/scgi_params",
    "/etc/nginx/uwsgi_params",
];

/// Mounts, each with the files of its volume.
pub(super) struct Tree<'s> {
    /// By path, without a final `/`.
    mounts: BTreeMap<String, View<'s>>,
}

/// A volume, seen from its mount.
struct View<'s> {
    /// `subPath`, without `/` at its ends.
    sub_path: String,
    /// By path in the volume.
    files: BTreeMap<String, &'s Item>,
    /// More may be in it.
    is_open: bool,
    /// A Secret that is not in the input and whose keys may lie here.
    absent: Option<String>,
}

/// The target of a path that the loader was not given.
pub(super) enum Found<'t> {
    /// `NAMESPACE/NAME` of a Secret that is not in the input.
    Absent(&'t str),
    Directory,
    Nothing,
    /// No volume that is known provides it.
    Outside,
}

impl<'s> Tree<'s> {
    pub(super) fn new(container: &Container, namespace: &str, shelf: &'s Shelf) -> Self {
        let mounts = container.mounts.iter();
        let view = |mount: &Mount| {
            let path = normal(mount.path.as_bytes())?;
            let sub_path = normal(mount.sub_path.as_bytes())?;
            let view = View::new(&mount.volume, namespace, shelf);
            Some((
                path,
                View {
                    sub_path: sub_path.trim_start_matches('/').to_owned(),
                    ..view
                },
            ))
        };
        Self {
            mounts: mounts.filter_map(view).collect(),
        }
    }

    pub(super) fn find(&self, path: &[u8]) -> Found<'_> {
        let Some((view, rest)) = normal(path).and_then(|path| self.view(&path)) else {
            return Found::Outside;
        };
        match view.files.get(&rest) {
            Some(_) => Found::Outside,
            None if view.has_below(&rest) => Found::Directory,
            None => match &view.absent {
                Some(secret) => Found::Absent(secret),
                None if view.is_open => Found::Outside,
                None => Found::Nothing,
            },
        }
    }

    /// Every file that is known, by its path.
    pub(super) fn files(&self) -> Vec<(String, &'s Item)> {
        let mut files = Vec::new();
        for (mount, view) in &self.mounts {
            for (name, item) in &view.files {
                let Some(rest) = below(name, &view.sub_path) else {
                    continue;
                };
                let path = match rest {
                    "" => mount.clone(),
                    rest => format!("{mount}/{rest}"),
                };
                // Not where another mount hides it.
                if let Some((own, _)) = self.view(&path)
                    && std::ptr::eq(own, view)
                {
                    files.push((path, *item));
                }
            }
        }
        files
    }

    /// How much configuration it may have.
    pub(super) fn bytes(&self) -> usize {
        let files = self.files().into_iter();
        let sizes = files.map(|(_, item)| match item {
            Item::Text(text, _) => text.bytes.len(),
            _ => 0,
        });
        sizes.sum()
    }

    /// Gives a loader the files that are known.
    pub(super) fn mount(&self, loader: &Loader<'_>) {
        for (path, item) in self.files() {
            match item {
                Item::Text(text, pem) => {
                    loader.mount_text(path.clone().into_bytes(), text.clone());
                    loader.mount_pem(path.into_bytes(), pem.clone());
                }
                Item::Pem(pem) => loader.mount_pem(path.into_bytes(), pem.clone()),
                Item::Unreadable => {}
            }
        }
    }

    /// The innermost mount that a path lies in, and where in its volume that is.
    fn view(&self, path: &str) -> Option<(&View<'s>, String)> {
        let mut outer = path;
        loop {
            if let Some(view) = self.mounts.get(outer) {
                let rest = path[outer.len()..].trim_start_matches('/');
                let parts = [view.sub_path.as_str(), rest];
                let parts = parts.iter().filter(|part| !part.is_empty());
                let rest: Vec<&str> = parts.copied().collect();
                return Some((view, rest.join("/")));
            }
            outer = &outer[..outer.rfind('/')?];
        }
    }
}

impl Files for Tree<'_> {
    /// Known files were given to the loader, so that this is about everything else.
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        match self.find(path) {
            Found::Directory => Err(FileError::Directory),
            Found::Nothing => Err(FileError::NotFound),
            Found::Outside if OF_THE_IMAGE.iter().any(|file| file.as_bytes() == path) => Ok(File {
                name: String::from_utf8_lossy(path).into_owned(),
                bytes: Arc::default(),
                mode: None,
            }),
            Found::Absent(_) | Found::Outside => Err(FileError::Outside),
        }
    }

    /// A directory of the image into which files are mounted one by one has these for all we know.
    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        let directory = normal(directory).ok_or(FileError::Outside)?;
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let first = |rest: &'_ str| rest.split('/').next().map(str::len);
        for mount in self.mounts.keys() {
            if let Some(rest) = below(mount, &directory).filter(|rest| !rest.is_empty()) {
                names.extend(first(rest).map(|length| &rest[..length]));
            }
        }
        match self.view(&directory) {
            Some((view, _)) if view.is_open || view.absent.is_some() => {
                return Err(FileError::Outside);
            }
            Some((view, inside)) => {
                for name in view.files.keys() {
                    if let Some(rest) = below(name, &inside).filter(|rest| !rest.is_empty()) {
                        names.extend(first(rest).map(|length| &rest[..length]));
                    }
                }
            }
            None if names.is_empty() => return Err(FileError::Outside),
            None => {}
        }
        Ok(names
            .into_iter()
            .map(|name| name.as_bytes().to_vec())
            .collect())
    }
}

impl<'s> View<'s> {
    fn new(volume: &Volume, namespace: &str, shelf: &'s Shelf) -> Self {
        let mut view = Self {
            sub_path: String::new(),
            files: BTreeMap::new(),
            is_open: volume.is_open,
            absent: None,
        };
        for piece in &volume.pieces {
            let key = format!("{namespace}/{}", piece.name);
            let Some(object) = shelf.object(piece.kind, &key) else {
                match piece.kind {
                    Kind::ConfigMap => view.is_open = true,
                    Kind::Secret => view.absent = Some(key),
                }
                continue;
            };
            if piece.kind == Kind::Secret && shelf.is_public(&key) {
                view.absent = Some(key);
            }
            match &piece.items {
                None => {
                    let files = object.iter().map(|(name, item)| (name.clone(), item));
                    view.files.extend(files);
                }
                Some(items) => {
                    for (name, path) in items {
                        let path = normal(path.as_bytes()).unwrap_or_default();
                        let path = path.trim_start_matches('/').to_owned();
                        view.files.extend(object.get(name).map(|item| (path, item)));
                    }
                }
            }
        }
        view
    }

    fn has_below(&self, directory: &str) -> bool {
        let mut names = self.files.keys();
        names.any(|name| below(name, directory).is_some())
    }
}

/// The rest of a path in or below a directory.
fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    if directory.is_empty() {
        return Some(path.trim_start_matches('/'));
    }
    let rest = path.strip_prefix(directory)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}

/// A path from the root, without `.`, `..`, and `/` at its end; the root itself is empty.
fn normal(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.iter().flat_map(|part| ["/", part]).collect())
}
