//! What a run has seen and not read, by cause.

use std::collections::BTreeMap;

use certlint_core::frontend::{Words, formats_read};

use crate::console::Console;

/// Files shown for one cause.
const SHOWN: usize = 3;

/// Files that were left out, grouped by cause.
#[derive(Default)]
pub(crate) struct LeftOut {
    /// Files that nobody knows.
    nothing: usize,
    /// Formats that are known by sight only, by name.
    unread: BTreeMap<&'static str, (Words, Vec<String>)>,
    /// Texts that look like something that is read, and are not called like it.
    looks_like: BTreeMap<&'static str, (Words, Vec<String>)>,
    /// By the reason.
    unreadable: BTreeMap<String, Vec<String>>,
    /// Links, by the reason.
    links: BTreeMap<String, Vec<String>>,
}

impl LeftOut {
    pub(crate) fn add_nothing(&mut self) {
        self.nothing += 1;
    }

    pub(crate) fn add_unread(&mut self, words: Words, name: String) {
        let (_, names) = self.unread.entry(words.one).or_insert((words, Vec::new()));
        names.push(name);
    }

    pub(crate) fn add_look_alike(&mut self, words: Words, name: String) {
        let (_, names) = self
            .looks_like
            .entry(words.one)
            .or_insert((words, Vec::new()));
        names.push(name);
    }

    pub(crate) fn add_unreadable(&mut self, reason: String, name: String) {
        self.unreadable.entry(reason).or_default().push(name);
    }

    pub(crate) fn add_link(&mut self, reason: String, name: String) {
        self.links.entry(reason).or_default().push(name);
    }

    /// Says what was left out: what may matter always, the rest to those who ask.
    pub(crate) fn tell(&self, console: &Console) {
        for (reason, names) in &self.unreadable {
            console.note(format!("cannot read {}: {reason}", listed(names)));
        }
        for (words, names) in self.looks_like.values() {
            let (form, read) = match names.len() {
                1 => ("looks like", "it was not read: name it"),
                _ => ("look like", "they were not read: name them"),
            };
            console.note(format!(
                "{} {form} {} and {} not called like it, so {read} to check {}",
                listed(names),
                words.many,
                if names.len() == 1 { "is" } else { "are" },
                if names.len() == 1 { "it" } else { "them" },
            ));
        }
        if let Some(unread) = self.unread() {
            console.note(format!("found {unread}"));
        }
        for (words, names) in self.unread.values() {
            console.detail(format!("{}: {}", words.many, listed(names)));
        }
        for (reason, names) in &self.links {
            console.detail(format!("links not followed ({reason}): {}", listed(names)));
        }
        if self.nothing > 0 {
            console.detail(format!(
                "{} {} nothing that certlint reads",
                self.nothing,
                if self.nothing == 1 {
                    "file holds"
                } else {
                    "files hold"
                }
            ));
        }
    }

    /// What there is instead of something to check.
    pub(crate) fn instead(&self, templates: usize) -> String {
        let templates = match templates {
            0 => None,
            1 => Some("found 1 template, which must be rendered first".to_owned()),
            many => Some(format!(
                "found {many} templates, which must be rendered first"
            )),
        };
        let unread = self.unread().map(|unread| format!("found {unread}"));
        let found: Vec<String> = templates.into_iter().chain(unread).collect();
        match found.is_empty() {
            true => format!("nothing to check: no {} found", formats_read()),
            false => format!("nothing to check: {}", found.join("; ")),
        }
    }

    /// "3 Apache configurations and 1 Caddyfile, which certlint does not read yet"
    fn unread(&self) -> Option<String> {
        let all = self.unread.values();
        let counted: Vec<String> = all
            .map(|(words, names)| words.counted(names.len()))
            .collect();
        let list = match counted.as_slice() {
            [] => return None,
            [one] => one.clone(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        };
        Some(format!("{list}, which certlint does not read yet"))
    }
}

/// "`a`, `b`, `c` and 4 more"
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APACHE: Words = Words {
        one: "Apache configuration",
        many: "Apache configurations",
    };
    const CADDY: Words = Words {
        one: "Caddyfile",
        many: "Caddyfiles",
    };

    #[test]
    fn what_is_there_instead_is_named() {
        let mut left_out = LeftOut::default();
        assert_eq!(
            left_out.instead(0),
            "nothing to check: no Kubernetes manifests or nginx configurations found"
        );
        assert_eq!(
            left_out.instead(1),
            "nothing to check: found 1 template, which must be rendered first"
        );
        for name in ["a", "b"] {
            left_out.add_unread(APACHE, name.to_owned());
        }
        left_out.add_unread(CADDY, "c".to_owned());
        assert_eq!(
            left_out.instead(2),
            "nothing to check: found 2 templates, which must be rendered first; found 2 Apache \
             configurations and 1 Caddyfile, which certlint does not read yet"
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(listed(&names[..1]), "`a`");
        assert_eq!(listed(&names), "`a`, `b`, `c` and 2 more");
    }
}
