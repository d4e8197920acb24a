//! The store as its users see it; that neighbours are enough is in `whole.rs`.

mod affected;
mod cluster;
mod whole;

use certlint_core::kubernetes::kinds::{GATEWAY, HTTP_ROUTE, INGRESS, NAMESPACE, ROUTE, SECRET};
use serde_json::{Value, json};

use super::*;
use cluster::{CERTIFICATES, secret};

fn kept(kind: &'static Kind, object: &Value) -> Kept {
    Kept::read(kind, object.to_string().as_bytes()).expect("it is an object")
}

fn ingress(namespace: &str, name: &str, host: &str, secret: &str) -> Kept {
    let object = json!({
        "metadata": {
            "namespace": namespace, "name": name, "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "ingressClassName": "edge",
            "tls": [{"hosts": [host], "secretName": secret}],
            "rules": [{"host": host}],
        },
    });
    kept(&INGRESS, &object)
}

fn tls_secret(namespace: &str, name: &str) -> Kept {
    kept(&SECRET, &secret(namespace, name, Some(&CERTIFICATES[0])))
}

fn name(namespace: &str, name: &str) -> SecretName {
    SecretName {
        namespace: namespace.into(),
        name: name.into(),
    }
}

/// Names of the objects beside an object, and of the Secrets that are there.
fn beside(store: &Store, object: &Kept) -> (Vec<String>, Vec<String>) {
    let neighbours = store.neighbours(object);
    let objects = neighbours.objects.iter();
    let objects = objects.map(|kept| format!("{}/{}", kept.namespace(), kept.name()));
    let secrets = neighbours.secrets.iter().filter(|(_, held)| held.is_some());
    let secrets = secrets.map(|(name, _)| format!("{}/{}", name.namespace, name.name));
    (objects.collect(), secrets.collect())
}

#[test]
fn an_answer_is_the_same_after_the_list_came_again() {
    let store = Store::default();
    let list = || {
        let objects = ["b", "a", "c"].map(|name| ingress("shop", name, "x.test", "web"));
        objects.to_vec()
    };
    let secrets = || vec![tls_secret("shop", "web"), tls_secret("shop", "other")];
    let new = ingress("shop", "new", "x.test", "web");
    store.replace(&INGRESS, None, list());
    store.replace(&SECRET, None, secrets());
    let before = beside(&store, &new);
    assert_eq!(before.0, ["shop/a", "shop/b", "shop/c"]);
    assert_eq!(before.1, ["shop/web"]);
    store.replace(&INGRESS, None, list());
    store.replace(&SECRET, None, secrets());
    assert_eq!(beside(&store, &new), before);
    store.replace(&INGRESS, Some("shop"), list());
    store.replace(&SECRET, Some("shop"), secrets());
    assert_eq!(beside(&store, &new), before);
}

#[test]
fn a_list_of_one_namespace_leaves_the_others_alone() {
    let store = Store::default();
    for namespace in ["a", "b"] {
        store.apply(ingress(namespace, "old", "x.test", "web"));
        store.apply(tls_secret(namespace, "web"));
    }
    store.replace(
        &INGRESS,
        Some("a"),
        vec![
            ingress("a", "new", "x.test", "web"),
            ingress("b", "stray", "x.test", "web"),
        ],
    );
    store.replace(&SECRET, Some("a"), Vec::new());
    let new = ingress("c", "new", "x.test", "web");
    let (objects, secrets) = beside(&store, &new);
    assert_eq!(objects, ["a/new", "b/old"]);
    assert_eq!(secrets, ["b/web"]);
    assert!(store.secret("a", "web").is_none());
    assert_eq!(store.count(&SECRET), 1);
}

#[test]
fn what_was_removed_is_nobodys_neighbour() {
    let store = Store::default();
    store.apply(ingress("shop", "old", "x.test", "web"));
    store.apply(tls_secret("shop", "web"));
    store.remove(&INGRESS, "shop", "old");
    store.remove(&INGRESS, "shop", "never-there");
    store.remove(&SECRET, "shop", "web");
    let new = ingress("shop", "new", "x.test", "web");
    let neighbours = store.neighbours(&new);
    assert!(neighbours.objects.is_empty());
    assert_eq!(neighbours.secrets.len(), 1, "it is named, and not there");
    assert!(neighbours.secrets[0].1.is_none());
    assert_eq!(store.count(&INGRESS), 0);
}

#[test]
fn a_changed_object_is_found_by_what_it_says_now() {
    let store = Store::default();
    store.apply(ingress("shop", "web", "x.test", "old"));
    store.apply(ingress("shop", "web", "y.test", "new"));
    // With all Secrets known nothing else makes the two neighbours.
    for secret in ["new", "other"] {
        store.apply(tls_secret("shop", secret));
    }
    let other = |host| ingress("shop", "other", host, "other");
    assert!(beside(&store, &other("x.test")).0.is_empty());
    assert_eq!(beside(&store, &other("Y.test")).0, ["shop/web"]);
    assert!(store.uses_of(&name("shop", "old")).is_empty());
    assert_eq!(store.uses_of(&name("shop", "new")).len(), 1);
}

#[test]
fn an_object_is_not_its_own_neighbour() {
    let store = Store::default();
    let object = ingress("shop", "web", "x.test", "web");
    store.apply(object.clone());
    assert!(beside(&store, &object).0.is_empty());
}

#[test]
fn neighbours_do_not_grow_with_the_cluster() {
    let store = Store::default();
    let names: Vec<String> = (0..500).map(|index| format!("web-{index}")).collect();
    let host = |name: &str| format!("{name}.test");
    let list = names
        .iter()
        .map(|name| ingress("shop", name, &host(name), name));
    store.replace(&INGRESS, None, list.collect());
    let secrets = names.iter().map(|name| tls_secret("shop", name));
    store.replace(&SECRET, None, secrets.collect());
    let (objects, secrets) = beside(&store, &ingress("shop", "new", "web-7.test", "web-7"));
    assert_eq!(objects, ["shop/web-7"]);
    assert_eq!(secrets, ["shop/web-7"]);
}

#[test]
fn the_routes_behind_a_gateway_use_its_secrets() {
    let store = Store::default();
    let gateway = json!({
        "metadata": {"namespace": "infra", "name": "edge"},
        "spec": {"listeners": [{"tls": {"certificateRefs": [{"name": "web", "namespace": "shop"}]}}]},
    });
    let route = json!({
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"hostnames": ["x.test"], "parentRefs": [{"name": "edge", "namespace": "infra"}]},
    });
    store.apply(kept(&GATEWAY, &gateway));
    store.apply(kept(&HTTP_ROUTE, &route));
    let uses = store.uses_of(&name("shop", "web"));
    let kinds: Vec<_> = uses.iter().map(|kept| kept.kind()).collect();
    assert_eq!(kinds, [&GATEWAY, &HTTP_ROUTE]);
    assert!(store.uses_of(&name("infra", "web")).is_empty());
}

#[test]
fn the_labels_of_a_namespace_are_known() {
    let store = Store::default();
    let object = json!({
        "metadata": {"name": "shop", "labels": {"certlint.io/mode": "warn", "team": "a"}},
    });
    store.apply(kept(&NAMESPACE, &object));
    let label = |namespace, key| store.namespace_label(namespace, key);
    assert_eq!(label("shop", "certlint.io/mode").as_deref(), Some("warn"));
    assert_eq!(label("shop", "team").as_deref(), Some("a"));
    assert_eq!(label("shop", "other"), None);
    assert_eq!(label("other", "team"), None);
}

#[test]
fn an_object_keeps_what_counts_and_nothing_secret() {
    let object = json!({
        "apiVersion": "route.openshift.io/v1", "kind": "Route",
        "metadata": {
            "namespace": "shop", "name": "web", "managedFields": [{}],
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "certlint.io/ignore.weak-key": "a test",
            },
        },
        "spec": {"host": "x.test", "tls": {"certificate": "PEM", "key": "SECRET"}},
        "status": {"ingress": []},
    });
    let kept = kept(&ROUTE, &object);
    let json: Value = serde_json::from_slice(kept.json().expect("it is small")).expect("JSON");
    let expected = json!({
        "apiVersion": "route.openshift.io/v1", "kind": "Route",
        "metadata": {
            "namespace": "shop", "name": "web", "creationTimestamp": "9999-12-31T23:59:59Z",
            "annotations": {"certlint.io/ignore.weak-key": "a test"},
        },
        "spec": {"host": "x.test", "tls": {"certificate": "PEM"}},
    });
    assert_eq!(json, expected);
}

#[test]
fn items_of_lists_stay_in_their_places() {
    let object = json!({
        "metadata": {"name": "web"},
        "spec": {"tls": [null, 5, {"hosts": ["x.test"]}], "rules": {"host": "no list"}},
    });
    let kept = kept(&INGRESS, &object);
    let json: Value = serde_json::from_slice(kept.json().expect("it is small")).expect("JSON");
    assert_eq!(json["spec"]["tls"][2]["hosts"][0], "x.test");
    assert!(json["spec"].get("rules").is_none());
}

#[test]
fn an_object_without_a_time_of_creation_is_the_newest() {
    let old = ingress("shop", "b", "x.test", "web");
    let new = json!({"metadata": {"namespace": "shop", "name": "a"}});
    assert!(old < kept(&INGRESS, &new));
}

#[test]
fn what_is_too_large_is_counted_and_not_kept() {
    let store = Store::default();
    let host = "x".repeat(3 << 20);
    store.apply(ingress("shop", "large", &host, "web"));
    store.apply(ingress("shop", "small", "x.test", "web"));
    assert_eq!((store.count(&INGRESS), store.too_large()), (2, 1));
    assert_eq!(store.uses_of(&name("shop", "web")).len(), 1);
    store.remove(&INGRESS, "shop", "large");
    assert_eq!(store.too_large(), 0);
}

#[test]
fn what_is_no_object_is_not_kept() {
    for text in ["", "[]", "{}", "{\"metadata\": 1}", "{\"metadata\": {"] {
        assert!(Kept::read(&INGRESS, text.as_bytes()).is_none(), "{text:?}");
    }
}
