//! Checks an nginx configuration of the repository.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use certlint_core::check::{Settings, check};
use certlint_core::finding::Finding;
use certlint_core::loader::Loader;
use certlint_core::model::Model;
use certlint_core::nginx::{Options, lower};

use crate::support::{LOGICAL, NOW, Repository};

/// Checks the configuration that starts from `main`, a path below the root of the repository.
pub(crate) fn lint(files: &mut Repository, main: &Path) -> (Model, Vec<Finding>) {
    let real = files.root.join(main);
    let text = files
        .over
        .get(&real)
        .cloned()
        .unwrap_or_else(|| fs::read(&real).unwrap_or_default());
    for line in String::from_utf8_lossy(&text).lines() {
        if let Some(mode) = line.trim().strip_prefix("# mode: ") {
            let (file, bits) = mode.split_once(' ').expect("# mode: FILE 600");
            let bits = u32::from_str_radix(bits, 8).expect("octal permission bits");
            files.modes.insert(file.to_owned(), bits);
        }
    }
    let loader = Loader::new(files);
    let main = Path::new(LOGICAL).join(main);
    let lowered = lower(&loader, main.as_os_str().as_bytes(), &Options::default())
        .unwrap_or_else(|error| panic!("{}: {error}", main.display()));
    let model = loader.finish(vec![lowered.fragment]);
    let findings = check(&model, &Settings::default(), NOW);
    (model, findings)
}
