//! Replaces aliases and merge keys by the values they refer to.
//!
//! The copies keep the spans of the anchored values, where the text really is, and get paths of
//! their own. kubectl takes merge keys in the order of writing: `<<` overrides the keys above it
//! and is overridden by the keys below; in a list of mappings the first one wins (measured on
//! sigs.k8s.io/yaml 1.6.0).

use crate::Span;
use crate::build::{MAX_DEPTH, bad_key, duplicates, index_of, own};
use crate::node::{Entry, Kind, Style, Tree};
use crate::scalar;
use crate::syntax_error::SyntaxError;

/// A document may grow to so many values whatever its size …
const FREE_VALUES: usize = 1000;
/// … and to so many for each of its bytes. About ten bytes make a value where nothing is repeated.
const VALUES_PER_BYTE: usize = 4;

/// The entries of `tree` with every alias and merge key replaced.
///
/// `aliases` are pairs of entries, `merges` are keys; both sorted.
pub(crate) fn expand(
    tree: &mut Tree<'_>,
    aliases: &[(u32, u32)],
    merges: &[u32],
) -> Result<Vec<Entry>, SyntaxError> {
    let from = std::mem::take(&mut tree.nodes);
    let limit = FREE_VALUES + tree.text.len() * VALUES_PER_BYTE;
    let mut copier = Copier {
        from,
        aliases,
        merges,
        limit,
        spent: 0,
        tree,
    };
    copier.copy(0, 0, 0, 0)?;
    Ok(std::mem::take(&mut copier.tree.nodes))
}

struct Copier<'c, 't> {
    from: Vec<Entry>,
    aliases: &'c [(u32, u32)],
    merges: &'c [u32],
    limit: usize,
    /// Values and merges so far.
    spent: usize,
    /// Gets the copies.
    tree: &'c mut Tree<'t>,
}

impl Copier<'_, '_> {
    /// Copies a value with all that is in it. Recursion ends at [`MAX_DEPTH`].
    fn copy(
        &mut self,
        index: u32,
        parent: u32,
        place: u32,
        depth: usize,
    ) -> Result<(), SyntaxError> {
        let written = self.from[index as usize].span;
        let index = self.target(index);
        let entry = self.from[index as usize];
        let copy = self.push(entry, parent, place, written)?;
        if matches!(entry.kind, Kind::Scalar { .. }) {
            return Ok(());
        }
        if depth == MAX_DEPTH {
            return Err(SyntaxError::new(
                written,
                format!("with its aliases, values are nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        match entry.kind {
            Kind::Mapping { .. } => self.copy_entries(index, copy, depth)?,
            _ => {
                for (item, child) in (0..).zip(self.children(index)) {
                    self.copy(child, copy, item, depth + 1)?;
                }
            }
        }
        let next = index_of(self.tree.nodes.len());
        let kind = match entry.kind {
            Kind::Mapping { .. } => Kind::Mapping { next },
            _ => Kind::Sequence { next },
        };
        self.tree.nodes[copy as usize].kind = kind;
        if let Kind::Mapping { .. } = kind {
            for (lost, _) in duplicates(self.tree, copy, next, &[]) {
                self.tree.nodes[lost as usize].overridden = true;
            }
        }
        Ok(())
    }

    /// Copies the keys and values of a mapping, those of merge keys in their place.
    ///
    /// Recursion ends at [`MAX_DEPTH`]: a merge counts as a level.
    fn copy_entries(&mut self, mapping: u32, copy: u32, depth: usize) -> Result<(), SyntaxError> {
        let children = self.children(mapping);
        for pair in children.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            if self.merges.binary_search(&key).is_err() {
                self.copy_key(key, copy)?;
                self.copy(value, copy, 0, depth + 1)?;
                continue;
            }
            let written = self.from[key as usize].span;
            let value = self.target(value);
            let mappings = match self.from[value as usize].kind {
                Kind::Mapping { .. } => vec![value],
                // The last copy counts, so the first mapping has to come last.
                Kind::Sequence { .. } => {
                    let items = self.children(value).into_iter().rev();
                    items.map(|item| self.target(item)).collect()
                }
                Kind::Scalar { .. } => vec![value],
            };
            if depth == MAX_DEPTH {
                return Err(SyntaxError::new(
                    written,
                    format!("merge keys are nested deeper than {MAX_DEPTH} levels"),
                ));
            }
            for mapping in mappings {
                if !matches!(self.from[mapping as usize].kind, Kind::Mapping { .. }) {
                    return Err(SyntaxError::new(
                        written,
                        "the value of `<<` must be a mapping or a list of mappings",
                    ));
                }
                self.spend(written)?;
                self.copy_entries(mapping, copy, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Copies a key; where it is an alias, it must refer to a scalar.
    fn copy_key(&mut self, key: u32, mapping: u32) -> Result<(), SyntaxError> {
        let written = self.from[key as usize].span;
        let target = self.target(key);
        let mut entry = self.from[target as usize];
        let Kind::Scalar { style, .. } = entry.kind else {
            return Err(SyntaxError::new(written, "a key must be a text"));
        };
        let copy = self.push(entry, mapping, 0, written)?;
        if style == Style::Plain {
            let word = self.tree.text_of(copy);
            let spelling = scalar::key(word).ok_or_else(|| bad_key(written, word))?;
            if let Some(spelling) = spelling {
                entry.kind = Kind::Scalar {
                    style: Style::Tagged,
                    owned: Some(own(&mut self.tree.owned, spelling)),
                };
                self.tree.nodes[copy as usize].kind = entry.kind;
            }
        }
        Ok(())
    }

    fn push(
        &mut self,
        entry: Entry,
        parent: u32,
        place: u32,
        written: Span,
    ) -> Result<u32, SyntaxError> {
        self.spend(written)?;
        let index = index_of(self.tree.nodes.len());
        self.tree.nodes.push(Entry {
            parent,
            place,
            overridden: false,
            ..entry
        });
        Ok(index)
    }

    /// Counts what an alias bomb makes much of: values, and merges of mappings without any.
    fn spend(&mut self, written: Span) -> Result<(), SyntaxError> {
        self.spent += 1;
        if self.spent > self.limit {
            let message = format!("aliases make more than {} values", self.limit);
            return Err(SyntaxError::new(written, message)
                .with_help("write the values out, or repeat fewer of them"));
        }
        Ok(())
    }

    /// The entry that an alias refers to; any other is itself.
    fn target(&self, index: u32) -> u32 {
        match self.aliases.binary_search_by_key(&index, |&(at, _)| at) {
            Ok(found) => self.aliases[found].1,
            Err(_) => index,
        }
    }

    /// Keys and values, or items, as they were written.
    fn children(&self, collection: u32) -> Vec<u32> {
        let end = self.from[collection as usize].next(collection);
        let mut children = Vec::new();
        let mut at = collection + 1;
        while at < end {
            children.push(at);
            at = self.from[at as usize].next(at);
        }
        children
    }
}
