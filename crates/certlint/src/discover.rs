//! From the paths on the command line to the configurations that are checked.
//!
//! A file that is named is always read, and must be something that a front-end reads. A directory is
//! walked, and what a front-end knows by its name and its text is taken: manifests, main files, and
//! pieces of one. Whether a piece is part of a main file is only known when that one has been read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certlint_core::files::{FileError, Files};
use certlint_core::frontend::{FRONT_ENDS, FrontEnd, Layout, Reader, Rooted, Shape, formats_read};
use certlint_core::nginx::dump::Dump;
use clap::CommandFactory;
use ignore::overrides::Override;

use crate::args::{Cli, InputArgs};
use crate::bytes;
use crate::console::Console;
use crate::files::{ConfDir, DiskFiles, SIZE_LIMIT, Shared, plain};
use crate::left_out::LeftOut;
use crate::mapping::Places;
use crate::sniff::{Sniffed, Worth, sniff};
use crate::together::Text;
use crate::walk::{self, Walked};

/// A text from which a configuration starts.
pub(crate) struct Root {
    /// The logical path, which is the real one unless this is from a dump.
    pub(crate) path: Vec<u8>,
    /// As reports show it.
    pub(crate) name: String,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) reader: &'static dyn Rooted,
    pub(crate) shape: Shape,
    /// The directory of the main file, also for a piece of it.
    pub(crate) conf_dir: PathBuf,
    /// The main file is there.
    pub(crate) has_main: bool,
    /// A piece in a directory of those to be enabled, and nothing beside it leads here.
    pub(crate) is_disabled: bool,
    /// The printed configuration of which `bytes` is a section.
    pub(crate) dump: Option<Dump>,
}

/// Everything that is there to be checked.
pub(crate) struct Discovery {
    /// Sorted by path.
    pub(crate) roots: Vec<Root>,
    /// Texts that are read together, by the name of their front-end; sorted by path.
    pub(crate) together: BTreeMap<&'static str, (&'static dyn FrontEnd, Vec<Text>)>,
    /// What was seen and not taken.
    pub(crate) left_out: LeftOut,
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
        linked: BTreeSet::new(),
        named: BTreeSet::new(),
        console,
        roots: BTreeMap::new(),
        together: BTreeMap::new(),
        left_out: LeftOut::default(),
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
    search.find_disabled();
    let mut roots: Vec<Root> = search.roots.into_values().collect();
    roots.sort_by(|a, b| a.path.cmp(&b.path));
    let on_disk = roots.iter().filter(|root| root.dump.is_none());
    let read = on_disk.map(|root| (bytes::to_path(&root.path), root.bytes.clone()));
    let shared = Arc::new(Shared {
        read: read.collect(),
        working_directory: search.shared.working_directory.clone(),
    });
    let mut together = BTreeMap::new();
    for (front_end, text) in search.together.into_values() {
        let (_, texts) = together
            .entry(front_end.words().one)
            .or_insert((front_end, Vec::new()));
        texts.push(text);
    }
    Some(Discovery {
        roots,
        together,
        left_out: search.left_out,
        places: search.places,
        shared,
    })
}

/// The named inputs, by kind.
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

/// The mapping that the options describe; the directories that they name must be there.
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
    // A user who works in `/` does not mean all of it.
    let tree = match working_directory.parent() {
        Some(_) => vec![working_directory.to_owned()],
        None => Vec::new(),
    };
    Some(Places { maps, root, tree })
}

struct Search<'a> {
    places: Places,
    shared: Arc<Shared>,
    /// Remembers for each directory where the main file of a piece in it would be, and whether it
    /// is there.
    conf_dirs: BTreeMap<(&'static str, PathBuf), (PathBuf, bool)>,
    /// Where links lead to.
    linked: BTreeSet<PathBuf>,
    /// Files that somebody named.
    named: BTreeSet<PathBuf>,
    console: &'a Console,
    /// By real path, so that nothing is taken twice.
    roots: BTreeMap<PathBuf, Root>,
    /// By the order of their real paths, too; there may be very many.
    together: BTreeMap<Vec<u8>, (&'static dyn FrontEnd, Text)>,
    left_out: LeftOut,
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
                Ok(located) => {
                    self.linked.insert(located.path.clone());
                    files.push(Walked {
                        path: located.path,
                        content: None,
                    });
                }
                Err(error) => {
                    let name = self.shared.name(&path);
                    self.left_out.add_link(error.to_string(), name);
                }
            }
        }
        // Of the same files those that are read come first.
        files.sort_by_cached_key(|it| bytes::order(&it.path));
        files.dedup_by(|a, b| a.path == b.path);
        for Walked { path, content } in files {
            let (content, worth) = match content.unwrap_or_else(|| walk::read(&path)) {
                Ok(read) => read,
                Err(error) => {
                    let name = self.shared.name(&path);
                    self.left_out.add_unreadable(error.to_string(), name);
                    continue;
                }
            };
            match worth {
                Worth::Input(sniffed) => self.take(&path, &path, content.into(), sniffed),
                Worth::LooksLike(words) => {
                    let name = self.shared.name(&path);
                    self.left_out.add_look_alike(words, name);
                }
                Worth::Unread(words) => self.left_out.add_unread(words, self.shared.name(&path)),
                Worth::Nothing => self.left_out.add_nothing(),
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
        match sniff(&content).or_else(|| root_by_name(&content)) {
            None => self.tell_unknown(&typed.to_string()),
            Some(sniffed) if sniffed.is_unread() => self.tell_unread(&typed.to_string(), sniffed),
            Some(sniffed) => {
                self.named.insert(real.clone());
                self.take(&file.path, &real, content, sniffed);
            }
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
            None => self.tell_unknown(name),
            Some(sniffed) if sniffed.is_unread() => self.tell_unread(name, sniffed),
            Some(sniffed) => self.take(&path, &path, content.into(), sniffed),
        }
        if let Some(root) = self.roots.get_mut(&path)
            && root.dump.is_none()
        {
            root.name = name.to_owned();
        }
        if let Some((_, text)) = self.together.get_mut(&bytes::order(&path)) {
            text.name = name.to_owned();
        }
    }

    fn tell_unknown(&self, name: &str) {
        self.console
            .error(format!("`{name}` is not recognised as {}", formats_read()));
    }

    fn tell_unread(&self, name: &str, sniffed: Sniffed) {
        let words = sniffed.front_end.words();
        self.console.error(format!(
            "`{name}` is one of the {}, which certlint does not read yet",
            words.many
        ));
    }

    /// Keeps a text; `path` is where its relative names start from, `real` where it lies.
    fn take(&mut self, path: &Path, real: &Path, bytes: Arc<[u8]>, sniffed: Sniffed) {
        match sniffed.front_end.reader() {
            Reader::None => {}
            Reader::Rooted(reader) => self.take_root(path, real, bytes, (reader, sniffed.shape)),
            Reader::Together(_) => {
                let text = Text {
                    path: real.to_owned(),
                    name: self.shared.name(real),
                    bytes,
                };
                self.together
                    .insert(bytes::order(real), (sniffed.front_end, text));
            }
        }
    }

    fn take_root(
        &mut self,
        path: &Path,
        real: &Path,
        bytes: Arc<[u8]>,
        (reader, shape): (&'static dyn Rooted, Shape),
    ) {
        if let Some(dump) = reader.unpack(&bytes)
            && let Some(main) = dump.sections.first()
        {
            let conf_dir = bytes::to_path(&main.path);
            let root = Root {
                path: main.path.clone(),
                name: String::from_utf8_lossy(&main.path).into_owned(),
                bytes: main.bytes.clone(),
                reader,
                shape: Shape::Whole,
                conf_dir: conf_dir.parent().unwrap_or(&conf_dir).to_owned(),
                has_main: true,
                is_disabled: false,
                dump: Some(dump),
            };
            self.roots.insert(real.to_owned(), root);
            return;
        }
        let is_main = path.file_name() == Some(OsStr::new(reader.layout().main));
        let shape = match shape {
            Shape::Piece if is_main => Shape::Whole,
            shape => shape,
        };
        let (conf_dir, has_main) = match (shape, path.parent()) {
            (Shape::Whole, Some(own)) => (own.to_owned(), true),
            _ => self.conf_dir(reader, path),
        };
        let root = Root {
            path: bytes::of_path(path),
            name: self.shared.name(real),
            bytes,
            reader,
            shape,
            conf_dir,
            has_main,
            is_disabled: false,
            dump: None,
        };
        self.roots.insert(real.to_owned(), root);
    }

    /// The files as a configuration sees them of which `path` is a part.
    fn files_for(&mut self, path: &Path) -> DiskFiles {
        let reader = rooted_for(path);
        let conf_dir = reader.map(|reader| self.conf_dir(reader, path));
        let layout = reader.map_or(&Layout::NONE, |reader| reader.layout());
        // A link says itself where it starts from.
        let conf_dir = conf_dir.as_ref().map(|(path, _)| ConfDir {
            path,
            is_certain: true,
        });
        DiskFiles::new(&self.places, layout, conf_dir, self.shared.clone())
    }

    /// Where the main file of a piece would be: the nearest directory upwards that has one, or the
    /// one above `sites-available` and its like, or its own.
    fn conf_dir(&mut self, reader: &'static dyn Rooted, path: &Path) -> (PathBuf, bool) {
        let own = path.parent().unwrap_or(path);
        let layout = reader.layout();
        let key = (layout.main, own.to_owned());
        if let Some(known) = self.conf_dirs.get(&key) {
            return known.clone();
        }
        let with_main = own
            .ancestors()
            .find(|directory| directory.join(layout.main).is_file());
        let above_piece = || {
            let piece = own
                .ancestors()
                .find(|directory| layout.holds_pieces(directory));
            piece.and_then(Path::parent)
        };
        let found = match with_main {
            Some(directory) => (directory.to_owned(), true),
            None => (above_piece().unwrap_or(own).to_owned(), false),
        };
        self.conf_dirs.insert(key, found.clone());
        found
    }

    /// Marks what is in `sites-available` and not in `sites-enabled`, where that has entries.
    fn find_disabled(&mut self) {
        let mut enabling: BTreeMap<PathBuf, bool> = BTreeMap::new();
        for (path, root) in &mut self.roots {
            let Some(directory) = path.parent().filter(|_| root.shape == Shape::Piece) else {
                continue;
            };
            if self.linked.contains(path) || self.named.contains(path) {
                continue;
            }
            let is_enabling = enabling
                .entry(directory.to_owned())
                .or_insert_with(|| enabled_beside(directory).is_some_and(|it| has_entries(&it)));
            root.is_disabled = *is_enabling;
        }
    }
}

/// `sites-enabled` beside `sites-available`.
fn enabled_beside(directory: &Path) -> Option<PathBuf> {
    let name = directory.file_name()?.to_str()?;
    let enabled = format!("{}-enabled", name.strip_suffix("-available")?);
    Some(directory.with_file_name(enabled))
}

fn has_entries(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    // What keeps an empty directory in git is no site.
    names.any(|name| !bytes::of_path(Path::new(&name)).starts_with(b"."))
}

/// The reader whose files a path is among, as far as its name tells.
fn rooted_for(path: &Path) -> Option<&'static dyn Rooted> {
    let rooted = FRONT_ENDS
        .iter()
        .filter_map(|front_end| match front_end.reader() {
            Reader::Rooted(reader) => Some((front_end.selects(path), reader)),
            _ => None,
        });
    let mut rooted: Vec<_> = rooted.collect();
    rooted.sort_by_key(|(selects, _)| !selects);
    rooted.first().map(|(_, reader)| *reader)
}

/// What somebody names may be a main file that only includes others.
fn root_by_name(text: &[u8]) -> Option<Sniffed> {
    let mut front_ends = FRONT_ENDS.iter().copied();
    let front_end = front_ends.find(|front_end| match front_end.reader() {
        Reader::Rooted(reader) => reader.may_be_root(text),
        _ => false,
    })?;
    Some(Sniffed {
        front_end,
        shape: Shape::Whole,
    })
}
