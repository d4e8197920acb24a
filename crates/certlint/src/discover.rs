//! From the paths on the command line to the configurations that are checked.
//!
//! A file that is named is always read, and must be nginx configuration or Kubernetes manifests. A
//! directory is walked, and what looks like either is taken: manifests, main files, and pieces of
//! one. Whether a piece is part of a main file is only known when that one has been read.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certlint_core::files::{FileError, Files};
use certlint_core::nginx::dump::Dump;
use certlint_core::nginx::{Kind, only_includes};
use clap::CommandFactory;
use ignore::overrides::Override;

use crate::args::{Cli, InputArgs};
use crate::bytes;
use crate::console::Console;
use crate::files::{DiskFiles, SIZE_LIMIT, Shared, plain};
use crate::manifests::Manifest;
use crate::mapping::Places;
use crate::sniff::{Sniffed, sniff};
use crate::walk::{self, Walked};

/// A text from which a configuration starts.
pub(crate) struct Root {
    /// The logical path, which is the real one unless this is from a dump.
    pub(crate) path: Vec<u8>,
    /// As reports show it.
    pub(crate) name: String,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) kind: Kind,
    /// The directory of the main file, also for a piece of it.
    pub(crate) conf_dir: PathBuf,
    /// The output of `nginx -T` of which `bytes` is a section.
    pub(crate) dump: Option<Dump>,
}

/// Everything that is there to be checked.
pub(crate) struct Discovery {
    /// Sorted by path.
    pub(crate) roots: Vec<Root>,
    /// Sorted by path.
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) places: Places,
    pub(crate) shared: Arc<Shared>,
}

/// Finds the configurations, except those that `excludes` matches in a directory; what cannot be
/// read is told to `console`.
pub(crate) fn discover(
    args: &InputArgs,
    excludes: &Override,
    console: &Console,
) -> Option<Discovery> {
    let working_directory = match std::env::current_dir() {
        Ok(directory) => directory,
        Err(error) => {
            console.error(format!(
                "cannot find the working directory: {}",
                plain(&error)
            ));
            return None;
        }
    };
    let mut search = Search {
        places: places(args, &working_directory, console)?,
        shared: Arc::new(Shared {
            working_directory,
            read: HashMap::new(),
        }),
        conf_dirs: BTreeMap::new(),
        console,
        roots: BTreeMap::new(),
        manifests: BTreeMap::new(),
    };
    let inputs = inputs(args, console);
    search.places.tree.extend(inputs.tree());
    let walked = walk::walk(&inputs.directories, args, excludes, console)?;
    search.take_walked(walked);
    for file in &inputs.files {
        search.take_named(file);
    }
    if inputs.stdin {
        search.take_stdin(&args.stdin_filename);
    }
    let mut roots: Vec<Root> = search.roots.into_values().collect();
    roots.sort_by(|a, b| a.path.cmp(&b.path));
    let on_disk = roots.iter().filter(|root| root.dump.is_none());
    let read = on_disk.map(|root| (bytes::to_path(&root.path), root.bytes.clone()));
    let shared = Arc::new(Shared {
        read: read.collect(),
        working_directory: search.shared.working_directory.clone(),
    });
    Some(Discovery {
        roots,
        manifests: search.manifests.into_values().collect(),
        places: search.places,
        shared,
    })
}

/// What was named, by what it is.
#[derive(Default)]
struct Inputs {
    stdin: bool,
    /// Real paths.
    directories: Vec<PathBuf>,
    files: Vec<NamedFile>,
}

struct NamedFile {
    /// As it was typed.
    typed: PathBuf,
    /// Real but for its last part, which may be a link.
    path: PathBuf,
}

impl Inputs {
    fn tree(&self) -> impl Iterator<Item = PathBuf> {
        let files = self.files.iter().filter_map(|file| file.path.parent());
        let directories = self.directories.iter().map(PathBuf::as_path);
        directories.chain(files).map(Path::to_owned)
    }
}

fn inputs(args: &InputArgs, console: &Console) -> Inputs {
    let default = [PathBuf::from(".")];
    let paths = match args.paths.is_empty() {
        true => &default[..],
        false => &args.paths[..],
    };
    let mut inputs = Inputs::default();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.stdin = true;
            continue;
        }
        match named(path) {
            Ok(Named::Directory(directory)) => inputs.directories.push(directory),
            Ok(Named::File(real)) => inputs.files.push(NamedFile {
                typed: path.clone(),
                path: real,
            }),
            Err(error) => {
                let reason = plain(&error);
                let hint = match is_subcommand(path) {
                    true => "; a subcommand comes before everything else",
                    false => "",
                };
                console.error(format!("cannot read `{}`: {reason}{hint}", path.display()));
            }
        }
    }
    inputs
}

fn is_subcommand(path: &Path) -> bool {
    let command = Cli::command();
    path.to_str()
        .is_some_and(|name| command.find_subcommand(name).is_some())
}

enum Named {
    Directory(PathBuf),
    File(PathBuf),
}

fn named(path: &Path) -> io::Result<Named> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return fs::canonicalize(path).map(Named::Directory),
        Ok(_) => {}
        // A link may lead to a place that only the mapping knows.
        Err(_) if fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink()) => {}
        Err(error) => return Err(error),
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut real = fs::canonicalize(parent)?;
    real.extend(path.file_name());
    Ok(Named::File(real))
}

/// What the options say about places; the directories that they name must be there.
fn places(args: &InputArgs, working_directory: &Path, console: &Console) -> Option<Places> {
    let directory = |option: &str, path: &Path| match fs::canonicalize(path) {
        Ok(path) => Some(path),
        Err(error) => {
            let reason = plain(&error);
            console.error(format!("{option} `{}`: {reason}", path.display()));
            None
        }
    };
    let root = match &args.root {
        Some(root) => Some(directory("--root", root)?),
        None => None,
    };
    let mut maps = Vec::new();
    for map in &args.maps {
        let to = directory("--map-path", &map.to)?;
        maps.push((map.from.clone().into_bytes(), to));
    }
    // Whoever works in `/` does not mean all of it.
    let tree = match working_directory.parent() {
        Some(_) => vec![working_directory.to_owned()],
        None => Vec::new(),
    };
    Some(Places { maps, root, tree })
}

struct Search<'a> {
    places: Places,
    shared: Arc<Shared>,
    /// Remembers for each directory where the main file of a piece in it would be.
    conf_dirs: BTreeMap<PathBuf, PathBuf>,
    console: &'a Console,
    /// By real path, so that nothing is taken twice.
    roots: BTreeMap<PathBuf, Root>,
    /// By the order of their real paths, too; there may be very many.
    manifests: BTreeMap<Vec<u8>, Manifest>,
}

impl Search<'_> {
    fn take_walked(&mut self, walked: Vec<Walked>) {
        let (mut files, mut links): (Vec<_>, Vec<_>) =
            walked.into_iter().partition(|it| it.content.is_some());
        // Directories may be named that lie in each other.
        links.sort_by_cached_key(|it| bytes::order(&it.path));
        links.dedup_by(|a, b| a.path == b.path);
        for Walked { path, .. } in links {
            match self.files_for(&path).locate(&bytes::of_path(&path)) {
                Ok(located) => files.push(Walked {
                    path: located.path,
                    content: None,
                }),
                Err(error) => self.skip(&path, &error.to_string()),
            }
        }
        // Of the same files those that are read come first.
        files.sort_by_cached_key(|it| bytes::order(&it.path));
        files.dedup_by(|a, b| a.path == b.path);
        for Walked { path, content } in files {
            match content.unwrap_or_else(|| walk::read(&path)) {
                Ok(Some((content, sniffed))) => {
                    self.take(&path, &path, content.into(), sniffed);
                }
                Ok(None) => self.skip(&path, "not nginx configuration, no Kubernetes manifests"),
                Err(error) => {
                    let name = self.shared.name(&path);
                    self.console.note(format!("skipped `{name}`: {error}"));
                }
            }
        }
    }

    fn take_named(&mut self, file: &NamedFile) {
        let typed = file.typed.display();
        let logical = bytes::of_path(&file.path);
        let files = self.files_for(&file.path);
        let read = files
            .locate(&logical)
            .and_then(|located| Ok((located.path, files.read(&logical)?)));
        let (real, content) = match read {
            Ok((real, content)) => (real, content.bytes),
            Err(error) => {
                self.console
                    .error(format!("cannot read `{typed}`: {error}"));
                return;
            }
        };
        match sniff(&content) {
            // What somebody names may well be a main file that only includes others.
            Sniffed::Other if only_includes(&content) => {
                self.take(&file.path, &real, content, Sniffed::Nginx(Kind::Main));
            }
            Sniffed::Other => self.tell_unknown(&typed.to_string()),
            sniffed => self.take(&file.path, &real, content, sniffed),
        }
    }

    fn take_stdin(&mut self, name: &str) {
        let mut content = Vec::new();
        let read = io::stdin().lock().take(SIZE_LIMIT + 1);
        if let Err(error) = { read }.read_to_end(&mut content) {
            let reason = plain(&error);
            self.console
                .error(format!("cannot read standard input: {reason}"));
            return;
        }
        if content.len() as u64 > SIZE_LIMIT {
            let error = FileError::TooLarge { limit: SIZE_LIMIT };
            self.console
                .error(format!("cannot read standard input: {error}"));
            return;
        }
        let path = self.shared.working_directory.join(name);
        match sniff(&content) {
            Sniffed::Other => self.tell_unknown(name),
            sniffed => self.take(&path, &path, content.into(), sniffed),
        }
        if let Some(root) = self.roots.get_mut(&path)
            && root.dump.is_none()
        {
            root.name = name.to_owned();
        }
        if let Some(manifest) = self.manifests.get_mut(&bytes::order(&path)) {
            manifest.name = name.to_owned();
        }
    }

    fn tell_unknown(&self, name: &str) {
        self.console.error(format!(
            "`{name}` is not recognised as nginx configuration or Kubernetes manifests"
        ));
    }

    /// Keeps a text; `path` is where its relative names start from, `real` where it lies.
    fn take(&mut self, path: &Path, real: &Path, bytes: Arc<[u8]>, sniffed: Sniffed) {
        let kind = match sniffed {
            Sniffed::Manifests => {
                let manifest = Manifest {
                    path: real.to_owned(),
                    name: self.shared.name(real),
                    bytes,
                };
                self.manifests.insert(bytes::order(real), manifest);
                return;
            }
            Sniffed::Nginx(kind) => kind,
            Sniffed::Other => return,
        };
        if let Some(dump) = Dump::split(&bytes)
            && let Some(main) = dump.sections.first()
        {
            let conf_dir = bytes::to_path(&main.path);
            let root = Root {
                path: main.path.clone(),
                name: String::from_utf8_lossy(&main.path).into_owned(),
                bytes: main.bytes.clone(),
                kind: Kind::Main,
                conf_dir: conf_dir.parent().unwrap_or(&conf_dir).to_owned(),
                dump: Some(dump),
            };
            self.roots.insert(real.to_owned(), root);
            return;
        }
        let conf_dir = match (kind, path.parent()) {
            (Kind::Main, Some(own)) => own.to_owned(),
            _ => self.conf_dir(path),
        };
        let root = Root {
            path: bytes::of_path(path),
            name: self.shared.name(real),
            bytes,
            kind,
            conf_dir,
            dump: None,
        };
        self.roots.insert(real.to_owned(), root);
    }

    fn skip(&self, path: &Path, reason: &str) {
        if self.console.is_verbose() {
            let name = self.shared.name(path);
            self.console.detail(format!("skipped `{name}`: {reason}"));
        }
    }

    /// The files as a configuration sees them of which `path` is a part.
    fn files_for(&mut self, path: &Path) -> DiskFiles {
        let conf_dir = self.conf_dir(path);
        DiskFiles::new(&self.places, Some(&conf_dir), self.shared.clone())
    }

    /// Where the main file of a piece would be: the nearest directory upwards with an
    /// `nginx.conf`, or the one above `sites-available` and its like, or its own.
    fn conf_dir(&mut self, path: &Path) -> PathBuf {
        let own = path.parent().unwrap_or(path);
        if let Some(known) = self.conf_dirs.get(own) {
            return known.clone();
        }
        let with_main = own
            .ancestors()
            .find(|directory| directory.join("nginx.conf").is_file());
        let above_piece = || {
            let piece = own
                .ancestors()
                .find(|directory| walk::holds_pieces(directory));
            piece.and_then(Path::parent)
        };
        let found = with_main.or_else(above_piece).unwrap_or(own).to_owned();
        self.conf_dirs.insert(own.to_owned(), found.clone());
        found
    }
}
