//! Checks manifests of the repository.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use certlint_core::check::{Settings, check};
use certlint_core::finding::Finding;
use certlint_core::kubernetes::{Options, lower};
use certlint_core::loader::Loader;
use certlint_core::model::Model;

use crate::support::{LOGICAL, NOW, Repository};

/// Checks manifests, given by their paths in the repository, as one cluster.
pub(crate) fn lint_manifests(
    files: &Repository,
    names: &[PathBuf],
    options: &Options,
    suppressions: bool,
) -> (Model, Vec<Finding>) {
    let loader = Loader::new(files);
    let logical = |name: &PathBuf| {
        let path = Path::new(LOGICAL).join(name);
        path.as_os_str().as_bytes().to_vec()
    };
    let paths: Vec<Vec<u8>> = names.iter().map(logical).collect();
    let (lowered, unreadable) = lower(&loader, &paths, options);
    assert!(unreadable.is_empty(), "{unreadable:?}");
    let model = loader.finish(lowered.fragments);
    let settings = Settings {
        suppressions,
        ..Settings::default()
    };
    let findings = check(&model, &settings, NOW);
    (model, findings)
}
