//! Guarantees of the API server itself about an Ingress, which certlint need not repeat, and what
//! it lets pass, so that certlint must cope with it.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::case::{Case, Suite};
use super::objects::{annotated, ingress_of, object, rule};
use super::world::World;

const NAMESPACE: &str = "validation";

pub(super) fn suite() -> Suite {
    let mut cases = Vec::new();
    for (host, what) in [
        ("*", "that is only an asterisk"),
        ("a.*.com", "with an asterisk in the middle"),
        ("A.example.com", "in upper case"),
        ("example.com.", "with a dot at its end"),
        ("a_b.example.com", "with an underscore"),
        ("example.com:443", "with a port"),
        ("-a.example.com", "that begins with a hyphen"),
        ("192.0.2.1", "that is an address"),
        ("bücher.example", "that is not ASCII"),
    ] {
        cases.push(refused(
            format!("a rule with a host {what} is refused"),
            with_rule(host),
        ));
    }
    let long = format!("{}.example.com", "a".repeat(64));
    for (host, what) in [
        ("*.com", "that is a wildcard below a top-level domain"),
        ("localhost", "of one label"),
        (long.as_str(), "with a label of 64 characters"),
        ("", "that is empty"),
    ] {
        cases.push(accepted(
            format!("a rule with a host {what} is accepted"),
            with_rule(host),
        ));
    }
    cases.push(accepted(
        "an address under `tls` is accepted",
        with_tls(json!([{"hosts": ["192.0.2.1"], "secretName": "a"}])),
    ));
    for (host, what) in [
        ("*", "an asterisk"),
        ("", "an empty host"),
        ("A.example.com", "upper case"),
        ("bücher.example", "a host that is not ASCII"),
    ] {
        let tls = json!([{"hosts": [host], "secretName": "a"}]);
        cases.push(refused(
            format!("{what} under `tls` is refused"),
            with_tls(tls),
        ));
    }
    for (tls, what) in [
        (json!([{}]), "an empty entry"),
        (json!([{"secretName": "a"}]), "an entry without hosts"),
        (
            json!([{"hosts": ["a.example.com"]}]),
            "an entry without a Secret",
        ),
        (
            json!([{"hosts": ["other.example.com"], "secretName": "a"}]),
            "a host that is in no rule",
        ),
        (
            json!([
                {"hosts": ["a.example.com"], "secretName": "a"},
                {"hosts": ["a.example.com"], "secretName": "b"},
            ]),
            "the same host under two Secrets",
        ),
    ] {
        cases.push(accepted(
            format!("{what} under `tls` is accepted"),
            with_tls(tls),
        ));
    }
    for (name, what) in [("shop/a", "of another namespace"), ("A", "in upper case")] {
        let tls = json!([{"hosts": ["a.example.com"], "secretName": name}]);
        cases.push(refused(
            format!("a Secret's name {what} is refused"),
            with_tls(tls),
        ));
    }
    let two_classes = annotated(
        ingress_of(
            NAMESPACE,
            "x",
            json!({"ingressClassName": "nginx", "rules": [rule("a.example.com")]}),
        ),
        json!({"kubernetes.io/ingress.class": "traefik"}),
    );
    cases.push(refused("two classes that differ are refused", two_classes));
    cases.push(Case::new(
        "a key that is no certificate's is accepted in a TLS Secret",
        |world| {
            let secret = super::objects::secret_of(
                NAMESPACE,
                "x",
                "kubernetes.io/tls",
                &[("tls.crt", b"not PEM"), ("tls.key", b"")],
            );
            world.try_create(&secret)?.is_allowed()
        },
    ));
    cases.push(Case::new(
        "a TLS Secret without `tls.crt` is refused",
        |world| {
            let secret =
                super::objects::secret_of(NAMESPACE, "x", "kubernetes.io/tls", &[("tls.key", b"")]);
            world.try_create(&secret)?.is_invalid()
        },
    ));
    cases.push(Case::new(
        "the newest default class is taken",
        newest_default_class,
    ));
    Suite {
        name: "validation",
        prepares: "a namespace without certlint",
        prepare: |world| world.namespace(NAMESPACE, json!({})),
        cases,
    }
}

fn refused(name: impl Into<String>, object: Value) -> Case {
    Case::new(name, move |world| world.try_create(&object)?.is_invalid())
}

fn accepted(name: impl Into<String>, object: Value) -> Case {
    Case::new(name, move |world| world.try_create(&object)?.is_allowed())
}

fn with_rule(host: &str) -> Value {
    ingress_of(NAMESPACE, "x", json!({"rules": [rule(host)]}))
}

fn with_tls(tls: Value) -> Value {
    ingress_of(
        NAMESPACE,
        "x",
        json!({"tls": tls, "rules": [rule("a.example.com")]}),
    )
}

/// The class may change without the Ingress, so certlint must look at all of them.
fn newest_default_class(world: &mut World) -> Result<()> {
    let mut classes = Vec::new();
    for name in ["older", "newer"] {
        let mut class = object(
            "networking.k8s.io/v1",
            "IngressClass",
            "",
            name,
            json!({"spec": {"controller": format!("example.com/{name}")}}),
        );
        class["metadata"] = json!({
            "name": name,
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        });
        world.create(&class)?.is_allowed()?;
        classes.push(class);
        // Creation times are whole seconds.
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    let made = world.try_create(&with_rule("a.example.com"))?.ok()?;
    for class in &classes {
        world.delete(class)?.is_allowed()?;
    }
    let class = &made["spec"]["ingressClassName"];
    if class != "newer" {
        bail!("the class is {class}");
    }
    Ok(())
}
