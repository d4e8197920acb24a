//! Ingress, Secret and what makes Secrets, in every order in which they may arrive: refused is only
//! what is proven wrong and what nothing is about to put right.

use anyhow::Result;
use serde_json::{Value, json};

use super::case::{Case, Suite};
use super::objects::{annotated, ingress, ingress_of, object, rule, secret, secret_of};
use super::world::World;

const NAMESPACE: &str = "ordering";
const HOST: &str = "api.example.com";

pub(super) fn suite() -> Suite {
    let mut cases = without_supplier();
    cases.extend(with_supplier());
    cases.extend(changes());
    Suite {
        name: "ordering",
        prepares: "the chart with default values, and Secrets for its namespace",
        prepare,
        cases,
    }
}

fn prepare(world: &mut World) -> Result<()> {
    world.install(&["config.shutdown.delay=1s"])?;
    world.namespace(NAMESPACE, json!({}))?;
    let right = world.authority.issue(&[HOST, "*.apps.example.com"])?;
    let wrong = world.authority.issue(&["www.example.org"])?;
    let expired = world.authority.issue_until(&[HOST], 2021)?;
    let opaque = secret_of(
        NAMESPACE,
        "opaque",
        "Opaque",
        &[
            ("tls.crt", wrong.chain.as_bytes()),
            ("tls.key", wrong.key.as_bytes()),
        ],
    );
    let unreadable = secret_of(
        NAMESPACE,
        "unreadable",
        "kubernetes.io/tls",
        &[("tls.crt", b"not PEM"), ("tls.key", b"not PEM")],
    );
    for made in [
        secret(NAMESPACE, "right", &right),
        secret(NAMESPACE, "wrong", &wrong),
        secret(NAMESPACE, "expired", &expired),
        secret(NAMESPACE, "pending", &wrong),
        secret(NAMESPACE, "settled", &wrong),
        secret(NAMESPACE, "temporary", &wrong),
        opaque,
        unreadable,
        // Both cover the host at last; the Secrets do not.
        certificate("pending", "pending", &[HOST], false),
        certificate("late", "late", &[HOST], false),
        certificate("settled", "settled", &["www.example.org"], true),
        annotated(
            certificate("temporary", "temporary", &[HOST], false),
            json!({"cert-manager.io/issue-temporary-certificate": "true"}),
        ),
        supplier(
            "external-secrets.io/v1",
            "ExternalSecret",
            "external",
            json!({"target": {"name": "external"}}),
        ),
        supplier(
            "bitnami.com/v1alpha1",
            "SealedSecret",
            "sealed",
            json!({"template": {"metadata": {"name": "sealed"}}}),
        ),
    ] {
        world.create(&made)?.is_allowed()?;
    }
    Ok(())
}

fn certificate(name: &str, secret: &str, names: &[&str], is_ready: bool) -> Value {
    let status = if is_ready { "True" } else { "False" };
    let mut certificate = supplier(
        "cert-manager.io/v1",
        "Certificate",
        name,
        json!({"secretName": secret, "dnsNames": names, "issuerRef": {"name": "letsencrypt"}}),
    );
    certificate["status"] = json!({"conditions": [
        {"type": "Ready", "status": status, "observedGeneration": 1},
    ]});
    certificate
}

fn supplier(api: &str, kind: &str, name: &str, spec: Value) -> Value {
    object(api, kind, NAMESPACE, name, json!({ "spec": spec }))
}

fn without_supplier() -> Vec<Case> {
    let no_secret = json!({"tls": [{"hosts": [HOST]}], "rules": [rule(HOST)]});
    let unlisted = json!({
        "tls": [{"hosts": [HOST], "secretName": "right"}],
        "rules": [rule(HOST), rule("unlisted.example.com")],
    });
    vec![
        silent(
            "an entry without a Secret is allowed",
            ingress_of(NAMESPACE, "x", no_secret),
        ),
        silent("a host that its Secret covers is allowed", to("right")),
        silent(
            "a host that a wildcard covers is allowed",
            ingress(NAMESPACE, "x", "one.apps.example.com", "right"),
        ),
        denied(
            "a host two labels below a wildcard is refused",
            ingress(NAMESPACE, "x", "one.two.apps.example.com", "right"),
            &["one.two.apps.example.com", "*.apps.example.com"],
        ),
        denied(
            "a host that its Secret does not cover is refused, with the names that it has",
            to("wrong"),
            &[HOST, "wrong", "www.example.org", "name-not-covered"],
        ),
        denied(
            "a Secret that no informer sees is looked up",
            to("opaque"),
            &[HOST, "www.example.org"],
        ),
        warned(
            "an expired certificate is warned of",
            to("expired"),
            &["expired"],
        ),
        warned(
            "a Secret that cannot be read is warned of",
            to("unreadable"),
            &["unreadable"],
        ),
        warned(
            "a Secret that is missing is warned of",
            to("missing"),
            &["missing"],
        ),
        warned(
            "a rule's host that no entry lists is warned of",
            ingress_of(NAMESPACE, "x", unlisted),
            &["unlisted.example.com"],
        ),
    ]
}

fn with_supplier() -> Vec<Case> {
    let mut cases = Vec::new();
    for (annotation, value) in [
        ("cert-manager.io/cluster-issuer", "letsencrypt"),
        ("cert-manager.io/issuer", "letsencrypt"),
        ("kubernetes.io/tls-acme", "true"),
    ] {
        for secret in ["wrong", "missing"] {
            cases.push(warned(
                &format!("a Secret that is {secret} is warned of where `{annotation}` has it made"),
                annotated(to(secret), json!({annotation: value})),
                &[if secret == "wrong" { HOST } else { secret }],
            ));
        }
    }
    cases.push(denied(
        "`kubernetes.io/tls-acme: \"false\"` has nothing made",
        annotated(to("wrong"), json!({"kubernetes.io/tls-acme": "false"})),
        &[HOST],
    ));
    for (secret, what) in [
        ("pending", "a Certificate that covers the host is not ready"),
        ("temporary", "the certificate is a temporary one"),
        ("late", "a Certificate will make the Secret"),
        ("external", "an ExternalSecret will make the Secret"),
        ("sealed", "a SealedSecret will make the Secret"),
    ] {
        cases.push(warned(
            &format!("it is warned where {what}"),
            to(secret),
            &[secret],
        ));
    }
    cases.push(denied(
        "a Certificate that does not ask for the host is named as what to change",
        to("settled"),
        &[HOST, "Certificate", "settled"],
    ));
    let mut solver = to("wrong");
    solver["metadata"]["labels"] = json!({"acme.cert-manager.io/http01-solver": "true"});
    cases.push(silent("the Ingress of an ACME solver is allowed", solver));
    cases
}

fn changes() -> Vec<Case> {
    vec![
        Case::new(
            "a certificate that goes bad later blocks no change",
            |world: &mut World| {
                let (name, host) = ("ratchet", "ratchet.example.com");
                let right = world.authority.issue(&[host])?;
                let wrong = world.authority.issue(&["www.example.org"])?;
                world
                    .create(&secret(NAMESPACE, name, &right))?
                    .is_allowed()?;
                let ingress = ingress(NAMESPACE, name, host, name);
                world.create(&ingress)?.is_silent()?;
                world
                    .replace(&secret(NAMESPACE, name, &wrong))?
                    .is_allowed()?;
                // The Secret reaches certlint by its watch.
                let limit = std::time::Duration::from_secs(5);
                world.cluster.wait("a warning", limit, |_| {
                    let now = jiff::Timestamp::now().to_string();
                    let change = json!({"metadata": {"annotations": {"at": now}}});
                    world.change(&ingress, &change)?.is_warned(&[host])?;
                    Ok(true)
                })?;
                let change = json!({"metadata": {"labels": {"a": "b"}}});
                world.change(&ingress, &change)?.is_silent()?;
                // What makes it worse is refused all the same.
                let worse = json!({"spec": {"tls": [
                    {"hosts": [host, "new.example.com"], "secretName": name},
                ]}});
                world
                    .change(&ingress, &worse)?
                    .is_denied(&["new.example.com"])
            },
        ),
        Case::new(
            "a Secret that comes later ends the warnings",
            |world: &mut World| {
                let (name, host) = ("later", "later.example.com");
                let ingress = ingress(NAMESPACE, name, host, name);
                world.create(&ingress)?.is_warned(&[name])?;
                let right = world.authority.issue(&[host])?;
                world
                    .create(&secret(NAMESPACE, name, &right))?
                    .is_allowed()?;
                world
                    .cluster
                    .wait("a silent change", std::time::Duration::from_secs(5), |_| {
                        let now = jiff::Timestamp::now().to_string();
                        let change = json!({"metadata": {"annotations": {"at": now}}});
                        Ok(world.change(&ingress, &change)?.is_silent().is_ok())
                    })
            },
        ),
        Case::new(
            "the namespace's mode `warn` only warns",
            |world: &mut World| in_mode(world, "warn")?.is_warned(&[HOST]),
        ),
        Case::new(
            "the namespace's mode `audit` says nothing",
            |world: &mut World| in_mode(world, "audit")?.is_silent(),
        ),
        Case::new(
            "the namespace's mode `off` keeps reviews away",
            |world: &mut World| in_mode(world, "off")?.is_silent(),
        ),
        denied(
            "an annotation does not soften the mode unless it may",
            annotated(to("wrong"), json!({"certlint.io/mode": "warn"})),
            &[HOST],
        ),
        Case::new(
            "a finding that is ignored with a reason does not refuse",
            |world: &mut World| {
                let reason =
                    json!({"certlint.io/ignore.name-not-covered": "served by the balancer"});
                world
                    .try_create(&annotated(to("wrong"), reason))?
                    .is_allowed()
            },
        ),
    ]
}

/// The answer to a wrong Ingress in a namespace whose label says so.
fn in_mode(world: &World, mode: &str) -> Result<cluster::api::Answer> {
    let namespace = format!("mode-{mode}");
    world.namespace(&namespace, json!({"certlint.io/mode": mode}))?;
    let wrong = world.authority.issue(&["www.example.org"])?;
    world
        .create(&secret(&namespace, "wrong", &wrong))?
        .is_allowed()?;
    // The label reaches certlint by its watch.
    std::thread::sleep(std::time::Duration::from_millis(300));
    world.try_create(&ingress(&namespace, "x", HOST, "wrong"))
}

/// An Ingress for the host with a Secret of this name.
fn to(secret: &str) -> Value {
    ingress(NAMESPACE, "x", HOST, secret)
}

fn silent(name: &str, object: Value) -> Case {
    Case::new(name, move |world| world.try_create(&object)?.is_silent())
}

fn warned(name: &str, object: Value, words: &[&'static str]) -> Case {
    let words = words.to_vec();
    Case::new(name, move |world| {
        world.try_create(&object)?.is_warned(&words)
    })
}

fn denied(name: &str, object: Value, words: &[&'static str]) -> Case {
    let words = words.to_vec();
    Case::new(name, move |world| {
        world.try_create(&object)?.is_denied(&words)
    })
}
