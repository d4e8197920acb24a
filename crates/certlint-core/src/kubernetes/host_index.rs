//! Finds a host among those of one Ingress. There may be tens of thousands of them, and each of
//! them asks for others.
//!
//! Host names are compared whatever their case. A wildcard of an Ingress matches exactly one
//! label.

use std::cmp::Ordering;

use super::facts::{Ingress, Rule, TlsEntry};
use crate::source::Spanned;

/// Places of hosts in the lists of an Ingress, sorted by host and then as they are written.
#[derive(Clone, Debug, Default)]
pub(super) struct HostIndex {
    /// Entry of `tls`, and the host's number in it.
    listed: Vec<(u32, u32)>,
    /// Rules with a host.
    rules: Vec<u32>,
    /// Rules whose host is no wildcard, sorted by what follows the first label.
    rules_by_parent: Vec<u32>,
    /// A rule has no host, so that it is for all of them.
    has_open_rule: bool,
}

impl HostIndex {
    pub(super) fn new(tls: &[TlsEntry], rules: &[Rule]) -> Self {
        let number = |index| u32::try_from(index).unwrap_or(u32::MAX);
        let entries = tls.iter().enumerate();
        let mut listed: Vec<_> = entries
            .flat_map(|(entry, it)| {
                (0..it.hosts.len()).map(move |host| (number(entry), number(host)))
            })
            .collect();
        listed.sort_by(|a, b| {
            let [a, b] = [a, b].map(|place| host_at(tls, *place).map(|it| &*it.value));
            compare(a.unwrap_or_default(), b.unwrap_or_default())
        });
        let host = |rule: u32| rules[rule as usize].host.as_ref();
        let text = |rule: u32| host(rule).map_or("", |host| &*host.value);
        let mut with_host: Vec<_> = (0..number(rules.len()))
            .filter(|rule| host(*rule).is_some())
            .collect();
        with_host.sort_by(|a, b| compare(text(*a), text(*b)));
        let mut by_parent: Vec<_> = with_host.clone();
        by_parent.retain(|rule| parent(text(*rule)).is_some());
        by_parent.sort_by(|a, b| {
            let [a, b] = [a, b].map(|rule| parent(text(*rule)).unwrap_or_default());
            compare(a, b)
        });
        Self {
            listed,
            has_open_rule: with_host.len() < rules.len(),
            rules: with_host,
            rules_by_parent: by_parent,
        }
    }
}

impl Ingress {
    /// The first place in `tls` where exactly this host is listed.
    pub(super) fn listed(&self, host: &str) -> Option<(&TlsEntry, &Spanned<String>)> {
        let text = |place| host_at(&self.tls, place).map_or("", |host| &*host.value);
        let place = first(&self.index.listed, host, text)?;
        Some((&self.tls[place.0 as usize], host_at(&self.tls, place)?))
    }

    /// The host of the first rule for exactly this host.
    pub(super) fn rule(&self, host: &str) -> Option<&Spanned<String>> {
        let rule = first(&self.index.rules, host, |rule| self.rule_text(rule))?;
        self.rules[rule as usize].host.as_ref()
    }

    /// Whether a wildcard in `tls` takes this host.
    pub(super) fn is_taken_by_listed(&self, host: &str) -> bool {
        parent(host).is_some_and(|parent| self.listed(&format!("*.{parent}")).is_some())
    }

    /// Whether a rule is for this host, or takes it, or is taken by it where it is a
    /// wildcard.
    pub(super) fn has_rule_for(&self, host: &str) -> bool {
        let takes = |parent: &str| self.rule(&format!("*.{parent}")).is_some();
        let is_taken = |parent_of_rule: &str| {
            let text = |rule| parent(self.rule_text(rule)).unwrap_or_default();
            first(&self.index.rules_by_parent, parent_of_rule, text).is_some()
        };
        self.index.has_open_rule
            || self.rule(host).is_some()
            || parent(host).is_some_and(takes)
            || host.strip_prefix("*.").is_some_and(is_taken)
    }

    fn rule_text(&self, rule: u32) -> &str {
        let host = self.rules[rule as usize].host.as_ref();
        host.map_or("", |host| &host.value)
    }
}

fn host_at(tls: &[TlsEntry], (entry, host): (u32, u32)) -> Option<&Spanned<String>> {
    tls.get(entry as usize)?.hosts.get(host as usize)
}

/// The part after the star of a wildcard that takes this host; a wildcard is taken by none.
fn parent(host: &str) -> Option<&str> {
    let (label, parent) = host.split_once('.')?;
    (label != "*").then_some(parent)
}

/// The first of the sorted items with this text.
fn first<'t, T: Copy>(sorted: &[T], wanted: &str, text: impl Fn(T) -> &'t str) -> Option<T> {
    let at = sorted.partition_point(|item| compare(text(*item), wanted).is_lt());
    let item = sorted.get(at).copied();
    item.filter(|item| text(*item).eq_ignore_ascii_case(wanted))
}

fn compare(a: &str, b: &str) -> Ordering {
    let [a, b] = [a, b].map(|text| text.bytes().map(|byte| byte.to_ascii_lowercase()));
    a.cmp(b)
}
