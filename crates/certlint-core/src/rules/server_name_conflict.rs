//! `server-name-conflict`: the same name in two servers of one listener.

use super::words::list;
use super::{Check, Rule, Scope, Status, Subject};
use crate::finding::{Finding, Label, Level};
use crate::model::Diagnosis;
use crate::source::Location;

pub(super) static RULE: Rule = Rule {
    id: "server-name-conflict",
    summary: "the same name in two servers of one listener: the second never answers",
    docs: include_str!("docs/server-name-conflict.md"),
    level: Level::Warning,
    since: "0.1.0",
    status: Status::Stable,
    scope: Scope::Nginx,
    check: Check::Diagnosis(check),
};

fn check(subject: &Subject<'_>, diagnosis: &Diagnosis) -> Option<Finding> {
    let Diagnosis::NameConflict {
        name,
        loser,
        winner,
        listeners,
        certificates_differ,
        same_server,
        guessed,
    } = diagnosis
    else {
        return None;
    };
    let listeners = list(listeners, 2);
    let other = if *certificates_differ {
        ", with another certificate"
    } else {
        ""
    };
    let message = if *same_server {
        format!("`{name}` stands twice in this server")
    } else if name.is_empty() {
        format!("an earlier server without a name answers on {listeners}{other}")
    } else {
        format!("`{name}` is answered by an earlier server on {listeners}{other}")
    };
    let mut finding = RULE.finding(message, loser.clone(), "ignored by nginx");
    if *certificates_differ && !*guessed {
        finding.level = Level::Error;
    }
    finding
        .related
        .push(Label::new(winner.clone(), "this one wins"));
    let name_of = |at: &Location| subject.model.sources.get(at.source).name();
    let backup = [loser, winner]
        .into_iter()
        .map(name_of)
        .find(|file| is_backup(file));
    finding.help = Some(if *same_server {
        "remove one of the two".to_owned()
    } else if let Some(file) = backup {
        format!(
            "`{file}` looks like a backup, and the pattern of an `include` catches it: move it to another folder, or narrow the pattern (`*.conf`)"
        )
    } else if name.is_empty() {
        "give one of the two servers a `server_name`, or mark one as `default_server` and remove the other".to_owned()
    } else {
        format!("remove `{name}` from one of the two servers, or merge them")
    });
    finding.facts.names.push(name.clone());
    Some(finding)
}

/// A name that editors, package managers and people give to what they put aside.
fn is_backup(file: &str) -> bool {
    const ENDINGS: [&str; 18] = [
        "~",
        ".bak",
        ".backup",
        ".old",
        ".orig",
        ".save",
        ".saved",
        ".swp",
        ".tmp",
        ".copy",
        ".dpkg-old",
        ".dpkg-dist",
        ".dpkg-new",
        ".ucf-old",
        ".ucf-dist",
        ".rpmsave",
        ".rpmnew",
        ".disabled",
    ];
    let file = file.to_ascii_lowercase();
    // `site.conf.bak.2` and `site.conf.old-2024`, too.
    let has_one_inside = [".bak", ".old", ".orig"].iter().any(|ending| {
        let mut after = file
            .rsplit_once('/')
            .map_or(&*file, |(_, name)| name)
            .split(ending);
        after.next();
        after.next().is_some_and(|rest| {
            !rest.starts_with(|it: char| it.is_ascii_alphabetic()) && !rest.ends_with(".conf")
        })
    });
    has_one_inside || ENDINGS.iter().any(|ending| file.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::is_backup;

    #[test]
    fn backups_are_known_by_their_names() {
        for file in [
            "sites/a.bak",
            "a.conf~",
            "a.conf.dpkg-old",
            "x/a.conf.bak.2",
            "a.old-2024",
            "A.ORIG",
        ] {
            assert!(is_backup(file), "{file}");
        }
        for file in [
            "a.conf",
            "old/a.conf",
            "a.bak/site",
            "a.oldenburg.conf",
            "a.old.conf",
            "backup",
        ] {
            assert!(!is_backup(file), "{file}");
        }
    }
}
