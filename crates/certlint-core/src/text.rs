//! A text that was read: a file, or the value of a field in one.
//!
//! An nginx configuration may be a file of its own or be in a ConfigMap. Its reader asks
//! the text for places, and gets the bytes of the file that somebody can edit.

use std::sync::Arc;

use manifest_syntax::TextMap;

use crate::model::suppression::{self, Suppression};
use crate::source::{Location, SourceId, Span};

/// A configuration text.
#[derive(Clone, Debug)]
pub struct Text {
    /// The source that holds it.
    pub source: SourceId,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// For a text inside of another one.
    inside: Option<Arc<Inside>>,
}

/// The place of a text inside of another one.
#[derive(Debug)]
struct Inside {
    field: Location,
    /// `None` where only the field can be pointed at: it was encoded.
    map: Option<TextMap>,
}

impl Text {
    /// A file.
    pub(crate) fn new(source: SourceId, bytes: Arc<[u8]>) -> Self {
        Self {
            source,
            bytes,
            inside: None,
        }
    }

    /// The value of a field; without a map all places in it are the field's.
    pub(crate) fn inside(field: Location, map: Option<TextMap>, bytes: Arc<[u8]>) -> Self {
        Self {
            source: field.source,
            bytes,
            inside: Some(Arc::new(Inside { field, map })),
        }
    }

    /// The place of a part of the text.
    pub(crate) fn at(&self, part: Span) -> Location {
        let Some(inside) = &self.inside else {
            return Location::new(self.source, part);
        };
        let mut at = inside.field.clone();
        if let Some(map) = &inside.map {
            at.span = Some(map.locate(part));
        }
        at
    }

    /// The text as a whole; no two texts have the same.
    pub(crate) fn whole(&self) -> Location {
        match &self.inside {
            Some(inside) => inside.field.clone(),
            None => Location::whole(self.source),
        }
    }

    /// The suppressions among its comments.
    pub(crate) fn suppressions(&self, comments: &[Span]) -> Vec<Suppression> {
        let mut found = suppression::scan(self.source, &self.bytes, comments);
        if self.inside.is_some() {
            let places = found.iter_mut().flat_map(|suppression| {
                let rules = suppression.rules.iter_mut().map(|rule| &mut rule.at);
                std::iter::once(&mut suppression.at).chain(rules)
            });
            for at in places {
                *at = at.span.map_or_else(|| self.whole(), |span| self.at(span));
            }
        }
        found
    }
}
