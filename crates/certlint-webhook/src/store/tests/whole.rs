//! An object is judged beside its neighbours as it is beside the whole cluster.

use certlint_core::kubernetes::kinds::{INGRESS, SECRET};
use std::collections::BTreeSet;
use std::sync::Arc;

use certlint_core::check::{Settings, check};
use certlint_core::files::{File, FileError, Files};
use certlint_core::kubernetes::{Options, SecretSummary, lower_beside};
use certlint_core::loader::Loader;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::{Value, json};

use super::cluster::cluster;
use super::kept;
use crate::store::{Kept, Kind, Store};

/// 2026-11-21T00:00:00Z
const NOW: i64 = crate::clock::FIXTURES;

/// Said once for many places, at the first of all.
const TOLD_ONCE: [&str; 2] = ["unverifiable", "wildcard-depth"];

/// Rule, level, field and message of what is found in an object.
type Told = BTreeSet<(&'static str, &'static str, String, String)>;

#[test]
fn neighbours_say_as_much_as_the_whole_cluster() {
    let config = ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let mut told = BTreeSet::new();
    let seen = std::cell::RefCell::new(&mut told);
    let result = runner.run(&cluster(), |objects| {
        let found = compare(&objects).map_err(TestCaseError::fail)?;
        seen.borrow_mut().extend(found);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    for rule in [
        "certificate-never-issued",
        "certificate-request-misses-host",
        "default-certificate-served",
        "host-claimed-twice",
        "host-without-tls",
        "name-not-covered",
        "reference-not-granted",
        "secret-claimed-twice",
        "secret-missing",
        "upstream-not-verified",
    ] {
        assert!(told.contains(rule), "no cluster was about {rule}");
    }
}

#[test]
fn ingresses_without_a_host_are_neighbours_where_their_backends_speak_tls() {
    let ingress = |namespace: &str, annotations: Value| {
        let metadata = json!({"namespace": namespace, "name": "web", "annotations": annotations});
        (&INGRESS, json!({"metadata": metadata, "spec": {}}))
    };
    let verified = json!({
        "nginx.ingress.kubernetes.io/proxy-ssl-secret": "shop/ca",
        "nginx.ingress.kubernetes.io/proxy-ssl-verify": "on",
    });
    let asks = json!({"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"});
    let found = compare(&[ingress("infra", asks.clone())]);
    assert_eq!(found, Ok(BTreeSet::from(["upstream-not-verified"])));
    let found = compare(&[ingress("infra", asks), ingress("shop", verified)]);
    assert_eq!(found, Ok(BTreeSet::new()));
}

/// Judges each object of a cluster beside its neighbours and beside all; returns the rules that
/// told of something, or what differs.
fn compare(objects: &[(&'static Kind, Value)]) -> Result<BTreeSet<&'static str>, String> {
    let store = Store::default();
    let objects: Vec<Kept> = objects
        .iter()
        .map(|(kind, object)| kept(kind, object))
        .collect();
    for object in &objects {
        store.apply(object.clone());
    }
    let mut rules = BTreeSet::new();
    for object in objects.iter().filter(|object| *object.kind() != SECRET) {
        let others = Kind::watched().flat_map(|kind| store.all(kind));
        let others: Vec<_> = others.filter(|other| !other.is_same(object)).collect();
        let whole = findings(object, others, store.secrets());
        let neighbours = store.neighbours(object);
        let secrets = neighbours.secrets.into_iter().filter_map(|(_, held)| held);
        let near = findings(object, neighbours.objects, secrets.collect());
        if whole != near {
            let name = object.object_name();
            return Err(format!("{name:?}\n{whole:#?}\n{near:#?}"));
        }
        rules.extend(whole.iter().map(|told| told.0));
    }
    Ok(rules)
}

/// The findings in an object beside others.
fn findings(object: &Kept, others: Vec<Arc<Kept>>, secrets: Vec<Arc<SecretSummary>>) -> Told {
    let mut all = others;
    all.push(Arc::new(object.clone()));
    all.sort();
    let own = all
        .iter()
        .position(|other| other.is_same(object))
        .expect("it is there");
    let paths: Vec<_> = (0..all.len())
        .map(|index| index.to_string().into_bytes())
        .collect();
    let files = Texts(all);
    let loader = Loader::new(&files);
    let options = Options {
        whole_cluster: true,
        only_neighbours: true,
        ..Options::default()
    };
    let (lowered, unreadable) = lower_beside(&loader, &paths, &secrets, &options);
    assert!(unreadable.is_empty(), "{unreadable:?}");
    let model = loader.finish(lowered.fragments);
    let findings = check(&model, &Settings::default(), NOW).into_iter();
    let is_own = |name: &str| name.parse() == Ok(own);
    findings
        .filter(|finding| is_own(model.sources.get(finding.primary.at.source).name()))
        .filter(|finding| !TOLD_ONCE.contains(&finding.rule))
        .map(|finding| {
            let path = finding.primary.at.path.as_str().to_owned();
            (finding.rule, finding.level.as_str(), path, finding.message)
        })
        .collect()
}

/// The texts of objects, by their number.
struct Texts(Vec<Arc<Kept>>);

impl Files for Texts {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let name = String::from_utf8_lossy(path).into_owned();
        let index: usize = name.parse().map_err(|_| FileError::NotFound)?;
        let json = self.0[index].json().ok_or(FileError::NotFound)?;
        Ok(File {
            name,
            bytes: json.into(),
            mode: None,
        })
    }

    fn list(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        Err(FileError::NotFound)
    }
}
