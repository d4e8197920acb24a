//! Refusals by the API server while much is published.
//!
//! A quota or the deletion of a namespace concerns that namespace; the others go on.

use std::collections::BTreeSet;
use std::sync::Arc;

/// When so many namespaces refuse, all would.
const NAMESPACES_MAX: usize = 20;

/// The namespaces that refuse something in this round.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    namespaces: BTreeSet<Arc<str>>,
    first: Option<kube::Error>,
}

impl Refusals {
    /// Whether this namespace is to be left alone.
    pub(super) fn has(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
    }

    /// Says whether it was done in this namespace.
    ///
    /// # Errors
    /// There is no use in going on.
    pub(super) fn check(
        &mut self,
        namespace: &Arc<str>,
        outcome: kube::Result<()>,
    ) -> kube::Result<bool> {
        match outcome {
            Ok(()) => Ok(true),
            Err(error @ kube::Error::Api(_)) if self.namespaces.len() < NAMESPACES_MAX => {
                self.namespaces.insert(namespace.clone());
                self.first.get_or_insert(error);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// All was tried.
    ///
    /// # Errors
    /// The first refusal.
    pub(super) fn end(self) -> kube::Result<()> {
        self.first.map_or(Ok(()), Err)
    }
}
