//! Findings by object; nothing is kept of objects without findings.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::judge::Failing;
use crate::store::ObjectName;

/// The table, and how it came about; shared with its reporters.
#[derive(Debug, Default)]
pub(crate) struct Table(Mutex<Rows>);

#[derive(Debug, Default)]
struct Rows {
    failing: BTreeMap<ObjectName, Vec<Failing>>,
    pass: Option<Pass>,
}

/// The last time that everything was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    pub(crate) took: Duration,
    /// Unix time at its end.
    pub(crate) ended: i64,
}

impl Table {
    /// Sets what is wrong with an object.
    pub(super) fn set(&self, name: ObjectName, failing: Vec<Failing>) {
        let mut rows = self.rows();
        if failing.is_empty() {
            rows.failing.remove(&name);
        } else {
            rows.failing.insert(name, failing);
        }
    }

    /// Forgets objects.
    pub(super) fn retain(&self, keep: impl Fn(&ObjectName) -> bool) {
        self.rows().failing.retain(|name, _| keep(name));
    }

    /// Everything was looked at.
    pub(super) fn passed(&self, took: Duration, ended: i64) {
        self.rows().pass = Some(Pass { took, ended });
    }

    /// The last time that everything was looked at.
    pub(crate) fn pass(&self) -> Option<Pass> {
        self.rows().pass
    }

    /// All objects with something wrong, sorted.
    pub(super) fn failing(&self) -> Vec<(ObjectName, Vec<Failing>)> {
        let rows = self.rows();
        let failing = rows.failing.iter();
        failing
            .map(|(name, failing)| (name.clone(), failing.clone()))
            .collect()
    }

    /// How often each rule fails, by its name, level and, if wanted, the namespace.
    pub(crate) fn counts(
        &self,
        by_namespace: bool,
    ) -> BTreeMap<(&'static str, &'static str, Option<String>), u32> {
        let mut counts = BTreeMap::new();
        for (name, failing) in &self.rows().failing {
            for one in failing {
                let namespace = by_namespace.then(|| name.namespace.to_string());
                let key = (one.rule, one.level.as_str(), namespace);
                *counts.entry(key).or_default() += 1;
            }
        }
        counts
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
