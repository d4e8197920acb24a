//! Fills the name table of an address group, and tells what nginx ignores or refuses on the way.

use crate::model::{Conflict, Diagnosis, Lost, NameId, NameTable, Refusal, Server, ServerName};
use crate::name::{HostPattern, NginxRefusal, nginx_refusal};

use super::groups::Group;

/// The table of one group with everything that went into it.
pub(super) struct Filled {
    pub(super) table: NameTable,
    /// Names that are ignored, with the reason.
    pub(super) ignored: Vec<(NameId, Conflict)>,
    /// Names that nginx refuses now that a table is built.
    pub(super) refused: Vec<NameId>,
}

/// True where nginx looks at no name of a group, and builds no table: there is one server, and what
/// its regular expressions capture is not needed. Of those, nginx remembers the last one only.
pub(super) fn is_lone(group: &Group, servers: &[Server]) -> bool {
    let [lone] = group.members.as_slice() else {
        return false;
    };
    let names = &servers[lone.server.0 as usize].names;
    let last = names.iter().rev().find_map(|name| match &name.pattern {
        HostPattern::Regex(regex) => Some(regex),
        _ => None,
    });
    last.is_none_or(|regex| !regex.has_captures())
}

/// The name table of a group, empty where there is none.
pub(super) fn fill(group: &Group, servers: &[Server], raw: &[Vec<Box<[u8]>>]) -> Filled {
    let mut filled = Filled {
        table: NameTable::default(),
        ignored: Vec::new(),
        refused: Vec::new(),
    };
    if is_lone(group, servers) {
        return filled;
    }
    for member in &group.members {
        let server = &servers[member.server.0 as usize];
        for (index, name) in (0..).zip(&server.names) {
            let id = NameId {
                server: member.server,
                name: index,
            };
            if let HostPattern::Regex(regex) = &name.pattern {
                filled.table.add_regex(regex.clone(), id);
                continue;
            }
            let text = raw[member.server.0 as usize][index as usize].to_ascii_lowercase();
            match filled.table.add(&text, id) {
                Ok(()) => {}
                Err(Conflict::Refused) => filled.refused.push(id),
                Err(conflict) => filled.ignored.push((id, conflict)),
            }
        }
    }
    filled
}

/// Faults that nginx refuses in the names of one server, whatever else listens there.
pub(super) fn refusals(server: &Server, raw: &[Box<[u8]>]) -> (Vec<Diagnosis>, Vec<Refusal>) {
    let mut diagnoses = Vec::new();
    let mut refusals = Vec::new();
    for (name, text) in server.names.iter().zip(raw) {
        let reason = match (&name.pattern, nginx_refusal(text)) {
            (_, Some(NginxRefusal::Always)) if &**text == b"~" => {
                "empty regular expression".to_owned()
            }
            (_, Some(NginxRefusal::Always)) => "not a valid server name".to_owned(),
            (HostPattern::Regex(regex), None) => match regex.compile() {
                Ok(()) => continue,
                Err(error) => error.to_string(),
            },
            _ => continue,
        };
        refusals.push(refusal(name, &reason));
        diagnoses.push(refused(name, reason, false));
    }
    (diagnoses, refusals)
}

/// A name that nginx refuses as soon as a second server joins its listener.
pub(super) fn dormant(server: &Server, raw: &[Box<[u8]>]) -> Vec<Diagnosis> {
    let names = server.names.iter().zip(raw);
    names
        .filter(|(_, text)| nginx_refusal(text) == Some(NginxRefusal::WhenShared))
        .map(|(name, _)| refused(name, "not a valid server name or wildcard".to_owned(), true))
        .collect()
}

/// A name that nginx refuses.
pub(super) fn refused(name: &ServerName, reason: String, dormant: bool) -> Diagnosis {
    Diagnosis::NameRefused {
        name: name.text.to_string(),
        at: name.at.clone(),
        reason,
        dormant,
    }
}

/// The same as a reason not to start.
pub(super) fn refusal(name: &ServerName, reason: &str) -> Refusal {
    Refusal {
        at: name.at.clone(),
        reason: format!("`{}`: {reason}", name.text),
    }
}

/// One ignored name, over all the listeners on which it is ignored.
#[derive(Debug)]
pub(super) struct Ignored {
    pub(super) loser: NameId,
    pub(super) winner: NameId,
    /// `None` for a plain duplicate.
    pub(super) lost: Option<Lost>,
    pub(super) listeners: Vec<String>,
    pub(super) on_tls: bool,
}

/// Gathers what several listeners say about the same pair of names.
pub(super) fn gather(all: Vec<(&Group, Vec<(NameId, Conflict)>)>) -> Vec<Ignored> {
    let mut gathered: std::collections::BTreeMap<_, Ignored> = std::collections::BTreeMap::new();
    for (group, ignored) in all {
        for (loser, conflict) in ignored {
            let (winner, lost) = match conflict {
                Conflict::Taken(winner) => (winner, None),
                Conflict::Shadowed { by, lost } => (by, Some(lost)),
                Conflict::Refused => continue,
            };
            let key = (loser, winner, lost.map(|lost| lost == Lost::Apex));
            let entry = gathered.entry(key).or_insert_with(|| Ignored {
                loser,
                winner,
                lost,
                listeners: Vec::new(),
                on_tls: false,
            });
            entry.listeners.push(group.label.clone());
            entry.on_tls |= group.tls;
        }
    }
    gathered.into_values().collect()
}

/// The fact that rules see.
pub(super) fn problem(
    ignored: Ignored,
    servers: &[Server],
    differ: bool,
    guessed: bool,
) -> Diagnosis {
    let name = |id: NameId| &servers[id.server.0 as usize].names[id.name as usize];
    let (loser, winner) = (name(ignored.loser), name(ignored.winner));
    match ignored.lost {
        None => Diagnosis::NameConflict {
            name: loser.text.to_string(),
            loser: loser.at.clone(),
            winner: winner.at.clone(),
            listeners: ignored.listeners,
            certificates_differ: differ,
            same_server: ignored.loser.server == ignored.winner.server,
            guessed,
        },
        Some(lost) => {
            let base = loser.text.strip_prefix('.').unwrap_or(&loser.text);
            Diagnosis::NameShadowed {
                name: loser.text.to_string(),
                at: loser.at.clone(),
                by: winner.at.clone(),
                lost: match lost {
                    Lost::Apex => base.to_owned(),
                    Lost::Subdomains => format!("*.{base}"),
                },
                listeners: ignored.listeners,
            }
        }
    }
}
