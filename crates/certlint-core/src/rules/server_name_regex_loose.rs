//! `server-name-regex-loose`: regular expressions that match more hosts than they look like.

use std::collections::BTreeSet;

use super::coverage::escape_dots;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Level};
use crate::model::ServerName;
use crate::name::{HostPattern, Regex};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "server-name-regex-loose",
    summary: "a regular expression without anchors, or with a dot that matches any character",
    docs: include_str!("docs/server-name-regex-loose.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Ledger(check),
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
    let better = String::from_utf8_lossy(&escape_dots(regex)).into_owned();
    let better = if open { anchored(&better) } else { better };
    finding.help = Some(format!("write `~{better}`"));
    finding.facts.names.push(name.text.to_string());
    Some(finding)
}

/// `~.` and the like are meant to match every host.
fn takes_everything(pattern: &str) -> bool {
    let core = pattern.trim_start_matches('^').trim_end_matches('$');
    matches!(core, "" | "." | ".*" | ".+" | "(.*)" | "(.+)")
}

/// The pattern with both anchors.
fn anchored(pattern: &str) -> String {
    let core = pattern.trim_start_matches('^');
    // A `$` after a backslash is a literal one.
    let core = match core.strip_suffix('$') {
        Some(core) if !core.ends_with('\\') => core,
        _ => core,
    };
    if has_open_alternation(core) {
        format!("^(?:{core})$")
    } else {
        format!("^{core}$")
    }
}

/// A `|` outside of every group and class: anchors would bind to its ends only.
fn has_open_alternation(pattern: &str) -> bool {
    let (mut depth, mut in_class, mut escaped) = (0_u32, false, false);
    for byte in pattern.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b']' => in_class = false,
            _ if in_class => {}
            b'[' => in_class = true,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::anchored;

    #[test]
    fn anchors_bind_to_the_whole_expression() {
        for (pattern, better) in [
            (r"example\.com", r"^example\.com$"),
            (r"^www\.example\.com$", r"^www\.example\.com$"),
            (r"^(a|b)\.test", r"^(a|b)\.test$"),
            (r"^a\.test|b\.test$", r"^(?:a\.test|b\.test)$"),
            (r"[|]\|x", r"^[|]\|x$"),
        ] {
            assert_eq!(anchored(pattern), better);
        }
    }
}
