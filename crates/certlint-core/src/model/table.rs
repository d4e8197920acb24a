//! Name tables of a listener, with nginx's order, conflicts and ghosts.
//!
//! The order of a look-up is nginx's: exact, longest leading wildcard, longest trailing wildcard,
//! regular expressions in configuration order (`ngx_http_core_module#server_name`). What is kept
//! and what is ignored while filling follows `ngx_hash_add_key`, surprises included.

use std::collections::HashMap;

use super::{Selection, ServerId};
use crate::name::Regex;

/// The kind of name that selected a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// Nothing matched, or no SNI was sent.
    Default,
    /// The name itself.
    Exact,
    /// `*.x` or `.x`.
    LeadingWildcard,
    /// `~…`.
    Regex,
    /// `x.*`.
    TrailingWildcard,
}

impl MatchedBy {
    /// The word that JSON uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Exact => "exact",
            Self::LeadingWildcard => "leading-wildcard",
            Self::Regex => "regex",
            Self::TrailingWildcard => "trailing-wildcard",
        }
    }
}

/// A name of a server: the server, and the index of the name in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId {
    /// The server.
    pub server: ServerId,
    /// The index of the name.
    pub name: u32,
}

/// Which name of which server answers.
#[derive(Debug, Default)]
pub struct NameTable {
    exact: HashMap<Box<[u8]>, NameId>,
    /// Names that `.x` took out of the exact table. They stay taken even when the `.x` itself was
    /// then dropped: nginx 1.22.1 and 1.31.5 both do this.
    ghosts: HashMap<Box<[u8]>, NameId>,
    head: HashMap<Box<[u8]>, Head>,
    tail: HashMap<Box<[u8]>, NameId>,
    regexes: Vec<(Regex, NameId)>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    id: NameId,
    includes_apex: bool,
}

/// Why a name was not taken into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The same name is there already; the earlier one answers.
    Taken(NameId),
    /// An earlier name of another form takes a part away, and the whole name is dropped.
    Shadowed {
        /// The earlier name.
        by: NameId,
        /// The names that no server answers although this name asked for them.
        lost: Lost,
    },
    /// nginx refuses the name once a table is built: a second star, a star in the middle,
    /// adjacent dots, NUL.
    Refused,
}

/// The part of a name that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// `x` itself.
    Apex,
    /// Everything below `x`.
    Subdomains,
}

impl NameTable {
    /// Adds a name other than a regular expression; `name` is lower case.
    ///
    /// # Errors
    /// The conflict, when nginx ignores or refuses the name.
    pub fn add(&mut self, name: &[u8], id: NameId) -> Result<(), Conflict> {
        let stars = name.iter().filter(|&&byte| byte == b'*').count();
        let adjacent_dots = name.windows(2).any(|pair| pair == b"..");
        if stars > 1 || adjacent_dots || name.contains(&0) {
            return Err(Conflict::Refused);
        }
        if let [b'.', base @ ..] = name
            && !base.is_empty()
        {
            return self.add_dot(base, id);
        }
        if let [b'*', b'.', base @ ..] = name
            && !base.is_empty()
        {
            return match self.head.get(base) {
                Some(earlier) => Err(Conflict::Taken(earlier.id)),
                None => {
                    let includes_apex = false;
                    self.head.insert(base.into(), Head { id, includes_apex });
                    Ok(())
                }
            };
        }
        if let [base @ .., b'.', b'*'] = name
            && !base.is_empty()
        {
            return insert_new(&mut self.tail, base, id);
        }
        if stars > 0 {
            return Err(Conflict::Refused);
        }
        if let Some(&ghost) = self.ghosts.get(name) {
            // Where the ghost's `.x` answers the apex the name is merely a duplicate; otherwise
            // nobody answers it.
            return Err(match self.head.get(name) {
                Some(head) if head.includes_apex => Conflict::Taken(head.id),
                _ => Conflict::Shadowed {
                    by: ghost,
                    lost: Lost::Apex,
                },
            });
        }
        insert_new(&mut self.exact, name, id)
    }

    fn add_dot(&mut self, base: &[u8], id: NameId) -> Result<(), Conflict> {
        if let Some(&earlier) = self.exact.get(base) {
            let lost = Lost::Subdomains;
            // `*.x` may have been added on its own: then the subdomains are only taken, not lost.
            return Err(match self.head.get(base) {
                Some(head) => Conflict::Taken(head.id),
                None => Conflict::Shadowed { by: earlier, lost },
            });
        }
        if let Some(&earlier) = self.ghosts.get(base) {
            return Err(Conflict::Taken(earlier));
        }
        self.ghosts.insert(base.into(), id);
        if let Some(earlier) = self.head.get(base) {
            return Err(Conflict::Shadowed {
                by: earlier.id,
                lost: Lost::Apex,
            });
        }
        let includes_apex = true;
        self.head.insert(base.into(), Head { id, includes_apex });
        Ok(())
    }

    /// Moves all server ids up by `offset`, for a table that joins a longer list of servers.
    pub(crate) fn shift(&mut self, offset: u32) {
        let ids = self.exact.values_mut().chain(self.ghosts.values_mut());
        let ids = ids.chain(self.tail.values_mut());
        let ids = ids.chain(self.head.values_mut().map(|head| &mut head.id));
        let ids = ids.chain(self.regexes.iter_mut().map(|(_, id)| id));
        ids.for_each(|id| id.server.0 += offset);
    }

    /// Adds a regular expression; equal ones never conflict, the first simply answers.
    pub fn add_regex(&mut self, regex: Regex, id: NameId) {
        self.regexes.push((regex, id));
    }

    /// The server of a name that was normalised as an SNI: lower case, no port, no trailing dot.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<Selection> {
        let selection = |id: NameId, matched_by| Selection {
            server: id.server,
            name: Some(id.name),
            matched_by,
        };
        if let Some(&id) = self.exact.get(name) {
            return Some(selection(id, MatchedBy::Exact));
        }
        // Longest leading wildcard: `.x` may be the name itself, `*.x` needs a label in front.
        let apex = self.head.get(name).filter(|head| head.includes_apex);
        let below =
            || memchr::memchr_iter(b'.', name).find_map(|dot| self.head.get(name.get(dot + 1..)?));
        if let Some(head) = apex.or_else(below) {
            return Some(selection(head.id, MatchedBy::LeadingWildcard));
        }
        // Longest trailing wildcard.
        let mut dots = memchr::memrchr_iter(b'.', name);
        if let Some(&id) = dots.find_map(|dot| self.tail.get(&name[..dot])) {
            return Some(selection(id, MatchedBy::TrailingWildcard));
        }
        self.regexes
            .iter()
            .find(|(regex, _)| regex.is_match(name) == Some(true))
            .map(|&(_, id)| selection(id, MatchedBy::Regex))
    }
}

fn insert_new(
    map: &mut HashMap<Box<[u8]>, NameId>,
    name: &[u8],
    id: NameId,
) -> Result<(), Conflict> {
    if let Some(&earlier) = map.get(name) {
        return Err(Conflict::Taken(earlier));
    }
    map.insert(name.into(), id);
    Ok(())
}

/// An SNI as nginx looks it up: lower case, without port and one trailing dot.
///
/// `None` for one that nginx declines and treats like no SNI: empty, adjacent dots, or a byte
/// outside the allowed set. Since 1.29.4 that set is the reg-name of RFC 3986 section 3.2.2
/// (`reg_name`); before, everything but controls, space and `/` was taken.
#[must_use]
pub(crate) fn normalise(sni: &[u8], reg_name: bool) -> Option<Vec<u8>> {
    let mut end = sni.len();
    let mut in_literal = false;
    let mut in_rest = false;
    let mut last_dot = None;
    for (index, &byte) in sni.iter().enumerate() {
        match byte {
            b'.' if index > 0 && last_dot == Some(index - 1) => return None,
            b'.' => last_dot = Some(index),
            b':' if !in_literal && !in_rest => {
                end = index;
                in_rest = true;
            }
            b':' => {}
            b'[' if index == 0 => in_literal = true,
            b']' if in_literal && !in_rest => {
                end = index + 1;
                in_rest = true;
            }
            b'/' | 0..=0x20 | 0x7f => return None,
            _ if reg_name && !is_reg_name(byte) => return None,
            _ => {}
        }
    }
    if end > 0 && last_dot == Some(end - 1) {
        end -= 1;
    }
    (end > 0).then(|| sni[..end].to_ascii_lowercase())
}

fn is_reg_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(server: u32) -> NameId {
        NameId {
            server: ServerId(server),
            name: 0,
        }
    }

    fn find(table: &NameTable, name: &str) -> Option<(u32, MatchedBy)> {
        table
            .find(name.as_bytes())
            .map(|found| (found.server.0, found.matched_by))
    }

    #[test]
    fn exact_beats_leading_beats_trailing() {
        let mut table = NameTable::default();
        table.add(b"*.x.test", id(1)).unwrap();
        table.add(b"a.*", id(2)).unwrap();
        table.add(b"a.x.test", id(3)).unwrap();
        table.add(b".b.x.test", id(4)).unwrap();
        assert_eq!(find(&table, "a.x.test"), Some((3, MatchedBy::Exact)));
        assert_eq!(
            find(&table, "q.x.test"),
            Some((1, MatchedBy::LeadingWildcard))
        );
        assert_eq!(
            find(&table, "r.q.x.test"),
            Some((1, MatchedBy::LeadingWildcard))
        );
        assert_eq!(
            find(&table, "b.x.test"),
            Some((4, MatchedBy::LeadingWildcard))
        );
        assert_eq!(
            find(&table, "c.b.x.test"),
            Some((4, MatchedBy::LeadingWildcard))
        );
        assert_eq!(
            find(&table, "a.co.uk"),
            Some((2, MatchedBy::TrailingWildcard))
        );
        assert_eq!(find(&table, "x.test"), None);
        assert_eq!(find(&table, "a"), None);
    }

    #[test]
    fn dot_form_after_the_exact_name_loses_its_subdomains() {
        let mut table = NameTable::default();
        table.add(b"x.test", id(1)).unwrap();
        let conflict = table.add(b".x.test", id(2)).unwrap_err();
        let lost = Lost::Subdomains;
        assert_eq!(conflict, Conflict::Shadowed { by: id(1), lost });
        assert_eq!(find(&table, "q.x.test"), None);
    }

    #[test]
    fn star_form_before_the_dot_form_leaves_a_ghost_of_the_apex() {
        let mut table = NameTable::default();
        table.add(b"*.x.test", id(1)).unwrap();
        let lost = Lost::Apex;
        let shadowed = |by| Conflict::Shadowed { by, lost };
        assert_eq!(table.add(b".x.test", id(2)), Err(shadowed(id(1))));
        assert_eq!(table.add(b"x.test", id(3)), Err(shadowed(id(2))));
        assert_eq!(find(&table, "x.test"), None);
    }

    #[test]
    fn names_with_a_star_in_the_middle_or_adjacent_dots_are_refused() {
        for name in ["www.*.x", "w*.x", "a..b", "*.x.*", "a\0b"] {
            let conflict = NameTable::default().add(name.as_bytes(), id(1));
            assert_eq!(conflict, Err(Conflict::Refused), "{name:?}");
        }
    }

    #[test]
    fn sni_is_read_as_nginx_reads_it() {
        let cases = [
            ("Example.COM", Some("example.com")),
            ("example.com.", Some("example.com")),
            ("example.com:443", Some("example.com")),
            ("[::1]:443", Some("[::1]")),
            ("a..b", None),
            ("", None),
            (".", None),
            ("a b", None),
            ("a/b", None),
            ("_x.test", Some("_x.test")),
        ];
        for (sni, expected) in cases {
            let name = normalise(sni.as_bytes(), false);
            assert_eq!(name.as_deref(), expected.map(str::as_bytes), "{sni:?}");
        }
        assert!(normalise("é.test".as_bytes(), false).is_some());
        assert!(normalise("é.test".as_bytes(), true).is_none());
    }
}
