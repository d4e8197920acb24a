//! Reads every file once and hands out ids.
//!
//! A loader is shared by all configuration roots of a run, so that a certificate that two of them
//! name is parsed once and reported once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::files::{FileError, Files};
use crate::model::{Bundle, BundleId, Fragment, Key, KeyId, Model};
use crate::source::{SourceId, Sources};
use crate::x509;

/// Reads files through [`Files`] and remembers what it has read.
pub struct Loader<'f> {
    files: &'f dyn Files,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sources: Sources,
    bundles: Vec<Bundle>,
    keys: Vec<Key>,
}

impl<'f> Loader<'f> {
    /// A loader that has read nothing yet.
    #[must_use]
    pub fn new(files: &'f dyn Files) -> Self {
        Self {
            files,
            state: Mutex::default(),
        }
    }

    /// The model of all fragments that were lowered with this loader.
    #[must_use]
    pub fn finish(self, fragments: Vec<Fragment>) -> Model {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        Model {
            sources: state.sources,
            bundles: state.bundles,
            keys: state.keys,
            fragments,
        }
    }
}
