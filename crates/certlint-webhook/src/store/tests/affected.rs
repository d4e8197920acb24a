//! Whatever changes, every object whose findings change with it is among those that are affected.

use certlint_core::kubernetes::kinds::{INGRESS, SECRET};
use std::collections::{BTreeMap, BTreeSet};

use certlint_core::config::Config;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::cluster::{CERTIFICATES, cluster, secret};
use super::kept;
use crate::judge::{Failing, Live, LiveSecret, Policy, existing};
use crate::settings::Settings;
use crate::store::{Changed, Kept, Kind, ObjectName, Store};

/// 2026-11-21T00:00:00Z
const NOW: i64 = crate::clock::FIXTURES;

/// A step in the life of a cluster.
#[derive(Clone, Debug)]
enum Change {
    /// An object is added, or replaces that of its name.
    Apply(&'static Kind, Value),
    /// One of those that are there is deleted.
    Remove(Index),
}

/// The API server knows no more than the store.
struct AsTheStore;

impl Live for AsTheStore {
    fn knows(&self, _: &Kind, _: &str) -> bool {
        true
    }

    async fn secret(&self, _: &str, _: &str) -> LiveSecret {
        LiveSecret::Missing
    }
}

#[test]
fn no_finding_changes_unnoticed() {
    let config = ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let changes = (cluster(), any::<[Index; 3]>()).prop_map(|(objects, removed)| {
        let applied = objects.into_iter();
        let applied = applied.map(|(kind, object)| Change::Apply(kind, object));
        applied
            .chain(removed.map(Change::Remove))
            .collect::<Vec<_>>()
    });
    let histories = (cluster(), changes.prop_shuffle());
    let mut runner = TestRunner::new(config);
    let runtime = runtime();
    let told = std::cell::RefCell::new(BTreeSet::new());
    let outcome = runner.run(&histories, |(objects, changes)| {
        let store = Store::default();
        for (kind, object) in &objects {
            store.apply(kept(kind, object));
        }
        let mut before = findings(&store, &runtime);
        for change in &changes {
            store.take_changes();
            make(&store, change);
            let now = findings(&store, &runtime);
            let affected = affected(&store);
            for name in before.keys().chain(now.keys()) {
                let (was, is) = (before.get(name), now.get(name));
                let differs = was.into_iter().flatten().ne(is.into_iter().flatten());
                if differs && affected.as_ref().is_some_and(|names| !names.contains(name)) {
                    let text = format!("{name:?} after {change:?}\n{was:#?}\n{is:#?}");
                    return Err(TestCaseError::fail(text));
                }
                if differs && affected.is_some() {
                    let all = was.into_iter().chain(is).flatten();
                    told.borrow_mut().extend(all.map(|one| one.rule));
                }
            }
            before = now;
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    for rule in [
        "certificate-never-issued",
        "host-claimed-twice",
        "host-without-tls",
        "name-not-covered",
        "secret-claimed-twice",
        "secret-missing",
    ] {
        assert!(told.borrow().contains(rule), "no change was about {rule}");
    }
}

#[test]
fn a_secret_concerns_ingresses_whose_controller_may_serve_it_unnamed() {
    let store = Store::default();
    let ingress = |name: &str, host: &str, secret: &str| {
        let spec = json!({
            "ingressClassName": "traefik",
            "tls": [{"hosts": [host], "secretName": secret}],
            "rules": [{"host": host}],
        });
        let metadata = json!({"namespace": "shop", "name": name});
        kept(&INGRESS, &json!({"metadata": metadata, "spec": spec}))
    };
    let put = |name: &str, certificate: usize| {
        let secret = secret("shop", name, Some(&CERTIFICATES[certificate]));
        store.apply(kept(&SECRET, &secret));
    };
    store.apply(ingress("web", "x.test", "own"));
    store.apply(ingress("other", "y.test", "others"));
    put("own", 0);
    put("others", 1);
    let runtime = runtime();
    let web = ObjectName {
        kind: &INGRESS,
        namespace: "shop".into(),
        name: "web".into(),
    };
    let concerns = |change: &dyn Fn()| {
        let before = findings(&store, &runtime);
        store.take_changes();
        change();
        assert_ne!(before[&web], findings(&store, &runtime)[&web]);
        affected(&store).is_some_and(|names| names.contains(&web))
    };
    assert!(concerns(&|| put("others", 3)));
    assert!(concerns(&|| put("others", 1)));
    // Nobody brings the Secret in any more.
    assert!(concerns(&|| store.remove(&INGRESS, "shop", "other")));
}

#[test]
fn a_secret_concerns_those_who_claim_a_host_of_its_user() {
    let store = Store::default();
    let ingress = |namespace: &str, created: &str, tls: Value| {
        let spec = json!({
            "ingressClassName": "nginx",
            "tls": tls,
            "rules": [{"host": "x.test", "http": {"paths": [{"path": "/"}]}}],
        });
        let metadata = json!({"namespace": namespace, "name": "web", "creationTimestamp": created});
        kept(&INGRESS, &json!({"metadata": metadata, "spec": spec}))
    };
    store.apply(ingress(
        "infra",
        "2026-01-01T00:00:00Z",
        json!([{"hosts": [], "secretName": "own"}]),
    ));
    store.apply(ingress(
        "shop",
        "2026-01-02T00:00:00Z",
        json!([{"hosts": []}]),
    ));
    let runtime = runtime();
    let other = ObjectName {
        kind: &INGRESS,
        namespace: "shop".into(),
        name: "web".into(),
    };
    let before = findings(&store, &runtime);
    store.take_changes();
    store.apply(kept(
        &SECRET,
        &secret("infra", "own", Some(&CERTIFICATES[1])),
    ));
    assert_ne!(before[&other], findings(&store, &runtime)[&other]);
    assert!(affected(&store).is_some_and(|names| names.contains(&other)));
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime")
}

fn make(store: &Store, change: &Change) {
    match change {
        Change::Apply(kind, object) => store.apply(kept(kind, object)),
        Change::Remove(index) => {
            let mut all = objects(store);
            let secrets = store.secrets();
            all.extend(secrets.iter().map(|secret| ObjectName {
                kind: &SECRET,
                namespace: secret.namespace().clone(),
                name: secret.name().clone(),
            }));
            if !all.is_empty() {
                let ObjectName {
                    kind,
                    namespace,
                    name,
                } = index.get(&all);
                store.remove(kind, namespace, name);
            }
        }
    }
}

/// Whose findings may have changed; `None` for all.
fn affected(store: &Store) -> Option<BTreeSet<ObjectName>> {
    let Changed::Objects(changed) = store.take_changes() else {
        return None;
    };
    let mut affected = BTreeSet::new();
    for (name, before) in changed {
        affected.extend(store.affected_by(&name, before.as_ref())?);
    }
    Some(affected)
}

/// All objects but Secrets.
fn objects(store: &Store) -> Vec<ObjectName> {
    let all = Kind::watched().flat_map(|kind| store.all(kind));
    all.map(|kept| kept.object_name()).collect()
}

/// The findings of an audit, by object.
fn findings(store: &Store, runtime: &Runtime) -> BTreeMap<ObjectName, Vec<Failing>> {
    let policy = Policy::new(&Settings::default(), Config::default());
    let judge = |kept: &Kept| runtime.block_on(existing(store, &AsTheStore, &policy, kept, NOW));
    let names = objects(store).into_iter().filter_map(|name| {
        let kept = store.get(name.kind, &name.namespace, &name.name)?;
        let failing = judge(&kept);
        Some((name, failing))
    });
    names.collect()
}
