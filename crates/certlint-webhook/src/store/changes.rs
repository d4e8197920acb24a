//! Which objects have changed since somebody last asked: for audits, which look at those only.
//!
//! The list is bounded and each object is in it once, so that nobody has to keep up with it. What is
//! too much, or comes as a whole list, counts as a change of everything.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Kept, ObjectName};

/// More than this is everything.
const OBJECTS_MAX: usize = 5_000;

/// The list.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Changed>);

/// The changes.
#[derive(Debug)]
pub(crate) enum Changed {
    /// Too much to tell.
    Everything,
    /// The objects, with what each was before; none for Secrets, and for what is new.
    Objects(BTreeMap<ObjectName, Option<Arc<Kept>>>),
}

impl Default for Changed {
    fn default() -> Self {
        Self::Objects(BTreeMap::new())
    }
}

impl Changes {
    /// Notes one object and what it was before; what it was at first counts.
    pub(super) fn one(&self, name: ObjectName, before: Option<Arc<Kept>>) {
        let mut changed = self.changed();
        let Changed::Objects(objects) = &mut *changed else {
            return;
        };
        let is_full = objects.len() >= OBJECTS_MAX;
        match objects.entry(name) {
            Entry::Occupied(_) => {}
            Entry::Vacant(_) if is_full => *changed = Changed::Everything,
            Entry::Vacant(entry) => {
                entry.insert(before);
            }
        }
    }

    /// Notes that nothing is as it was.
    pub(super) fn everything(&self) {
        *self.changed() = Changed::Everything;
    }

    /// Takes the changes; from now on the list is empty.
    pub(super) fn take(&self) -> Changed {
        std::mem::take(&mut *self.changed())
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
