//! Kubernetes manifests from bytes to findings: YAML, JSON and whatever looks like them.
//!
//! Once as one file, and once cut in two, as an Ingress and its Secret mostly are.

#![no_main]

use std::sync::Arc;

use certlint_core::check::{Settings, check};
use certlint_core::files::{File, FileError, Files};
use certlint_core::kubernetes::{self, Options};
use certlint_core::loader::Loader;
use certlint_core::resolve::resolve;
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_795_219_200;
const NAMES: [&str; 2] = ["", "www.example.com"];

/// Files that are called by their number.
struct Memory(Vec<Arc<[u8]>>);

impl Files for Memory {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let name = String::from_utf8_lossy(path).into_owned();
        let number: usize = name.parse().map_err(|_| FileError::NotFound)?;
        let bytes = self.0.get(number).cloned().ok_or(FileError::NotFound)?;
        Ok(File {
            name,
            bytes,
            mode: None,
        })
    }

    fn list(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        Err(FileError::NotFound)
    }
}

fuzz_target!(|input: &[u8]| {
    let (first, second) = input.split_at(input.len() / 2);
    for (parts, require_secrets) in [(vec![input], false), (vec![first, second], true)] {
        let files = Memory(parts.into_iter().map(Arc::from).collect());
        let options = Options {
            require_secrets,
            ..Options::default()
        };
        let loader = Loader::new(&files);
        let paths: Vec<_> = (0..files.0.len())
            .map(|number| number.to_string().into_bytes())
            .collect();
        let (lowered, unreadable) = kubernetes::lower(&loader, &paths, &options);
        assert!(unreadable.is_empty());
        let model = loader.finish(lowered.fragments);
        for fragment in &model.fragments {
            for name in NAMES {
                let _ = resolve(&model, fragment, name, None);
            }
        }
        for finding in check(&model, &Settings::default(), NOW) {
            let source = model.sources.get(finding.primary.at.source);
            let _ = source.position(finding.primary.at.start());
        }
    }
});
