//! `server-name-regex-loose`: regular expressions that match more hosts than they look like.

use std::collections::BTreeSet;

use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::ServerName;
use crate::name::{HostPattern, Regex};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "server-name-regex-loose",
    summary: "a regular expression without anchors, or with a dot that matches any character",
    docs: include_str!("docs/server-name-regex-loose.md"),
    level: Level::Warning,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<&Location> = BTreeSet::new();
    for (_, server) in subject.servers() {
        for name in &server.names {
            if let HostPattern::Regex(regex) = &name.pattern
                && let Some(finding) = finding(name, regex)
                && told.insert(&name.at)
            {
                findings.push(finding);
            }
        }
    }
}

fn finding(name: &ServerName, regex: &Regex) -> Option<Finding> {
    let pattern = String::from_utf8_lossy(regex.pattern());
    let open = regex.is_anchored() == Some(false) && !takes_everything(&pattern);
    let dots = regex.unescaped_dots();
    let what = match (open, dots) {
        (false, []) => return None,
        (true, []) => "also matches names that merely contain it",
        (false, _) => "has a dot that stands for any character",
        (true, _) => {
            "also matches names that merely contain it, and has a dot that stands for any character"
        }
    };
    let mut finding = RULE.finding(
        format!("`{}` {what}", name.text),
        name.at.clone(),
        if open {
            "not anchored"
        } else {
            "dot not escaped"
        },
    );
    let better = tightened(&pattern, dots, open);
    finding.help = Some(format!("write `~{better}`"));
    finding.facts.names.push(name.text.to_string());
    Some(finding)
}

/// `~.` and the like are meant to match every host.
fn takes_everything(pattern: &str) -> bool {
    let core = pattern.trim_start_matches('^').trim_end_matches('$');
    matches!(core, "" | "." | ".*" | ".+" | "(.*)" | "(.+)")
}

/// The pattern with its dots escaped and both anchors.
fn tightened(pattern: &str, dots: &[usize], anchor: bool) -> String {
    let mut better = String::with_capacity(pattern.len() + 4);
    for (offset, character) in pattern.char_indices() {
        if dots.contains(&offset) {
            better.push('\\');
        }
        better.push(character);
    }
    if !anchor {
        return better;
    }
    if pattern.contains('|') {
        let inner = better.trim_start_matches('^').trim_end_matches('$');
        return format!("^(?:{inner})$");
    }
    if !better.starts_with('^') {
        better.insert(0, '^');
    }
    if !better.ends_with('$') {
        better.push('$');
    }
    better
}
