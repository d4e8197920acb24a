//! What Contour's TLSCertificateDelegations allow together.

use std::collections::{BTreeMap, BTreeSet};

/// All delegations of the input.
#[derive(Clone, Debug, Default)]
pub(in crate::kubernetes) struct Delegations {
    /// Who may use a Secret, by its `NAMESPACE/NAME`; `*` for all.
    targets: BTreeMap<String, BTreeSet<String>>,
    /// Where there are any.
    namespaces: BTreeSet<String>,
}

/// A Secret that other namespaces may use.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Delegation {
    /// Of the delegation and of the Secret.
    pub(in crate::kubernetes) namespace: String,
    pub(in crate::kubernetes) secret: String,
    /// `*` for all.
    pub(in crate::kubernetes) targets: Vec<String>,
}

impl Delegations {
    pub(super) fn add(&mut self, delegations: Vec<Delegation>) {
        for one in delegations {
            let secret = format!("{}/{}", one.namespace, one.secret);
            self.targets.entry(secret).or_default().extend(one.targets);
            self.namespaces.insert(one.namespace);
        }
    }

    /// Whether a namespace may use a Secret of another one.
    pub(in crate::kubernetes) fn allow(&self, secret: &str, namespace: &str) -> bool {
        let targets = self.targets.get(secret);
        targets.is_some_and(|targets| targets.contains("*") || targets.contains(namespace))
    }

    /// Whether a namespace delegates anything.
    pub(in crate::kubernetes) fn is_from(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
    }
}
