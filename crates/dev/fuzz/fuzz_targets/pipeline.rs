//! The whole file system in one input: a configuration with its includes and certificates, in one
//! text as `nginx -T` prints it, from bytes to findings.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use certlint_core::check::{Settings, check};
use certlint_core::files::{File, FileError, Files};
use certlint_core::loader::Loader;
use certlint_core::nginx::dump::Dump;
use certlint_core::nginx::{self, Options};
use certlint_core::resolve::resolve;
use libfuzzer_sys::fuzz_target;

const MAIN: &[u8] = b"/etc/nginx/nginx.conf";
const NOW: i64 = 1_795_219_200;
const NAMES: [&str; 3] = ["", "www.example.com", "a.b.example.com."];

struct Memory(BTreeMap<Vec<u8>, Arc<[u8]>>);

impl Files for Memory {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let bytes = match path {
            b"/etc/nginx/certs/example.com.crt" => {
                Arc::from(&include_bytes!("../../../../fixtures/certs/example.com.crt")[..])
            }
            b"/etc/nginx/certs/example.com.key" => {
                Arc::from(&include_bytes!("../../../../fixtures/certs/example.com.key")[..])
            }
            _ => self.0.get(path).cloned().ok_or(FileError::NotFound)?,
        };
        Ok(File {
            name: String::from_utf8_lossy(path).into_owned(),
            bytes,
            mode: None,
        })
    }

    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        let mut prefix = directory.to_vec();
        if !prefix.ends_with(b"/") {
            prefix.push(b'/');
        }
        let mut names: Vec<_> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(prefix.as_slice()))
            .filter_map(|rest| rest.split(|&byte| byte == b'/').next())
            .map(<[u8]>::to_vec)
            .collect();
        names.dedup();
        Ok(names)
    }
}

fuzz_target!(|input: &[u8]| {
    let mut files = BTreeMap::new();
    match Dump::split(input) {
        Some(dump) => files.extend(dump.sections.into_iter().map(|part| (part.path, part.bytes))),
        None => {
            let _ = nginx::sniff(input);
        }
    }
    files.entry(MAIN.to_vec()).or_insert_with(|| input.into());
    let files = Memory(files);
    let loader = Loader::new(&files);
    let options = Options {
        names: NAMES.map(str::to_owned).to_vec(),
        ..Options::default()
    };
    let Ok(lowered) = nginx::lower(&loader, MAIN, &options) else {
        return;
    };
    let model = loader.finish(vec![lowered.fragment]);
    for fragment in &model.fragments {
        for name in NAMES {
            let _ = resolve(&model, fragment, name, None);
        }
    }
    for finding in check(&model, &Settings::default(), NOW) {
        let source = model.sources.get(finding.primary.at.source);
        let _ = source.position(finding.primary.at.start());
    }
});
