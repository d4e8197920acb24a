//! Texts that many summaries have in common, kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// Namespaces, issuers: whatever thousands of summaries would each have a copy of.
#[derive(Debug, Default)]
pub struct Shared {
    texts: HashSet<Arc<str>>,
    bytes: HashSet<Arc<[u8]>>,
}

impl Shared {
    /// Replaces a text by the same one that others have already.
    pub fn text(&mut self, text: &mut Arc<str>) {
        share(&mut self.texts, text);
    }

    /// Replaces bytes by the same ones that others have already.
    pub fn bytes(&mut self, bytes: &mut Arc<[u8]>) {
        share(&mut self.bytes, bytes);
    }

    /// Forgets what nobody has any more.
    pub fn forget_unused(&mut self) {
        self.texts.retain(|text| Arc::strong_count(text) > 1);
        self.bytes.retain(|bytes| Arc::strong_count(bytes) > 1);
    }
}

fn share<T: ?Sized + Eq + std::hash::Hash>(known: &mut HashSet<Arc<T>>, own: &mut Arc<T>) {
    match known.get(&**own) {
        Some(same) => *own = same.clone(),
        None => {
            known.insert(own.clone());
        }
    }
}
