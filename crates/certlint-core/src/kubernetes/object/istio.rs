//! The Pods of the input, among which Istio's gateways may be.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Spanned;

/// As many workloads are held against a selector, so that the work stays bounded.
const LOOKED_AT: usize = 1_000;

/// All workloads of the input.
#[derive(Clone, Debug, Default)]
pub(in crate::kubernetes) struct Workloads {
    all: Vec<Workload>,
    /// Indices, by key and value of a label.
    by_label: BTreeMap<(String, String), Vec<usize>>,
}

/// Pods with labels.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Workload {
    pub(in crate::kubernetes) namespace: String,
    pub(in crate::kubernetes) labels: BTreeMap<String, String>,
    /// `NAMESPACE/NAME` of the Secret that a controller of ingress-nginx in it serves by default.
    pub(in crate::kubernetes) default_certificate: Option<Spanned<String>>,
}

impl Workloads {
    pub(super) fn add(&mut self, workload: Workload) {
        for (key, value) in &workload.labels {
            let label = (key.clone(), value.clone());
            let indices = self.by_label.entry(label).or_default();
            indices.push(self.all.len());
        }
        self.all.push(workload);
    }

    /// The Secret that ingress-nginx serves where it has no other; `None` where none is named, or
    /// several are.
    pub(in crate::kubernetes) fn default_certificate(&self) -> Option<&Spanned<String>> {
        let mut named = self
            .all
            .iter()
            .filter_map(|one| one.default_certificate.as_ref());
        let first = named.next()?;
        named
            .all(|other| other.value == first.value)
            .then_some(first)
    }

    /// The namespaces that have Pods with all these labels.
    pub(in crate::kubernetes) fn namespaces(
        &self,
        selector: &BTreeMap<String, String>,
    ) -> BTreeSet<&str> {
        let with = |label: (&String, &String)| {
            let indices = self.by_label.get(&(label.0.clone(), label.1.clone()));
            indices.map_or(&[][..], Vec::as_slice)
        };
        let fewest = selector
            .iter()
            .map(with)
            .min_by_key(|indices| indices.len());
        let candidates = fewest.into_iter().flatten().take(LOOKED_AT);
        candidates
            .map(|&index| &self.all[index])
            .filter(|one| {
                let mut wanted = selector.iter();
                wanted.all(|(key, value)| one.labels.get(key) == Some(value))
            })
            .map(|one| one.namespace.as_str())
            .collect()
    }
}
