//! From the typed form to the valid one: rules, levels, days and names that there really are.

use std::collections::BTreeMap;

use manifest_syntax::Node;

use super::diagnose::{at_key, did_you_mean, first};
use super::{Config, Exemption, NamePattern, Paths, mistake, raw};
use crate::finding::{Finding, Level};
use crate::kubernetes::{Choice, is_namespace};
use crate::model::suppression::{Until, end_of_day};
use crate::rules::by_id;
use crate::source::{Locate as _, Location, SourceId, Spanned};

/// The words for levels.
pub(super) const LEVELS: &[(&str, Option<Level>)] = &[
    ("error", Some(Level::Error)),
    ("warning", Some(Level::Warning)),
    ("info", Some(Level::Info)),
    ("off", None),
];

/// The words for the ways in which controllers choose.
pub(super) const CHOICES: &[(&str, Choice)] = &[
    ("contract", Choice::Contract),
    ("external", Choice::External),
    ("ingress-nginx", Choice::IngressNginx),
    ("listed", Choice::Listed),
    ("pool", Choice::Pool),
];

/// Findings about suppressions cannot be silenced, as in comments.
pub(super) fn may_be_exempted(rule: &str) -> bool {
    !rule.starts_with("suppression-")
}

/// The valid form of a document, as far as it has one; what has none is told to `findings`.
pub(super) fn validate(
    source: SourceId,
    root: Node<'_>,
    raw: raw::Document,
    findings: &mut Vec<Finding>,
) -> Config {
    let mut valid = Validator {
        source,
        root,
        findings,
    };
    Config {
        levels: valid.levels(raw.rules.unwrap_or_default()),
        paths: valid.paths(raw.paths.unwrap_or_default()),
        exclude: valid.exclude(raw.exclude.unwrap_or_default()),
        exemptions: valid.exemptions(raw.exemptions.unwrap_or_default()),
        ingress_classes: valid.classes(raw.ingress_classes.unwrap_or_default()),
        nginx_version: raw.nginx_version.and_then(|text| {
            let version = text.parse().ok();
            if version.is_none() {
                let message = format!("`{text}` is no version of nginx");
                let at = valid.at(&["nginx-version"]);
                valid.wrong(at, message, "no version", "it looks like `1.29.4`");
            }
            version
        }),
        namespace: raw.namespace.filter(|name| {
            let is_one = is_namespace(name);
            if !is_one {
                let message = format!("`{name}` is no name of a namespace");
                let help = "it has lower-case letters, digits and inner hyphens";
                valid.wrong(valid.at(&["namespace"]), message, "no namespace", help);
            }
            is_one
        }),
    }
}

struct Validator<'a> {
    source: SourceId,
    root: Node<'a>,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Validator<'a> {
    fn levels(&mut self, rules: BTreeMap<String, String>) -> BTreeMap<&'static str, Option<Level>> {
        let words: Vec<&str> = LEVELS.iter().map(|(word, _)| *word).collect();
        let mut levels = BTreeMap::new();
        for (id, word) in rules {
            let node = self.node(&["rules", &id]);
            let known = LEVELS.iter().find(|(known, _)| *known == word);
            if known.is_none() {
                let help = did_you_mean(&word, &words, "levels");
                let message = format!("unknown level `{word}`");
                self.wrong(self.at_node(node), message, "unknown level", &help);
            }
            let at = node.map_or_else(|| self.at_node(None), |node| at_key(node, self.source));
            if let (Some(rule), Some((_, level))) = (self.rule(&id, at), known) {
                levels.insert(rule, *level);
            }
        }
        levels
    }

    fn paths(&mut self, raw: raw::Paths) -> Paths {
        let mut maps = BTreeMap::new();
        for (from, to) in raw.maps.unwrap_or_default() {
            let node = self.node(&["paths", "maps", &from]);
            if !from.starts_with('/') {
                let at = node.map_or_else(|| self.at_node(None), |node| at_key(node, self.source));
                let message = format!("`{from}` is no absolute path");
                let help = "the left side is a directory of the server, such as `/etc/nginx`";
                self.wrong(at, message, "does not start with `/`", help);
            }
            if let Some(to) = self.path(to, self.at_node(node)) {
                maps.insert(from, to);
            }
        }
        let (root_at, prefix_at) = (
            self.at(&["paths", "root"]),
            self.at(&["paths", "conf-prefix"]),
        );
        Paths {
            root: raw.root.and_then(|root| self.path(root, root_at)),
            maps,
            conf_prefix: raw
                .conf_prefix
                .and_then(|prefix| self.path(prefix, prefix_at)),
        }
    }

    fn path(&mut self, path: String, at: Location) -> Option<Spanned<String>> {
        if path.is_empty() {
            let help = "the directory of this file is `.`";
            self.wrong(at, "the path is empty".to_owned(), "empty", help);
            return None;
        }
        Some(Spanned::new(path, at))
    }

    fn exclude(&self, globs: Vec<String>) -> Vec<Spanned<String>> {
        let mut nodes = self.items("exclude");
        let globs = globs.into_iter();
        globs
            .map(|glob| Spanned::new(glob, self.at_node(nodes.next())))
            .collect()
    }

    fn exemptions(&mut self, raw: Vec<raw::Exemption>) -> Vec<Exemption> {
        let mut nodes = self.items("exemptions");
        raw.into_iter()
            .filter_map(|raw| self.exemption(raw, nodes.next()))
            .collect()
    }

    fn exemption(&mut self, raw: raw::Exemption, node: Option<Node<'_>>) -> Option<Exemption> {
        let at = |key: &str| self.at_node(node.and_then(|node| node.get(key)));
        let (name_at, rule_at, until_at) = (at("name"), at("rule"), at("until"));
        for (key, value) in [
            ("name", &raw.name),
            ("rule", &raw.rule),
            ("reason", &raw.reason),
        ] {
            if value.as_ref().is_none_or(|text| text.trim().is_empty()) {
                let at = node.map_or_else(|| self.at_node(None), |node| first(node, self.source));
                let message = format!("an exemption without `{key}`");
                let help = "an exemption has a `name`, a `rule` and a `reason`";
                self.wrong(at, message, "has no effect", help);
            }
        }
        let text = raw.name.as_deref().unwrap_or_default();
        let name = NamePattern::new(text);
        if name.is_none() && !text.trim().is_empty() {
            let message = format!("`{text}` would exempt every name");
            let help = "to silence a rule as a whole, set it to `off` among the `rules`";
            self.wrong(name_at.clone(), message, "means every name", help);
        }
        let rule = raw.rule.filter(|id| !id.trim().is_empty());
        let rule = rule.and_then(|id| self.rule(&id, rule_at.clone()));
        if let Some(rule) = rule.filter(|rule| !may_be_exempted(rule)) {
            let message = format!("`{rule}` cannot be silenced for a name");
            let help = "it is about suppressions, and not about names";
            self.wrong(rule_at, message, "not about names", help);
        }
        let until = raw.until.map(|day| {
            let end = end_of_day(&day);
            if end.is_none() {
                let message = format!("`{day}` is not a day");
                self.wrong(
                    until_at,
                    message,
                    "no such day",
                    "it looks like `2027-01-31`",
                );
            }
            // Nothing is made of it when the day is wrong.
            let end = end.unwrap_or_default();
            Until { day, end }
        });
        Some(Exemption {
            at: name_at,
            name: name?,
            rule: rule?,
            reason: raw.reason?,
            until,
        })
    }

    fn classes(&mut self, raw: BTreeMap<String, String>) -> BTreeMap<String, Choice> {
        let words: Vec<&str> = CHOICES.iter().map(|(word, _)| *word).collect();
        let mut classes = BTreeMap::new();
        for (class, word) in raw {
            match CHOICES.iter().find(|(known, _)| *known == word) {
                Some((_, choice)) => {
                    classes.insert(class, *choice);
                }
                None => {
                    let at = self.at(&["ingress-classes", &class]);
                    let help = did_you_mean(&word, &words, "ways to choose");
                    let message = format!("unknown way to choose a certificate `{word}`");
                    self.wrong(at, message, "unknown word", &help);
                }
            }
        }
        classes
    }

    /// The rule with this id, at a place.
    fn rule(&mut self, id: &str, at: Location) -> Option<&'static str> {
        if let Some(rule) = by_id(id) {
            return Some(rule.id);
        }
        let help = crate::rules::nearest(id).map_or_else(
            || "`certlint rules` lists them all".to_owned(),
            |near| format!("did you mean `{}`?", near.id),
        );
        let message = format!("there is no rule `{id}`");
        self.wrong(at, message, "unknown rule", &help);
        None
    }

    fn wrong(&mut self, at: Location, message: String, label: &str, help: &str) {
        self.findings
            .push(mistake(at, message, label, Some(help.to_owned())));
    }

    /// The value below a row of keys.
    fn node(&self, keys: &[&str]) -> Option<Node<'a>> {
        keys.iter().try_fold(self.root, |node, key| node.get(key))
    }

    fn items(&self, key: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.root.get(key).into_iter().flat_map(Node::items)
    }

    fn at(&self, keys: &[&str]) -> Location {
        self.at_node(self.node(keys))
    }

    /// The place of a value; the whole file for one that the tree calls otherwise than serde.
    fn at_node(&self, node: Option<Node<'_>>) -> Location {
        node.map_or_else(|| Location::whole(self.source), |node| node.at(self.source))
    }
}
