//! Where the paths that a configuration writes lie on this disk.
//!
//! A configuration says `/etc/nginx/…`, but the files lie somewhere in a checkout. The longest of
//! these wins: `--map-path`, and the directories of the tree, which mean themselves. What
//! none of them takes goes to `--root`, or else to the guess that [`Mapping::new`] makes from the
//! directory of the configuration. What is left lies outside the tree.

use std::path::{Path, PathBuf};

use certlint_core::frontend::Layout;

use crate::bytes;

/// Rules from logical to real directories.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    /// The first rule that fits a path is the one that counts.
    rules: Vec<Rule>,
    layout: &'static Layout,
    /// Directories in which the tail of a path is looked for.
    bases: Vec<PathBuf>,
    home: Home,
}

/// What the place of a configuration says about the files that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// The directory of an installed program: everything is where the configuration says.
    Live,
    /// Somewhere on a machine, in no repository: what is where the configuration says is meant.
    Installed,
    /// A repository, or the copy of a machine: some files are left out by design.
    Copy,
    /// Not on this disk.
    Elsewhere,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// The logical directory without a final `/`; empty for `/` itself.
    from: Vec<u8>,
    to: PathBuf,
    /// A directory that is missing here is missing where the configuration runs.
    certain: bool,
}

/// The mapping that the user asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// `--map-path`, the right sides absolute.
    pub(crate) maps: Vec<(Vec<u8>, PathBuf)>,
    /// `--root`, absolute.
    pub(crate) root: Option<PathBuf>,
    /// Real directories that belong to the tree: the working directory, those of the inputs.
    pub(crate) tree: Vec<PathBuf>,
}

/// A real place of a logical path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The real path, in which only the part of the rule may hold symbolic links.
    pub(crate) path: PathBuf,
    /// This is the very directory that a rule names.
    pub(crate) is_base: bool,
    /// False where a missing directory proves nothing: the rule is a guess, or leads into a copy.
    pub(crate) certain: bool,
}

impl Mapping {
    /// The rules for a configuration whose relative names start from `conf_dir`, a real path;
    /// `None` where the configuration is not on this disk.
    pub(crate) fn new(
        places: &Places,
        layout: &'static Layout,
        conf_dir: Option<&Path>,
        is_in_git: bool,
    ) -> Self {
        let tree = places.tree.iter().map(PathBuf::as_path);
        let targets = places.maps.iter().map(|(_, to)| to.as_path());
        let own = tree
            .chain(targets)
            .chain(places.root.as_deref())
            .chain(conf_dir)
            .map(|directory| Rule::new(bytes::of_path(directory), directory, true));
        let maps = places.maps.iter();
        let mut rules: Vec<Rule> = maps
            .map(|(from, to)| Rule::new(from.clone(), to, false))
            .chain(own)
            .collect();
        // Stable: on a tie, what the user said comes before what the tree says.
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.len()));
        rules.dedup();
        let home = home(places, layout, conf_dir, is_in_git);
        match (&places.root, conf_dir) {
            (Some(root), _) => rules.push(Rule::new(Vec::new(), root, home == Home::Live)),
            // A live server: everything is where the configuration says.
            (None, Some(_)) if home == Home::Live => {
                rules.push(Rule::new(Vec::new(), Path::new("/"), true));
            }
            (None, Some(conf_dir)) => rules.extend(guesses(layout, conf_dir)),
            (None, None) => {}
        }
        let bases = conf_dir.into_iter().map(Path::to_owned);
        Self {
            rules,
            layout,
            bases: bases.chain(places.tree.iter().cloned()).collect(),
            home,
        }
    }

    pub(crate) fn home(&self) -> Home {
        self.home
    }

    /// True where `part` below the logical directory `parent` leads to a directory that has a rule
    /// of its own, so that it need not be there by any other rule.
    pub(crate) fn leads_to_rule(&self, parent: &[u8], part: &[u8]) -> bool {
        self.rules.iter().any(|rule| {
            let rest = rule.from.strip_prefix(parent);
            let rest = rest.and_then(|rest| rest.strip_prefix(b"/")?.strip_prefix(part));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    /// True for a logical path at which a package has a file, or a directory of modules, that a
    /// checkout leaves out.
    pub(crate) fn is_packaged(&self, logical: &[u8]) -> bool {
        if !matches!(self.home, Home::Copy | Home::Installed) {
            return false;
        }
        let ends_with = |path: &[u8], end: &&str| {
            let rest = path.strip_suffix(end.as_bytes());
            rest.is_some_and(|rest| rest.ends_with(b"/"))
        };
        let parent = &logical[..memchr::memrchr(b'/', logical).unwrap_or(0)];
        let modules = self.layout.modules;
        self.layout
            .packaged
            .iter()
            .any(|end| ends_with(logical, end))
            || modules.iter().any(|end| ends_with(logical, end))
            || modules.iter().any(|end| ends_with(parent, end))
    }

    /// The real place of an absolute logical path without `.`, `..` and empty parts; `None`
    /// outside the tree.
    pub(crate) fn find(&self, logical: &[u8]) -> Option<Place> {
        self.rules.iter().find_map(|rule| {
            let rest = logical.strip_prefix(&rule.from[..])?;
            let is_base = rest.is_empty();
            let rest = match rest {
                [] => rest,
                [b'/', rest @ ..] => rest,
                _ => return None,
            };
            let mut path = rule.to.clone();
            if !is_base {
                path.push(bytes::to_path(rest));
            }
            Some(Place {
                path,
                is_base,
                certain: rule.certain,
            })
        })
    }

    /// The directory that a written prefix means, by the longest tail of an absolute logical path
    /// that exists below the directory of the configuration, or below the tree.
    ///
    /// A tail of one part proves little: then the prefix must be called like the program, or the
    /// part must be a directory of pieces.
    pub(crate) fn by_tail(&self, logical: &[u8]) -> Option<Tail> {
        let parts: Vec<&[u8]> = logical
            .split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty())
            .collect();
        let is_piece = |part: &[u8]| {
            self.layout
                .pieces
                .iter()
                .any(|name| name.as_bytes() == part)
        };
        let is_program = |part: &&[u8]| {
            let mut programs = self.layout.programs.iter();
            programs.any(|name| memchr::memmem::find(part, name.as_bytes()).is_some())
        };
        (1..parts.len()).find_map(|start| {
            let (prefix, tail) = parts.split_at(start);
            if tail.len() < 2 && !is_piece(tail[0]) && !prefix.iter().any(is_program) {
                return None;
            }
            let relative = bytes::to_path(&tail.join(&b'/'));
            let base = self
                .bases
                .iter()
                .find(|base| base.join(&relative).symlink_metadata().is_ok())?;
            Some(Tail {
                from: [b"/".as_slice(), &prefix.join(&b'/')].concat(),
                path: base.join(&relative),
                base: base.clone(),
            })
        })
    }

    /// True for a prefix that the program has by custom, so that nobody need be told.
    pub(crate) fn is_customary(&self, prefix: &[u8]) -> bool {
        let mut prefixes = self.layout.prefixes.iter();
        prefixes.any(|known| known.as_bytes() == prefix)
    }
}

/// A real path that ends as a logical one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The logical prefix in front of the common tail.
    pub(crate) from: Vec<u8>,
    /// The real directory that it means.
    pub(crate) base: PathBuf,
    /// The whole real path.
    pub(crate) path: PathBuf,
}

impl Rule {
    fn new(mut from: Vec<u8>, to: &Path, certain: bool) -> Self {
        while from.last() == Some(&b'/') {
            from.pop();
        }
        Self {
            from,
            to: to.to_owned(),
            certain,
        }
    }
}

fn home(places: &Places, layout: &Layout, conf_dir: Option<&Path>, is_in_git: bool) -> Home {
    let is_live = |dir: &Path| {
        let mut prefixes = layout.prefixes.iter();
        prefixes.any(|known| dir == Path::new(known))
    };
    match (places.root.as_deref(), conf_dir) {
        (Some(root), _) if root == Path::new("/") => Home::Live,
        (Some(_), _) => Home::Copy,
        (None, None) => Home::Elsewhere,
        (None, Some(dir)) if is_live(dir) => Home::Live,
        (None, Some(_)) if is_in_git || !places.maps.is_empty() => Home::Copy,
        (None, Some(_)) => Home::Installed,
    }
}

/// The probable directories of `/` or of the well-known ones, seen from the main file.
fn guesses(layout: &Layout, conf_dir: &Path) -> Vec<Rule> {
    if conf_dir.ends_with("etc/nginx")
        && let Some(root) = conf_dir.ancestors().nth(2)
    {
        return vec![Rule::new(Vec::new(), root, false)];
    }
    layout
        .prefixes
        .iter()
        .map(|known| Rule::new(known.as_bytes().to_vec(), conf_dir, false))
        .collect()
}

#[cfg(test)]
mod tests;
