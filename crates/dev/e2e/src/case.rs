//! Suites and cases.

use anyhow::Result;

use super::world::World;

type Run = Box<dyn FnOnce(&mut World) -> Result<()>>;

/// Cases that need the same state of the cluster.
pub(super) struct Suite {
    pub(super) name: &'static str,
    /// The sentence about what [`Self::prepare`] does.
    pub(super) prepares: &'static str,
    /// Brings the cluster into that state; the cases do not run where it fails.
    pub(super) prepare: fn(&mut World) -> Result<()>,
    pub(super) cases: Vec<Case>,
}

/// One question, as a sentence that holds.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) run: Run,
}

impl Case {
    pub(super) fn new(
        name: impl Into<String>,
        run: impl FnOnce(&mut World) -> Result<()> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }
}
