//! `unverifiable`: what cannot be known here, said once for each cause.

use std::collections::BTreeMap;

use super::words::with_more;
use super::{Rule, Subject};
use crate::finding::{Finding, Level};
use crate::model::{Problem, UnverifiableKind};
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "unverifiable",
    summary: "something cannot be known here, and why",
    docs: include_str!("docs/unverifiable.md"),
    level: Level::Info,
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut causes: BTreeMap<(UnverifiableKind, &str), (&Location, usize)> = BTreeMap::new();
    for problem in subject.problems() {
        let Problem::Unverifiable {
            at,
            kind,
            what,
            count,
        } = problem
        else {
            continue;
        };
        let (first, places) = causes.entry((*kind, what)).or_insert((at, 0));
        *first = (*first).min(at);
        *places += count;
    }
    for ((kind, what), (at, places)) in causes {
        let (message, label, help) = words(kind, what);
        let mut finding = RULE.finding(message, at.clone(), with_more(label, places));
        finding.help = Some(help.to_owned());
        findings.push(finding);
    }
}

fn words(kind: UnverifiableKind, what: &str) -> (String, &'static str, &'static str) {
    const OUTSIDE: &str =
        "`--root DIR` or `--map-path FROM=TO` say where the file lies in this tree";
    match kind {
        UnverifiableKind::Certificate => (
            format!("certificate `{what}` is outside the checked tree: its names are not known"),
            "not in the tree",
            OUTSIDE,
        ),
        UnverifiableKind::Dynamic => (
            format!("`{what}` is known at run time only"),
            "decided at run time",
            "check the files that it can lead to with `certlint cert FILE --name NAME`",
        ),
        UnverifiableKind::Include => (
            format!("included file `{what}` is outside the checked tree: it was not read"),
            "not in the tree",
            OUTSIDE,
        ),
        UnverifiableKind::Key => (
            format!(
                "key `{what}` is outside the checked tree: whether it fits its certificate is not known"
            ),
            "not in the tree",
            OUTSIDE,
        ),
    }
}
