//! Input that nobody sends in good faith, to the two replicas that serve all others meanwhile.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::case::{Case, Suite};
use super::direct::{self, Silent};
use super::load::Load;
use super::objects::{ingress_of, rule, secret, secret_of};
use super::world::{RELEASE, World};

const NAMESPACE: &str = "hostile";

pub(super) fn suite() -> Suite {
    Suite {
        name: "hostile",
        prepares: "two replicas with `failurePolicy: Fail`, and a namespace",
        prepare: |world| {
            world.install(&["webhook.failurePolicy=Fail"])?;
            world.shop(NAMESPACE)
        },
        cases: vec![
            Case::new(
                "hundreds of malformed Secrets harm nothing",
                malformed_secrets,
            ),
            Case::new("an update of five megabytes is judged", large_review),
            Case::new(
                "an Ingress with thousands of hosts is warned of",
                too_many_hosts,
            ),
            Case::new(
                "a review that is too large is turned away",
                too_large_review,
            ),
            Case::new("what is no review is turned away", no_review),
            Case::new(
                "clients that say nothing are cut off and harm nobody",
                silent_clients,
            ),
        ],
    }
}

fn malformed_secrets(world: &mut World) -> Result<()> {
    let pair = world.authority.issue(&["a.example.com"])?;
    let load = Load::start(world);
    for number in 0..300_usize {
        let mut chain = pair.chain.clone().into_bytes();
        // Cut, turned over bit by bit, repeated, empty, or some other file.
        match number % 5 {
            0 => chain.truncate(number * 3),
            1 => {
                let at = number % chain.len();
                chain[at] ^= 1 << (number % 7);
            }
            2 => chain = chain.repeat(1 + number % 40),
            3 => chain = vec![b'-'; number],
            _ => chain = format!("-----BEGIN CERTIFICATE-----\n{}\n", "A".repeat(number)).into(),
        }
        let data: [(&str, &[u8]); 2] = [("tls.crt", &chain), ("tls.key", pair.key.as_bytes())];
        let made = secret_of(
            NAMESPACE,
            &format!("malformed-{number}"),
            "kubernetes.io/tls",
            &data,
        );
        world.create(&made)?.is_allowed()?;
    }
    let outcome = load.finish()?;
    let secrets = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    world
        .cluster
        .wait("the Secrets in the stores", Duration::from_secs(10), |_| {
            Ok(world.own_metric("certlint_cache_objects", &["kind=\"Secret\""])? > 600.0)
        })?;
    world
        .cluster
        .api
        .delete(&secrets, &json!({}))?
        .is_allowed()?;
    let shop = world.authority.issue(&["shop.example.com"])?;
    world
        .create(&secret(NAMESPACE, "shop", &shop))?
        .is_allowed()?;
    outcome.all_judged()
}

/// An Ingress of 2.7 MB, changed: the review has it twice.
fn large_review(world: &mut World) -> Result<()> {
    let mut large = rule("shop.example.com");
    let path = large["http"]["paths"][0].clone();
    large["http"]["paths"] = vec![path; 14_000 / 1_900].into();
    let tls = json!([{"hosts": ["shop.example.com"], "secretName": "shop"}]);
    let spec = json!({"tls": tls, "rules": vec![large; 1_900]});
    let mut ingress = ingress_of(NAMESPACE, "large", spec);
    world.create(&ingress)?.is_allowed()?;
    ingress["spec"]["tls"][0]["hosts"] = json!(["shop.example.com", "other.example.org"]);
    let answer = world.replace(&ingress)?;
    world.delete(&ingress)?.is_allowed()?;
    answer.is_denied(&["other.example.org"])
}

/// So many hosts would take too long; their author learns that they were not looked at.
fn too_many_hosts(world: &mut World) -> Result<()> {
    let rules: Vec<_> = (0..14_000)
        .map(|n| rule(&format!("{n}.example.com")))
        .collect();
    let ingress = ingress_of(NAMESPACE, "many", json!({ "rules": rules }));
    world.try_create(&ingress)?.is_warned(&["too large"])
}

fn too_large_review(world: &mut World) -> Result<()> {
    let replica = world.cluster.kubelet.running(RELEASE);
    let replica = replica.first().context("no replica")?;
    let line = direct::announce(replica.address, 9 << 20)?;
    if !line.starts_with("HTTP/1.1 413 ") {
        bail!("{line}");
    }
    Ok(())
}

fn no_review(world: &mut World) -> Result<()> {
    let replica = world.cluster.kubelet.running(RELEASE);
    let replica = replica.first().context("no replica")?;
    let other = json!({"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {"uid": "a"}});
    for body in ["", "{", "[]", "{}", "\u{0}", &other.to_string()] {
        let reply = direct::post(replica.address, "/validate?timeout=5s", body.as_bytes())?;
        if reply.status != 400 {
            bail!("{body:?}: {}: {}", reply.status, reply.body);
        }
    }
    Ok(())
}

fn silent_clients(world: &mut World) -> Result<()> {
    let pods = world.cluster.kubelet.running(RELEASE);
    let said = [
        "",
        "POST /validate HTTP/1.1\r\nHost: a\r\n",
        "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    ];
    let mut clients = Vec::new();
    for number in 0..30 {
        let pod = &pods[number % pods.len()];
        clients.push(Silent::new(pod.address, said[number % said.len()])?);
    }
    let load = Load::start(world);
    let closed = world
        .cluster
        .wait("the end of silent clients", Duration::from_secs(12), |_| {
            for (number, client) in clients.iter_mut().enumerate() {
                // One that has said nothing at all is as idle as one between two reviews.
                if number % said.len() != 0 && !client.is_closed()? {
                    return Ok(false);
                }
            }
            Ok(true)
        });
    let outcome = load.finish()?;
    closed?;
    outcome.all_judged()
}
