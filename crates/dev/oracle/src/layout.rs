//! Moves parts of a configuration into included files, and spells all of them.
//!
//! Literal names and globs, nested, in `http` and in `server`; beside the files that a glob
//! matches lie some that it must not match (dot-files, other endings).

use std::collections::BTreeMap;

use super::case::Entry;
use super::item::Item;
use super::rng::Rng;
use super::spelling::spell;

/// Globs with names that they match and names that they do not.
const GLOBS: [(&str, &[&str], &[&str]); 8] = [
    (
        "*.conf",
        &[
            "10.conf", "9.conf", "A.conf", "_.conf", "a.conf", "b c.conf", "é.conf",
        ],
        &[".hidden.conf", "a.conf.bak", "conf"],
    ),
    (
        "*",
        &["a", "a~", "b.conf", "B", "#x#", "{y}"],
        &[".a.swp", "..data"],
    ),
    (
        "[ab]*.conf",
        &["a.conf", "b1.conf", "bb.conf"],
        &["c.conf", "A.conf"],
    ),
    ("[!a-c]?", &["d1", "zz", "-x"], &["a1", "b2", "zzz"]),
    (
        "[^x].inc",
        &["a.inc", "].inc", "^.inc"],
        &["x.inc", "ab.inc"],
    ),
    (
        "site-?.conf",
        &["site-1.conf", "site-2.conf", "site-A.conf"],
        &["site-10.conf", "site-.conf"],
    ),
    ("**.conf", &["x.conf", "yy.conf"], &[".x.conf"]),
    ("[[:digit:]]-*", &["1-a", "2-b", "0-z"], &["a-1"]),
];

/// Text for files that must not be read.
const NOT_READ: &str = "this is { not nginx } at all ' \"";

/// The files of a configuration, `nginx.conf` among them.
pub(crate) fn lay(items: Vec<Item>, rng: &mut Rng) -> BTreeMap<Vec<u8>, Entry> {
    let mut layout = Layout {
        files: BTreeMap::new(),
        count: 0,
    };
    layout.file("nginx.conf".to_owned(), items, true, rng);
    layout.files
}

struct Layout {
    files: BTreeMap<Vec<u8>, Entry>,
    count: usize,
}

impl Layout {
    fn file(&mut self, path: String, mut items: Vec<Item>, main: bool, rng: &mut Rng) {
        self.split(&mut items, main, rng);
        let text = Entry::Text(spell(&items, rng));
        if !main && rng.chance(8) {
            // Like `sites-enabled`, whose files are links.
            let real = format!("real/{}", self.files.len());
            let link = Entry::Link(format!("../{real}"));
            self.files.insert(path.into_bytes(), link);
            self.files.insert(real.into_bytes(), text);
        } else {
            self.files.insert(path.into_bytes(), text);
        }
    }

    /// Moves some items of this level out, and goes on with the blocks.
    fn split(&mut self, items: &mut Vec<Item>, main: bool, rng: &mut Rng) {
        for item in items.iter_mut() {
            let splits = matches!(item.name(), "http" | "server" | "stream");
            if let Some(block) = item.block.as_mut().filter(|_| splits) {
                self.split(block, false, rng);
            }
        }
        let chance = if main { 5 } else { 15 };
        if items.is_empty() || self.count > 8 || !rng.chance(chance) {
            return;
        }
        let start = rng.below(items.len());
        let end = rng.between(start + 1, items.len());
        let moved: Vec<_> = items.drain(start..end).collect();
        let pattern = if rng.chance(50) {
            self.literal(moved, rng)
        } else {
            self.glob(moved, rng)
        };
        items.insert(start, Item::simple(["include".to_owned(), pattern]));
    }

    fn literal(&mut self, items: Vec<Item>, rng: &mut Rng) -> String {
        self.count += 1;
        let folder = format!("extra{}", self.count);
        let name = rng.pick(&[
            "site.conf",
            "my site.conf",
            "ümlaut",
            ".dot",
            "x{y}",
            "a;b",
            "$x",
        ]);
        self.file(format!("{folder}/{name}"), items, false, rng);
        match rng.below(6) {
            0 => format!("@DIR@/{folder}/{name}"),
            1 => format!("./{folder}//{name}"),
            2 => format!("{folder}/../{folder}/{name}"),
            _ => format!("{folder}/{name}"),
        }
    }

    fn glob(&mut self, items: Vec<Item>, rng: &mut Rng) -> String {
        self.count += 1;
        let folder = format!("glob{}.d", self.count);
        let (pattern, matched, others) = rng.pick(&GLOBS);
        let mut parts = BTreeMap::<&str, Vec<Item>>::new();
        for item in items {
            parts.entry(rng.pick(matched)).or_default().push(item);
        }
        for (name, items) in parts {
            self.file(format!("{folder}/{name}"), items, false, rng);
        }
        for name in others {
            if rng.chance(40) {
                let path = format!("{folder}/{name}").into_bytes();
                self.files.insert(path, Entry::Text(NOT_READ.into()));
            }
        }
        let folder = match rng.below(5) {
            0 => format!("@DIR@/{folder}"),
            1 => format!("glob{}*", self.count),
            2 => format!("glo[b]{}.?", self.count),
            _ => folder,
        };
        format!("{folder}/{pattern}")
    }
}
