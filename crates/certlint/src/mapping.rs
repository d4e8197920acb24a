//! Where the paths that a configuration writes lie on this disk.
//!
//! A configuration says `/etc/nginx/…`, but the files lie somewhere in a checkout. The longest of
//! these wins: `--map-path`, and the directories of the tree, which stand for themselves. What
//! none of them takes goes to `--root`, or else to the guess that [`Mapping::new`] makes from the
//! directory of the configuration. What is left lies outside the tree.

use std::path::{Path, PathBuf};

use crate::bytes;

/// Directories in which nginx looks for its configuration, by how it was installed.
const WELL_KNOWN: &[&str] = &[
    "/etc/nginx",
    "/usr/local/nginx/conf",
    "/usr/local/openresty/nginx/conf",
    "/opt/homebrew/etc/nginx",
];

/// Files that packages of nginx put beside the main file. A checkout mostly leaves them out, and
/// none of them says anything about names or certificates.
const PACKAGED: &[&str] = &[
    "fastcgi.conf",
    "fastcgi_params",
    "koi-utf",
    "koi-win",
    "mime.types",
    "proxy_params",
    "scgi_params",
    "snippets/fastcgi-php.conf",
    "uwsgi_params",
    "win-utf",
];

/// Directories of packages that only hold `load_module` lines.
const MODULES: &[&str] = &["/etc/nginx/modules-enabled", "/usr/share/nginx/modules"];

/// Rules from logical to real directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// The first rule that fits a path is the one that counts.
    rules: Vec<Rule>,
    /// The real directory of the configuration in a checkout; `None` on a live server and where
    /// the user says where its files are.
    checkout: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// The logical directory without a final `/`; empty for `/` itself.
    from: Vec<u8>,
    to: PathBuf,
    /// False for a guess.
    certain: bool,
}

/// What the user said about places.
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
    /// False where the rule is a guess, so that a missing directory proves nothing.
    pub(crate) certain: bool,
}

impl Mapping {
    /// The rules for a configuration whose relative names start from `conf_dir`, a real path;
    /// `None` where the configuration is not on this disk.
    pub(crate) fn new(places: &Places, conf_dir: Option<&Path>) -> Self {
        let tree = places.tree.iter().map(PathBuf::as_path);
        let targets = places.maps.iter().map(|(_, to)| to.as_path());
        let own = tree
            .chain(targets)
            .chain(places.root.as_deref())
            .chain(conf_dir)
            .map(|directory| Rule::new(bytes::of_path(directory), directory, true));
        let maps = places.maps.iter();
        let mut rules: Vec<Rule> = maps
            .map(|(from, to)| Rule::new(from.clone(), to, true))
            .chain(own)
            .collect();
        // Stable: on a tie, what the user said comes before what the tree says.
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.len()));
        rules.dedup();
        match &places.root {
            Some(root) => rules.push(Rule::new(Vec::new(), root, true)),
            None => rules.extend(conf_dir.into_iter().flat_map(guesses)),
        }
        let is_checkout = places.root.is_none() && !conf_dir.is_some_and(is_live);
        Self {
            rules,
            checkout: conf_dir.filter(|_| is_checkout).map(Path::to_owned),
        }
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
        let Some(conf_dir) = &self.checkout else {
            return false;
        };
        let beside = |name: &str| {
            let place = self.find(logical);
            place.is_some_and(|place| place.path.strip_prefix(conf_dir) == Ok(Path::new(name)))
        };
        MODULES.iter().any(|known| known.as_bytes() == logical)
            || PACKAGED.iter().any(|name| beside(name))
            || beside("modules-enabled")
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

fn is_live(conf_dir: &Path) -> bool {
    WELL_KNOWN.iter().any(|known| conf_dir == Path::new(known))
}

/// What `/` or the well-known directories probably are, seen from the configuration's directory.
fn guesses(conf_dir: &Path) -> Vec<Rule> {
    if is_live(conf_dir) {
        // A live server: everything is where the configuration says.
        return vec![Rule::new(Vec::new(), Path::new("/"), true)];
    }
    if conf_dir.ends_with("etc/nginx")
        && let Some(root) = conf_dir.ancestors().nth(2)
    {
        return vec![Rule::new(Vec::new(), root, false)];
    }
    WELL_KNOWN
        .iter()
        .map(|known| Rule::new(known.as_bytes().to_vec(), conf_dir, false))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(maps: &[(&str, &str)], root: Option<&str>) -> Places {
        Places {
            maps: maps
                .iter()
                .map(|(from, to)| (from.as_bytes().to_vec(), PathBuf::from(to)))
                .collect(),
            root: root.map(PathBuf::from),
            tree: vec![PathBuf::from("/repo")],
        }
    }

    #[test]
    fn the_longest_map_wins_then_the_root_then_the_guess() {
        type Case = (
            &'static [(&'static str, &'static str)],
            Option<&'static str>,
            &'static str,
            &'static str,
            Option<(&'static str, bool)>,
        );
        let table: &[Case] = &[
            // A guess from the directory of the main file.
            (
                &[],
                None,
                "/repo/n",
                "/etc/nginx/a",
                Some(("/repo/n/a", false)),
            ),
            (
                &[],
                None,
                "/repo/n",
                "/usr/local/nginx/conf/a",
                Some(("/repo/n/a", false)),
            ),
            (&[], None, "/repo/n", "/etc/nginxes/a", None),
            (&[], None, "/repo/n", "/etc/ssl/a", None),
            // A tree that looks like a root.
            (
                &[],
                None,
                "/repo/r/etc/nginx",
                "/etc/ssl/a",
                Some(("/repo/r/etc/ssl/a", false)),
            ),
            // A live server.
            (
                &[],
                None,
                "/etc/nginx",
                "/etc/ssl/a",
                Some(("/etc/ssl/a", true)),
            ),
            // The tree itself.
            (&[], None, "/repo/n", "/repo/x/a", Some(("/repo/x/a", true))),
            (
                &[],
                None,
                "/other/n",
                "/other/n/a",
                Some(("/other/n/a", true)),
            ),
            (&[], None, "/repo/n", "/repository/a", None),
            // What the user said.
            (
                &[],
                Some("/r"),
                "/repo/n",
                "/etc/nginx/a",
                Some(("/r/etc/nginx/a", true)),
            ),
            (
                &[],
                Some("/r"),
                "/repo/n",
                "/repo/n/a",
                Some(("/repo/n/a", true)),
            ),
            (
                &[("/etc", "/e"), ("/etc/nginx/", "/n")],
                Some("/r"),
                "/repo/n",
                "/etc/nginx/a",
                Some(("/n/a", true)),
            ),
            (
                &[("/etc", "/e"), ("/etc/nginx/", "/n")],
                Some("/r"),
                "/repo/n",
                "/etc/ssl/a",
                Some(("/e/ssl/a", true)),
            ),
            (
                &[("/etc/ssl", "/s")],
                None,
                "/repo/n",
                "/etc/nginx/a",
                Some(("/repo/n/a", false)),
            ),
            (
                &[("/", "/r")],
                None,
                "/repo/n",
                "/repo/n/a",
                Some(("/repo/n/a", true)),
            ),
            (
                &[("/", "/r")],
                None,
                "/repo/n",
                "/etc/nginx/a",
                Some(("/r/etc/nginx/a", true)),
            ),
            (
                &[("/repo", "/m")],
                None,
                "/repo",
                "/repo/a",
                Some(("/m/a", true)),
            ),
        ];
        for &(maps, root, conf_dir, path, expected) in table {
            let mapping = Mapping::new(&places(maps, root), Some(Path::new(conf_dir)));
            let found = mapping.find(path.as_bytes());
            let found = found.map(|place| (place.path, place.certain));
            let expected = expected.map(|(path, certain)| (PathBuf::from(path), certain));
            assert_eq!(found, expected, "{maps:?} {root:?} {conf_dir} {path}");
        }
    }

    #[test]
    fn the_directory_of_a_rule_is_its_base() {
        let mapping = Mapping::new(&places(&[], None), Some(Path::new("/repo/n")));
        assert!(mapping.find(b"/etc/nginx").unwrap().is_base);
        assert!(!mapping.find(b"/etc/nginx/a").unwrap().is_base);
        assert_eq!(mapping.find(b"/etc"), None);
    }

    #[test]
    fn files_of_packages_are_only_expected_where_nginx_runs() {
        let is_packaged = |root, conf_dir: &str, path: &str| {
            let mapping = Mapping::new(&places(&[], root), Some(Path::new(conf_dir)));
            mapping.is_packaged(path.as_bytes())
        };
        assert!(is_packaged(None, "/repo/n", "/repo/n/mime.types"));
        assert!(is_packaged(None, "/repo/n", "/etc/nginx/mime.types"));
        assert!(is_packaged(None, "/repo/n", "/etc/nginx/modules-enabled"));
        assert!(is_packaged(None, "/repo/n", "/usr/share/nginx/modules"));
        assert!(!is_packaged(None, "/repo/n", "/repo/n/certs/mime.types"));
        assert!(!is_packaged(None, "/repo/n", "/repo/n/site.conf"));
        assert!(!is_packaged(None, "/etc/nginx", "/etc/nginx/mime.types"));
        assert!(!is_packaged(Some("/r"), "/repo/n", "/repo/n/mime.types"));
    }

    #[test]
    fn nothing_is_guessed_for_a_configuration_from_elsewhere() {
        let mapping = Mapping::new(&places(&[], None), None);
        assert_eq!(mapping.find(b"/etc/nginx/a"), None);
        let mapping = Mapping::new(&places(&[], Some("/r")), None);
        assert!(mapping.find(b"/etc/nginx/a").is_some());
    }
}
